"""What stands in the forms, typed: one record a form, and the answers it is made of.

A text that is empty is a blank cell. `Answer.ticked` alone ticks a box of 是 or 否.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from acceptance_kit.findings import Verdict
from acceptance_kit.forms.typeface import printable

PASSED, FAILED = "验收合格", "验收不合格"
FITS, DOES_NOT_FIT = "符合", "不符合"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a row says: its verdict, and why it is 否 (short; the cover sheet has it whole)."""

    verdict: Verdict
    reason: str = ""

    @property
    def ticked(self) -> str:
        """The box to tick: 是, 否, or none."""
        return str(self.verdict) if self.verdict in {Verdict.YES, Verdict.NO} else ""


@dataclass(frozen=True, slots=True)
class Device:
    """A line of Table 6's hardware: how many serve this barrier, whose they are, which model."""

    count: str
    maker: str
    model: str
    holds: Answer


@dataclass(frozen=True, slots=True)
class Table5:
    """企业（单位）档案信息登记表."""

    name: str
    city: str
    county: str
    credit_code: str
    permit: str
    industry: str
    grade: str
    legal_representative: str
    legal_phone: str
    contact: str
    contact_phone: str
    region_code: str
    longitude: str
    latitude: str
    entrance_count: str
    barrier_count: str
    gate_count: str
    gate_maker: str
    construction: str
    completed: str
    entrances: str
    barriers: str


@dataclass(frozen=True, slots=True)
class Table6:
    """智能环保门禁系统验收项目确认表, of one barrier."""

    name: str
    address: str
    entrance: str
    barrier: str
    plate_camera: Device
    surveillance: Device
    machine: Device
    ups: Device
    software_count: str
    software_place: str
    protection: Answer
    recognition: Answer
    photos: Answer
    connecting: Answer
    collecting: Answer
    uploading: Answer
    starting: Answer
    resending: Answer
    firewall: Answer
    bandwidth: Answer
    conclusion: str
    supplier: str
    installer: str


@dataclass(frozen=True, slots=True)
class Table7:
    """门禁系统联网申请表."""

    name: str
    address: str
    credit_code: str
    permit: str
    legal_representative: str
    legal_phone: str
    contact: str
    contact_phone: str
    gate_count: str
    gate_maker: str
    functions: Answer
    networking: Answer
    promise: Answer


@dataclass(frozen=True, slots=True)
class Table8:
    """联网备案表."""

    name: str
    address: str
    credit_code: str
    permit: str
    legal_representative: str
    authorised_signatory: str
    contact: str
    contact_phone: str
    gate_count: str
    gate_maker: str


@dataclass(frozen=True, slots=True)
class Table9:
    """系统联网验收确认表格."""

    name: str
    mn: str
    connection: str
    registered: Answer
    items: Answer
    continuous: Answer
    received: Answer
    conclusion: str


@dataclass(frozen=True, slots=True)
class Open:
    """A demand that is not shown: what it is, why, and which rows of the forms it keeps open."""

    number: str
    demand: str
    reason: str
    rows: str


@dataclass(frozen=True, slots=True)
class Blank:
    """A cell to fill by hand, or to write into the profile before the next run."""

    form: str
    cell: str
    key: str


@dataclass(frozen=True, slots=True)
class Cover:
    """未完成项. Each of the three lists comes with a 无 for when it is empty."""

    name: str
    mn: str
    written: str
    fingerprint: str
    conclusions: str
    failed: tuple[Open, ...]
    untested: tuple[Open, ...]
    blanks: tuple[Blank, ...]
    none_failed: tuple[str, ...]
    none_untested: tuple[str, ...]
    none_blanks: tuple[str, ...]


Form = Table5 | Table6 | Table7 | Table8 | Table9 | Cover
Record = TypeVar("Record")


def as_printed(form: Record) -> Record:
    """The same record with every text as the face can print it."""
    return _as_printed(form)  # type: ignore[no-any-return] # what comes in goes out


def _as_printed(value: Any) -> Any:
    match value:
        case Enum():
            return value
        case str():
            return printable(value)
        case tuple():
            return tuple(_as_printed(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        each = {part.name: _as_printed(getattr(value, part.name)) for part in fields(value)}
        return replace(value, **each)
    return value


def texts(value: Any) -> Iterator[str]:
    """Every text of a record, its lists and answers."""
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, tuple):
        for each in value:
            yield from texts(each)
    elif is_dataclass(value):
        for part in fields(value):
            yield from texts(getattr(value, part.name))
