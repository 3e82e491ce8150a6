"""A gate's journal with its uplink as a thread, for tests against the reference platform."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from hand_clock import ClockByHand
from waiting import PATIENCE, until

from appliance.clock import BEIJING, Clock, SystemClock
from appliance.profile.secrets import SecretStore
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxItem, OutboxState, Passage
from appliance.runtime.uplink.sender import Sender

from .samples import site

NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=BEIJING)


class HandClock(ClockByHand):
    """A clock that begins at this room's usual moment."""

    def __init__(self, now: datetime = NOON) -> None:
        super().__init__(now)


class Gate:
    """A gate's journal, and its uplink process as a thread."""

    def __init__(self, root: Path, port: int, **uplink: Any) -> None:
        self.root = root
        self.journal = Journal.open(root, SystemClock())
        self.profile = site(**{"host": "127.0.0.1", "port": port, **uplink})
        self.opening: Callable[[Path, Clock], Journal] = Journal.open
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None

    def record(self, made: Passage) -> int:
        return self.journal.record(made)[0].id

    def start(self) -> Self:
        self.stop.clear()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def _run(self) -> None:
        clock = SystemClock()
        with self.opening(self.root, clock) as journal:
            self.work(journal, clock)

    def work(self, journal: Journal, clock: Clock) -> None:
        """The sender alone, without news of cameras and state between the passages."""
        store = SecretStore(self.root / "secrets")
        Sender(self.profile, journal, clock, self.stop, secrets=store).run()

    def end(self) -> bool:
        """Stop the uplink; tell whether it ended."""
        self.stop.set()
        if self.thread is None:
            return True
        self.thread.join(PATIENCE)
        return not self.thread.is_alive()

    def message(self, passage_id: int) -> OutboxItem:
        return self.journal.messages(passage_id)[-1]

    def comes_to(self, passage_id: int, state: OutboxState) -> bool:
        return until(lambda: self.message(passage_id).state is state)

    def codes(self, passage_id: int) -> list[int]:
        return [receipt.code for receipt in self.journal.receipts(self.message(passage_id).id)]

    def events(self) -> list[str]:
        return [f"{event.kind}: {event.detail}" for event in self.journal.latest_events(20)]

    def heartbeat(self) -> tuple[bool, str] | None:
        beats = {beat.program: (beat.ok, beat.detail) for beat in self.journal.heartbeats()}
        return beats.get("uplink")
