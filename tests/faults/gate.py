"""A gate with a real journal, its uplink in a thread that is started again as supervisor does."""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from uplink.samples import passage, site

from acceptance_kit.peers.platform import ReferencePlatform
from appliance.clock import SystemClock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxItem
from appliance.runtime.uplink.sender import run_uplink

PATIENCE = 30.0


def until(condition: Callable[[], bool]) -> bool:
    """Wait until it holds; tell whether it came to that."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Gate:
    """As a context: its uplink works from `start` to the end of the block."""

    def __init__(self, root: Path, port: int, *, host: str = "127.0.0.1", **uplink: Any) -> None:
        self.root = root
        self.profile = site(host=host, port=port, **uplink)
        self.journal = Journal.open(root, SystemClock())
        self.restarts = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._supervise)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE)
        self.journal.close()
        assert not self._thread.is_alive()

    def start(self) -> Self:
        self._thread.start()
        return self

    def record(self, *keys: str, **changes: Any) -> None:
        for key in keys:
            self.journal.record(passage(key, **changes))

    def owed(self) -> list[OutboxItem]:
        return [
            message
            for recorded in self.journal.passages_after(0, 1_000_000)
            for message in self.journal.messages(recorded.id)
        ]

    def sends_all(self) -> bool:
        return until(lambda: self.journal.outbox_counts().waiting == 0)

    def agrees_with(self, platform: ReferencePlatform) -> None:
        """Each message is done and the platform has it once; it has nothing else."""
        owed = self.owed()
        assert {message.state for message in owed} == {"done"}
        kept = platform.records()
        assert sorted(record.qn for record in kept) == sorted(message.qn for message in owed)
        assert {record.code for record in kept} == {1}
        assert self.journal.verify().fault is None

    def _supervise(self) -> None:
        clock = SystemClock()
        while not self._stop.is_set():
            try:
                with Journal.open(self.root, clock) as journal:
                    run_uplink(self.profile, journal, clock, self._stop)
            except (sqlite3.OperationalError, OSError):
                self.restarts += 1
                self._stop.wait(0.05)
