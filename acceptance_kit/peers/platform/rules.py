"""What a strict platform looks at in a message, and the number of 7.4 it answers with.

The guideline does not say which fault gets 2 and which 3; here 3 is for what cannot be read as
its format (a time, a number, Base64, a JPEG) and 2 for what can be read and is not allowed.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np

from acceptance_kit.peers.platform.formats import (
    Judgement,
    Refused,
    check_compact_time,
    check_format,
    time_of,
)
from acceptance_kit.peers.platform.variant import STRICT, Variant
from appliance.guideline.messages import (
    FORBIDDEN_WORDS,
    PHOTO_FIELD,
    TABLES,
    FieldSpec,
    Result,
    forbidden_word,
)
from appliance.runtime.uplink.frame import Frame

RECEIVED = Judgement(Result.RECEIVED, "")


@dataclass(frozen=True, slots=True)
class Rules:
    """Whom the platform knows, and how far a time may lie ahead of its own clock.

    `known_mn` are the credit codes it accepts, `unfiled_mn` those it knows but has not filed;
    `variant` says how it reads what the guideline leaves open.
    """

    known_mn: frozenset[str]
    unfiled_mn: frozenset[str] = frozenset()
    tolerance: timedelta = timedelta(seconds=5)
    variant: Variant = STRICT

    def judge(self, frame: Frame, now: datetime) -> Judgement:
        """What 7.4 answers to a sound frame at `now`; the first fault found decides."""
        fields = fields_of(frame, self.variant.body)
        try:
            self._check_sender(fields)
            table = TABLES.get(fields.get("CN", ""))
            if table is None:
                raise Refused(Result.UNREADABLE, "CN is none of 60001, 60002, 60003")
            _check_names(frame, table)
            for spec in table:
                self._check_field(spec, fields.get(spec.name))
            self._check_head(fields)
            _check_numbering(fields)
            at = time_of(fields["DATE"], self.variant.dates)
            if at is not None and at > now + self.tolerance:
                raise Refused(Result.FUTURE_TIME, f"DATE {fields['DATE']} lies in the future")
        except Refused as refused:
            return refused.judgement
        return RECEIVED

    def _check_sender(self, fields: dict[str, str]) -> None:
        mn = fields.get("MN", "")
        if mn in self.unfiled_mn:
            raise Refused(Result.NOT_FILED, f"MN {mn} is not filed")
        if mn not in self.known_mn:
            raise Refused(Result.WRONG_MN, f"MN {mn or '(none)'} is unknown")

    def _check_field(self, spec: FieldSpec, value: str | None) -> None:
        if value is None and not spec.required:
            return
        if not value and spec.required:
            raise Refused(Result.FAILED, f"mandatory field {spec.name} is missing or empty")
        text = value or ""
        if spec.name == PHOTO_FIELD:
            photo_of(text)
            _check_photo_words(text, self.variant)
            return
        check_format(spec, text, self.variant.dates)
        longest = self.variant.mn_length if spec.name == "MN" else spec.max_length
        if longest is not None and len(text) > longest:
            raise Refused(Result.FAILED, f"{spec.name} has {len(text)} of {longest} characters")
        word = forbidden_word(text)
        if word is not None:
            raise Refused(Result.FAILED, f"{spec.name} holds the forbidden word {word}")
        if text and spec.words and text not in spec.words:
            raise Refused(Result.FAILED, f"{spec.name} is not one of its words")
        _check_dictionary(spec, text, self.variant)

    def _check_head(self, fields: dict[str, str]) -> None:
        if not re.fullmatch(r"[0-9]{17}", fields["QN"]):
            raise Refused(Result.UNREADABLE, "QN is not yyyyMMddHHmmsszzz")
        check_compact_time("QN", fields["QN"][:14])
        # The lowest bit of Flag asks for an answer, which 7.2 demands of every message.
        flag = fields["Flag"]
        if not re.fullmatch(r"[0-9]{1,3}", flag) or int(flag) % 2 == 0:
            raise Refused(Result.FAILED, "Flag does not ask for an answer")
        if int(flag) >> 2 not in _VERSIONS[self.variant.version]:
            raise Refused(Result.FAILED, f"Flag {flag} is of another version of HJ 212")


_VERSIONS: dict[str, Container[int]] = {"2017": {1}, "2025": {2}, "any": range(1000)}
_HEAD = {"QN", "ST", "CN", "MN", "Flag"}


def fields_of(frame: Frame, body: str = "any") -> dict[str, str]:
    """The fields of a message where a platform looks for them, and CP itself.

    `literal` has all at the top level but RtdInterval, `cp` all inside CP but HJ 212's own head.
    """
    inside, outside = dict(frame.body), dict(frame.head)
    if body == "literal":
        inside = {name: value for name, value in inside.items() if name == "RtdInterval"}
    elif body == "cp":
        outside = {name: value for name, value in outside.items() if name in _HEAD}
    return {"CP": "&&", **inside, **outside}


def _check_names(frame: Frame, table: tuple[FieldSpec, ...]) -> None:
    known = {spec.name for spec in table}
    for name, count in Counter(name for name, _ in (*frame.head, *frame.body)).items():
        if name not in known:
            raise Refused(Result.FAILED, f"field {name} is not of this message")
        if count > 1:
            raise Refused(Result.FAILED, f"field {name} stands {count} times")


def photo_of(text: str) -> bytes:
    """The JPEG in a F_JCZP value; raises what `Rules.judge` answers with 3."""
    try:
        photo = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(Result.UNREADABLE, f"{PHOTO_FIELD} is not Base64") from error
    if not photo.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in photo[-64:]:
        raise Refused(Result.UNREADABLE, f"{PHOTO_FIELD} is no whole JPEG")
    try:
        picture = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        picture = None
    if picture is None:
        raise Refused(Result.UNREADABLE, f"{PHOTO_FIELD} does not decode")
    return photo


def _check_photo_words(text: str, variant: Variant) -> None:
    """6.2.5 taken to the letter: the Base64 is a text too."""
    if variant.photo_words == "off":
        return
    searched = text.lower() if variant.photo_words == "any-case" else text
    for word in FORBIDDEN_WORDS:
        if word in searched:
            raise Refused(Result.FAILED, f"{PHOTO_FIELD} holds the forbidden word {word}")


def _check_dictionary(spec: FieldSpec, text: str, variant: Variant) -> None:
    if spec.codes is None or not text:
        return
    codes, names = set(spec.codes.names), set(spec.codes.names.values())
    allowed = {"codes": codes, "names": names, "any": codes | names}[variant.dictionary]
    if text not in allowed:
        raise Refused(Result.FAILED, f"{spec.name} is none of the {variant.dictionary} of 8")


def _check_numbering(fields: dict[str, str]) -> None:
    if "F_ZDBH" not in fields:
        return
    entrance, barrier = fields["F_CRKBH"], fields["F_ZDBH"]
    if not re.fullmatch(r"[A-Z]", entrance):
        raise Refused(Result.FAILED, "F_CRKBH is not one capital letter (4.6.1)")
    if not re.fullmatch(r"[A-Z][0-9]{2}", barrier) or barrier[0] != entrance:
        raise Refused(Result.FAILED, "F_ZDBH is not the entrance and two digits (4.6.1)")
