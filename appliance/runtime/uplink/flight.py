"""What has left and waits for its answer: messages under way, their packets, and who answered.

A message may be several packets, each answered under its own QN; it has arrived when all of them
have. What left the table unanswered is remembered for a while, for answers that come late.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from appliance.runtime.journal.values import OutboxItem
from appliance.runtime.uplink.compose import Packet

_REMEMBERED_QNS = 1000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to leave, its attempt counted; `happened_at` is the time it speaks of."""

    item: OutboxItem
    happened_at: datetime
    packets: tuple[Packet, ...]


class Voyage:
    """One message under way."""

    def __init__(self, outgoing: Outgoing, *, live: bool) -> None:
        self.item = outgoing.item
        self.happened_at = outgoing.happened_at
        self.live = live
        self.unsent = deque(outgoing.packets)
        self._unanswered = {packet.qn for packet in outgoing.packets}

    def answered(self, qn: str) -> bool:
        """One packet has its positive answer; tell whether they all have."""
        self._unanswered.discard(qn)
        return not self._unanswered


class Flight:
    """The table of what is under way; it holds as many frames as the window allows, and no more."""

    def __init__(self) -> None:
        self._voyages: dict[int, Voyage] = {}
        self._awaited: dict[str, tuple[Voyage, float]] = {}
        self._past: OrderedDict[str, Voyage] = OrderedDict()

    def __len__(self) -> int:
        """Packets that wait for an answer."""
        return len(self._awaited)

    def __iter__(self) -> Iterator[Voyage]:
        """The messages under way, in the order they left."""
        return iter(list(self._voyages.values()))

    def __contains__(self, item: OutboxItem) -> bool:
        """Whether a message is under way."""
        return item.id in self._voyages

    @property
    def backfill(self) -> int:
        """Packets of backfill that wait for an answer."""
        return sum(not voyage.live for voyage, _ in self._awaited.values())

    def unfinished(self) -> Voyage | None:
        """A message of which packets have still to leave."""
        return next((voyage for voyage in self._voyages.values() if voyage.unsent), None)

    def begin(self, voyage: Voyage) -> None:
        """A message comes under way, no packet sent yet."""
        self._voyages[voyage.item.id] = voyage

    def send(self, voyage: Voyage, deadline: float) -> Packet:
        """Take the next packet of a message; its answer is due at `deadline`."""
        packet = voyage.unsent.popleft()
        self._awaited[packet.qn] = voyage, deadline
        return packet

    def answer(self, qn: str) -> Voyage | None:
        """Whose packet was answered; None when no such packet waits (any more)."""
        return self._awaited.pop(qn, (None, 0.0))[0]

    def only(self) -> str | None:
        """The QN of the one packet that waits, if it is one."""
        return next(iter(self._awaited)) if len(self._awaited) == 1 else None

    def overdue(self, now: float) -> list[Voyage]:
        """The messages of which an answer has not come in time."""
        late = {voyage.item.id: voyage for voyage, due in self._awaited.values() if due <= now}
        return list(late.values())

    def leave(self, voyage: Voyage) -> None:
        """A message is no longer under way, whatever became of it."""
        self._voyages.pop(voyage.item.id, None)
        voyage.unsent.clear()  # frames are large
        for qn in [qn for qn, (owner, _) in self._awaited.items() if owner is voyage]:
            del self._awaited[qn]
            self._past[qn] = voyage
            self._past.move_to_end(qn)
        while len(self._past) > _REMEMBERED_QNS:
            self._past.popitem(last=False)

    def past(self, qn: str) -> Voyage | None:
        """Whose packet an answer out of time belongs to."""
        return self._past.get(qn)
