"""How the frozen values lie in rows, and how passages are read back, corrections laid over."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlite_utils import Database

from appliance.guideline.dictionaries import Direction, EmissionStage, PlateColour, RaiseMethod
from appliance.runtime.journal.chain import canonical
from appliance.runtime.journal.database import Row, row, rows
from appliance.runtime.journal.moments import from_text, to_text
from appliance.runtime.journal.values import (
    Admission,
    Decision,
    Passage,
    PhotoKind,
    RecordedPassage,
    Seen,
    StoredPhoto,
    Vehicle,
)


def vehicle_to_fields(vehicle: Vehicle) -> dict[str, str | int | None]:
    """A vehicle as the columns of `vehicles`; also its JSON inside passages and corrections."""
    return {
        "plate": vehicle.plate,
        "plate_colour": vehicle.plate_colour.value,
        "vin": vehicle.vin,
        "registered_on": vehicle.registered_on.isoformat() if vehicle.registered_on else None,
        "vehicle_type": vehicle.vehicle_type,
        "model": vehicle.model,
        "fuel": vehicle.fuel,
        "emission_stage": vehicle.emission_stage.value if vehicle.emission_stage else None,
        "networked": None if vehicle.networked is None else int(vehicle.networked),
        "use": vehicle.use,
        "fleet": vehicle.fleet,
        "terminal_ok": None if vehicle.terminal_ok is None else int(vehicle.terminal_ok),
    }


def vehicle_from_fields(fields: Mapping[str, Any]) -> Vehicle:
    """The vehicle `vehicle_to_fields` took apart."""
    registered_on, stage = fields["registered_on"], fields["emission_stage"]
    networked, terminal_ok = fields["networked"], fields["terminal_ok"]
    return Vehicle(
        plate=fields["plate"],
        plate_colour=PlateColour(fields["plate_colour"]),
        vin=fields["vin"],
        registered_on=date.fromisoformat(registered_on) if registered_on else None,
        vehicle_type=fields["vehicle_type"],
        model=fields["model"],
        fuel=fields["fuel"],
        emission_stage=EmissionStage(stage) if stage else None,
        networked=None if networked is None else bool(networked),
        use=fields["use"],
        fleet=fields["fleet"],
        terminal_ok=None if terminal_ok is None else bool(terminal_ok),
    )


def passage_to_row(passage: Passage) -> Row:
    """A row of `passages`, without its id and when it was recorded."""
    return {
        "key": passage.key,
        "entrance": passage.entrance,
        "barrier": passage.barrier,
        "position": passage.position,
        "direction": passage.direction.value,
        "passed_at": to_text(passage.passed_at),
        "plate": passage.plate,
        "plate_colour": passage.plate_colour.value,
        "confidence": passage.confidence,
        "decision": passage.admission.decision.value,
        "rule": passage.admission.rule,
        "reason": passage.admission.reason,
        "raise_method": passage.raise_method.value,
        "vehicle": (
            canonical(vehicle_to_fields(passage.vehicle)).decode() if passage.vehicle else None
        ),
        "seen": (
            canonical([asdict(each) for each in passage.seen]).decode() if passage.seen else None
        ),
    }


def passage_of_id(database: Database, passage_id: int) -> RecordedPassage | None:
    """One passage, or None."""
    found = row(database, "SELECT * FROM passages WHERE id = :id", {"id": passage_id})
    return _recorded(database, [found])[0] if found else None


def passage_of_key(database: Database, key: str) -> RecordedPassage | None:
    """One passage, or None."""
    found = row(database, "SELECT * FROM passages WHERE key = :key", {"key": key})
    return _recorded(database, [found])[0] if found else None


def latest(database: Database, limit: int, before_id: int | None) -> tuple[RecordedPassage, ...]:
    """Newest first."""
    return _recorded(
        database,
        rows(
            database,
            "SELECT * FROM passages WHERE :before IS NULL OR id < :before "
            "ORDER BY id DESC LIMIT :limit",
            {"before": before_id, "limit": limit},
        ),
    )


def awaiting_entry(database: Database, limit: int, after_id: int) -> tuple[RecordedPassage, ...]:
    """Oldest first; a correction that entered a plate or a review takes a passage off."""
    return _recorded(
        database,
        rows(
            database,
            "SELECT passages.* FROM awaiting_entry JOIN passages USING (id) "
            "WHERE id > :after ORDER BY id LIMIT :limit",
            {"after": after_id, "limit": limit},
        ),
    )


def count_awaiting_entry(database: Database) -> int:
    """How many passages wait for a plate to be entered."""
    found = row(database, "SELECT count(*) AS n FROM awaiting_entry")
    return int(found["n"]) if found else 0


def after(database: Database, passage_id: int, limit: int) -> tuple[RecordedPassage, ...]:
    """Oldest first."""
    return _recorded(
        database,
        rows(
            database,
            "SELECT * FROM passages WHERE id > :id ORDER BY id LIMIT :limit",
            {"id": passage_id, "limit": limit},
        ),
    )


def _recorded(database: Database, found: Iterable[Row]) -> tuple[RecordedPassage, ...]:
    passages = {passage["id"]: passage for passage in found}
    wanted = {"ids": json.dumps(list(passages))}
    photos: dict[int, list[StoredPhoto]] = {passage_id: [] for passage_id in passages}
    for photo in rows(
        database,
        "SELECT * FROM photos WHERE passage_id IN (SELECT value FROM json_each(:ids)) "
        "ORDER BY passage_id, number",
        wanted,
    ):
        photos[photo["passage_id"]].append(_photo(photo))
    corrected = set()
    for correction in rows(
        database,
        "SELECT passage_id, after FROM corrections "
        "WHERE passage_id IN (SELECT value FROM json_each(:ids)) ORDER BY id",
        wanted,
    ):
        corrected.add(correction["passage_id"])
        passages[correction["passage_id"]].update(json.loads(correction["after"]))
    return tuple(
        _passage(passage, tuple(photos[passage_id]), passage_id in corrected)
        for passage_id, passage in passages.items()
    )


def _photo(photo: Row) -> StoredPhoto:
    return StoredPhoto(
        kind=PhotoKind(photo["kind"]),
        path=photo["path"],
        sha256=photo["sha256"],
        size=photo["size"],
    )


def _passage(passage: Row, photos: tuple[StoredPhoto, ...], corrected: bool) -> RecordedPassage:
    vehicle = passage["vehicle"]
    if isinstance(vehicle, str):  # as first written; a correction's is an object already
        vehicle = json.loads(vehicle)
    return RecordedPassage(
        id=passage["id"],
        key=passage["key"],
        entrance=passage["entrance"],
        barrier=passage["barrier"],
        position=passage["position"],
        direction=Direction(passage["direction"]),
        passed_at=from_text(passage["passed_at"]),
        recorded_at=from_text(passage["recorded_at"]),
        plate=passage["plate"],
        plate_colour=PlateColour(passage["plate_colour"]),
        confidence=passage["confidence"],
        admission=Admission(
            decision=Decision(passage["decision"]),
            rule=passage["rule"],
            reason=passage["reason"],
        ),
        raise_method=RaiseMethod(passage["raise_method"]),
        vehicle=None if vehicle is None else vehicle_from_fields(vehicle),
        photos=photos,
        corrected=corrected,
        seen=tuple(_seen(each) for each in json.loads(passage["seen"] or "[]")),
        review=passage.get("review"),
    )


def _seen(fields: Mapping[str, Any]) -> Seen:
    return Seen(**{**fields, "plate_colour": PlateColour(fields["plate_colour"])})
