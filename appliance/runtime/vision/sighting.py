"""What vision tells the lane of a vehicle: that it is there, and that it went back."""

from dataclasses import dataclass
from datetime import datetime

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.reading import Corners, Frame
from appliance.runtime.vision.report import PlateReport
from appliance.runtime.vision.tracks import Motion


@dataclass(frozen=True, slots=True)
class Doubt:
    """What our reader read and is not sure of (待复核): a text with the confidence of its weakest
    character, its colour where that is known, and what the second reader read instead."""

    text: str
    confidence: float
    colour: PlateColour | None
    second: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One vehicle as vision saw it; `plate` is None when it could not be read, or not surely:
    `doubt` then holds what our reader read, and `report` what the camera says it read. With a
    `plate`, `colour_known` False says that its colour is a guess.

    `began_at` is the visit's first frame and makes the passage's key; `confidence` is that of the
    plate's weakest character (0 to 1, see `vote.Verdict`). `corners` is where the plate is in
    `front`, `motion` how the vehicle moved when it was decided on; None where no plate told.
    """

    began_at: datetime
    seen_at: datetime
    plate: str | None
    colour: PlateColour
    confidence: float
    front: Frame
    body: Frame
    corners: Corners | None = None
    motion: Motion | None = None
    doubt: Doubt | None = None
    report: PlateReport | None = None
    colour_known: bool = True


@dataclass(frozen=True, slots=True)
class Departure:
    """A reported vehicle that went back where it came from instead of through."""

    began_at: datetime
    at: datetime
    plate: str | None
