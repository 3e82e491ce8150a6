"""The messages of chapter 7 as fields, checked before they leave (6.2.4, 6.2.5, 7.3).

A passage's values were checked when it was queued (`journal/declaration.py`), news before theirs
are; this is the last line, which also knows what the profile adds.

Optional fields that are not known are left out, not sent empty: an empty `F_LWZT` or `F_YSL` is
no number, and 7.4 answers 3 to what does not parse. Goods (F_HWMC, F_YSL, F_YSLDW) are entered
up to a day later (5.2-5) and are therefore not part of a passage's message.
"""

import base64
from collections.abc import Callable
from datetime import date, datetime

from appliance.guideline.messages import (
    CAMERA,
    PASSAGE,
    PHOTO_FIELD,
    STATUS,
)
from appliance.guideline.refusals import refusal
from appliance.profile.model import Camera, Uplink
from appliance.runtime.journal.declaration import declared
from appliance.runtime.journal.values import RecordedPassage
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.frame import Pairs

Values = dict[str, str | None]

_OF_THE_FRAME = {"CP", "RtdInterval"}  # the dialect adds them


# Every QN has 17 digits, so a message can be checked, measured and cut before it has its own.
ANY_QN = "0" * 17


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
    values = _head(PASSAGE, passage.passed_at, qn=qn, mn=mn, dialect=dialect)
    values[PHOTO_FIELD] = base64.b64encode(photo).decode()
    for name, value in declared(passage).items():
        values[name] = dialect.date(value) if isinstance(value, date) else value
    values["F_CPHM"] = values["F_CPHM"] or uplink.unread_plate
    values["F_CDMC"] = values["F_CDMC"] or uplink.unknown_fleet
    return checked(PASSAGE, values, dialect)


def camera_fields(
    camera: Camera, password: str, at: datetime, *, qn: str, mn: str, dialect: HJ212Dialect
) -> Pairs:
    """The fields of 60002 (7.3.2); the password stands in F_PSD and in no other place.

    Raises Unsendable, whose sentence never tells what the password is or holds.
    """
    values = _head(CAMERA, at, qn=qn, mn=mn, dialect=dialect) | {
        "F_WZ": camera.position,
        "F_DZ": f"rtsp://{camera.host}:{camera.rtsp_port}{camera.rtsp_path}",
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


def why_unsendable(fields: Callable[[], Pairs]) -> str | None:
    """The sentence of the Unsendable that making `fields` raises, or None; for before queueing."""
    try:
        fields()
    except Unsendable as unsendable:
        return str(unsendable)
    return None


def checked(cn: str, values: Values, dialect: HJ212Dialect | None = None) -> Pairs:
    """`values` in the order of the message `cn`'s table and in a dialect's words.

    Unknown values are left out. Raises Unsendable on the first value the platform must refuse.
    """
    dialect = dialect or HJ212Dialect()
    pairs = []
    for spec in dialect.table(cn):
        if spec.name in _OF_THE_FRAME:
            continue
        value = values.get(spec.name)
        why = refusal(spec, value)
        if why is not None:
            raise Unsendable(why)
        if value:
            pairs.append((spec.name, dialect.word(spec, str(value))))
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
