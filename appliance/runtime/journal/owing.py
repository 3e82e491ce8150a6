"""What comes into the outbox: passages, corrections, news of the site, history asked for again.

Whatever comes in has been looked at first: what the platform must refuse is set aside here, in the
same transaction, and never waits (6.2.4, 6.2.5).
"""

from datetime import datetime

from sqlite_utils import Database

from appliance.guideline.messages import PASSAGE
from appliance.runtime.journal.database import Row, insert, row, rows, writing
from appliance.runtime.journal.declaration import passage_refusal
from appliance.runtime.journal.moments import to_text
from appliance.runtime.journal.notes import add_note
from appliance.runtime.journal.outbox import of_id
from appliance.runtime.journal.qn import issue
from appliance.runtime.journal.records import passage_of_id
from appliance.runtime.journal.values import History, OutboxItem, OutboxState


def add_passage(
    database: Database,
    now: datetime,
    passage_id: int,
    hold: str | None,
    *,
    history: bool = False,
) -> None:
    """Owe a passage to the platform; call inside the transaction that writes it.

    One that the platform must refuse is born aside, unless it is held: then it is looked at when
    it is released.
    """
    refusal = None if hold is not None else _refusal(database, passage_id)
    _add(
        database,
        now,
        {"cn": PASSAGE, "passage_id": passage_id, "history": int(history)},
        hold=hold,
        refusal=refusal,
    )


def owe_correction(database: Database, now: datetime, passage_id: int, *, release: bool) -> None:
    """Owe a corrected passage; call inside the transaction that writes the correction.

    A message of which no byte ever left carries the correction itself: mended it waits, spoilt it
    stands aside; one that is held stays held unless the correction is to `release` it. Otherwise
    the platform may have the old values under the old QN, so a new message follows.
    """
    newest = row(
        database,
        "SELECT * FROM outbox WHERE passage_id = :id ORDER BY qn DESC LIMIT 1",
        {"id": passage_id},
    )
    if newest is None or _may_have_left(newest):
        add_passage(database, now, passage_id, hold=None)
    elif release or newest["state"] != OutboxState.HELD:
        _reconsider(database, now, newest, _refusal(database, passage_id))


def owe_news(
    database: Database, now: datetime, cn: str, payload: str, refusal: str | None
) -> OutboxItem:
    """See `Journal.owe_news`."""
    with writing(database):
        newest = row(
            database,
            "SELECT * FROM outbox WHERE passage_id IS NULL AND cn = :cn AND payload = :payload "
            "ORDER BY id DESC LIMIT 1",
            {"cn": cn, "payload": payload},
        )
        if newest is None or _may_have_left(newest):
            item_id = _add(database, now, {"cn": cn, "payload": payload}, refusal=refusal)
        else:
            item_id = newest["id"]
            _reconsider(database, now, newest, refusal)
        return of_id(database, item_id)


def retry_aside(database: Database, item_id: int | None, now: datetime) -> int:
    """See `Journal.retry_aside`."""
    with writing(database):
        found = rows(
            database,
            "SELECT * FROM outbox WHERE state <> 'done' AND state = 'aside' "
            "AND (:id IS NULL OR id = :id) ORDER BY qn",
            {"id": item_id},
        )
        again = 0
        for item in found:
            passage_id = item["passage_id"]
            refusal = None if passage_id is None else _refusal(database, passage_id)
            _reconsider(database, now, item, refusal)
            again += refusal is None
        return again


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
            "AND state IN ('done', 'waiting')) "
            # Without its photos, which the policy deleted, there is no message to send.
            "AND NOT EXISTS (SELECT 1 FROM removed_photos WHERE passage_id = passages.id) "
            "ORDER BY passed_at, id LIMIT :limit",
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


def _refusal(database: Database, passage_id: int) -> str | None:
    """Why the platform must refuse the passage as it stands now."""
    passage = passage_of_id(database, passage_id)
    return None if passage is None else passage_refusal(passage)


def _may_have_left(item: Row) -> bool:
    return bool(item["attempts"]) or item["state"] == OutboxState.DONE


def _add(
    database: Database,
    now: datetime,
    message: dict[str, object],
    *,
    hold: str | None = None,
    refusal: str | None,
) -> int:
    """Give out a QN and insert a message in the state it is born in; returns its id."""
    if hold is not None:
        state = OutboxState.HELD
    else:
        state = OutboxState.WAITING if refusal is None else OutboxState.ASIDE
    qn = issue(database, now)
    item_id = insert(
        database,
        "outbox",
        {
            **message,
            "qn": qn,
            "state": state.value,
            "queued_at": to_text(now),
            "next_try_at": to_text(now),
            "reason": hold or refusal,
        },
    )
    if state is OutboxState.ASIDE:
        _tell(database, now, qn, refusal)
    return item_id


def _reconsider(database: Database, now: datetime, item: Row, refusal: str | None) -> None:
    """Let a message that is not done go out, whatever kept it, or set it aside."""
    if refusal is None and item["state"] != OutboxState.WAITING:
        database.execute(
            "UPDATE outbox SET state = 'waiting', next_try_at = :now, reason = NULL "
            "WHERE id = :id AND state <> 'done'",
            {"id": item["id"], "now": to_text(now)},
        )
    elif refusal is not None and (item["state"], item["reason"]) != (OutboxState.ASIDE, refusal):
        database.execute(
            "UPDATE outbox SET state = 'aside', reason = :reason "
            "WHERE id = :id AND state <> 'done'",
            {"id": item["id"], "reason": refusal},
        )
        _tell(database, now, item["qn"], refusal)


def _tell(database: Database, now: datetime, qn: str, refusal: str | None) -> None:
    add_note(database, now, "message-aside", f"报文{qn}不能上报，已搁置：{refusal}")
