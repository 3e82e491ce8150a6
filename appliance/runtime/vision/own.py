"""gatehouse's own plate network (training/): text and colour of a straightened plate at once.

The colour is read together with the text, so each colour is decoded under its own numbering and
the likeliest pair wins. A box whose rows the detector cannot tell is read both ways.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.colour import colourless
from appliance.runtime.vision.ctc import Probabilities, plates
from appliance.runtime.vision.grammar import (
    ALPHABET,
    colours_of,
    has_one_colour,
    is_plate,
    patterns_of,
)
from appliance.runtime.vision.reading import Image, PlateBox, PlateDetector, PlateReading
from appliance.runtime.vision.rectify import straighten
from appliance.runtime.vision.session import open_session

HEIGHT, WIDTH = 48, 168
"""Pixels of the network's picture."""

COLOURS = tuple(PlateColour)
"""The order of the colour head."""

DOUBLE_BELOW = 2.4
"""A plate narrower than this many heights has the form of a double-row one."""

LEAST_COLOUR = 0.02
"""A colour less probable than this is not decoded; the likeliest one always is."""

KNOWN_COLOUR = 0.75
"""A colour that is less likely, among those that the number may have, is the register's or a
person's to tell. Of 134 held-out plates of several possible colours four fall below: one in the
dark, one at dusk, two nearly black."""

OLD_BLACK_SHARE = 1 / 10
"""Black plates with ordinary numbers have not been issued since 2008, and a blue plate at dusk
looks black: the network has to be ten times as sure. With one fifth a real blue plate is lost."""

MARGINS = ((0.0, 0.0), (0.03, 0.06))
"""Each box is read as it is and a little larger, and the likelier reading stands: detectors'
corners are a few hundredths of a plate off, and a cut character costs more than some bumper."""

CERTAIN = 0.995
"""Confidence of a plate's weakest character from which its box is not read a second time."""

LEAST_CONFIDENCE = 0.4
"""A text whose weakest character is less sure is a maker's name, a date, a telephone number: of
what was right in the held-out photos none had less than 0.65, and in grey ones 0.43."""

UPPER_END, LOWER_START = 0.44, 0.33
"""Where the rows of a double-row plate end and begin, as shares of its height: by GA 36 at 0.34
and 0.41. The bands overlap, because a detector's corners are a tenth off at times."""


def network_picture(plate: Image, rows: int) -> Image:
    """HEIGHT x WIDTH x 3: the plate, or its upper row beside the lower on a third of the width."""
    if rows == 1 or plate.shape[0] < 8:
        return _scaled(plate, WIDTH)
    height = plate.shape[0]
    upper, lower = plate[: int(height * UPPER_END)], plate[int(height * LOWER_START) :]
    return np.hstack((_scaled(upper, WIDTH // 3), _scaled(lower, WIDTH - WIDTH // 3)))


def _scaled(picture: Image, width: int) -> Image:
    # Shrinking has to average: skipping pixels breaks thin strokes.
    way = cv2.INTER_AREA if picture.shape[0] > HEIGHT else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, HEIGHT), interpolation=way), np.uint8)


@dataclass(frozen=True, slots=True)
class OwnReading:
    """A text, its colour, each character's peak probability, the log probability of both, and how
    likely the colour is, 0 to 1, among those that plates with this text have.
    """

    text: str
    colour: PlateColour
    peaks: tuple[float, ...]
    score: float
    colour_share: float = 1.0

    @property
    def colour_known(self) -> bool:
        """Whether the colour may be told as certain, if the picture has any."""
        return self.colour_share >= KNOWN_COLOUR


