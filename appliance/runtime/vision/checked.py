"""Two independent readers, one honest answer (4.5.1-1): what is not sure is told as not sure.

A reading is sure when the first reader's weakest character is beyond a threshold that was
calibrated for the error it promises (docs/model-card.md), or when a second reader that knows
nothing of the first spells the same plate. Otherwise it is 待复核, with both texts.
"""

from collections.abc import Callable
from dataclasses import replace

from appliance.runtime.vision.grammar import alike
from appliance.runtime.vision.reading import Image, PlateBox, PlateReader, PlateReading
from appliance.runtime.vision.rectify import straighten

Opinion = Callable[[Image, int], str]
"""Spells a straightened plate of one or two rows; empty when it spells none."""


class CheckedReader:
    """A reader whose unsure readings are held against a second opinion.

    `sure_from` is the confidence (0 to 1) from which nobody else need be asked.
    """

    def __init__(self, reader: PlateReader, opinion: Opinion, sure_from: float) -> None:
        self._reader = reader
        self._opinion = opinion
        self._sure_from = sure_from

    def read(self, image: Image) -> list[PlateReading]:
        """Every plate in the image, best first, each sure or not."""
        return [self._checked(image, reading) for reading in self._reader.read(image)]

    def _checked(self, image: Image, reading: PlateReading) -> PlateReading:
        if reading.confidence >= self._sure_from:
            return reading
        box = PlateBox(reading.corners, reading.confidence, reading.rows)
        second = self._opinion(straighten(image, box), reading.rows)
        return replace(reading, second=second, sure=alike(second) == alike(reading.text))
