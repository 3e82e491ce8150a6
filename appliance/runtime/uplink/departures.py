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
        # One more than can be under way, so that one is left when all of those are.
        due = self._journal.due(now, since=since, limit=self._uplink.window + 1)
        live = next((item for item in due.live if item not in flight), None)
        backfill = next((item for item in due.backfill if item not in flight), None)
        goes_live = self._turns.live_next(
            live=live is not None,
            backfill=backfill is not None,
            window=window,
            in_flight=len(flight),
            backfill_in_flight=flight.backfill,
        )
        item = live if goes_live else backfill
        return None if item is None else (item, bool(goes_live))

    def _set_aside(self, item: OutboxItem, reason: str) -> None:
        log.warning("%s cannot be sent and is set aside", item.qn)
        self._journal.set_aside(item, reason)
        self._journal.note("message-aside", f"报文{item.qn}无法发送，已搁置：{reason}")
