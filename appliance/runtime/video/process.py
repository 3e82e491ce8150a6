"""The sweeper as a program of the box: a pass a minute, and a heartbeat meanwhile."""

import threading

from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.video.outlook import is_alarm
from appliance.runtime.video.sweeper import Sweeper
from appliance.runtime.video.trust import ClockTrust
from appliance.runtime.video.volumes import Volumes

PROGRAM = "sweeper"
PASS_SECONDS = 60.0
BEAT_SECONDS = 5.0


class _Heart:
    """Beats at most every few seconds, however often it is asked to."""

    def __init__(self, profile: Profile, journal: Journal, clock: Clock) -> None:
        self._alarm_days = profile.storage.alarm_days
        self._journal = journal
        self._clock = clock
        self._last = float("-inf")

    def beat(self) -> None:
        """Say how the storage is."""
        if self._clock.monotonic() - self._last < BEAT_SECONDS:
            return
        self._last = self._clock.monotonic()
        trouble = self._trouble()
        self._journal.beat(PROGRAM, ok=trouble is None, detail=trouble or "存储正常")

    def _trouble(self) -> str | None:
        state = self._journal.storage()
        if state is None:
            return None
        if state.stopped:
            return "磁盘已满，停止存入：" + "、".join(kind.called for kind in state.stopped)
        if state.refusal:
            return f"到期资料暂不删除：{state.refusal}"
        for volume in state.volumes:
            if not volume.present or is_alarm(volume, self._alarm_days):
                return volume.short
        return None


def run_sweeper(profile: Profile, journal: Journal, clock: Clock, stop: threading.Event) -> None:
    """Sweep until `stop` is set. Raises OSError, sqlite3.Error; the supervisor starts it anew."""
    heart = _Heart(profile, journal, clock)

    def between() -> bool:
        heart.beat()
        return not stop.is_set()

    trust = ClockTrust(journal, clock)
    sweeper = Sweeper(profile, journal, clock, Volumes.of(profile), trust, between=between)
    due = clock.monotonic()
    while not stop.is_set():
        if clock.monotonic() >= due:
            sweeper.sweep()
            due = clock.monotonic() + PASS_SECONDS
        heart.beat()
        stop.wait(1.0)
