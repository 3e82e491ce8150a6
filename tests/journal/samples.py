"""Passages to record, and a clock that the test turns by hand."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from hand_clock import ClockByHand

from appliance.clock import BEIJING
from appliance.guideline.dictionaries import Direction, EmissionStage, PlateColour, RaiseMethod
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import (
    Admission,
    Decision,
    OutboxItem,
    OutboxState,
    Passage,
    Photo,
    PhotoKind,
    Receipt,
    Vehicle,
)

NOON = datetime(2026, 11, 24, 12, 0, 0, 123_000, tzinfo=BEIJING)

LONG_AGO = datetime(2000, 1, 1, tzinfo=BEIJING)

FRONT = Photo(PhotoKind.FRONT, b"\xff\xd8front\xff\xd9")
BODY = Photo(PhotoKind.BODY, b"\xff\xd8body\xff\xd9")

LORRY = Vehicle(
    plate="宁A12345",
    plate_colour=PlateColour.YELLOW,
    vin="LFWSRXSJ0M1E12345",
    registered_on=date(2021, 3, 25),
    vehicle_type="H11",
    model="解放_J6P",
    fuel="B",
    emission_stage=EmissionStage.CHINA_6,
    networked=True,
    use="A",
    fleet="自有",
    terminal_ok=False,
)


class HandClock(ClockByHand):
    """A clock that begins at this room's usual moment."""

    def __init__(self, now: datetime = NOON) -> None:
        super().__init__(now)


def passage(key: str = "A01-1", **changes: Any) -> Passage:
    """A lorry that was let in at A01, with two photos."""
    fields: dict[str, Any] = {
        "key": key,
        "entrance": "A",
        "barrier": "A01",
        "position": "东门进厂道",
        "direction": Direction.IN,
        "passed_at": NOON,
        "plate": LORRY.plate,
        "plate_colour": LORRY.plate_colour,
        "confidence": 0.95,
        "admission": Admission(Decision.ADMIT, "stage", "国六，放行"),
        "raise_method": RaiseMethod.AUTOMATIC,
        "vehicle": LORRY,
        "photos": (FRONT, BODY),
    }
    return Passage(**{**fields, **changes})


def numbered(name: str, number: int) -> Passage:
    """One of many passages, with photos of its own."""
    key = f"{name}-{number}"
    photos = tuple(Photo(photo.kind, photo.jpeg + key.encode()) for photo in (FRONT, BODY))
    return passage(key, photos=photos)


def receipt(code: int = 1, at: datetime = NOON) -> Receipt:
    """An answer of the platform."""
    return Receipt(code=code, raw=f"##0010ExeRtn={code}", at=at)


def deliver(journal: Journal, passage_id: int) -> None:
    """The platform takes the passage's newest message."""
    message = journal.begin_attempt(journal.messages(passage_id)[-1])
    journal.receive(message, receipt(), state=OutboxState.DONE)


def next_due(journal: Journal, now: datetime) -> OutboxItem | None:
    """The one message that would be sent next if all were live."""
    return next(iter(journal.due(now, since=LONG_AGO, limit=1).live), None)


def photo_files(root: Path) -> set[str]:
    """Every file below the photo folder, relative to the root."""
    return {
        file.relative_to(root).as_posix() for file in (root / "photos").rglob("*") if file.is_file()
    }
