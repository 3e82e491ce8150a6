"""What the books of the uplink ask of the journal (5.1.2, 5.1.3): read-only, each by an index.

Rows come out here, the definitions over them are in `uplink.books` and docs/books.md. A positive
receipt is one of code 1 (7.4), the only one that a record counts by as received.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlite_utils import Database

from appliance.clock import BEIJING
from appliance.runtime.journal.database import Row, row, rows
from appliance.runtime.journal.moments import from_text, to_text
from appliance.runtime.journal.notes import event_of
from appliance.runtime.journal.qn import next_qn
from appliance.runtime.journal.values import Event, OutboxState

BACKFILL_SPAN = timedelta(hours=72)
"""How long after an interruption its messages are looked for among the acknowledged ones."""

# Since when a passage is owed: from its release on, should it have been held. Nothing keeps that
# a message was held, but only a vehicle refused and not raised for by hand is, and any correction
# releases it. Needs `p` (passages, may be NULL).
_RELEASED = (
    "CASE WHEN p.decision = '拒绝' AND p.raise_method = '自动' THEN "
    "(SELECT min(c.corrected_at) FROM corrections c WHERE c.passage_id = p.id) END"
)
_OWED = f"max(o.queued_at, coalesce({_RELEASED}, ''))"

# `received_at`'s index holds positive receipts only; queries must say `code = 1` in so many words.
ACCOUNTS = f"""
SELECT p.id, substr(p.passed_at, 1, 10) AS day,
    max(p.recorded_at, coalesce({_RELEASED}, '')) AS owed_at,
    (SELECT o.state FROM outbox o WHERE o.passage_id = p.id ORDER BY o.qn DESC LIMIT 1) AS state,
    (SELECT min(r.received_at) FROM outbox o JOIN receipts r ON r.outbox_id = o.id
     WHERE o.passage_id = p.id AND o.state = 'done' AND r.code = 1) AS acknowledged_at,
    (SELECT count(DISTINCT f.kind) FROM photos f WHERE f.passage_id = p.id) AS photos,
    p.plate, json_extract(p.vehicle, '$.fleet') AS fleet,
    (SELECT json_group_array(json(after)) FROM
     (SELECT c.after FROM corrections c WHERE c.passage_id = p.id ORDER BY c.id)) AS corrections
FROM passages p WHERE p.passed_at >= :first AND p.passed_at < :end ORDER BY p.passed_at
"""  # noqa: S608  # constants of this module

WAITING = f"""
SELECT o.queued_at, {_OWED} AS owed_at, o.reason
FROM outbox o LEFT JOIN passages p ON p.id = o.passage_id
WHERE o.state <> 'done' AND o.state = 'waiting' AND o.history = 0
    AND (o.passage_id IS NOT NULL OR NOT :passages_only)
ORDER BY o.qn
"""  # noqa: S608

UNSENT = """
SELECT count(*) AS n FROM outbox
WHERE state <> 'done' AND state = :state AND history = 0 AND qn >= :first AND qn <= :last
    AND passage_id IS NOT NULL
"""

LAST_ACCEPTED = "SELECT max(received_at) AS at FROM receipts WHERE code = 1 AND received_at <= :at"
NEXT_ACCEPTED = "SELECT min(received_at) AS at FROM receipts WHERE code = 1 AND received_at > :at"
BEFORE_ACCEPTED = "SELECT max(received_at) AS at FROM receipts WHERE code = 1 AND received_at < :at"

# A message did not wait when it had been refused (2 and 3: for an operator, not for the line), or
# was set aside without an answer.
_WAITED = """
    o.history = 0 AND NOT EXISTS (SELECT 1 FROM receipts x
                WHERE x.outbox_id = o.id AND x.code IN (2, 3) AND x.received_at < :after)
    AND (o.state IN ('waiting', 'done')
         OR (o.state = 'aside' AND EXISTS (SELECT 1 FROM receipts x
             WHERE x.outbox_id = o.id AND x.received_at >= :after)))
