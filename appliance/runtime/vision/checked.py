"""Two independent readers, one honest answer (4.5.1-1): what is not sure is told as not sure.

A reading is sure when the first reader's weakest character is beyond a threshold that was
calibrated for the error it promises (docs/model-card.md), or when a second reader that knows
nothing of the first spells the same plate. Otherwise it is 待复核: the text both find likeliest
together, and the one that lost.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from appliance.runtime.vision.grammar import alike
from appliance.runtime.vision.reading import Image, PlateBox, PlateReader, PlateReading
from appliance.runtime.vision.rectify import straighten


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a second reader says of a plate: its own text, empty when it spells none, and the text
    that both readers find likeliest, with each character's confidence; only asked if they differ.
    """

    text: str
    together: Callable[[], tuple[str, tuple[float, ...]]]


SecondReader = Callable[[Image, int], Opinion]
"""Looks at a straightened plate of one or two rows."""


class CheckedReader:
    """A reader whose unsure readings are held against a second opinion.

    `sure_from` is the confidence (0 to 1) from which nobody else need be asked; nor is anybody for
    a text on which both agreed in the picture before, where pictures follow one another (`live`).
    What the first reader alone was sure of once is asked for again: of many pictures of a plate
    that it reads wrongly, one may be beyond any threshold.
    """

    def __init__(
        self, reader: PlateReader, second: SecondReader, sure_from: float, *, live: bool = False
    ) -> None:
        self._reader = reader
        self._second = second
        self._sure_from = sure_from
        self._live = live
        self._agreed: frozenset[str] = frozenset()

    def read(self, image: Image) -> list[PlateReading]:
        """Every plate in the image, best first, each sure or not."""
        readings = [self._checked(image, reading) for reading in self._reader.read(image)]
        if self._live:
            self._agreed = frozenset(
                reading.text
                for reading in readings
                if reading.sure and (reading.second is not None or reading.text in self._agreed)
            )
        return readings

    def _checked(self, image: Image, reading: PlateReading) -> PlateReading:
        if reading.confidence >= self._sure_from or reading.text in self._agreed:
            return reading
        box = PlateBox(reading.corners, reading.confidence, reading.rows)
        opinion = self._second(straighten(image, box), reading.rows)
        if alike(opinion.text) == alike(reading.text):
            return replace(reading, second=opinion.text)
        text, confidence = opinion.together()
        if not text or text == reading.text:
            return replace(reading, second=opinion.text, sure=False)
        lost = reading.text if text == opinion.text else opinion.text
        return replace(reading, text=text, character_confidence=confidence, second=lost, sure=False)
