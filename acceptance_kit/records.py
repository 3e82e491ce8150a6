"""数据核对: what the journal and the receipts say of the transmission (5.1.1–5.1.3, 9.1).

Read once from the box (`gather`), then judged without it. The spans in which the kit itself had
broken the line (its drills) are told apart, so that a drill does not count as a late upload.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from acceptance_kit.box import Box
from acceptance_kit.days import (
    DayState,
    Outage,
    Record,
    Run,
    Span,
    StableDay,
    deadline_of,
    run_of,
    stable_days,
)
from acceptance_kit.findings import Finding, Means, Verdict
from acceptance_kit.proof import Proof
from acceptance_kit.subjects import About
from appliance.clock import BEIJING
from appliance.profile.model import Profile
from appliance.runtime.uplink.books import REQUIRED_RATE, STABLE_DAYS
from appliance.runtime.uplink.books.printing import percent

WINDOW = timedelta(days=31)
"""How far back the kit looks: twice fifteen days and a day."""

CLOCK_EVIDENCE = "/var/lib/gatehouse/evidence/clock.jsonl"
TRANSMISSION = Proof(
    "records.transmission",
    ("5.1.2", "4.5.1-5"),
    "数据传输率不低于 95 %",
    Means.RECORDS,
    About.MACHINE,
)
COMPLETENESS = Proof(
    "records.completeness", ("5.1.2",), "数据完整率不低于 95 %", Means.RECORDS, About.MACHINE
)
REALTIME = Proof("records.realtime", ("5.1.1",), "数据实时上传", Means.RECORDS, About.MACHINE)
BACKFILL = Proof(
    "records.backfill", ("5.1.3",), "中断恢复后 72 小时内补传完毕", Means.RECORDS, About.MACHINE
)
STABLE = Proof(
    "records.stable-days", ("9.1",), "数据连续稳定传输 15 天", Means.RECORDS, About.MACHINE
)
DEMANDS = (TRANSMISSION, COMPLETENESS, REALTIME, BACKFILL, STABLE)
METHOD = "读取工控机记录库中的通行记录、报文和平台应答，按北京日统计。"


@dataclass(frozen=True, slots=True)
class Account:
    """What was gathered: the record, the days it makes, and when it was read (box's clock)."""

    record: Record
    days: tuple[StableDay, ...]
    run: Run
    now: datetime
    realtime: timedelta


def gather(
    box: Box, profile: Profile, outages: Sequence[Outage] = (), drills: Sequence[Span] = ()
) -> Account:
    """Read a box. `outages` are the power-offs that were filed (4.1-4), `drills` the spans in which
    the kit itself had broken something. Raises BoxTrouble."""
    interval = timedelta(minutes=profile.uplink.status_interval_minutes)
    least = str(max(1, profile.uplink.status_interval_minutes))
    state = box.state("--days", str(WINDOW.days), "--least-minutes", least)
    begin = state.now - WINDOW
    silences = [Span(since or begin, until) for since, until in state.silences]
    silences.append(Span(state.last_accepted_at or begin, state.now))
    last = state.now.astimezone(BEIJING).date()
    first = last - WINDOW
    passages = box.passages(first, last)
    heard = [span.until for span in silences[:-1]]
    began = min([passage.recorded_at for passage in passages] + heard, default=state.now)
    record = Record(
        passages,
        tuple(silences),
        interval,
        tuple(outages),
        _clock_faults(box, drills),
        tuple(drills),
    )
    days = stable_days(record, max(first, began.astimezone(BEIJING).date()), last, state.now)
    return Account(
        record, days, run_of(days), state.now, timedelta(seconds=profile.uplink.realtime_seconds)
    )


def findings(account: Account, machine: str, by: str) -> tuple[Finding, ...]:
    """Everything that a machine's records show."""
    judged = _Judged(account, machine, by)
    return (
        judged.transmission(),
        judged.completeness(),
        judged.realtime(),
        judged.backfill(),
        judged.stable(),
    )


def unsteady_days(account: Account) -> Iterator[str]:
    """A Chinese sentence for each day that is not 稳定, and why."""
    for day in account.days:
        if day.state is not DayState.STABLE:
            why = "；".join(day.reasons) or "尚未结束"
            sent, whole = percent(day.transmission_rate), percent(day.completeness_rate)
            told = f"应传 {day.due}，传输率 {sent}，完整率 {whole}"
            yield f"{day.day} {day.state.value}：{why}（{told}）。"


def days_sentence(account: Account) -> str:
    """How far the fifteen days are."""
    run = account.run
    if run.reached:
        return f"{run.days[0]} 至 {run.days[-1]} 已稳定传输 {STABLE_DAYS} 天（9.1）。"
    if not run.days:
        return f"还没有稳定传输的完整一天，需要连续 {STABLE_DAYS} 天（9.1）。"
    return f"自 {run.days[0]} 起已稳定 {len(run.days)} 天，还需 {run.missing} 天（9.1）。"


class _Judged:
    """The findings over one account."""

    def __init__(self, account: Account, machine: str, by: str) -> None:
        self._account = account
        self._machine = machine
        self._by = by
        # What was recorded a moment ago has not had its time yet.
        edge = account.now - account.realtime
        self._due = [p for p in account.record.passages if p.due and p.owed_at <= edge]
        self._taken = [p for p in self._due if p.acknowledged_at is not None]

    def transmission(self) -> Finding:
        """传输率 over all days (5.1.2)."""
        open_ones = sum(
            p.acknowledged_at is None
            and p.state == "waiting"
            and self._account.now <= deadline_of(p, self._account.record.silences)
            for p in self._due
        )
        return self._rate(
            TRANSMISSION,
            (len(self._taken), len(self._due)),
            f"应传 {len(self._due)} 条，平台已确认 {len(self._taken)} 条，补传中 {open_ones} 条",
        )

    def completeness(self) -> Finding:
        """完整率 over all days (5.1.2); what it means stands in docs/books.md."""
        complete = sum(p.complete for p in self._taken)
        return self._rate(
            COMPLETENESS,
            (complete, len(self._taken)),
            f"已确认 {len(self._taken)} 条，必填项齐全 {complete} 条",
        )

    def realtime(self) -> Finding:
        """实时 (5.1.1): acknowledged soon after it was recorded, but for the kit's own drills."""
        limit, drills = self._account.realtime, self._account.record.drills
        live = [
            p
            for p in self._due
            if not any(s.since - limit <= p.owed_at <= s.until + limit for s in drills)
        ]
        prompt = sum(
            p.acknowledged_at is not None and p.acknowledged_at - p.owed_at <= limit for p in live
        )
        excluded = len(self._due) - len(live)
        more = f"；演练断网期间的 {excluded} 条不计" if excluded else ""
        return self._rate(
            REALTIME,
            (prompt, len(live)),
            f"应传 {len(live)} 条，{limit.total_seconds():.0f} 秒内确认 {prompt} 条{more}",
        )

    def backfill(self) -> Finding:
        """补传 (5.1.3): nothing came, or is still owed, later than 72 h after the recovery."""
        silences = self._account.record.silences
        late = [
            p
            for p in self._due
            if (p.acknowledged_at or self._account.now) > deadline_of(p, silences)
        ]
        delayed = [
            p.acknowledged_at - p.owed_at
            for p in self._taken
            if p.acknowledged_at is not None
            and p.acknowledged_at - p.owed_at > self._account.realtime
        ]
        longest = max(delayed, default=timedelta(0))
        measured = f"补传 {len(delayed)} 条，最晚 {longest.total_seconds() / 3600:.1f} 小时后确认"
        if late:
            return self._finding(
                BACKFILL,
                Verdict.NO,
                measured=measured,
                bound="≤ 72 小时",
                reason=f"{len(late)} 条记录逾期（编号 {late[0].id} 等），"
                "请用 gatehouse uplink aside 查看并处理搁置的报文。",
            )
        known = bool(delayed)
        return self._finding(
            BACKFILL,
            Verdict.YES if known else Verdict.UNTESTED,
            measured=measured if known else "",
            bound="≤ 72 小时",
            reason="" if known else "没有发生过需要补传的中断；断网演练之后再核对。",
        )

    def stable(self) -> Finding:
        """连续 15 天 (9.1)."""
        account, run = self._account, self._account.run
        complete = [day for day in account.days if day.state is not DayState.OPEN]
        verdict, reason = Verdict.YES, ""
        if not run.reached:
            verdict = Verdict.NO if len(complete) >= STABLE_DAYS else Verdict.UNTESTED
            unstable = [day for day in account.days if day.state is DayState.UNSTABLE]
            reason = days_sentence(account)
            if unstable:
                last = unstable[-1]
                reason += f"最近不稳定的一天是 {last.day}：{'；'.join(last.reasons)}。"
        return self._finding(
            STABLE,
            verdict,
            measured=days_sentence(account),
            bound=f"{STABLE_DAYS} 天",
            reason=reason,
        )

    def _rate(
        self,
        demand: Proof,
        parts: tuple[int, int],
        measured: str,
    ) -> Finding:
        part, whole = parts
        if not whole:
            return self._finding(
                demand,
                Verdict.UNTESTED,
                bound="≥ 95 %",
                reason="还没有可统计的通行记录。",
            )
        share = part / whole
        good = share >= REQUIRED_RATE
        return self._finding(
            demand,
            Verdict.YES if good else Verdict.NO,
            measured=f"{percent(share)}（{measured}）",
            bound="≥ 95 %",
            reason="" if good else f"{measured}。请用 gatehouse uplink books 查看是哪几天。",
        )

    def _finding(
        self,
        demand: Proof,
        verdict: Verdict,
        *,
        measured: str = "",
        bound: str = "",
        reason: str = "",
    ) -> Finding:
        return Finding(
            item=demand.item,
            subject=self._machine,
            clauses=demand.clauses,
            title=demand.title,
            verdict=verdict,
            means=Means.RECORDS,
            by=self._by,
            at=self._account.now,
            measured=measured,
            bound=bound,
            reason=reason,
            method=METHOD,
        )


def _clock_faults(box: Box, drills: Sequence[Span]) -> tuple[tuple[date, str], ...]:
    """Days on which the box's own check found its clock wrong (6.2.1), but for the kit's drills."""
    found = []
    for line in box.as_root("cat", CLOCK_EVIDENCE).stdout.splitlines():
        try:
            told = json.loads(line)
            at, seconds = datetime.fromisoformat(told["at"]), told["value"]["seconds"]
        except (ValueError, KeyError, TypeError):
            continue  # no line of the daily check
        drilled = any(span.since <= at <= span.until for span in drills)
        if seconds is not None and not told["ok"] and not drilled:
            found.append((at.astimezone(BEIJING).date(), f"时钟偏差 {abs(seconds):.1f} 秒"))
    return tuple(found)
