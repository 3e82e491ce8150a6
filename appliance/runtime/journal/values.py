"""The frozen values that the stages hand on and the journal keeps."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from appliance.guideline.dictionaries import Direction, EmissionStage, PlateColour, RaiseMethod


class Decision(StrEnum):
    """What the admission rules said of a vehicle."""

    ADMIT = "放行"
    REFUSE = "拒绝"


class PhotoKind(StrEnum):
    """进厂/出厂照片（车头、车身） (4.5.1-2)."""

    FRONT = "front"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Photo:
    """A stamped photo on its way into the journal: JPEG bytes as they will lie on disk."""

    kind: PhotoKind
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo on disk: `path` is relative to the storage root, `sha256` in lower-case hex."""

    kind: PhotoKind
    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What is known of a vehicle (Table 2); codes are those of chapter 8, None is 'not known'."""

    plate: str
    plate_colour: PlateColour
    vin: str | None = None
    registered_on: date | None = None
    vehicle_type: str | None = None
    model: str | None = None
    fuel: str | None = None
    emission_stage: EmissionStage | None = None
    networked: bool | None = None
    use: str | None = None
    fleet: str | None = None
    terminal_ok: bool | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """The decision, the rule that made it (English, for logs) and its sentence (Chinese)."""

    decision: Decision
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reader believed to read: not sure enough to be the passage's plate, but of use to
    whoever enters it by hand. `plate_colour` is OTHER, which no reader tells, where it is not
    known; `confidence` is 0 to 1, None where the reader told none."""

    reader: str
    plate: str
    plate_colour: PlateColour
    confidence: float | None

    @property
    def colour_known(self) -> bool:
        """Whether the reader told a colour."""
        return self.plate_colour is not PlateColour.OTHER


@dataclass(frozen=True, slots=True)
class Passage:
    """进出厂记录: one vehicle's way through one lane, as it is about to be recorded.

    `key` makes a repeated write the same passage. `plate` is None when it was not read, or not
    surely (待复核): then `seen` holds the readings, and it is never guessed. `confidence` is the
    vote's share, 0 to 1 (0 when unread).
    """

    key: str
    entrance: str
    barrier: str
    position: str
    direction: Direction
    passed_at: datetime
    plate: str | None
    plate_colour: PlateColour
    confidence: float
    admission: Admission
    raise_method: RaiseMethod
    vehicle: Vehicle | None
    photos: tuple[Photo, ...]
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedPassage:
    """A passage as it stands in the journal, corrections applied.

    `review` is what a gatekeeper said who could not read the plate on the photos either.
    """

    id: int
    key: str
    entrance: str
    barrier: str
    position: str
    direction: Direction
    passed_at: datetime
    recorded_at: datetime
    plate: str | None
    plate_colour: PlateColour
    confidence: float
    admission: Admission
    raise_method: RaiseMethod
    vehicle: Vehicle | None
    photos: tuple[StoredPhoto, ...]
    corrected: bool
    seen: tuple[Seen, ...] = ()
    review: str | None = None

    @property
    def awaits_entry(self) -> bool:
        """Whether a person is to enter the plate (人工补录, 4.5.1-1)."""
        return self.plate is None and self.review is None


class OutboxState(StrEnum):
    """Where a message stands on its way to the platform."""

    HELD = "held"
    WAITING = "waiting"
    ASIDE = "aside"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A message owed to the platform; `qn` stays the same on every re-send.

    A message is about a passage, or it says what stands in `payload` (JSON, never a secret).
    `history` marks a passage that the platform asked for once more.
    """

    id: int
    cn: str
    qn: str
    passage_id: int | None
    payload: str | None
    history: bool
    state: OutboxState
    attempts: int
    queued_at: datetime
    next_try_at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """Messages whose time to try has come, oldest first: fresh ones, and those left behind."""

    live: tuple[OutboxItem, ...]
    backfill: tuple[OutboxItem, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What became of a request for passages once more: how many messages, or too many to queue."""

    queued: int
    on_the_way: int
    too_many: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """An answer of the platform to one message: 7.4's number and the raw frame as it came."""

    code: int
    raw: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a program last said of itself; `detail` is a Chinese sentence for the status page."""

    program: str
    ok: bool
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth keeping that is no passage: `kind` names it, `detail` is for people."""

    id: int
    at: datetime
    kind: str
    detail: str
