"""What a strict platform looks at in a message, and the number of 7.4 it answers with.

The guideline does not say which fault gets 2 and which 3; here 3 is for what cannot be read as
its format (a time, a number, Base64, a JPEG) and 2 for what can be read and is not allowed.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np

from appliance.clock import BEIJING
from appliance.guideline.messages import (
    PHOTO_FIELD,
    TABLES,
    FieldKind,
    FieldSpec,
    Result,
    forbidden_word,
)
from appliance.runtime.uplink.frame import Frame


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer to a message and, in English, what it is for."""

    code: Result
    reason: str


RECEIVED = Judgement(Result.RECEIVED, "")


class _Refused(Exception):
    def __init__(self, code: Result, reason: str) -> None:
        super().__init__(reason)
        self.judgement = Judgement(code, reason)


@dataclass(frozen=True, slots=True)
class Rules:
    """Whom the platform knows, and how far a time may lie ahead of its own clock.

    `known_mn` are the credit codes it accepts, `unfiled_mn` those it knows but has not filed.
    """

    known_mn: frozenset[str]
    unfiled_mn: frozenset[str] = frozenset()
    tolerance: timedelta = timedelta(seconds=5)

    def judge(self, frame: Frame, now: datetime) -> Judgement:
        """What 7.4 answers to a sound frame at `now`; the first fault found decides."""
        fields = fields_of(frame)
        try:
            self._check_sender(fields)
            table = TABLES.get(fields.get("CN", ""))
            if table is None:
                raise _Refused(Result.UNREADABLE, "CN is none of 60001, 60002, 60003")
            _check_names(frame, table)
            for spec in table:
                _check_field(spec, fields.get(spec.name))
            _check_head(fields)
            _check_numbering(fields)
            if _time(fields["DATE"]) > now + self.tolerance:
                raise _Refused(Result.FUTURE_TIME, f"DATE {fields['DATE']} lies in the future")
        except _Refused as refused:
            return refused.judgement
        return RECEIVED

    def _check_sender(self, fields: dict[str, str]) -> None:
        mn = fields.get("MN", "")
        if mn in self.unfiled_mn:
            raise _Refused(Result.NOT_FILED, f"MN {mn} is not filed")
        if mn not in self.known_mn:
            raise _Refused(Result.WRONG_MN, f"MN {mn or '(none)'} is unknown")


def fields_of(frame: Frame) -> dict[str, str]:
    """All fields of a message: the top level, RtdInterval out of CP, and CP itself."""
    return {"CP": "&&", **dict(frame.body), **dict(frame.head)}


def _check_names(frame: Frame, table: tuple[FieldSpec, ...]) -> None:
    known = {spec.name for spec in table}
    for name, count in Counter(name for name, _ in (*frame.head, *frame.body)).items():
        if name not in known:
            raise _Refused(Result.FAILED, f"field {name} is not of this message")
        if count > 1:
            raise _Refused(Result.FAILED, f"field {name} stands {count} times")


def _check_field(spec: FieldSpec, value: str | None) -> None:
    if value is None and not spec.required:
        return
    if not value and spec.required:
        raise _Refused(Result.FAILED, f"mandatory field {spec.name} is missing or empty")
    text = value or ""
    if spec.name == PHOTO_FIELD:
        photo_of(text)
        return
    _FORMATS.get(spec.kind, _any_text)(spec.name, text)
    if spec.max_length is not None and len(text) > spec.max_length:
        raise _Refused(
            Result.FAILED, f"{spec.name} has {len(text)} of {spec.max_length} characters"
        )
    word = forbidden_word(text)
    if word is not None:
        raise _Refused(Result.FAILED, f"{spec.name} holds the forbidden word {word}")
    if text and spec.words and text not in spec.words:
        raise _Refused(Result.FAILED, f"{spec.name} is not one of its words")


def photo_of(text: str) -> bytes:
    """The JPEG in a F_JCZP value; raises what `Rules.judge` answers with 3."""
    try:
        photo = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Refused(Result.UNREADABLE, f"{PHOTO_FIELD} is not Base64") from error
    if not photo.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in photo[-64:]:
        raise _Refused(Result.UNREADABLE, f"{PHOTO_FIELD} is no whole JPEG")
    try:
        picture = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        picture = None
    if picture is None:
        raise _Refused(Result.UNREADABLE, f"{PHOTO_FIELD} does not decode")
    return photo


def _check_head(fields: dict[str, str]) -> None:
    if not re.fullmatch(r"[0-9]{17}", fields["QN"]):
        raise _Refused(Result.UNREADABLE, "QN is not yyyyMMddHHmmsszzz")
    _FORMATS[FieldKind.DATETIME]("QN", fields["QN"][:14])
    # The lowest bit of Flag asks for an answer, which 7.2 demands of every message.
    if not re.fullmatch(r"[0-9]{1,3}", fields["Flag"]) or int(fields["Flag"]) % 2 == 0:
        raise _Refused(Result.FAILED, "Flag does not ask for an answer")


def _check_numbering(fields: dict[str, str]) -> None:
    if "F_ZDBH" not in fields:
        return
    entrance, barrier = fields["F_CRKBH"], fields["F_ZDBH"]
    if not re.fullmatch(r"[A-Z]", entrance):
        raise _Refused(Result.FAILED, "F_CRKBH is not one capital letter (4.6.1)")
    if not re.fullmatch(r"[A-Z][0-9]{2}", barrier) or barrier[0] != entrance:
        raise _Refused(Result.FAILED, "F_ZDBH is not the entrance and two digits (4.6.1)")


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)


def _any_text(_name: str, _text: str) -> None:
    return


def _matches(pattern: str, form: str, words: str) -> Callable[[str, str], None]:
    def check(name: str, text: str) -> None:
        if not re.fullmatch(pattern, text):
            raise _Refused(Result.UNREADABLE, f"{name} is not {words}")
        if form:
            try:
                datetime.strptime(text, form)  # noqa: DTZ007  # only whether it is one
            except ValueError as error:
                raise _Refused(Result.UNREADABLE, f"{name} is not {words}") from error

    return check


_FORMATS = {
    FieldKind.DATETIME: _matches(r"[0-9]{14}", "%Y%m%d%H%M%S", "yyyyMMddHHmmss"),
    FieldKind.DATE: _matches(r"[0-9]{8}", "%Y%m%d", "YYYYMMDD"),
    FieldKind.INT: _matches(r"-?[0-9]{1,10}", "", "a whole number"),
    FieldKind.FLOAT: _matches(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", "", "a number"),
}
