"""The outbox: every message owed to the platform, until a matching positive receipt (7.4).

A message is `held` (not to be sent yet), `waiting` (to be sent when its time comes), `aside`
(refused in a way that repeating cannot cure, for an operator) or `done`. Done is for good.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from appliance.runtime.journal.database import Row, insert, row, rows, writing
from appliance.runtime.journal.errors import NotWaiting, UnknownMessage
from appliance.runtime.journal.moments import from_text, to_text
from appliance.runtime.journal.values import OutboxItem, OutboxState, Receipt


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages are in each state, and since when the oldest waiting one is queued."""

    held: int
    waiting: int
    aside: int
    done: int
    oldest_waiting: datetime | None


def begin_attempt(database: Database, item_id: int) -> OutboxItem:
    """See `Journal.begin_attempt`."""
    with writing(database):
        changed = database.execute(
            "UPDATE outbox SET attempts = attempts + 1 WHERE id = :id AND state = 'waiting'",
            {"id": item_id},
        ).rowcount
        item = of_id(database, item_id)
        if not changed:
            raise NotWaiting(f"报文 {item.qn} 的状态是 {item.state}，不能发送。")
    return item


def receive(
    database: Database,
    item_id: int,
    receipt: Receipt,
    *,
    state: OutboxState,
    reason: str | None,
    next_try_at: datetime | None,
) -> OutboxItem:
    """See `Journal.receive`."""
    if state is OutboxState.HELD:
        raise ValueError("a message that was answered cannot be held")
    with writing(database):
        of_id(database, item_id)  # or UnknownMessage
        insert(
            database,
            "receipts",
            {
                "outbox_id": item_id,
                "code": receipt.code,
                "raw": receipt.raw,
                "received_at": to_text(receipt.at),
            },
        )
        _move(database, item_id, state, reason, next_try_at)
        return of_id(database, item_id)


def postpone(database: Database, item_id: int, next_try_at: datetime, reason: str) -> OutboxItem:
    """See `Journal.postpone`."""
    with writing(database):
        database.execute(
            "UPDATE outbox SET next_try_at = :at, reason = :reason "
            "WHERE id = :id AND state = 'waiting'",
            {"id": item_id, "at": to_text(next_try_at), "reason": reason},
        )
        return of_id(database, item_id)


def set_aside(database: Database, item_id: int, reason: str) -> OutboxItem:
    """See `Journal.set_aside`."""
    with writing(database):
        _move(database, item_id, OutboxState.ASIDE, reason, None)
        return of_id(database, item_id)


def counts(database: Database) -> Counts:
    """See `Journal.outbox_counts`."""
    unsent = {
        found["state"]: found["n"]
        for found in rows(
            database,
            "SELECT state, count(*) AS n FROM outbox WHERE state <> 'done' GROUP BY state",
        )
    }
    every = row(database, "SELECT count(*) AS n FROM outbox")
    oldest = row(
        database,
        "SELECT queued_at FROM outbox WHERE state <> 'done' AND state = 'waiting' "
        "ORDER BY qn LIMIT 1",
    )
    return Counts(
        held=unsent.get("held", 0),
        waiting=unsent.get("waiting", 0),
        aside=unsent.get("aside", 0),
        done=(every["n"] if every else 0) - sum(unsent.values()),
        oldest_waiting=from_text(oldest["queued_at"]) if oldest else None,
    )


def of_id(database: Database, item_id: int) -> OutboxItem:
    """One message; raises UnknownMessage."""
    found = row(database, "SELECT * FROM outbox WHERE id = :id", {"id": item_id})
    if found is None:
        raise UnknownMessage(f"发件箱中没有编号为 {item_id} 的报文。")
    return item_of(found)


def of_passage(database: Database, passage_id: int) -> tuple[OutboxItem, ...]:
    """A passage's messages, oldest first."""
    return tuple(
        item_of(found)
        for found in rows(
            database,
            "SELECT * FROM outbox WHERE passage_id = :id ORDER BY qn",
            {"id": passage_id},
        )
    )


def aside(database: Database) -> tuple[OutboxItem, ...]:
    """See `Journal.aside`."""
    return tuple(
        item_of(found)
        for found in rows(
            database,
            "SELECT * FROM outbox WHERE state <> 'done' AND state = 'aside' ORDER BY qn",
        )
    )


def receipts(database: Database, item_id: int) -> tuple[Receipt, ...]:
    """The platform's answers to one message, in the order they came."""
    return tuple(
        Receipt(code=found["code"], raw=found["raw"], at=from_text(found["received_at"]))
        for found in rows(
            database,
            "SELECT * FROM receipts WHERE outbox_id = :id ORDER BY id",
            {"id": item_id},
        )
    )


def last_receipt_at(database: Database) -> datetime | None:
    """When the platform last answered anything."""
    found = row(database, "SELECT received_at FROM receipts ORDER BY id DESC LIMIT 1")
    return from_text(found["received_at"]) if found else None


def _move(
    database: Database,
    item_id: int,
    state: OutboxState,
    reason: str | None,
    next_try_at: datetime | None,
) -> None:
    database.execute(
        "UPDATE outbox SET state = :state, reason = :reason, "
        "next_try_at = coalesce(:at, next_try_at) WHERE id = :id AND state <> 'done'",
        {
            "id": item_id,
            "state": state.value,
            "reason": reason,
            "at": to_text(next_try_at) if next_try_at else None,
        },
    )


def item_of(found: Row) -> OutboxItem:
    """The message of a row."""
    return OutboxItem(
        id=found["id"],
        cn=found["cn"],
        qn=found["qn"],
        passage_id=found["passage_id"],
        payload=found["payload"],
        history=bool(found["history"]),
        state=OutboxState(found["state"]),
        attempts=found["attempts"],
        queued_at=from_text(found["queued_at"]),
        next_try_at=from_text(found["next_try_at"]),
        reason=found["reason"],
    )
