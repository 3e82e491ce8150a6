"""What a plate camera that reads by itself says it read, and our reader's second opinion of it.

Two independent readers, one honest answer (4.5.1-1): a camera's reading counts when our reader sees
the same plate, in the picture that came with it or in the lane's own frames. A camera's word alone
is 待复核, however sure the camera says it is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.grammar import alike
from appliance.runtime.vision.reading import Image, PlateReader, PlateReading

EARLY_SECONDS = 3.0
"""A camera may report a vehicle this long before the lane's own picture shows it."""


@dataclass(frozen=True, slots=True, eq=False)
class PlateReport:
    """One reading of a camera: `plate` in the journal's spelling, `at` when it was read by our
    clock, `instant` (monotonic seconds) when it came. Colour, confidence (0 to 1) and picture are
    None where the camera tells none.
    """

    plate: str
    at: datetime
    instant: float
    colour: PlateColour | None = None
    confidence: float | None = None
    picture: Image | None = None


class PlateReports(Protocol):
    """A camera that reads by itself, however it hands in what it read."""

    def start(self) -> None:
        """Begin to listen or to ask."""

    def stop(self) -> None:
        """End it."""

    @property
    def alive(self) -> bool:
        """Whether the threads still work."""

    def take(self) -> list[PlateReport]:
        """What came since the last call, oldest first; never waits."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A report and what our reader sees in the picture that came with it (None: nothing)."""

    report: PlateReport
    ours: PlateReading | None = None

    @classmethod
    def of(cls, report: PlateReport, reader: PlateReader) -> "Heard":
        """Have our reader look at the report's picture: the same plate if it is there, else the
        best."""
        seen = [] if report.picture is None else reader.read(report.picture)
        same = [reading for reading in seen if alike(reading.text) == alike(report.plate)]
        return cls(report, next(iter(same or seen), None))

    @property
    def confirmed(self) -> bool:
        """Whether our reader reads the same in the camera's own picture."""
        return self.ours is not None and self.is_plate(self.ours.text)

    def is_plate(self, text: str) -> bool:
        """Whether a text is the reported plate (O is 0, I is 1 after the second character)."""
        return alike(text) == alike(self.report.plate)
