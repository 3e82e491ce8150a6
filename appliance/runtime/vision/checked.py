"""Two independent readers, one honest answer (4.5.1-1): what is not sure is told as not sure.

A reading is sure when a second reader that knows nothing of the first spells the same plate, or
all of it but the province while the first is sure enough of that, or when the first reader's
weakest character is beyond any doubt: thresholds that were calibrated for the error they promise
(docs/model-card.md). Otherwise it is 待复核: the text both find likeliest together, and the one
that lost.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from appliance.runtime.vision.grammar import PROVINCES, alike
from appliance.runtime.vision.reading import Image, PlateBox, PlateReader, PlateReading
from appliance.runtime.vision.rectify import straighten


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a second reader says of a plate: its own text, empty when it spells none, and the text
    that both readers find likeliest, with each character's confidence; only asked if they differ.
    """

    text: str
    together: Callable[[], tuple[str, tuple[float, ...]]]


@dataclass(frozen=True, slots=True)
class Sureness:
    """Confidences (0 to 1) of the first reader's weakest character: from `alone` on nobody else
    need be asked, from `province` on the other may read another province."""

    alone: float
    province: float


SecondReader = Callable[[Image, int], Opinion]
"""Looks at a straightened plate of one or two rows."""


class CheckedReader:
    """A reader whose unsure readings are held against a second opinion.

    Nobody is asked for a text on which both agreed in the picture before, where pictures follow
    one another (`live`). What the first reader alone was sure of once is asked for again: of many
    pictures of a plate that it reads wrongly, one may be beyond any threshold.
    """

    def __init__(
        self, reader: PlateReader, second: SecondReader, sureness: Sureness, *, live: bool = False
    ) -> None:
        self._reader = reader
        self._second = second
        self._sureness = sureness
        self._live = live
        self._agreed: frozenset[str] = frozenset()

    def read(self, image: Image) -> list[PlateReading]:
        """Every plate in the image, best first, each sure or not."""
        readings = [self._checked(image, reading) for reading in self._reader.read(image)]
        if self._live:
            self._agreed = frozenset(
                reading.text
                for reading in readings
                if reading.text in self._agreed or _alike(reading.text, reading.second)
            )
        return readings

    def _checked(self, image: Image, reading: PlateReading) -> PlateReading:
        if reading.confidence >= self._sureness.alone or reading.text in self._agreed:
            return reading
        box = PlateBox(reading.corners, reading.confidence, reading.rows)
        opinion = self._second(straighten(image, box), reading.rows)
        if _alike(reading.text, opinion.text):
            return replace(reading, second=opinion.text)
        if reading.confidence >= self._sureness.province and differ_in_province(
            reading.text, opinion.text
        ):
            return replace(reading, second=opinion.text)
        text, confidence = opinion.together()
        if not text or text == reading.text:
            return replace(reading, second=opinion.text, sure=False)
        lost = reading.text if text == opinion.text else opinion.text
        return replace(reading, text=text, character_confidence=confidence, second=lost, sure=False)


def _alike(text: str, other: str | None) -> bool:
    return other is not None and alike(text) == alike(other)


def differ_in_province(text: str, other: str) -> bool:
    """Whether two texts differ in their provinces alone: the one character that is a picture of its
    own, and of which a general reader has seen few on plates."""
    provinces = {text[:1], other[:1]}
    return provinces <= set(PROVINCES) and alike(text)[1:] == alike(other)[1:]
