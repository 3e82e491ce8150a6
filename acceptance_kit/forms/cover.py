"""The cover sheet 未完成项: what keeps a box from 是, which cells are blank, who must sign."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.forms.filling import Filled, Judged, beijing
from acceptance_kit.forms.judging import Cause
from acceptance_kit.forms.layout import Box, Field, Sheet, value
from acceptance_kit.forms.model import FAILED, PASSED, Blank, Cover, Form, Open
from acceptance_kit.forms.typeface import NO_SORT
from appliance.profile.model import Profile

_NONE = ("无",)
_NOT_LISTED = "不属于任何一栏"


def cover(
    profile: Profile,
    findings: tuple[Finding, ...],
    filled: Filled,
    *,
    blank: tuple[Blank, ...],
    at: datetime,
    fingerprint: str,
) -> Cover:
    """The cover sheet's data. `fingerprint` is the signing key's; empty: to be written by hand."""
    failed = _open(Verdict.NO, findings, filled.rows)
    untested = _open(Verdict.UNTESTED, findings, filled.rows)
    return Cover(
        name=profile.enterprise.name,
        mn=profile.mn,
        written=beijing(at),
        fingerprint=fingerprint,
        conclusions=_conclusions(filled),
        failed=failed,
        untested=untested,
        blanks=blank,
        none_failed=() if failed else _NONE,
        none_untested=() if untested else _NONE,
        none_blanks=() if blank else _NONE,
    )


def blanks(forms: Iterable[tuple[str, Sheet, Form]]) -> tuple[Blank, ...]:
    """Cells of filled forms that are empty and should not be, or that lack a character.

    A cell that several forms have alike is told once. A form's first part is what it is called, as
    `表 6（A01）`.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for called, sheet, form in forms:
        for cell in dict.fromkeys(_blanks_of(sheet, form)):
            found.setdefault(cell, []).append(called)
    return tuple(Blank("、".join(called), *cell) for cell, called in found.items())


def _blanks_of(sheet: Sheet, form: Form) -> Iterator[tuple[str, str]]:
    for part in sheet.parts():
        if not isinstance(part, Field | Box):
            continue
        text = str(value(part.path, form))
        if NO_SORT in text:
            yield f"{part.called or part.path}：{NO_SORT}处是字库没有的字，请改正", part.key
        elif not text and part.key:
            yield part.called, part.key


def _open(
    verdict: Verdict, findings: tuple[Finding, ...], rows: tuple[Judged, ...]
) -> tuple[Open, ...]:
    """One entry a cause, with every row that it keeps open."""
    causes: dict[str, tuple[Cause, list[Judged]]] = {}
    for row in rows:
        for cause in row.judgement.causes:
            name = cause.finding.name if cause.finding else cause.missing
            causes.setdefault(name, (cause, []))[1].append(row)
    for finding in findings:  # those of no row: of a camera that shows no barrier, for one
        if finding.verdict in {Verdict.NO, Verdict.UNTESTED} and not _of_the_forms(finding):
            causes.setdefault(finding.name, (Cause(finding.verdict, finding=finding), []))
    wanted = [(cause, kept) for cause, kept in causes.values() if cause.verdict is verdict]
    return tuple(
        Open(str(number), *_told(cause), _rows(kept))
        for number, (cause, kept) in enumerate(wanted, start=1)
    )


def _of_the_forms(finding: Finding) -> bool:
    """Whether it is about these forms (9.2), which do not judge themselves."""
    return all(clause.startswith("9.2") for clause in finding.clauses)


def _told(cause: Cause) -> tuple[str, str]:
    """The demand, and why it is not met."""
    finding = cause.finding
    if finding is None:
        return cause.missing, "没有适用于此处的检查结果。"
    subject = f"（{finding.subject}）" if finding.subject else ""
    clauses = "、".join(finding.clauses)
    demand = f"{finding.title}{subject}" + (f"〔{clauses}〕" if clauses else "")
    measured = f"实测 {finding.measured}" if finding.measured else ""
    bound = f"要求 {finding.bound}" if finding.bound else ""
    figures = "，".join(filter(None, (measured, bound)))
    return demand, (f"{figures}。" if figures else "") + finding.reason


def _rows(kept: list[Judged]) -> str:
    """Rows by form and name, with the barriers that they are about."""
    barriers: dict[tuple[str, str], list[str]] = {}
    for row in kept:
        barriers.setdefault((row.form, row.row), []).append(row.barrier)
    return "；".join(_row(*place, names) for place, names in barriers.items()) or _NOT_LISTED


def _row(form: str, row: str, barriers: Iterable[str]) -> str:
    named = "、".join(filter(None, barriers))
    return f"{form} {row}" + (f"（{named}）" if named else "")


def _conclusions(filled: Filled) -> str:
    reached = [table.conclusion for table in filled.table6]
    open_ones = len(reached) - reached.count(PASSED) - reached.count(FAILED)
    return (
        f"共 {len(reached)} 张：{PASSED} {reached.count(PASSED)} 张，"
        f"{FAILED} {reached.count(FAILED)} 张，未定 {open_ones} 张"
    )
