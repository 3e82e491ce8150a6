"""The messages of chapter 7 as fields, checked before they leave (6.2.4, 6.2.5, 7.3).

Optional fields that are not known are left out, not sent empty: an empty `F_LWZT` or `F_YSL` is
no number, and 7.4 answers 3 to what does not parse. Goods (F_HWMC, F_YSL, F_YSLDW) are entered
up to a day later (5.2-5) and are therefore not part of a passage's message.
"""

import base64
import unicodedata
from datetime import date, datetime

from appliance.guideline.messages import (
    CAMERA,
    PASSAGE,
    PHOTO_FIELD,
    STATUS,
    FieldSpec,
    forbidden_word,
)
from appliance.profile.model import Camera, Uplink
from appliance.runtime.journal.values import RecordedPassage
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.frame import Pairs

Values = dict[str, str | None]

_OF_THE_FRAME = {"CP", "RtdInterval"}  # the dialect adds them
_BREAKS_A_FRAME = (";", "=", "&&", "##")
# An RTSP address has parameters; only the first `=` of a pair counts, as it does for Base64.
_ADDRESS = "F_DZ"
_LITTLE_SHOWN = 20


class Unsendable(Exception):
    """A message that no re-sending mends; the text is a Chinese sentence that names the field."""


def passage_fields(
    passage: RecordedPassage,
    photo: bytes,
    *,
    qn: str,
    mn: str,
    uplink: Uplink,
    dialect: HJ212Dialect,
) -> Pairs:
    """The fields of 60001 from QN to Flag in 7.3.1's order; `photo` is one JPEG.

    Raises Unsendable when 6.2.4, 6.2.5, a mandatory field, a dictionary or the frame would be
    violated.
    """
    values = _head(PASSAGE, passage.passed_at, qn=qn, mn=mn, dialect=dialect) | {
        PHOTO_FIELD: base64.b64encode(photo).decode(),
        "F_JCWZ": passage.position,
        "F_CPHM": passage.plate or uplink.unread_plate,
        "F_CPYS": passage.plate_colour,
        "F_JCLX": passage.direction,
        "F_CRKBH": passage.entrance,
        "F_ZDBH": passage.barrier,
        "F_CDMC": uplink.unknown_fleet,
        "F_TGFS": passage.raise_method,
    }
    vehicle = passage.vehicle
    if vehicle is not None:
        values |= {
            "F_VIN": vehicle.vin,
            "F_ZCDJRQ": _date(vehicle.registered_on, dialect),
            "F_CLLX": vehicle.vehicle_type,
            "F_CLPPXH": vehicle.model,
            "F_YLLX": vehicle.fuel,
            "F_PFBZ": vehicle.emission_stage,
            "F_LWZT": _yes_or_no(vehicle.networked),
            "F_SYXZ": vehicle.use,
            "F_CDMC": vehicle.fleet or uplink.unknown_fleet,
            "F_CZZDQRSJ": _yes_or_no(vehicle.terminal_ok),
        }
    return checked(PASSAGE, values, dialect)


def camera_fields(
    camera: Camera, password: str, at: datetime, *, qn: str, mn: str, dialect: HJ212Dialect
) -> Pairs:
    """The fields of 60002 (7.3.2); the password stands in F_PSD and in no other place.

    Raises Unsendable, whose sentence never tells what the password is or holds.
    """
    values = _head(CAMERA, at, qn=qn, mn=mn, dialect=dialect) | {
        "F_WZ": camera.position,
        _ADDRESS: f"rtsp://{camera.host}:{camera.rtsp_port}{camera.rtsp_path}",
        "F_PORT": str(camera.rtsp_port),
        "F_UID": camera.user,
        "F_PSD": password,
    }
    return checked(CAMERA, values, dialect)


def status_fields(
    state: str,
    production: str,
    at: datetime,
    *,
    qn: str,
    mn: str,
    dialect: HJ212Dialect,
) -> Pairs:
    """The fields of 60003 (7.3.3). Raises Unsendable."""
    values = _head(STATUS, at, qn=qn, mn=mn, dialect=dialect) | {
        "F_QYMJJKZT": state,
        "F_SCQK": production,
    }
    return checked(STATUS, values, dialect)


def checked(cn: str, values: Values, dialect: HJ212Dialect | None = None) -> Pairs:
    """`values` in the order of the message `cn`'s table and in a dialect's words.

    Unknown values are left out. Raises Unsendable on the first value the platform must refuse.
    """
    dialect = dialect or HJ212Dialect()
    pairs = []
    for spec in dialect.table(cn):
        value = values.get(spec.name)
        if value:
            _check(spec, value)
            pairs.append((spec.name, dialect.word(spec, str(value))))
        elif spec.required and spec.name not in _OF_THE_FRAME:
            raise Unsendable(f"{_named(spec)}是必填项，不能为空")
    return tuple(pairs)


def _head(cn: str, at: datetime, *, qn: str, mn: str, dialect: HJ212Dialect) -> Values:
    return {
        "QN": qn,
        "ST": "31",
        "CN": cn,
        "MN": mn,
        "DATE": dialect.time(at),
        "Flag": dialect.flag,
    }


def _check(spec: FieldSpec, value: str) -> None:
    if spec.name == PHOTO_FIELD:
        return  # Base64 breaks no frame; its words are the photo's business
    if spec.max_length is not None and len(value) > spec.max_length:
        size = "" if spec.secret else f"有{len(value)}个字符，"
        raise Unsendable(f"{_named(spec)}{size}超过上限{spec.max_length}个")
    mark = next((mark for mark in _BREAKS_A_FRAME if mark in value), None)
    if mark is not None and not (spec.name == _ADDRESS and mark == "="):
        raise Unsendable(f"{_named(spec)}含有报文不允许的字符{_shown(spec, mark)}")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise Unsendable(f"{_named(spec)}含有不可见的控制字符")
    word = forbidden_word(value)
    if word is not None:
        raise Unsendable(f"{_named(spec)}含有平台拒收的词{_shown(spec, word)}（指南6.2.5）")
    if spec.words and value not in spec.words:
        raise Unsendable(f"{_named(spec)}只能是：{'、'.join(spec.words)}")
    if spec.codes and spec.codes.code_of(value) is None:
        raise Unsendable(f"{_named(spec)}{_shown(spec, value)}不在指南{spec.codes.clause}的字典中")


def _named(spec: FieldSpec) -> str:
    return f"{spec.title}（{spec.name}）"


def _shown(spec: FieldSpec, text: str) -> str:
    """`text` in quotes; nothing of a secret."""
    if spec.secret:
        return ""
    return f"“{text[:_LITTLE_SHOWN]}”"


def _date(day: date | None, dialect: HJ212Dialect) -> str | None:
    return None if day is None else dialect.date(day)


def _yes_or_no(known: bool | None) -> str | None:
    return None if known is None else str(int(known))
