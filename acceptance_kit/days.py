"""连续传输 15 天 (9.1): what each day of transmission was worth, and why; pure.

The guideline says "稳定传输 15 天" and no more. What gatehouse takes it to mean, each by a sentence
that the guideline does have (docs/acceptance-drills.md argues it):

- both rates of the day's passages are at least 95 % (5.1.2), and a passage counts as transmitted
  when it was acknowledged within 72 h of the recovery (5.1.3); until then the day is open;
- the gate was heard: a message that is due every `status_interval_minutes` (60003) comes even when
  no vehicle does, so a day without passages is stable by those, and one without those is not. The
  time beyond the interval in which nothing was acknowledged is at most 5 % of the day, the same
  share that 5.1.2 leaves;
- the clock was right (6.2.1), since a day with wrong times is not one;
- a day on which a power-off was filed beforehand (4.1-4) is not counted and breaks nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from acceptance_kit.passages import PassageFacts
from appliance.clock import BEIJING
from appliance.runtime.uplink.books import REQUIRED_RATE, STABLE_DAYS
from appliance.runtime.uplink.books.backfill import DEADLINE

MOST_SILENT = timedelta(days=1) * (1 - REQUIRED_RATE)
DAY = timedelta(days=1)
NOTHING = timedelta(0)


class DayState(StrEnum):
    """What a day is worth."""

    STABLE = "稳定"
    UNSTABLE = "不稳定"
    FILED = "报备停机"
    OPEN = "待定"


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment to another; `until` is later."""

    since: datetime
    until: datetime

    def overlap(self, other: "Span") -> timedelta:
        """How long both are."""
        return max(NOTHING, min(self.until, other.until) - max(self.since, other.since))


@dataclass(frozen=True, slots=True)
class Outage:
    """确需断电 (4.1-4): a power-off with its filing's text and time."""

    span: Span
    filed_at: datetime
    filing: str

    @property
    def filed_beforehand(self) -> bool:
        """提前备案: whether the authority was told before it began."""
        return self.filed_at <= self.span.since


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of the transmission, by the box's own account.

    `silences` are all spans without a positive receipt that are longer than the status interval,
    the one that goes on included. `clock_faults` are days with a sentence of what was wrong,
    `drills` spans in which the acceptance kit itself had broken something.
    """

    passages: tuple[PassageFacts, ...]
    silences: tuple[Span, ...]
    status_interval: timedelta
    outages: tuple[Outage, ...] = ()
    clock_faults: tuple[tuple[date, str], ...] = ()
    drills: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class StableDay:
    """One Beijing day: counts of passages, the time it was silent too long, and the verdict."""

    day: date
    state: DayState
    due: int
    transmitted: int
    complete: int
    silent: timedelta
    reasons: tuple[str, ...]

    @property
    def transmission_rate(self) -> float | None:
        """传输率, 0 to 1; None when nothing was due."""
        return self.transmitted / self.due if self.due else None

    @property
    def completeness_rate(self) -> float | None:
        """完整率, 0 to 1; None when nothing was transmitted."""
        return self.complete / self.transmitted if self.transmitted else None


@dataclass(frozen=True, slots=True)
class Run:
    """The days of stable transmission in a row: the first row of 15 if there is one, else the last
    one, which days that are open yet may still break."""

    days: tuple[date, ...]
    reached: bool

    @property
    def missing(self) -> int:
        """How many more are needed."""
        return 0 if self.reached else max(1, STABLE_DAYS - len(self.days))


def deadline_of(passage: PassageFacts, silences: Sequence[Span]) -> datetime:
    """Until when the platform must have acknowledged a passage: 72 h after the line was back."""
    within = [span for span in silences if span.since <= passage.owed_at < span.until]
    return max([passage.owed_at, *(span.until for span in within)]) + DEADLINE


def stable_days(record: Record, first: date, last: date, now: datetime) -> tuple[StableDay, ...]:
    """Every day from `first` to `last`, judged as far as can be told at `now`."""
    by_day: dict[date, list[PassageFacts]] = {}
    for passage in record.passages:
        by_day.setdefault(passage.passed_at.astimezone(BEIJING).date(), []).append(passage)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(_judge(record, day, by_day.get(day, []), now) for day in days)


def run_of(days: Iterable[StableDay]) -> Run:
    """The first row of 15 stable days, or the row that the last decided day belongs to.

    A filed outage is passed over. An open day is not counted and ends no row, but none of 15 is
    reached across it.
    """
    row: list[date] = []
    sure: list[date] = []
    for day in days:
        if day.state is DayState.STABLE:
            row.append(day.day)
            sure.append(day.day)
        elif day.state is DayState.UNSTABLE:
            row, sure = [], []
        elif day.state is DayState.OPEN:
            sure = []
        if len(sure) == STABLE_DAYS:
            return Run(tuple(sure), True)
    return Run(tuple(row), False)


@dataclass(frozen=True, slots=True)
class _Counts:
    """A day's passages: all that are due, those that came in time, what became of the others."""

    due: int
    in_time: int
    complete: int
    late: int
    waiting: int
    backwards: int

    @classmethod
    def of(cls, record: Record, passages: Iterable[PassageFacts], now: datetime) -> "_Counts":
        due = [passage for passage in passages if passage.due]
        in_time = complete = waiting = backwards = 0
        for passage in due:
            deadline = deadline_of(passage, record.silences)
            at = passage.acknowledged_at
            if at is None:
                waiting += now <= deadline and passage.state == "waiting"
            elif at <= deadline:
                in_time += 1
                complete += passage.complete
            drilled = any(s.since <= passage.recorded_at <= s.until for s in record.drills)
            backwards += at is not None and at < passage.recorded_at and not drilled
        late = len(due) - in_time - waiting
        return cls(len(due), in_time, complete, late, waiting, backwards)

    def faults(self) -> list[str]:
        """What no time will cure."""
        found = []
        if self.in_time + self.waiting < REQUIRED_RATE * self.due:
            found.append(f"应传 {self.due} 条，按期确认 {self.in_time} 条，不足 95 %")
        if self.complete < REQUIRED_RATE * self.in_time:
            found.append(f"已传 {self.in_time} 条，项目齐全 {self.complete} 条，不足 95 %")
        if self.backwards:
            found.append(f"{self.backwards} 条记录的确认早于记录，时钟曾回拨")
        return found

    def notes(self) -> list[str]:
        """What is worth knowing of a day that is not at fault."""
        return [
            *((f"{self.late} 条未按期确认",) if self.late else ()),
            *((f"{self.waiting} 条补传中",) if self.waiting else ()),
            *(("当日无应传记录，以状态报文为准",) if not self.due else ()),
        ]


