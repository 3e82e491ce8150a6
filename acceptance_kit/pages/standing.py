"""How an acceptance stands, as the pages show it: each kind of step with its findings."""

from collections.abc import Mapping
from dataclasses import dataclass

from acceptance_kit.acceptance import Acceptance
from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.steps import Kind, Step

SAID = {
    Kind.CHECK: "由程序检查工控机，不改动任何东西",
    Kind.QUESTION: "程序看不到的，到现场查看后回答",
    Kind.DRILL: "逐项制造故障，看门禁自己恢复；每项先确认再开始",
    Kind.RECORDS: "由记录库计算传输率、完整率和 15 天稳定传输",
    Kind.TRIAL: "逐条核对真实通行的照片与识别结果",
    Kind.DATA: "向参考平台发送各类报文，约一分钟",
    Kind.PLATFORM: "参考平台收到的与工控机的记录逐条核对",
    Kind.FORMS: "填写表 5 至表 9，下载后打印签章",
}
COLOURS = {
    Verdict.YES: "good",
    Verdict.NO: "bad",
    Verdict.UNTESTED: "corrected",
    Verdict.NOT_APPLICABLE: "none",
}
"""How the style sheet marks a verdict."""

WORST_FIRST = (Verdict.NO, Verdict.UNTESTED, Verdict.YES, Verdict.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Room:
    """All steps of one kind, with what they found so far; `missing` findings were never made."""

    kind: Kind
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]
    missing: int

    @property
    def key(self) -> str:
        """What it is called in an address."""
        return self.kind.name.lower()

    @property
    def said(self) -> str:
        """What it is for."""
        return SAID[self.kind]

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many of each verdict, those that there are."""
        counted = {v: sum(f.verdict is v for f in self.findings) for v in WORST_FIRST}
        return {verdict: count for verdict, count in counted.items() if count}

    @property
    def open_points(self) -> int:
        """How many are 否 or 未检, or were never looked at."""
        counts = self.counts
        return self.missing + counts.get(Verdict.NO, 0) + counts.get(Verdict.UNTESTED, 0)

    @property
    def by_verdict(self) -> tuple[Finding, ...]:
        """The findings, what needs doing first."""
        return tuple(sorted(self.findings, key=lambda f: WORST_FIRST.index(f.verdict)))


def known(acceptance: Acceptance) -> dict[str, Finding]:
    """The findings so far, by name."""
    return {finding.name: finding for finding in acceptance.folder.findings()}


def rooms_of(acceptance: Acceptance, found: Mapping[str, Finding]) -> tuple[Room, ...]:
    """All rooms that there is something to do in, in their order."""
    steps = acceptance.steps()
    kinds = [kind for kind in Kind if any(step.kind is kind for step in steps)]
    return tuple(_room(kind, steps, found) for kind in kinds)


def _room(kind: Kind, steps: tuple[Step, ...], found: Mapping[str, Finding]) -> Room:
    mine = tuple(step for step in steps if step.kind is kind)
    names = [name for step in mine for name in step.names]
    there = tuple(found[name] for name in names if name in found)
    return Room(kind, mine, there, len(names) - len(there))
