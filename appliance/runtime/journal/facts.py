"""What the journal tells whoever looks at a box from outside, as JSON: `gatehouse journal facts`
and `gatehouse journal passages`.

The acceptance kit reads a box by these two, over ssh, and so does not need to know the file. Only
facts: what follows from them (rates, stable days, whether a drill was passed) is the reader's. No
secret is in it: a message's payload and the raw receipts stay where they are.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from sqlite_utils import Database

from appliance.clock import Clock
from appliance.runtime.journal import chain, notes, outbox, records
from appliance.runtime.journal.database import Row, row, rows
from appliance.runtime.journal.moments import to_text
from appliance.runtime.journal.statistics import PassageAccount, Statistics
from appliance.runtime.journal.values import RecordedPassage

MOST_EVENTS = 200
MOST_DAYS = 62
BATCH = 500

_CORRECTED = """
SELECT passage_id, before FROM corrections
WHERE passage_id IN (SELECT value FROM json_each(:ids)) ORDER BY id DESC
"""
_MESSAGES = """
SELECT o.passage_id, o.id, o.qn, o.state, o.history, o.attempts,
    (SELECT json_group_array(code) FROM
     (SELECT r.code FROM receipts r WHERE r.outbox_id = o.id ORDER BY r.id)) AS codes,
    (SELECT json_group_array(qn) FROM
     (SELECT k.qn FROM packet_qns k WHERE k.outbox_id = o.id ORDER BY k.number)) AS packets
FROM outbox o WHERE o.passage_id IN (SELECT value FROM json_each(:ids)) ORDER BY o.qn
"""


class Facts:
    """Questions to one journal, in the thread that opened it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def now(self, events_after: int | None = None) -> dict[str, object]:
        """How things stand: the programs' last words, the outbox, the newest passage, the chain.

        `events_after` is the number of an event: later ones are told as well, oldest first, at
        most 200 of them. Moments are ISO 8601 with their zone, counts are of messages.
        """
        database = self._database
        counts = outbox.counts(database)
        newest = records.latest(database, 1, None)
        accepted = row(database, "SELECT max(received_at) AS at FROM receipts WHERE code = 1")
        last = row(database, "SELECT coalesce(max(id), 0) AS id FROM events")
        return {
            "now": to_text(self._clock.now()),
            "heartbeats": {
                beat.program: {"ok": beat.ok, "detail": beat.detail, "at": to_text(beat.at)}
                for beat in notes.heartbeats(database)
            },
            "outbox": {
                "held": counts.held,
                "waiting": counts.waiting,
                "aside": counts.aside,
                "done": counts.done,
            },
            "last_accepted_at": accepted["at"] if accepted else None,
            "newest_passage": {
                "id": newest[0].id,
                "barrier": newest[0].barrier,
                "recorded_at": to_text(newest[0].recorded_at),
            }
            if newest
            else None,
            "chain_head": chain.head(database),
            "last_event": last["id"] if last else 0,
            "events": [] if events_after is None else self._events(events_after),
        }

    def silences(self, days: int, least: timedelta) -> list[tuple[str | None, str]]:
        """Spans of `least` and longer without a positive receipt, ended in the last `days` days.

        Oldest first, each from and to; from is None ahead of the very first receipt. The span that
        goes on has no end: it begins at `last_accepted_at`.
        """
        now = self._clock.now()
        found = Statistics(self._database).silences(now - timedelta(days=days), now, least)
        return [(_text(silence.before), to_text(silence.after)) for silence in found][::-1]

    def passages(self, first: date, last: date) -> Iterator[dict[str, object]]:
        """The passages of the Beijing days `first` to `last`, oldest first.

        Each with what the camera read (`read`), what stands now (`plate`), its photos' places,
        what the books know of it, and its messages with their QNs and the answers' numbers (7.4).
        """
        accounts = Statistics(self._database).accounts(first, last)
        while some := list(islice(accounts, BATCH)):
            ids = {"ids": json.dumps([account.passage_id for account in some])}
            read: dict[int, Row] = {}
            for each in rows(self._database, _CORRECTED, ids):
                # Newest first, so that what stays is what the first correction found.
                read.setdefault(each["passage_id"], {}).update(json.loads(each["before"]))
            messages: dict[int, list[dict[str, object]]] = {}
            for each in rows(self._database, _MESSAGES, ids):
                messages.setdefault(each["passage_id"], []).append(_message(each))
            for account in some:
                passage = records.passage_of_id(self._database, account.passage_id)
                if passage is not None:
                    first_read = read.get(passage.id, {})
                    yield _passage(passage, account, first_read, messages.get(passage.id, []))

    def _events(self, after: int) -> list[dict[str, object]]:
        found = rows(
            self._database,
            "SELECT id, noted_at AS at, kind, detail FROM events WHERE id > :after "
            "ORDER BY id LIMIT :most",
            {"after": after, "most": MOST_EVENTS},
        )
        return [dict(event) for event in found]


def _passage(
    passage: RecordedPassage,
    account: PassageAccount,
    read: Row,
    messages: list[dict[str, object]],
) -> dict[str, object]:
    return {
        "id": passage.id,
        "entrance": passage.entrance,
        "barrier": passage.barrier,
        "direction": passage.direction.value,
        "passed_at": to_text(passage.passed_at),
        "recorded_at": to_text(passage.recorded_at),
        "read": {
            "plate": read.get("plate", passage.plate),
            "colour": read.get("plate_colour", passage.plate_colour.value),
        },
        "plate": passage.plate,
        "colour": passage.plate_colour.value,
        "raise_method": passage.raise_method.value,
        "decision": passage.admission.decision.value,
        "photos": [
            {"kind": photo.kind.value, "path": photo.path, "sha256": photo.sha256}
            for photo in passage.photos
        ],
        "owed_at": to_text(account.owed_at),
        "state": account.state.value,
        "acknowledged_at": _text(account.acknowledged_at),
        "has_photos": account.has_photos,
        "has_plate": account.has_plate,
        "has_fleet": account.has_fleet,
        "messages": messages,
    }


def _message(found: Row) -> dict[str, object]:
    return {
        "qns": [found["qn"], *json.loads(found["packets"])],
        "state": found["state"],
        "history": bool(found["history"]),
        "attempts": found["attempts"],
        "codes": json.loads(found["codes"]),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)