def _judge(record: Record, day: date, passages: Iterable[PassageFacts], now: datetime) -> StableDay:
    whole = _span_of(day)
    counts = _Counts.of(record, passages, now)
    filed = [
        outage
        for outage in record.outages
        if outage.filed_beforehand and outage.span.overlap(whole)
    ]
    silent = _silent(record, whole, filed)
    faults = counts.faults()
    if silent > MOST_SILENT:
        faults.append(f"超过状态上报间隔仍无平台确认共 {_in_words(silent)}")
    faults += [what for at, what in record.clock_faults if at == day]
    notes = [] if faults else counts.notes()
    notes += [f"报备停电：{outage.filing}" for outage in filed]
    if faults:
        state = DayState.UNSTABLE
    elif sum((outage.span.overlap(whole) for outage in filed), NOTHING) > MOST_SILENT:
        state = DayState.FILED
    elif now < whole.until:
        state = DayState.OPEN
        notes.append("当日未结束")
    elif counts.in_time < REQUIRED_RATE * counts.due:
        state = DayState.OPEN
    else:
        state = DayState.STABLE
    return StableDay(
        day=day,
        state=state,
        due=counts.due,
        transmitted=counts.in_time,
        complete=counts.complete,
        silent=silent,
        reasons=(*faults, *notes),
    )


def _silent(record: Record, whole: Span, filed: Sequence[Outage]) -> timedelta:
    """The time of a day in which a status message was overdue; filed power-offs do not count."""
    total = NOTHING
    for silence in record.silences:
        if silence.until - silence.since <= record.status_interval:
            continue
        overdue = Span(silence.since + record.status_interval, silence.until)
        if excused := [outage for outage in filed if outage.span.overlap(silence)]:
            # The first message after the power is back is due an interval later.
            ends = max(outage.span.until for outage in excused)
            begins = min(outage.span.since for outage in excused)
            parts = [
                Span(overdue.since, min(begins, overdue.until)),
                Span(max(ends + record.status_interval, overdue.since), overdue.until),
            ]
        else:
            parts = [overdue]
        total += sum((part.overlap(whole) for part in parts if part.since < part.until), NOTHING)
    return total


def _span_of(day: date) -> Span:
    midnight = datetime.combine(day, time(), BEIJING)
    return Span(midnight, midnight + DAY)


def _in_words(span: timedelta) -> str:
    minutes = int(span / timedelta(minutes=1))
    return f"{minutes // 60} 小时 {minutes % 60} 分" if minutes >= 60 else f"{minutes} 分钟"
