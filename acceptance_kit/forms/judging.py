"""What the findings say of a row of a form: 是 when everything it asks was shown, and nothing less.

`rows.toml` says which demands a row asks for. Each of them must have been looked at for the barrier
in question: a row of two demands, one shown and one forgotten, stays unticked.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from acceptance_kit.findings import Finding, Verdict, worst
from acceptance_kit.forms.model import Answer
from acceptance_kit.register import clause_of
from appliance.profile.model import Lane, Profile

_RANGE = re.compile(r"(.+[.-])([0-9]+)[…–]([0-9]+)")
LONGEST_REASON = 40
"""Characters of a reason in a form's cell; the cover sheet has the rest."""
_MORE = "……（全文见封面）"


@dataclass(frozen=True, slots=True)
class Demands:
    """What one row asks for; see `rows.toml`."""

    form: str
    field: str
    row: str
    clauses: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    items: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a row is not 是: a finding, or what no finding answers (`missing`, in Chinese)."""

    verdict: Verdict
    finding: Finding | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A row's answer and everything that keeps it from being 是."""

    answer: Answer
    causes: tuple[Cause, ...]


@cache
def demands(form: str) -> tuple[Demands, ...]:
    """The judged rows of a form, in its order."""
    text = resources.files("acceptance_kit.forms").joinpath("rows.toml").read_text("utf-8")
    return tuple(
        Demands(
            form,
            field,
            told["row"],
            tuple(told.get("clauses", ())),
            tuple(told.get("also", ())),
            tuple(told.get("items", {}).items()),
        )
        for field, told in tomllib.loads(text)[form].items()
    )


@cache
def ids(clause: str) -> frozenset[str]:
    """A clause of the register and what it covers: `8.1–3` is itself, 8.1, 8.2 and 8.3."""
    several = _RANGE.fullmatch(clause)
    if several is None:
        return frozenset({clause})
    stem, first, last = several.groups()
    return frozenset({clause, *(f"{stem}{n}" for n in range(int(first), int(last) + 1))})


def about(profile: Profile, lane: Lane, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that concern one barrier: its own, its entrance's, its cameras', its machine's,
    and those of the whole site."""
    mine = {None, lane.barrier.id, lane.entrance.id}
    mine |= {camera.id for camera in profile.cameras if lane.barrier in profile.barriers_of(camera)}
    machine = profile.machine_of(lane)
    mine |= {machine.name} if machine else set()
    return tuple(finding for finding in findings if finding.subject in mine)


def judge(row: Demands, findings: tuple[Finding, ...]) -> Judgement:
    """What the findings say of the row; those that it does not ask for are passed over."""
    required = [
        (f"{clause_of(clause).zh}〔{clause}〕", _of_clause(clause, findings))
        for clause in row.clauses
    ]
    required += [
        (called, [each for each in findings if each.item == item]) for item, called in row.items
    ]
    optional = [_of_clause(clause, findings) for clause in row.also]
    unmet = {
        each.name: Cause(each.verdict, finding=each)
        for found in (*(found for _, found in required), *optional)
        for each in found
        if each.verdict in {Verdict.NO, Verdict.UNTESTED}
    }
    # 不适用 is no answer to a demand that every site must meet.
    missing = (
        Cause(Verdict.UNTESTED, missing=name)
        for name, found in required
        if all(each.verdict is Verdict.NOT_APPLICABLE for each in found)
    )
    causes = (*unmet.values(), *missing)
    verdict = worst(tuple(each.verdict for each in causes)) if causes else Verdict.YES
    return Judgement(Answer(verdict, _reason(causes)), causes)


def _of_clause(clause: str, findings: tuple[Finding, ...]) -> list[Finding]:
    return [each for each in findings if ids(clause) & set(each.clauses)]


def together(judgements: Iterable[Judgement]) -> Verdict:
    """What several rows make: 否 when one is 否, 是 only when all are."""
    return worst(tuple(each.answer.verdict for each in judgements))


def _reason(causes: Iterable[Cause]) -> str:
    """Why a row is 否, short enough for its cell; empty when it is not."""
    failed = [each.finding for each in causes if each.finding and each.verdict is Verdict.NO]
    whole = "；".join(dict.fromkeys(each.reason.rstrip("。；") for each in failed))
    return shortened(whole)


def shortened(reason: str) -> str:
    """A reason cut to what a cell holds."""
    if len(reason) <= LONGEST_REASON:
        return reason
    return reason[:LONGEST_REASON].rstrip("，。；、") + _MORE
