"""The barrier's hand and eye, in a thread of its own: a dead relay must not stop the camera.

It raises the bar when told, and watches the bar between: a bar that goes up without having been
told was raised by hand (4.5.1-10).
"""

import logging
import math
import queue
import threading
from dataclasses import dataclass
from datetime import datetime

from appliance.clock import Clock
from appliance.runtime.lane.driver import BarrierDriver, BarrierUnreachable

log = logging.getLogger(__name__)

WATCH_SECONDS = 0.2
ATTEMPTS = 5
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Raised:
    """The bar went up: by our pulse, for which passage, or by hand (`passage_id` None)."""

    at: datetime
    by_hand: bool
    passage_id: int | None


@dataclass(frozen=True, slots=True)
class RaiseFailed:
    """The relay could not be told to raise the bar for a passage."""

    at: datetime
    passage_id: int
    why: str


class Barrier:
    """Runs one driver; `news` is what the lane process reads between frames.

    One order stands at a time, and it is for the vehicle before the bar: a new one replaces it,
    and `cancel` takes it back when that vehicle has gone, so that a relay which comes back late
    does not let in whoever stands there then. A bar that rises within `rise_seconds` of our
    pulse rose because of it.
    """

    def __init__(self, driver: BarrierDriver, clock: Clock, *, rise_seconds: float = 8.0) -> None:
        self._driver = driver
        self._clock = clock
        self._rise_seconds = rise_seconds
        self.news: queue.Queue[Raised | RaiseFailed] = queue.Queue()
        self._order: int | None = None
        self._ordered = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="barrier", daemon=True)
        self._was_raised: bool | None = None
        self._told: tuple[float, int] | None = None
        self._reachable = True

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Carry out the order in hand and let the relay go."""
        self._stop.set()
        self._ordered.set()
        self._thread.join(10)
        self._driver.close()

    @property
    def alive(self) -> bool:
        """Whether the thread still works; it never ends by itself."""
        return self._thread.is_alive()

    @property
    def reachable(self) -> bool:
        """Whether the relay answered last time."""
        return self._reachable

    def raise_for(self, passage_id: int) -> None:
        """Order the bar up for a passage that the journal already holds."""
        self._order = passage_id
        self._ordered.set()

    def cancel(self) -> None:
        """Take back an order that has not been carried out."""
        self._order = None

    def _run(self) -> None:
        while not self._stop.is_set():
            self._ordered.wait(WATCH_SECONDS)
            self._ordered.clear()
            self._carry_out()
            self._watch()
        self._carry_out()

    def _carry_out(self) -> None:
        """Try the order that stands until it is done, replaced, or has failed too often."""
        why = ""
        for attempt in range(ATTEMPTS):
            if attempt and self._stop.wait(RETRY_SECONDS):
                return
            passage_id = self._order
            if passage_id is None:
                return
            # Before the pulse, so that a bar seen rising during it is known to be ours.
            self._told = (self._clock.monotonic(), passage_id)
            try:
                self._driver.raise_barrier()
            except BarrierUnreachable as trouble:
                self._reachable = False
                why = str(trouble)
                log.warning("raising for passage %d failed: %s", passage_id, why)
                continue
            self._reachable = True
            self._told = (self._clock.monotonic(), passage_id)
            if self._order == passage_id:
                self._order = None
            return
        self._told = None
        if (failed := self._order) is not None:
            self._order = None
            self.news.put(RaiseFailed(self._clock.now(), failed, why))

    def _watch(self) -> None:
        try:
            raised = self._driver.is_raised()
        except BarrierUnreachable as trouble:
            if self._reachable:
                log.warning("the relay does not answer: %s", trouble)
            self._reachable = False
            return
        if raised is None:
            return  # nothing is wired, so nothing was asked
        self._reachable = True
        now = self._clock.now()
        since_told = self._clock.monotonic() - self._told[0] if self._told else math.inf
        if raised and self._told and since_told <= self._rise_seconds:
            # Also when the bar was still up for the vehicle before.
            self.news.put(Raised(now, by_hand=False, passage_id=self._told[1]))
            self._told = None
        elif raised and self._was_raised is False:
            self.news.put(Raised(now, by_hand=True, passage_id=None))
        self._was_raised = raised
