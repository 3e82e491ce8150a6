"""The books of the uplink as the status page shows them (5.1.2, 5.1.3)."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.uplink.books import (
    Account,
    Backfill,
    DayBook,
    Interruption,
    Pace,
    backfill_of,
    last_recovered,
    missed_upload,
    ongoing,
)
from appliance.runtime.uplink.books.printing import BookKeeper
from appliance.runtime.uplink.books.wording import span_in_words
from appliance.runtime.web.verdict import Finding, Level
from appliance.runtime.web.wording import duration

KEPT_FOR = timedelta(minutes=1)
"""The page renews itself every 5 s, and 15 days are some ten thousand passages to count."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days as they were counted at a moment, oldest first."""

    counted_at: datetime
    days: tuple[DayBook, ...]
    sum: Account


@dataclass(frozen=True, slots=True)
class Standing:
    """What is out of the ordinary now; all None in good times.

    `interruption` is the one that goes on (reportable ones only) or the last one whose backfill
    still matters; `backfill` belongs to an ended one.
    """

    missed_since: datetime | None
    interruption: Interruption | None
    backfill: Backfill | None

    def findings(self, now: datetime) -> list[Finding]:
        """What the verdict says of it."""
        found = []
        if self.missed_since is not None:
            waited = duration(now - self.missed_since)
            sentence = f"漏传报警：最早一条通行记录已 {waited}未得到平台确认。"
            found.append(Finding(Level.ATTENTION, "missed-upload", sentence))
        if self.interruption is not None and self.interruption.ended_at is None:
            sentence = "数据中断已达 24 小时，须向生态环境主管部门报备，报备文本已备好。"
            found.append(Finding(Level.ATTENTION, "interruption", sentence))
        backfill = self.backfill
        if backfill is not None and backfill.remaining:
            if backfill.pace is Pace.OVERDUE:
                sentence = f"补传逾期：仍有 {backfill.remaining} 条未得到平台确认。"
            else:
                sentence = (
                    f"补传进行中：剩余 {backfill.remaining} 条，"
                    f"距期限 {span_in_words(backfill.left)}，{backfill.pace.value}。"
                )
            found.append(Finding(Level.ATTENTION, "backfill", sentence))
        return found


class DayCounter:
    """Counts the days at most once a minute, for all threads of the page."""

    def __init__(self, profile: Profile, clock: Clock) -> None:
        self._profile = profile
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: Days | None = None

    def days(self, journal: Journal) -> Days:
        """The last 15 days, today among them."""
        now = self._clock.now()
        with self._lock:
            kept = self._kept
            # A kept count from the future was made before the clock stepped back.
            if kept is None or not timedelta(0) <= now - kept.counted_at < KEPT_FOR:
                books = BookKeeper(self._profile, journal, self._clock).books(None, None)
                kept = self._kept = Days(now, books.days, books.sum)
        return kept


def standing_of(profile: Profile, journal: Journal, now: datetime) -> Standing:
    """Look for what is out of the ordinary; cheap, for it is asked for with every verdict."""
    after = timedelta(minutes=profile.uplink.missed_upload_minutes)
    missed = missed_upload(journal, now, after)
    present = ongoing(journal, now)
    missed_since = missed.since if missed else None
    if present is not None and present.is_reportable(now):
        return Standing(missed_since, present, None)
    recovered = last_recovered(journal, now)
    backfill = backfill_of(journal, recovered, now) if recovered else None
    if backfill is None or (not backfill.remaining and backfill.left < timedelta(0)):
        return Standing(missed_since, None, None)
    return Standing(missed_since, recovered, backfill)
