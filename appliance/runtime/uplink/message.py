"""A recorded passage as the fields of message 60001 (7.3.1), checked before it leaves.

Optional fields that are not known are left out, not sent empty: an empty `F_LWZT` or `F_YSL` is
no number, and 7.4 answers 3 to what does not parse. Goods (F_HWMC, F_YSL, F_YSLDW) are entered
up to a day later (5.2-5) and are therefore not part of a passage's message.
"""

import base64
import unicodedata
from datetime import date, datetime

from appliance.clock import BEIJING
from appliance.guideline.messages import (
    PASSAGE,
    PHOTO_FIELD,
    TABLES,
    FieldSpec,
    forbidden_word,
)
from appliance.profile.model import Uplink
from appliance.runtime.journal.values import RecordedPassage
from appliance.runtime.uplink.frame import Pairs

_OF_THE_FRAME = {"CP", "RtdInterval"}  # the dialect adds them
_BREAKS_A_FRAME = (";", "=", "&&", "##")


class Unsendable(Exception):
    """A message that no re-sending mends; the text is a Chinese sentence that names the field."""


def passage_fields(
    passage: RecordedPassage, photo: bytes, *, qn: str, mn: str, uplink: Uplink
) -> Pairs:
    """The fields of 60001 from QN to Flag in 7.3.1's order; `photo` is one JPEG.

    Raises Unsendable when 6.2.4, 6.2.5, a mandatory field or the frame would be violated.
    """
    values: dict[str, str | None] = {
        "QN": qn,
        "ST": "31",
        "CN": PASSAGE,
        "MN": mn,
        "DATE": _time(passage.passed_at),
        PHOTO_FIELD: base64.b64encode(photo).decode(),
        "F_JCWZ": passage.position,
        "F_CPHM": passage.plate or uplink.unread_plate,
        "F_CPYS": passage.plate_colour,
        "F_JCLX": passage.direction,
        "F_CRKBH": passage.entrance,
        "F_ZDBH": passage.barrier,
        "F_CDMC": uplink.unknown_fleet,
        "F_TGFS": passage.raise_method,
        "Flag": "5",
    }
    vehicle = passage.vehicle
    if vehicle is not None:
        values |= {
            "F_VIN": vehicle.vin,
            "F_ZCDJRQ": _date(vehicle.registered_on),
            "F_CLLX": vehicle.vehicle_type,
            "F_CLPPXH": vehicle.model,
            "F_YLLX": vehicle.fuel,
            "F_PFBZ": vehicle.emission_stage,
            "F_LWZT": _flag(vehicle.networked),
            "F_SYXZ": vehicle.use,
            "F_CDMC": vehicle.fleet or uplink.unknown_fleet,
            "F_CZZDQRSJ": _flag(vehicle.terminal_ok),
        }
    return checked(PASSAGE, values)


def checked(cn: str, values: dict[str, str | None]) -> Pairs:
    """`values` in the order of the message `cn`'s table, unknown ones left out.

    Raises Unsendable on the first value the platform must refuse.
    """
    pairs = []
    for spec in TABLES[cn]:
        value = values.get(spec.name)
        if value:
            _check(spec, value)
            pairs.append((spec.name, str(value)))
        elif spec.required and spec.name not in _OF_THE_FRAME:
            raise Unsendable(f"{_named(spec)}是必填项，不能为空")
    return tuple(pairs)


def _check(spec: FieldSpec, value: str) -> None:
    if spec.name == PHOTO_FIELD:
        return  # Base64 breaks no frame; 6.2.5 is about texts
    if spec.max_length is not None and len(value) > spec.max_length:
        raise Unsendable(f"{_named(spec)}有{len(value)}个字符，超过上限{spec.max_length}个")
    for mark in _BREAKS_A_FRAME:
        if mark in value:
            raise Unsendable(f"{_named(spec)}含有报文不允许的字符“{mark}”")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise Unsendable(f"{_named(spec)}含有不可见的控制字符")
    word = forbidden_word(value)
    if word is not None:
        raise Unsendable(f"{_named(spec)}含有平台拒收的词“{word}”（指南6.2.5）")
    if spec.words and value not in spec.words:
        raise Unsendable(f"{_named(spec)}只能是：{'、'.join(spec.words)}")


def _named(spec: FieldSpec) -> str:
    return f"{spec.title}（{spec.name}）"


def _time(moment: datetime) -> str:
    return moment.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def _date(day: date | None) -> str | None:
    return None if day is None else day.strftime("%Y%m%d")


def _flag(known: bool | None) -> str | None:
    return None if known is None else str(int(known))
