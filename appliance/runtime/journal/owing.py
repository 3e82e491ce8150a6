"""What comes into the outbox: passages, corrections, news of the site, history asked for again."""

from datetime import datetime

from sqlite_utils import Database

from appliance.guideline.messages import PASSAGE
from appliance.runtime.journal.database import insert, row, rows, writing
from appliance.runtime.journal.moments import to_text
from appliance.runtime.journal.outbox import of_id
from appliance.runtime.journal.qn import issue
from appliance.runtime.journal.values import History, OutboxItem, OutboxState


def add_passage(
    database: Database,
    now: datetime,
    passage_id: int,
    hold: str | None,
    *,
    history: bool = False,
) -> None:
    """Owe a passage to the platform; call inside the transaction that writes it."""
    insert(
        database,
        "outbox",
        {
            "cn": PASSAGE,
            "qn": issue(database, now),
            "passage_id": passage_id,
            "history": int(history),
            "state": (OutboxState.WAITING if hold is None else OutboxState.HELD).value,
            "queued_at": to_text(now),
            "next_try_at": to_text(now),
            "reason": hold,
        },
    )


def owe_correction(database: Database, now: datetime, passage_id: int) -> None:
    """Owe a corrected passage; call inside the transaction that writes the correction.

    A message of which no byte ever left carries the correction itself. Otherwise the platform
    may have the old values under the old QN, so a new message follows.
    """
    newest = row(
        database,
        "SELECT * FROM outbox WHERE passage_id = :id ORDER BY qn DESC LIMIT 1",
        {"id": passage_id},
    )
    if newest is None or newest["attempts"] or newest["state"] == OutboxState.DONE:
        add_passage(database, now, passage_id, hold=None)
    elif newest["state"] != OutboxState.WAITING:
        _release(database, now, newest["id"])


def owe_news(database: Database, now: datetime, cn: str, payload: str) -> OutboxItem:
    """See `Journal.owe_news`."""
    with writing(database):
        newest = row(
            database,
            "SELECT * FROM outbox WHERE passage_id IS NULL AND cn = :cn AND payload = :payload "
            "ORDER BY id DESC LIMIT 1",
            {"cn": cn, "payload": payload},
        )
        if newest is None or newest["attempts"] or newest["state"] == OutboxState.DONE:
            item_id = insert(
                database,
                "outbox",
                {
                    "cn": cn,
                    "qn": issue(database, now),
                    "payload": payload,
                    "state": OutboxState.WAITING.value,
                    "queued_at": to_text(now),
                    "next_try_at": to_text(now),
                },
            )
        else:
            item_id = newest["id"]
            _release(database, now, item_id)
        return of_id(database, item_id)


def owe_history(
    database: Database, now: datetime, begin: datetime, end: datetime, limit: int
) -> History:
    """See `Journal.owe_history`."""
    with writing(database):
        found = rows(
            database,
            "SELECT id, EXISTS (SELECT 1 FROM outbox WHERE passage_id = passages.id "
            "AND state = 'waiting') AS waits FROM passages "
            "WHERE passed_at BETWEEN :begin AND :end "
            # What is held was never meant for the platform, what is aside waits for a person.
            "AND EXISTS (SELECT 1 FROM outbox WHERE passage_id = passages.id "
            "AND state IN ('done', 'waiting')) ORDER BY passed_at, id LIMIT :limit",
            {"begin": to_text(begin), "end": to_text(end), "limit": limit + 1},
        )
        wanted = [passage["id"] for passage in found if not passage["waits"]]
        if len(found) > limit:
            return History(queued=0, on_the_way=0, too_many=True)
        for passage_id in wanted:
            add_passage(database, now, passage_id, hold=None, history=True)
    return History(len(wanted), on_the_way=len(found) - len(wanted), too_many=False)


def packet_qns(database: Database, now: datetime, item_id: int, count: int) -> tuple[str, ...]:
    """See `Journal.packet_qns`."""
    if count < 1:
        raise ValueError("a message has one packet or more")
    own = of_id(database, item_id).qn
    if count == 1:
        return (own,)
    further = _further(database, item_id)
    if len(further) < count - 1:
        with writing(database):
            further = _further(database, item_id)  # another process may have been here
            for number in range(len(further) + 2, count + 1):
                database.execute(
                    "INSERT INTO packet_qns (outbox_id, number, qn) VALUES (:id, :number, :qn)",
                    {"id": item_id, "number": number, "qn": issue(database, now)},
                )
            further = _further(database, item_id)
    return (own, *further[: count - 1])


def _further(database: Database, item_id: int) -> list[str]:
    found = rows(
        database,
        "SELECT qn FROM packet_qns WHERE outbox_id = :id ORDER BY number",
        {"id": item_id},
    )
    return [packet["qn"] for packet in found]


def _release(database: Database, now: datetime, item_id: int) -> None:
    """Let a message of which no byte left go out, whatever kept it."""
    database.execute(
        "UPDATE outbox SET state = 'waiting', next_try_at = :now, reason = NULL "
        "WHERE id = :id AND state <> 'done'",
        {"id": item_id, "now": to_text(now)},
    )
