"""A gate whose uplink, in a thread, is started again as supervisor does."""

import sqlite3
from typing import Any, Self

from uplink import gate
from uplink.samples import passage
from waiting import until

from acceptance_kit.peers.platform import ReferencePlatform
from appliance.clock import Clock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxItem
from appliance.runtime.uplink.sender import run_uplink


class Gate(gate.Gate):
    """As a context: its whole uplink works from `start` to the end of the block."""

    restarts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        ended = self.end()
        self.journal.close()
        assert ended

    def records(self, *keys: str, **changes: Any) -> None:
        for key in keys:
            self.record(passage(key, **changes))

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

    def work(self, journal: Journal, clock: Clock) -> None:
        """The program `run uplink`, with what else it tells."""
        run_uplink(self.profile, journal, clock, self.stop)

    def _run(self) -> None:
        while not self.stop.is_set():
            try:
                super()._run()
            except (sqlite3.OperationalError, OSError):
                self.restarts += 1
                self.stop.wait(0.05)
