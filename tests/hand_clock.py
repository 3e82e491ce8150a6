"""A clock that stands still until a test turns it."""

from datetime import datetime, timedelta


class ClockByHand:
    """Beijing time as the test has set it; sleeping turns the clock on and takes no time."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
