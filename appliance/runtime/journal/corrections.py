"""Corrections by people (4.5.1-1 entry by hand, 4.5.1-10 raised by hand).

The passage row stays as it was written. A correction holds the fields that changed, before and
after, and is laid over the passage whenever it is read.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from sqlite_utils import Database

from appliance.clock import Clock
from appliance.runtime.journal import owing, vehicles
from appliance.runtime.journal.chain import add_link, canonical
from appliance.runtime.journal.database import insert, rows, writing
from appliance.runtime.journal.declaration import vehicle_refusal
from appliance.runtime.journal.errors import NothingToCorrect, UnknownPassage
from appliance.runtime.journal.moments import from_text, to_text
from appliance.runtime.journal.records import passage_of_id, vehicle_to_fields
from appliance.runtime.journal.values import Vehicle


class Keep(Enum):
    """The default of a field that a correction leaves alone (None is a value: 'not read')."""

    KEEP = "keep"


Kept = Literal[Keep.KEEP]
KEEP: Kept = Keep.KEEP

REGISTER = "车辆登记"
MENDED = "登记已更正，补报"


@dataclass(frozen=True, slots=True)
class Correction:
    """更正记录: what a person changed. `before` and `after` hold the changed fields only, as JSON
    values: plate, plate_colour, raise_method, vehicle, review."""

    id: int
    passage_id: int
    at: datetime
    by: str
    why: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def correct(
    database: Database,
    clock: Clock,
    passage_id: int,
    given: Mapping[str, object],
    *,
    by: str,
    why: str,
    release: bool = True,
) -> None:
    """See `Journal.correct`; `given` may hold KEEP."""
    if not by.strip() or not why.strip():
        raise ValueError("a correction needs to say by whom and why")
    with writing(database):
        current = passage_of_id(database, passage_id)
        if current is None:
            raise UnknownPassage(f"没有编号为 {passage_id} 的进出厂记录。")
        before: dict[str, object] = {}
        after: dict[str, object] = {}
        for name, value in given.items():
            now_is = getattr(current, name)
            if value is not KEEP and value != now_is:
                before[name] = _plain(now_is)
                after[name] = _plain(value)
        if not after:
            raise NothingToCorrect("更正的内容与现有记录相同，未作更改。")
        now = clock.now()
        correction_id = insert(
            database,
            "corrections",
            {
                "passage_id": passage_id,
                "corrected_at": to_text(now),
                "corrected_by": by,
                "why": why,
                "before": canonical(before).decode(),
                "after": canonical(after).decode(),
            },
        )
        add_link(database, "correction", correction_id)
        if set(after) != {"review"}:  # which no message carries
            owing.owe_correction(database, now, passage_id, release=release)


def mend_by_register(database: Database, clock: Clock) -> None:
    """Correct the passages that wait for nothing but a mend of the register (Table 2).

    Those are the ones whose message stands aside, of which no byte left, and whose vehicle says
    what the platform must refuse, where the register now says something it need not. Each is a
    transaction of its own; what a crash leaves undone, the next import does.
    """
    for found in rows(
        database,
        "SELECT DISTINCT passage_id FROM outbox WHERE state <> 'done' AND state = 'aside' "
        "AND attempts = 0 AND passage_id IS NOT NULL",
    ):
        passage = passage_of_id(database, found["passage_id"])
        if passage is None or passage.plate is None or passage.vehicle is None:
            continue
        known = vehicles.find(database, passage.plate, passage.plate_colour)
        if known is None or vehicle_refusal(known) or not vehicle_refusal(passage.vehicle):
            continue
        with suppress(NothingToCorrect):  # another process was quicker
            correct(database, clock, passage.id, {"vehicle": known}, by=REGISTER, why=MENDED)


def of_passage(database: Database, passage_id: int) -> tuple[Correction, ...]:
    """A passage's corrections, oldest first."""
    return tuple(
        Correction(
            id=found["id"],
            passage_id=found["passage_id"],
            at=from_text(found["corrected_at"]),
            by=found["corrected_by"],
            why=found["why"],
            before=json.loads(found["before"]),
            after=json.loads(found["after"]),
        )
        for found in rows(
            database,
            "SELECT * FROM corrections WHERE passage_id = :id ORDER BY id",
            {"id": passage_id},
        )
    )


def _plain(value: object) -> object:
    if isinstance(value, Vehicle):
        return vehicle_to_fields(value)
    return value.value if isinstance(value, Enum) else value
