"""A gate's journal whose days a test makes up: record, acknowledge, leave out, let time pass."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hand_clock import ClockByHand

from appliance.clock import BEIJING
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import (
    OutboxState,
    Photo,
    PhotoKind,
    Receipt,
    RecordedPassage,
)

from .samples import passage, site

START = datetime(2025, 11, 10, 8, 0, tzinfo=BEIJING)


class HandClock(ClockByHand):
    """A clock that begins at this room's usual moment."""

    def __init__(self, now: datetime = START) -> None:
        super().__init__(now)


@dataclass
class BookGate:
    """The journal below `root`, opened for writing."""

    root: Path
    clock: HandClock
    journal: Journal
    profile: Profile = field(default_factory=lambda: site(host="127.0.0.1", port=9))
    count: int = 0

    def goes_on(self, **span: float) -> datetime:
        """Let time pass."""
        self.clock.time += timedelta(**span)
        return self.clock.time

    def records(self, number: int = 1, *, hold: str | None = None, **changes: Any) -> list[int]:
        """Vehicles pass now; their ids."""
        return [self._record(hold, changes).id for _ in range(number)]

    def acknowledges(self, passage_ids: list[int], after: float = 1.0) -> None:
        """The platform takes them, `after` seconds from now; the clock stays."""
        for passage_id in passage_ids:
            message = self.journal.begin_attempt(self.journal.messages(passage_id)[-1])
            at = self.clock.now() + timedelta(seconds=after)
            self.journal.receive(message, Receipt(1, "##raw", at), state=OutboxState.DONE)

    def refuses(self, passage_ids: list[int]) -> None:
        """The platform answers 2, so they are set aside."""
        for passage_id in passage_ids:
            message = self.journal.begin_attempt(self.journal.messages(passage_id)[-1])
            self.journal.receive(
                message,
                Receipt(2, "##raw", self.clock.now()),
                state=OutboxState.ASIDE,
                reason="平台答复2",
            )

    def cannot_send(self, passage_ids: list[int], reason: str) -> None:
        """The line is down."""
        for passage_id in passage_ids:
            message = self.journal.begin_attempt(self.journal.messages(passage_id)[-1])
            self.journal.postpone(message, self.clock.now(), reason)

    def events(self) -> list[str]:
        """The kinds of all events, oldest first."""
        return [event.kind for event in reversed(self.journal.latest_events(1000))]

    def _record(self, hold: str | None, changes: dict[str, Any]) -> RecordedPassage:
        self.count += 1
        photos = (
            Photo(PhotoKind.FRONT, b"front%d" % self.count),
            Photo(PhotoKind.BODY, b"body%d" % self.count),
        )
        made = {"passed_at": self.clock.now(), "photos": photos, **changes}
        return self.journal.record(passage(f"p{self.count}", **made), hold=hold)[0]
