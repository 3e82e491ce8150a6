"""A finding: what one check, drill or question of the acceptance showed about one thing.

Everything the kit says is made of these: the forms, the clause register's verdicts, the exit code.
A finding is written once to `findings/NAME.json` and read back from there; see `evidence.py`.
"""

import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from appliance import __version__

KIT = f"gatehouse {__version__}"
"""Who answers for what no person did."""

ITEM = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9][a-z0-9-]*")
SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


class Verdict(StrEnum):
    """What may be said of a demand; a form's box is ticked for the first two only."""

    YES = "是"
    NO = "否"
    UNTESTED = "未检"
    NOT_APPLICABLE = "不适用"


class Means(StrEnum):
    """How a finding came about."""

    CHECK = "检查"
    DRILL = "演练"
    QUESTION = "询问"
    TRIAL = "识别试验"
    RECORDS = "数据核对"


def name_of(item: str, subject: str | None) -> str:
    """What a finding is called: its item, and behind an @ what it is about, if not the site."""
    return item if subject is None else f"{item}@{subject}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer to "does this hold, for this barrier, camera or machine?".

    Args:
        item: room and name of what asked, as `clock.synchronised`; lower case, a dot between.
        subject: the barrier, entrance, camera or machine it is about; None: the whole site.
        clauses: ids of the guideline's demands (`clauses.toml`) that it speaks to.
        title: one Chinese sentence: what must hold.
        verdict: see `Verdict`.
        measured: what was seen, with its unit, in Chinese; empty when nothing was.
        bound: what it was held against, with its unit; empty when there is no number.
        reason: for 否 and 未检, a Chinese sentence that says why, and what to do.
        means: how it came about.
        method: one Chinese sentence: how it was asked.
        by: who answers for it: the kit's name and version, or a person.
        at: when, in Beijing time.
        files: names in the evidence folder's `files/` that show it.
    """

    item: str
    clauses: tuple[str, ...]
    title: str
    verdict: Verdict
    means: Means
    by: str
    at: datetime
    subject: str | None = None
    measured: str = ""
    bound: str = ""
    reason: str = ""
    method: str = ""
    files: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not ITEM.fullmatch(self.item):
            raise ValueError(f"not the name of an item: {self.item!r}")
        if self.subject is not None and not SUBJECT.fullmatch(self.subject):
            raise ValueError(f"not the name of a subject: {self.subject!r}")
        if self.at.tzinfo is None:
            raise ValueError("a finding needs an aware time")
        if self.verdict in {Verdict.NO, Verdict.UNTESTED} and not self.reason:
            raise ValueError(f"{self.item} is {self.verdict} and does not say why")

    @property
    def name(self) -> str:
        """What its file is called, without the suffix; one per item and subject."""
        return name_of(self.item, self.subject)

    def as_dict(self) -> dict[str, Any]:
        """As it is written."""
        return asdict(self) | {"at": self.at.isoformat()}

    @classmethod
    def from_dict(cls, written: dict[str, Any]) -> Self:
        """As it is read. Raises KeyError, TypeError or ValueError when it is none."""
        return cls(
            **written
            | {
                "clauses": tuple(written["clauses"]),
                "files": tuple(written["files"]),
                "verdict": Verdict(written["verdict"]),
                "means": Means(written["means"]),
                "at": datetime.fromisoformat(written["at"]),
            }
        )


def worst(verdicts: tuple[Verdict, ...]) -> Verdict:
    """What several answers make together: one 否 is enough, then one 未检; 不适用 says nothing.

    Of no answer at all it is 未检: what nobody looked at is not shown.
    """
    asked = [verdict for verdict in verdicts if verdict is not Verdict.NOT_APPLICABLE]
    if verdicts and not asked:
        return Verdict.NOT_APPLICABLE
    for verdict in (Verdict.NO, Verdict.UNTESTED, Verdict.YES):
        if verdict in asked:
            return verdict
    return Verdict.UNTESTED
