"""The points of HJ 212 where the guideline is silent, in one place (7.3, 7.4; docs/hj212.md).

Here each setting of the profile becomes a value or a function; everything else asks a dialect how
to write a message and how to read an answer, and never asks which setting was chosen.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from appliance.clock import BEIJING
from appliance.guideline.messages import PHOTO_FIELD, TABLES, FieldSpec
from appliance.profile.model import Dialect
from appliance.runtime.journal.values import PhotoKind
from appliance.runtime.uplink.bodies import (
    Body,
    inside_cp,
    literal,
    sub_packets,
)
from appliance.runtime.uplink.cure import Finder, as_written, in_any_case
from appliance.runtime.uplink.frame import Pairs, encode
from appliance.runtime.uplink.replies import FORMS, Forms, Reply
from appliance.runtime.uplink.reply_reader import ReplyReader

__all__ = ["HJ212Dialect", "Reply", "ReplyReader"]

_EXAMPLE_CRC = "A9C1"
# What a public client of a sister platform writes before every frame, whatever its length.
_EXAMPLE_LENGTH = "0325"
_FOUR_DIGITS = 9_999
_WITH_ANSWER = 1  # the bits of Flag: A, D, and the version above them
_NUMBERED = 2

_BODIES: dict[str, Body] = {"literal": literal, "cp": inside_cp}
_CRCS = {"computed": None, "constant": _EXAMPLE_CRC}
_LENGTH_FIELDS = {"computed": None, "constant": _EXAMPLE_LENGTH}
_SEGMENT_LIMITS = {"bytes": None, "packets": None, "shrink": _FOUR_DIGITS}
_SIDE_BY_SIDE = ((PhotoKind.FRONT, PhotoKind.BODY),)
_PHOTOS: dict[str, tuple[tuple[PhotoKind, ...], ...]] = {
    "side-by-side": _SIDE_BY_SIDE,
    "front-only": ((PhotoKind.FRONT,),),
    "two-messages": ((PhotoKind.FRONT,), (PhotoKind.BODY,)),
}
_DATE_FORMS = {
    "compact": ("%Y%m%d%H%M%S", "%Y%m%d"),
    "dashed": ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d 00:00:00"),
}
_FINDERS: dict[str, Finder | None] = {
    "off": None,
    "as-written": as_written,
    "any-case": in_any_case,
}
_VERSIONS = {"2017": 4, "2025": 8}
# 7.3 allows the credit code and some; an enterprise number has up to 22 characters, HJ 212's MN 24.
_MN_LENGTHS = {"credit-code": 20, "enterprise-number": 24}


@dataclass(frozen=True, slots=True)
class HJ212Dialect:
    """One way to read the guideline; the defaults are the profile's.

    `crc` is None when it is computed (annex A), `length_field` when it counts. `photos` are the
    kinds in the picture of each message a passage becomes; `finder` finds the words a photo may
    not hold, None for none. `segment_limit` is the most bytes a data segment may have, None where
    it does not matter.
    """

    body: Body = literal
    crc: str | None = None
    length_field: str | None = None
    numbered: bool = False
    segment_limit: int | None = None
    photos: tuple[tuple[PhotoKind, ...], ...] = _SIDE_BY_SIDE
    names: bool = False
    time_form: str = "%Y%m%d%H%M%S"
    date_form: str = "%Y%m%d"
    finder: Finder | None = None
    forms: Forms = FORMS["tolerant"]
    version: int = 4
    mn_length: int = 20

    @classmethod
    def of(cls, choice: Dialect) -> "HJ212Dialect":
        """The dialect a profile chose."""
        time_form, date_form = _DATE_FORMS[choice.dates]
        return cls(
            body=_BODIES[choice.body],
            crc=_CRCS[choice.crc],
            length_field=_LENGTH_FIELDS[choice.length_field],
            numbered=choice.length == "packets",
            segment_limit=_SEGMENT_LIMITS[choice.length],
            photos=_PHOTOS[choice.photos],
            names=choice.dictionary == "names",
            time_form=time_form,
            date_form=date_form,
            finder=_FINDERS[choice.forbidden_words],
            forms=FORMS[choice.replies],
            version=_VERSIONS[choice.version],
            mn_length=_MN_LENGTHS[choice.mn],
        )

    # What stands in the fields.

    @property
    def flag(self) -> str:
        """The Flag of a message that asks for an answer, as 7.2 has every message do."""
        return str(self.version | _WITH_ANSWER)

    def time(self, moment: datetime) -> str:
        """A moment in Beijing time."""
        return moment.astimezone(BEIJING).strftime(self.time_form)

    def date(self, day: date) -> str:
        """A day."""
        return day.strftime(self.date_form)

    def word(self, spec: FieldSpec, text: str) -> str:
        """A code or name of a dictionary as this dialect writes it; what it lacks is unchanged."""
        code = spec.codes.code_of(text) if spec.codes else None
        if spec.codes is None or code is None:
            return text
        return spec.codes.names[code] if self.names else code

    def table(self, cn: str) -> tuple[FieldSpec, ...]:
        """The field table of a message, with the MN as long as this dialect has it."""
        return tuple(
            replace(spec, max_length=self.mn_length) if spec.name == "MN" else spec
            for spec in TABLES[cn]
        )

    # How fields become frames; QN to Flag stand in 7.3's order, CP and RtdInterval are added.

    def lay_out(self, fields: Pairs) -> str:
        """The data segment of a message's fields."""
        return self.body(fields)

    def frame(self, fields: Pairs) -> bytes:
        """One frame, whatever its length."""
        return encode(self.lay_out(fields), crc=self.crc, length=self.length_field)

    def packets(self, fields: Pairs) -> list[Pairs]:
        """The fields of each frame of a message: one, or its sub-packets, all under its QN yet."""
        if not self.numbered:
            return [fields]
        numbered_flag = str(self.version | _NUMBERED | _WITH_ANSWER)
        return sub_packets(fields, self.body, numbered_flag) or [fields]

    def photo_room(self, fields: Pairs) -> int | None:
        """How many bytes a photo may have beside the other `fields`; None when any number."""
        if self.segment_limit is None:
            return None
        beside = len(self.lay_out((*fields, (PHOTO_FIELD, ""))).encode())
        return max(0, self.segment_limit - beside) // 4 * 3

    # What the platform answers.

    def reply_reader(self) -> ReplyReader:
        """A reader for one connection."""
        return ReplyReader(self.forms)
