"""补传 (5.1.3): what an interruption left must be with the platform 72 h after the recovery."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from appliance.runtime.journal import Journal
from appliance.runtime.uplink.books.interruptions import Interruption

DEADLINE = timedelta(hours=72)

PACE_WINDOW = timedelta(hours=1)
"""The pace is that of the last hour: an older one says nothing of a line that fell again."""


class Pace(Enum):
    """Whether the backfill will be done in time."""

    DONE = "已补传完毕"
    ENOUGH = "按目前速度可按期完成"
    TOO_SLOW = "按目前速度不能按期完成"
    UNKNOWN = "刚刚恢复，尚不能判断速度"
    ASIDE_ONLY = "剩余记录均已搁置，须人工处理后重新上报"
    OVERDUE = "已超过补传期限"


@dataclass(frozen=True, slots=True)
class Backfill:
    """The state of a backfill: passages that wait or are aside, and those sent in the window."""

    recovered_at: datetime
    deadline: datetime
    waiting: int
    aside: int
    recent: int
    window: timedelta
    now: datetime

    @property
    def remaining(self) -> int:
        """剩余: what the platform still lacks."""
        return self.waiting + self.aside

    @property
    def left(self) -> timedelta:
        """The time to the deadline, negative after it."""
        return self.deadline - self.now

    @property
    def finish_at(self) -> datetime | None:
        """When the waiting ones will be sent at the present pace; None when there is none."""
        if not self.recent:
            return None
        hours = self.waiting * (self.window / timedelta(hours=1)) / self.recent
        # A pace of nearly nothing would leave the calendar.
        return self.now + timedelta(hours=min(hours, 24 * 3650))

    @property
    def pace(self) -> Pace:
        """The verdict. Those aside wait for a person, so the pace says nothing of them."""
        if not self.remaining:
            return Pace.DONE
        if self.left < timedelta(0):
            return Pace.OVERDUE
        if not self.waiting:
            return Pace.ASIDE_ONLY
        if self.finish_at is None:
            young = self.window < PACE_WINDOW
            return Pace.UNKNOWN if young else Pace.TOO_SLOW
        return Pace.ENOUGH if self.finish_at <= self.deadline else Pace.TOO_SLOW


def backfill_of(journal: Journal, interruption: Interruption, now: datetime) -> Backfill | None:
    """How far the backfill of an interruption is; None while it goes on."""
    recovered_at = interruption.ended_at
    if recovered_at is None:
        return None
    statistics = journal.statistics()
    # What waited before the interruption began is owed as well; what was aside by then is not
    # its doing.
    waiting = statistics.unsent(None, recovered_at).waiting
    aside = statistics.unsent(interruption.began_at, recovered_at).aside
    window = min(PACE_WINDOW, now - recovered_at)
    return Backfill(
        recovered_at=recovered_at,
        deadline=recovered_at + DEADLINE,
        waiting=waiting,
        aside=aside,
        recent=statistics.backfilled(recovered_at, now - window) if waiting else 0,
        window=window,
        now=now,
    )
