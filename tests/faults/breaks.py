"""Uplinks that are broken on purpose, to show that the kills find what they are there to find."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.clock import SystemClock
from appliance.profile.loading import load_profile
from appliance.runtime.journal import Journal
from appliance.runtime.journal.database import writing
from appliance.runtime.journal.qn import issue
from appliance.runtime.journal.values import OutboxItem, OutboxState, Receipt

_SENT = "SELECT id FROM outbox WHERE state = 'waiting' AND attempts > 0"

SLOW_SECONDS = 0.05
"""Between what a broken uplink says and what it does: a few kills must be enough to hit it."""

Break = Callable[[str], None]
"""Breaks the uplink of this process, whose profile is that file."""


def done_when_it_leaves(_profile: str) -> None:
    """A message is done when it leaves, not when it has been answered."""
    begin_attempt = Journal.begin_attempt

    def begun(journal: Journal, item: OutboxItem) -> OutboxItem:
        begin_attempt(journal, item)
        hoped = Receipt(code=1, raw="", at=SystemClock().now())
        done = journal.receive(item, hoped, state=OutboxState.DONE)
        time.sleep(SLOW_SECONDS)
        return done

    pytest.MonkeyPatch().setattr(Journal, "begin_attempt", begun)


def new_qns_at_a_start(profile: str) -> None:
    """What was sent and not answered when the uplink ended is sent under a new QN."""
    clock = SystemClock()
    with Journal.open(Path(load_profile(profile).storage.root), clock) as journal:
        database = journal._database
        with writing(database):
            for row in list(database.query(_SENT)):
                new = {"id": row["id"], "qn": issue(database, clock.now())}
                database.execute("UPDATE outbox SET qn = :qn WHERE id = :id", new)
    receive = Journal.receive

    def received(journal: Journal, *answer: Any, **made: Any) -> OutboxItem:
        time.sleep(SLOW_SECONDS)
        return receive(journal, *answer, **made)

    pytest.MonkeyPatch().setattr(Journal, "receive", received)


BREAKS: dict[str, Break] = {
    "done-when-it-leaves": done_when_it_leaves,
    "new-qns-at-a-start": new_qns_at_a_start,
}
