"""Alarms of the uplink as events of the journal: missed uploads, interruptions, backfill (5.1.3).

What was told already is read from the journal's own events, so a restart repeats nothing.
"""

from datetime import datetime, timedelta

from appliance.clock import BEIJING, Clock
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.uplink.books.backfill import backfill_of
from appliance.runtime.uplink.books.interruptions import (
    Interruption,
    last_recovered,
    missed_upload,
    ongoing,
)
from appliance.runtime.uplink.books.wording import in_hours

MISSED = "missed-upload"
MISSED_OVER = "missed-upload-over"
INTERRUPTED = "uplink-interrupted"
RECOVERED = "uplink-recovered"
BACKFILLED = "backfill-complete"
OVERDUE = "backfill-overdue"


LOOK_SECONDS = 60.0


class UplinkAlarms:
    """Looks at the books once a minute when called often, and notes what changed."""

    def __init__(self, profile: Profile, journal: Journal, clock: Clock) -> None:
        self._missed_after = timedelta(minutes=profile.uplink.missed_upload_minutes)
        self._journal = journal
        self._clock = clock
        self._next_look = clock.monotonic()

    def __call__(self) -> None:
        """Check when it is time."""
        if self._clock.monotonic() >= self._next_look:
            self._next_look = self._clock.monotonic() + LOOK_SECONDS
            self.check()

    def check(self) -> None:
        """Note an event for each state that changed since the last check, of whatever process."""
        now = self._clock.now()
        self._missed(now)
        self._interrupted(now)
        self._recovered(now)

    def _missed(self, now: datetime) -> None:
        missed = missed_upload(self._journal, now, self._missed_after)
        raised = self._newest(MISSED, MISSED_OVER) == MISSED
        if missed is not None and not raised:
            because = f"；最近一次故障：{missed.reason.rstrip('。')}" if missed.reason else ""
            waiting = self._journal.statistics().unsent(None, now).waiting
            self._journal.note(
                MISSED,
                f"漏传报警：{waiting}条通行记录待上报，最早一条自{_moment(missed.since)}起"
                f"未得到平台确认{because}。",
            )
        elif missed is None and raised:
            self._journal.note(MISSED_OVER, "漏传报警解除：没有超过时限未确认的通行记录。")

    def _interrupted(self, now: datetime) -> None:
        present = ongoing(self._journal, now)
        if present is None or not present.is_reportable(now):
            return
        told = self._journal.statistics().latest_event(INTERRUPTED)
        if told is None or told.at < present.began_at:
            because = f"；最近一次故障：{present.reason.rstrip('。')}" if present.reason else ""
            self._journal.note(
                INTERRUPTED,
                f"数据中断已达24小时（自{_moment(present.began_at)}起），"
                f"须向生态环境主管部门报备{because}。",
            )

    def _recovered(self, now: datetime) -> None:
        recovered = last_recovered(self._journal, now)
        if recovered is None or recovered.ended_at is None:
            return
        backfill = backfill_of(self._journal, recovered, now)
        if backfill is None:
            return
        told = self._journal.statistics().latest_event(RECOVERED)
        if told is None or told.at < recovered.ended_at:
            self._journal.note(
                RECOVERED,
                f"数据传输已恢复，此前中断 {in_hours(recovered.lasted(now))}；"
                f"剩余{backfill.remaining}条，须在{_moment(backfill.deadline)}前补传完毕。",
            )
        state = self._newest(RECOVERED, OVERDUE, BACKFILLED)
        if not backfill.remaining:
            if state != BACKFILLED:
                self._journal.note(BACKFILLED, f"补传完毕：{_whose(recovered)}的记录已全部确认。")
        elif now > backfill.deadline and state == RECOVERED:
            self._journal.note(
                OVERDUE,
                f"补传逾期：{_whose(recovered)}的记录还有{backfill.remaining}条未确认，"
                f"期限{_moment(backfill.deadline)}已过。",
            )

    def _newest(self, *kinds: str) -> str | None:
        event = self._journal.statistics().latest_event(*kinds)
        return event.kind if event else None


def _whose(interruption: Interruption) -> str:
    return f"自{_moment(interruption.began_at)}起中断期间"


def _moment(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
