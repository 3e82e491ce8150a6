"""What vision hands on: a frame, a plate reading, and the protocol of everything that reads."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.guideline.dictionaries import PlateColour

Image = NDArray[np.uint8]
"""height x width x 3, blue first (OpenCV's order)."""

Corners = NDArray[np.float32]
"""4 x 2 pixels: top left, top right, bottom right, bottom left."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a camera: `taken_at` is for the record, `instant` (monotonic seconds) for
    durations, because the wall clock may be set while a truck stands there."""

    image: Image
    taken_at: datetime
    instant: float


@dataclass(frozen=True, slots=True, eq=False)
class PlateBox:
    """A plate found in an image, not yet read; `rows` is 1 or 2, `score` 0 to 1."""

    corners: Corners
    score: float
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class PlateReading:
    """A plate read (4.5.1-1): its text, colour, place and the confidence of each character.

    `second` is what an independent reader read at the same place, None where none was asked;
    a reading that is not `sure` (待复核) must not be passed on as certain, nor its colour where
    that is not `colour_known`: the picture had none (infrared at night), two were about as likely,
    or a second opinion spoke against it, and the number leaves it open.
    """

    text: str
    colour: PlateColour
    character_confidence: tuple[float, ...]
    corners: Corners
    rows: int
    second: str | None = None
    sure: bool = True
    colour_known: bool = True

    @property
    def confidence(self) -> float:
        """The weakest character speaks for the plate."""
        return min(self.character_confidence, default=0.0)

    @property
    def width(self) -> float:
        """Mean length of the upper and lower edge, in pixels."""
        upper, lower = self.corners[1] - self.corners[0], self.corners[2] - self.corners[3]
        return float((np.linalg.norm(upper) + np.linalg.norm(lower)) / 2)

    def as_dict(self) -> dict[str, Any]:
        """`{"text", "colour", "confidence", "corners", "rows", "sure", "colour_known"}`, and
        `second` if asked."""
        told: dict[str, Any] = {
            "text": self.text,
            "colour": self.colour.value,
            "confidence": rounded_down(self.confidence, 4),
            "corners": [[round(float(place), 1) for place in corner] for corner in self.corners],
            "rows": self.rows,
            "sure": self.sure,
            "colour_known": self.colour_known,
        }
        return told | ({"second": self.second} if self.second is not None else {})

    @property
    def doubt(self) -> str | None:
        """待复核 and the other reading where there is one; None of a sure reading."""
        if self.sure:
            return None if self.colour_known else "颜色待复核"
        differs = self.second and self.second != self.text
        return f"待复核（另读作 {self.second}）" if differs else "待复核"


def rounded_down(confidence: float, places: int) -> float:
    """A confidence with so many decimals; only certainty itself is told as 1."""
    return float(Decimal(str(confidence)).quantize(Decimal(1).scaleb(-places), ROUND_FLOOR))


class PlateReader(Protocol):
    """Anything that reads plates."""

    def read(self, image: Image) -> list[PlateReading]:
        """Every plate in the image, best first; an empty list when there is none."""


class PlateDetector(Protocol):
    """Anything that finds plates."""

    def detect(self, image: Image) -> list[PlateBox]:
        """Every plate in the image, best first."""
