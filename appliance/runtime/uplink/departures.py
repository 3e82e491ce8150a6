"""What leaves next: the outbox's side of sending."""

import logging
from collections.abc import Callable
from datetime import timedelta

from appliance.clock import Clock
from appliance.profile.model import Uplink
from appliance.runtime.journal import Journal, NotWaiting
from appliance.runtime.journal.values import OutboxItem
from appliance.runtime.uplink.flight import Flight, Voyage
from appliance.runtime.uplink.loading import Loader
from appliance.runtime.uplink.message import Unsendable
from appliance.runtime.uplink.turns import Turns

log = logging.getLogger(__name__)

_AHEAD = 2  # of each kind, messages whose photos are made while earlier ones travel


class Departures:
    """Takes messages off the outbox in their turn; what cannot leave is set aside on the way."""

    def __init__(self, uplink: Uplink, journal: Journal, clock: Clock, loader: Loader) -> None:
        self._uplink = uplink
        self._journal = journal
        self._clock = clock
        self._loader = loader
        self._turns = Turns()

    def next(self, flight: Flight, window: int, idle: Callable[[], None]) -> Voyage | None:
        """The next message, now under way in `flight`; None when none is due."""
        while chosen := self._choose(flight, window):
            idle()
            item, live = chosen
            try:
                outgoing = self._loader.load(item)
            except Unsendable as unsendable:
                self._set_aside(item, str(unsendable))
            except NotWaiting:
                log.info("%s is not waiting any more", item.qn)
            else:
                voyage = Voyage(outgoing, live=live)
                flight.begin(voyage)
                return voyage
        return None

    def _choose(self, flight: Flight, window: int) -> tuple[OutboxItem, bool] | None:
        """A message that is due and not under way, and whether it goes as a live one."""
        now = self._clock.now()
        since = now - timedelta(seconds=self._uplink.backfill_after_seconds)
        # More than can be under way, so that some are left when all of those are.
        due = self._journal.due(now, since=since, limit=self._uplink.window + _AHEAD)
        live = [item for item in due.live if item not in flight]
        backfill = [item for item in due.backfill if item not in flight]
        goes_live = self._turns.live_next(
            live=bool(live),
            backfill=bool(backfill),
            window=window,
            in_flight=len(flight),
            backfill_in_flight=flight.backfill,
        )
        if goes_live is None:
            return None
        item = (live if goes_live else backfill).pop(0)
        for later in live[:_AHEAD] + backfill[:_AHEAD]:
            self._loader.ahead(later)
        return item, goes_live

    def _set_aside(self, item: OutboxItem, reason: str) -> None:
        log.warning("%s cannot be sent and is set aside", item.qn)
        self._journal.set_aside(item, reason)
        self._journal.note("message-aside", f"报文{item.qn}无法发送，已搁置：{reason}")