"""

WAITED_NEW = f"""
SELECT min({_OWED}) AS at FROM outbox o LEFT JOIN passages p ON p.id = o.passage_id
WHERE o.qn > :qn_before AND o.qn <= :qn_after AND {_WAITED}
"""  # noqa: S608

WAITED_STILL = f"""
SELECT min({_OWED}) AS at FROM outbox o LEFT JOIN passages p ON p.id = o.passage_id
WHERE o.state <> 'done' AND o.state = 'waiting' AND o.qn <= :qn_before AND {_WAITED}
"""  # noqa: S608

WAITED_OLD = f"""
SELECT min({_OWED}) AS at FROM receipts r CROSS JOIN outbox o ON o.id = r.outbox_id
LEFT JOIN passages p ON p.id = o.passage_id
WHERE r.code = 1 AND r.received_at >= :after AND r.received_at < :until AND o.qn <= :qn_before
    AND {_WAITED}
    AND NOT EXISTS (SELECT 1 FROM receipts e
                    WHERE e.outbox_id = o.id AND e.code = 1 AND e.received_at < :after)
"""  # noqa: S608

BACKFILLED = """
SELECT count(DISTINCT o.passage_id) AS n FROM receipts r CROSS JOIN outbox o ON o.id = r.outbox_id
WHERE r.code = 1 AND r.received_at >= :since AND o.state = 'done' AND o.qn <= :qn
"""

# With a bare max(), SQLite takes the other columns from the row that has it.
NEWS = """
SELECT max(o.id) AS id, o.payload, o.state, (SELECT max(r.received_at) FROM receipts r
    WHERE r.outbox_id = o.id AND r.code = 1) AS acknowledged_at
