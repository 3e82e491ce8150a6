"""When a fragment's first picture was taken, from when its pieces came.

A stream has a time of its own, the machine has two clocks: one that is right and may be set, and
one that only counts. Pieces come late, never early, so the earliest of them tells best.
"""

from datetime import datetime, timedelta

from appliance.clock import BEIJING, Clock

JOINED = timedelta(seconds=0.5)
"""Fragments of one stream that part by less are taken to follow each other exactly."""

CLOCK_SET_SECONDS = 2.0
ASTRAY_SECONDS = 5.0
LATE_PIECES = 5


class Timing:
    """One fragment's time. `arrived` is a monotonic second, `played` the seconds of the stream from
    the fragment's first picture to the end of the piece that came then."""

    def __init__(self, clock: Clock, arrived: float, played: float) -> None:
        self._clock = clock
        self._opened = (clock.now(), clock.monotonic())
        self._began = arrived - played
        self._late = 0
        self._minute = self.began_at().replace(second=0, microsecond=0)

    def takes(self, arrived: float, played: float) -> bool:
        """Count another piece in; False when the stream's time and ours have parted.

        Then a camera's clock was set, or pictures wait somewhere on the way, and the call is
        better made anew."""
        late = arrived - played - self._began
        if late < -ASTRAY_SECONDS:
            return False
        # A line that stopped for a moment catches up by itself.
        self._late = self._late + 1 if late > ASTRAY_SECONDS else 0
        self._began = min(self._began, arrived - played)
        return self._late < LATE_PIECES

    def began_at(self, follows: datetime | None = None) -> datetime:
        """By the clock as it was when the fragment was opened; `follows` is where the one before
        ended, of the same stream."""
        wall, then = self._opened
        began = (wall - timedelta(seconds=then - self._began)).astimezone(BEIJING)
        if follows is not None and abs(began - follows) < JOINED:
            return follows
        return began

    def is_over(self, lasted: float) -> bool:
        """Whether a piece that came just now, `lasted` seconds long, belongs to the next fragment:
        each minute of the clock has its own, and so has the time after the clock was set."""
        wall, then = self._opened
        step = (self._clock.now() - wall).total_seconds() - (self._clock.monotonic() - then)
        began = self._clock.now() - timedelta(seconds=lasted)
        return abs(step) > CLOCK_SET_SECONDS or began >= self._minute + timedelta(minutes=1)