class OwnNetwork:
    """The network alone: a straightened plate in, probabilities out."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path)
        facts = self._session.get_modelmeta().custom_metadata_map
        if (facts.get("characters"), facts.get("colours")) != (ALPHABET, ",".join(COLOURS)):
            raise ValueError(f"{path.name} was trained for another alphabet; export it anew")

    def probabilities(self, plate: Image, rows: int) -> tuple[Probabilities, NDArray[np.float32]]:
        """Steps x (blank + ALPHABET) of the text, and one probability a colour of COLOURS."""
        text, colour = self._session.run(None, {"picture": network_picture(plate, rows)[None]})
        return np.asarray(text[0], np.float32), np.asarray(colour[0], np.float32)

    def read(self, plate: Image, rows: int) -> OwnReading | None:
        """The likeliest text and colour together; None when nothing fits."""
        text, colours = self.probabilities(plate, rows)
        least = min(LEAST_COLOUR, float(colours.max()))
        found = [
            OwnReading(
                best.text,
                colour,
                best.peaks,
                best.score + math.log(probability * _rarity(best.text, colour)),
            )
            for colour, probability in zip(COLOURS, colours.tolist(), strict=True)
            if probability >= least
            for best in plates(text, 1, patterns_of(colour))
        ]
        best = max(found, key=lambda reading: reading.score, default=None)
        return best and replace(best, colour_share=_share(best, colours))


class OwnReader:
    """A detector and the own network."""

    def __init__(self, detector: PlateDetector, network: OwnNetwork) -> None:
        self._detector = detector
        self._network = network

    def read(self, image: Image) -> list[PlateReading]:
        """Every plate in the image, best first; a box that spells no plate is left out."""
        readings = []
        grey = colourless(image)
        for box in self._detector.detect(image):
            found = self._looked_at(image, box)
            if not found:
                continue
            best, rows = max(found, key=lambda pair: pair[0].score)
            if min(best.peaks) >= LEAST_CONFIDENCE:
                known = (best.colour_known and not grey) or has_one_colour(best.text)
                reading = PlateReading(
                    best.text, best.colour, best.peaks, box.corners, rows, colour_known=known
                )
                readings.append(reading)
        return sorted(readings, key=lambda reading: reading.confidence, reverse=True)

    def _looked_at(self, image: Image, box: PlateBox) -> list[tuple[OwnReading, int]]:
        """What the box was read as, and in how many rows."""
        found: list[tuple[OwnReading, int]] = []
        for margin in MARGINS:
            plate = straighten(image, widened(box, margin))
            for rows in _likely_rows(plate, box.rows):
                reading = self._network.read(plate, rows)
                if reading is not None:
                    found.append((reading, rows))
            # What spells nothing at all as it stands is no plate that a wider cut would complete.
            if not found or any(min(reading.peaks) >= CERTAIN for reading, _ in found):
                break
        return found


def widened(box: PlateBox, margin: tuple[float, float]) -> PlateBox:
    """The box with a margin of its own width and height added on every side."""
    x, y = margin
    unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    wider = np.array([[(-x, -y), (1 + x, -y), (1 + x, 1 + y), (-x, 1 + y)]], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, box.corners)
    corners = np.asarray(cv2.perspectiveTransform(wider, matrix)[0], np.float32)
    return PlateBox(corners, box.score, box.rows)


def _share(best: OwnReading, colours: NDArray[np.float32]) -> float:
    """How likely a reading's colour is among those that its text may have."""
    likely = {
        colour: probability * _rarity(best.text, colour)
        for colour, probability in zip(COLOURS, colours.tolist(), strict=True)
        if colour in colours_of(best.text)
    }
    return float(likely[best.colour] / sum(likely.values()))


def _rarity(text: str, colour: PlateColour) -> float:
    """How much rarer a kind is on the road than in training."""
    ordinary = is_plate(text, patterns_of(PlateColour.BLUE))
    return OLD_BLACK_SHARE if colour is PlateColour.BLACK and ordinary else 1.0


def _likely_rows(plate: Image, told: int) -> tuple[int, ...]:
    """Both, when detector and form do not agree: a double row is 2:1, a single row above 3:1."""
    height, width = plate.shape[:2]
    formed = 2 if width < DOUBLE_BELOW * height else 1
    return (told,) if told == formed else (1, 2)
