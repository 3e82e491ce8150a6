"""Time by injection: code that asks the time takes a `Clock`, and tests own it.

The gate lives on Beijing time (4.1-1, 6.2.1), whatever the machine's zone is set to.
"""

import time
from datetime import datetime, timedelta, timezone
from typing import Protocol

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock(Protocol):
    """What the runtime may know of time."""

    def now(self) -> datetime:
        """The wall clock as an aware datetime in Beijing time."""

    def monotonic(self) -> float:
        """Seconds that only ever grow; for pauses and time-outs."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(BEIJING)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
