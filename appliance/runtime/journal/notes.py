"""What programs say of themselves (heartbeats), what else is worth keeping (events), and what a
program has to know again after a restart (remembered)."""

from datetime import datetime

from sqlite_utils import Database

from appliance.clock import BEIJING
from appliance.runtime.journal.database import Row, insert, row, rows, writing
from appliance.runtime.journal.moments import from_text, to_text
from appliance.runtime.journal.values import Event, Heartbeat


def beat(database: Database, now: datetime, program: str, ok: bool, detail: str) -> None:
    """See `Journal.beat`."""
    with writing(database):
        database.table("heartbeats").upsert(
            {"program": program, "ok": int(ok), "detail": detail, "beaten_at": to_text(now)},
            pk="program",
        )


def heartbeats(database: Database) -> tuple[Heartbeat, ...]:
    """Each program's last word, by name."""
    return tuple(
        Heartbeat(
            program=found["program"],
            ok=bool(found["ok"]),
            detail=found["detail"],
            at=from_text(found["beaten_at"]),
        )
        for found in rows(database, "SELECT * FROM heartbeats ORDER BY program")
    )


def note(database: Database, now: datetime, kind: str, detail: str) -> Event:
    """See `Journal.note`."""
    with writing(database):
        event_id = add_note(database, now, kind, detail)
    return Event(id=event_id, at=now.astimezone(BEIJING), kind=kind, detail=detail)


def add_note(database: Database, now: datetime, kind: str, detail: str) -> int:
    """The same inside a transaction of the caller; returns the event's id."""
    event = {"noted_at": to_text(now), "kind": kind, "detail": detail}
    return insert(database, "events", event)


def latest_events(database: Database, limit: int) -> tuple[Event, ...]:
    """Newest first."""
    found = rows(database, "SELECT * FROM events ORDER BY id DESC LIMIT :n", {"n": limit})
    return tuple(event_of(event) for event in found)


def remember(database: Database, name: str, text: str | None) -> None:
    """See `Journal.remember`."""
    with writing(database):
        if text is None:
            database.execute("DELETE FROM remembered WHERE name = :name", {"name": name})
        else:
            database.table("remembered").upsert({"name": name, "text": text}, pk="name")


def recall(database: Database, name: str) -> str | None:
    """See `Journal.recall`."""
    found = row(database, "SELECT text FROM remembered WHERE name = :name", {"name": name})
    return found["text"] if found else None


def event_of(found: Row) -> Event:
    """A row of `events`."""
    return Event(
        id=found["id"],
        at=from_text(found["noted_at"]),
        kind=found["kind"],
        detail=found["detail"],
    )
