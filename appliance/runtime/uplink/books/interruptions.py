"""数据中断 and 漏传 (5.1.3), computed from messages and receipts, so that nobody has to watch.

An interruption is a span in which at least one message waited and no positive receipt came.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.runtime.journal import Journal
from appliance.runtime.journal.statistics import Waiting

REPORTABLE = timedelta(hours=24)
"""5.1.3: an interruption of so long is to be reported to the authority."""

LOOK_BACK = timedelta(days=31)
"""How long after its end an interruption is still found."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A span without data; `ended_at` is the first positive receipt after it, None if it goes on.

    `reason` is the last fault the sender met, where that is still known.
    """

    began_at: datetime
    ended_at: datetime | None
    reason: str | None = None

    def lasted(self, now: datetime) -> timedelta:
        """How long it lasted, or has lasted so far."""
        return (self.ended_at or now) - self.began_at

    def is_reportable(self, now: datetime) -> bool:
        """Whether the authority must hear of it."""
        return self.lasted(now) >= REPORTABLE


def missed_upload(journal: Journal, now: datetime, after: timedelta) -> Waiting | None:
    """The passage that has waited longest, if that is longer than `after`.

    Messages aside are not counted: they have an alarm of their own, and one that stays aside
    would hide every later outage.
    """
    waiting = journal.statistics().longest_waiting(passages_only=True)
    return waiting if waiting is not None and now - waiting.since > after else None


def ongoing(journal: Journal, now: datetime) -> Interruption | None:
    """The span from the last positive receipt, or from when something waits, until now.

    None when nothing waits. In good times it lasts a fraction of a second: ask how long.
    """
    statistics = journal.statistics()
    waiting = statistics.longest_waiting()
    if waiting is None:
        return None
    accepted_at = statistics.last_accepted_at(now)
    began_at = waiting.since if accepted_at is None else max(waiting.since, accepted_at)
    return Interruption(began_at, None, waiting.reason)


def last_recovered(journal: Journal, now: datetime) -> Interruption | None:
    """The newest reportable interruption that ended within the last 31 days."""
    statistics = journal.statistics()
    for silence in statistics.silences(now - LOOK_BACK, now, REPORTABLE):
        began_at = statistics.waited_since(silence)
        if began_at is not None and silence.after - began_at >= REPORTABLE:
            return Interruption(began_at, silence.after)
    return None


def to_report(journal: Journal, now: datetime) -> Interruption | None:
    """The interruption to report: the one that goes on if it is long enough, or the last one."""
    present = ongoing(journal, now)
    if present is not None and present.is_reportable(now):
        return present
    return last_recovered(journal, now)
