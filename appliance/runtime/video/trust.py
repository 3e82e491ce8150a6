"""Whether the clock may be believed when it says that something is old.

A clock that jumps ahead makes everything expired. It is believed when three witnesses agree:
what was written last (a clock before that stepped back), the last pass (a process sees the wall
clock and its own seconds part), and after a restart the time of the last pass or record (a gap of
more than a day is either a long halt or a wrong clock). A doubt of the latter two kinds ends when
the kernel says that the clock is synchronised to a time server, which a clock set by hand is not.
"""

import ctypes
from collections.abc import Callable
from datetime import datetime, timedelta

from appliance.clock import Clock
from appliance.runtime.journal import Journal

TOLERANCE = timedelta(minutes=5)
LONGEST_HALT = timedelta(days=1)
REMEMBERED = "sweeper-clock"

_TIME_ERROR = 5
_TIMEX_BYTES = 512  # struct timex is 208 bytes; zeros mean: change nothing


def synchronised() -> bool:
    """Whether the kernel holds its clock synchronised (chrony tells it so); False if unknown."""
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (AttributeError, OSError):
        return False
    return 0 <= state < _TIME_ERROR


class ClockTrust:
    """Judges the clock once a pass; remembers over restarts."""

    def __init__(
        self, journal: Journal, clock: Clock, synchronised: Callable[[], bool] = synchronised
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._synchronised = synchronised
        self._last: tuple[datetime, float] | None = None
        self._jumped: tuple[datetime, str] | None = None

    def doubt(self, *, remember: bool = True) -> str | None:
        """Why the clock is not believed (Chinese), or None; a clock that is believed is
        remembered."""
        now, seconds = self._clock.now(), self._clock.monotonic()
        witness = self._witness()
        if witness is not None and now < witness - TOLERANCE:
            self._last = (now, seconds)
            return f"系统时钟（{now:%Y-%m-%d %H:%M}）早于最近的记录（{witness:%Y-%m-%d %H:%M}）"
        if jump := self._jump(now, seconds, witness):
            self._jumped = (now, jump)
        self._last = (now, seconds)
        if self._jumped and not self._synchronised() and not self._believed_since(self._jumped[0]):
            return self._jumped[1]
        if remember:
            self.believe()
        return None

    def believe(self) -> None:
        """Take the present time for true; an operator may say so."""
        self._jumped = None
        self._journal.remember(REMEMBERED, self._clock.now().isoformat())

    def _believed_since(self, at: datetime) -> bool:
        """Whether another process, told by an operator, has taken the time for true since."""
        remembered = self._journal.recall(REMEMBERED)
        return remembered is not None and datetime.fromisoformat(remembered) >= at

    def _witness(self) -> datetime | None:
        remembered = self._journal.recall(REMEMBERED)
        last = self._journal.shelves().last_written()
        if remembered is None:
            return last
        before = datetime.fromisoformat(remembered)
        return before if last is None else max(before, last)

    def _jump(self, now: datetime, seconds: float, witness: datetime | None) -> str | None:
        if self._last is None:
            if witness is not None and now - witness > LONGEST_HALT:
                days = (now - witness) // timedelta(days=1)
                return f"最近的记录已是 {days} 天前，时钟尚未与标准时间核对"
            return None
        before, then = self._last
        step = (now - before) - timedelta(seconds=seconds - then)
        if abs(step) <= TOLERANCE:
            return None
        return f"系统时钟跳变了 {step.total_seconds() / 60:+.0f} 分钟，尚未与标准时间核对"
