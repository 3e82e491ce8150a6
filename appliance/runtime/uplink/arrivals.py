"""What an answer leaves behind: receipt and state in one transaction, and what is worth noting."""

import logging

from appliance.clock import Clock
from appliance.guideline.messages import Result
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxState, Receipt
from appliance.runtime.uplink.flight import Flight, Voyage
from appliance.runtime.uplink.pauses import Pauses
from appliance.runtime.uplink.replies import Reply
from appliance.runtime.uplink.results import Consequence, consequence

log = logging.getLogger(__name__)


class Arrivals:
    """Keeps the platform's answers."""

    def __init__(self, journal: Journal, clock: Clock, pauses: Pauses) -> None:
        self._journal = journal
        self._clock = clock
        self._pauses = pauses
        self._refusal: int | None = None  # the last one noted, until a message is taken again

    def settle(self, voyage: Voyage, reply: Reply) -> Consequence:
        """Keep the answer that decides over a message; returns what follows from it."""
        code = reply.code
        now = self._clock.now()
        log.info("answer %d to %s", code, voyage.item.qn)
        follows = consequence(code, voyage.item, voyage.happened_at, now, self._pauses)
        self._journal.receive(
            voyage.item,
            Receipt(code=code, raw=reply.raw, at=now),
            state=follows.state,
            reason=follows.reason,
            next_try_at=follows.next_try_at,
        )
        # A refusal that goes on is noted once; each message set aside is.
        if follows.event and (follows.state is OutboxState.ASIDE or code != self._refusal):
            self._journal.note(follows.event.kind, follows.event.sentence)
        if follows.state is OutboxState.DONE:
            self._refusal = None
        elif follows.state is OutboxState.WAITING:
            self._refusal = code
        return follows

    def late(self, flight: Flight, qn: str, reply: Reply) -> Consequence | None:
        """An answer that nobody waits for any more: a good one counts, others are harmless.

        A refusal is not acted upon, as the message is due again anyway and gets a fresh answer.
        """
        log.info("answer %d to %s came unawaited", reply.code, qn)
        voyage = flight.past(qn)
        if voyage is None or reply.code != Result.RECEIVED or not voyage.answered(qn):
            return None
        if self._journal.message(voyage.item.id).state is OutboxState.DONE:
            return None
        return self.settle(voyage, reply)
