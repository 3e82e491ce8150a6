"""The verdict: one word and one sentence on how the whole gate is.

Pure: the journal's words and the time go in, the verdict comes out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from appliance.runtime.journal import Counts
from appliance.runtime.journal.values import Heartbeat
from appliance.runtime.web.wording import duration

SILENT_AFTER = timedelta(seconds=15)
"""Programs beat every few seconds; one that is quiet for longer has stopped or hangs."""

BACKLOG_AFTER = timedelta(minutes=5)
"""Shorter waits are a line that comes and goes, which the uplink cures by itself."""


class Level(StrEnum):
    """How the gate is, from best to worst."""

    NORMAL = "正常"
    ATTENTION = "需要注意"
    FAULT = "故障"

    @property
    def rank(self) -> int:
        """Position from best (0) to worst (2)."""
        return list(Level).index(self)


class Pulse(Enum):
    """What a program's last heartbeat says now."""

    WELL = "正常"
    TROUBLED = "异常"
    SILENT = "无心跳"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why the gate is not well: `code` for machines, `sentence` for people."""

    level: Level
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The level with its reasons, worst first."""

    level: Level
    findings: tuple[Finding, ...]

    @property
    def sentence(self) -> str:
        """Why, in one sentence: the gravest reason."""
        return self.findings[0].sentence if self.findings else "各程序运行正常，上报没有积压。"


def pulse(heartbeat: Heartbeat | None, now: datetime) -> Pulse:
    """How a program is, by its last heartbeat; one from the future tells nothing of now."""
    if heartbeat is None or abs(now - heartbeat.at) > SILENT_AFTER:
        return Pulse.SILENT
    return Pulse.WELL if heartbeat.ok else Pulse.TROUBLED


def judge(
    programs: Mapping[str, str],
    heartbeats: Iterable[Heartbeat],
    counts: Counts,
    now: datetime,
    others: Iterable[Finding] = (),
) -> Verdict:
    """The verdict on a site; `others` is what the books and the storage add.

    `programs` gives the wording of each program that must run. Heartbeats of others are passed
    over: a lane taken out of the profile leaves its last one behind for ever.
    """
    beats = {heartbeat.program: heartbeat for heartbeat in heartbeats}
    findings = [
        finding
        for program, name in programs.items()
        if (finding := _of_program(program, name, beats.get(program), now))
    ]
    findings += _grave(others, _of_queue(counts, now))
    findings.sort(key=lambda finding: -finding.level.rank)  # stable: lanes stay in their order
    level = findings[0].level if findings else Level.NORMAL
    return Verdict(level, tuple(findings))


def _grave(others: Iterable[Finding], queue: Iterable[Finding]) -> list[Finding]:
    """Both, without the backlog where an alarm says the same more gravely."""
    told = list(others)
    alarmed = any(finding.code == "missed-upload" for finding in told)
    return told + [each for each in queue if not (alarmed and each.code == "backlog")]


def _of_program(
    program: str, name: str, heartbeat: Heartbeat | None, now: datetime
) -> Finding | None:
    if heartbeat is None:
        return Finding(Level.FAULT, f"missing:{program}", f"{name}：没有心跳，程序尚未运行。")
    match pulse(heartbeat, now):
        case Pulse.WELL:
            return None
        case Pulse.SILENT if heartbeat.at > now:
            sentence = f"{name}：心跳时间晚于现在，请核对本机时钟。"
            return Finding(Level.FAULT, f"ahead:{program}", sentence)
        case Pulse.SILENT:
            sentence = f"{name}：已有 {duration(now - heartbeat.at)}没有心跳，程序可能已停止。"
            return Finding(Level.FAULT, f"silent:{program}", sentence)
        case Pulse.TROUBLED:
            # A lane in trouble lets vehicles pass unrecorded or keeps them out. Any other
            # program's trouble can wait: the journal keeps what is owed.
            level = Level.FAULT if program.startswith("lane-") else Level.ATTENTION
            detail = heartbeat.detail.rstrip("。")
            return Finding(level, f"troubled:{program}", f"{name}：{detail}。")


def _of_queue(counts: Counts, now: datetime) -> list[Finding]:
    findings = []
    oldest = counts.oldest_waiting
    if oldest is not None and now - oldest > BACKLOG_AFTER:
        sentence = f"上报积压：最早一条已等待 {duration(now - oldest)}。"
        findings.append(Finding(Level.ATTENTION, "backlog", sentence))
    if counts.aside:
        sentence = f"有 {counts.aside} 条记录未能上报，已搁置，需要人工处理。"
        findings.append(Finding(Level.ATTENTION, "aside", sentence))
    return findings