FROM outbox o WHERE o.passage_id IS NULL AND o.cn = :cn GROUP BY o.payload
"""

LATEST_EVENT = """
SELECT * FROM events WHERE id = (SELECT max(id) FROM events WHERE kind = :kind)
"""


@dataclass(frozen=True, slots=True)
class PassageAccount:
    """One passage as the books see it.

    `owed_at` is when it was recorded, or released if it was held. `state` is its newest
    message's. `acknowledged_at` is the first positive receipt of a message that is done, None
    when the platform took none. The rest tells which mandatory items of 7.3.1 had a true value:
    as corrected when the newest message is done, as first written otherwise.
    """

    passage_id: int
    day: date
    owed_at: datetime
    state: OutboxState
    acknowledged_at: datetime | None
    has_photos: bool
    has_plate: bool
    has_fleet: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """The longest waiting message: since when it is owed, and the last fault if one was met."""

    since: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class Silence:
    """Two positive receipts with none between them; `before` is None ahead of the very first."""

    before: datetime | None
    after: datetime


@dataclass(frozen=True, slots=True)
class News:
    """The newest message of no passage (60002, 60003) that says the same; `payload` as queued.
    `acknowledged_at` is None until the platform took it."""

    payload: str
    state: OutboxState
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unsent:
    """How many messages of passages wait, and how many are aside."""

    waiting: int
    aside: int


class Statistics:
    """Queries on one journal, in the thread that opened it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accounts(self, first: date, last: date) -> Iterator[PassageAccount]:
        """The passages of the Beijing days `first` to `last`, by the time they passed."""
        span = {"first": first.isoformat(), "end": (last + timedelta(days=1)).isoformat()}
        return map(_account, self._database.query(ACCOUNTS, span))

    def longest_waiting(self, *, passages_only: bool = False) -> Waiting | None:
        """The message owed for longest of those that wait; aside and held ones do not."""
        oldest: Waiting | None = None
        for found in self._database.query(WAITING, {"passages_only": passages_only}):
            # In the order of their queueing, and none is owed before it is queued: the first
            # queued after the oldest so far ends the search, for the most part the second row.
            if oldest is not None and from_text(found["queued_at"]) >= oldest.since:
                break
            since = from_text(found["owed_at"])
            if oldest is None or since < oldest.since:
                oldest = Waiting(since, found["reason"])
        return oldest

    def unsent(self, first: datetime | None, last: datetime) -> Unsent:
        """Passages' messages queued from `first` (None: ever) to `last` that are not done."""
        span = {"first": "" if first is None else _qn(first), "last": _qn(last)}
        return Unsent(
            waiting=self._count(UNSENT, {**span, "state": "waiting"}),
            aside=self._count(UNSENT, {**span, "state": "aside"}),
        )

    def backfilled(self, queued_until: datetime, since: datetime) -> int:
        """How many passages queued until a moment were acknowledged since another."""
        return self._count(BACKFILLED, {"qn": _qn(queued_until), "since": to_text(since)})

    def last_accepted_at(self, until: datetime) -> datetime | None:
        """The last positive receipt of any message that is not later than `until`."""
        return self._moment(LAST_ACCEPTED, {"at": to_text(until)})

    def silences(self, since: datetime, until: datetime, least: timedelta) -> Iterator[Silence]:
        """Spans of `least` and longer without a positive receipt, ended after `since`; newest
        first.

        Leaps backwards by `least`, since no such span ends within `least` after a receipt that
        lies that far back: two look-ups a leap, however many receipts there are.
        """
        edge = self.last_accepted_at(until)
        while edge is not None and edge >= since:
            first = self._moment(NEXT_ACCEPTED, {"at": to_text(edge - least)}) or edge
            if first < since:
                return
            before = self._moment(BEFORE_ACCEPTED, {"at": to_text(first)})
            if before is None or first - before >= least:
                yield Silence(before, first)
            edge = before

    def waited_since(self, silence: Silence) -> datetime | None:
        """From when in a silence at least one message waited to its end; None: nothing did."""
        values = {
            "qn_before": "" if silence.before is None else _qn(silence.before),
            "qn_after": _qn(silence.after),
            "after": to_text(silence.after),
            "until": to_text(silence.after + BACKFILL_SPAN),
        }
        queries = [WAITED_NEW]
        if silence.before is not None:
            queries += [WAITED_STILL, WAITED_OLD]
        moments = [self._moment(query, values) for query in queries]
        found = [moment for moment in moments if moment is not None and moment < silence.after]
        if not found:
            return None
        return min(found) if silence.before is None else max(min(found), silence.before)

    def news(self, cn: str) -> tuple[News, ...]:
        """The newest message of each payload of a CN that is about no passage."""
        return tuple(
            News(
                found["payload"],
                OutboxState(found["state"]),
                from_text(found["acknowledged_at"]) if found["acknowledged_at"] else None,
            )
            for found in rows(self._database, NEWS, {"cn": cn})
        )

    def latest_event(self, *kinds: str) -> Event | None:
        """The newest event of any of these kinds."""
        found = [
            event for kind in kinds for event in rows(self._database, LATEST_EVENT, {"kind": kind})
        ]
        return event_of(max(found, key=lambda event: int(event["id"]))) if found else None

    def events_within(self, kind: str, first: datetime, last: datetime) -> tuple[Event, ...]:
        """The events of a kind in a span, oldest first."""
        found = rows(
            self._database,
            "SELECT * FROM events WHERE kind = :kind AND noted_at >= :first AND noted_at <= :last "
            "ORDER BY id",
            {"kind": kind, "first": to_text(first), "last": to_text(last)},
        )
        return tuple(map(event_of, found))

    def _count(self, sql: str, values: dict[str, str]) -> int:
        found = row(self._database, sql, values)
        return int(found["n"]) if found else 0

    def _moment(self, sql: str, values: dict[str, str]) -> datetime | None:
        found = row(self._database, sql, values)
        return from_text(found["at"]) if found and found["at"] else None


def _qn(moment: datetime) -> str:
    """QNs grow with the time of queueing, and have an index where that has none."""
    return next_qn(moment.astimezone(BEIJING), None)


def _account(found: Row) -> PassageAccount:
    state = OutboxState(found["state"])
    plate, fleet = found["plate"], found["fleet"]
    if state is OutboxState.DONE and found["corrections"] != "[]":
        for after in json.loads(found["corrections"]):
            plate = after.get("plate", plate)
            if "vehicle" in after:
                fleet = (after["vehicle"] or {}).get("fleet")
    acknowledged_at = found["acknowledged_at"]
    return PassageAccount(
        passage_id=found["id"],
        day=date.fromisoformat(found["day"]),
        owed_at=from_text(found["owed_at"]),
        state=state,
        acknowledged_at=from_text(acknowledged_at) if acknowledged_at else None,
        has_photos=found["photos"] >= 2,  # front and body; of each kind there is one at most
        has_plate=bool(plate),
        has_fleet=bool(fleet),
    )
