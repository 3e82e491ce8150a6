"""gatehouse's own finder (training/): where in a picture plates may be, of one row or two.

It offers rough boxes only; whether a plate is there, of how many rows, and where its corners are,
the corner network says (corners.py).
"""

from copy import copy
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.runtime.vision.detect import MOST_PLATES
from appliance.runtime.vision.reading import Image, PlateBox
from appliance.runtime.vision.session import open_session
from appliance.runtime.vision.shrink import halved

LONGER_SIDE = 512
"""Pixels of the picture that the network sees."""

MULTIPLE, STRIDE = 32, 8
"""Its sides are multiples of the first; each of its cells is so many pixels."""

SIGNS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
"""Of a box's corners, clockwise from the left upper one."""

LEAST_LIKELY = 0.25
"""Likelihood of a plate's middle from which a box is offered."""


class Finder:
    """A detector of rough boxes, at one size of the picture or several."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path)
        self._longer_sides: tuple[int, ...] = (LONGER_SIDE,)

    def at(self, *longer_sides: int) -> "Finder":
        """The same network, looking at pictures of other sizes."""
        other = copy(self)
        other._longer_sides = longer_sides
        return other

    def detect(self, image: Image) -> list[PlateBox]:
        """Every place that may be a plate, best first; upright boxes in the image's own pixels."""
        found = [box for side in self._longer_sides for box in self._offered(image, side)]
        return sorted(found, key=lambda box: box.score, reverse=True)

    def _offered(self, image: Image, longer_side: int) -> list[PlateBox]:
        scale = longer_side / max(image.shape[:2])
        if min(image.shape[:2]) * scale < 1:
            return []
        (told,) = self._session.run(None, {"picture": _picture(image, scale)[None]})
        return boxes_told(told[0], scale)


def boxes_told(told: NDArray[np.float32], scale: float) -> list[PlateBox]:
    """The best boxes of what the network told of a picture scaled by `scale`: 5 x rows x columns,
    likelihood of a middle, its place in the cell, log width and log height in cells."""
    likely, places = told[0], told[1:]
    # A plate's middle is likelier than all around it.
    peaks = (likely >= cv2.dilate(likely, np.ones((3, 3), np.uint8))) & (likely > LEAST_LIKELY)
    longest = np.log(max(likely.shape))  # in cells: no plate is larger than the picture
    found = []
    for row, column in np.argwhere(peaks):
        x, y, width, height = places[:, row, column]
        middle = np.array((column + 0.5 + x, row + 0.5 + y))
        half = np.exp(np.array((width, height)).clip(-2, longest)) / 2
        corners = (middle + SIGNS * half) * STRIDE / scale
        found.append(PlateBox(corners.astype(np.float32), float(likely[row, column]), 1))
    return sorted(found, key=lambda box: box.score, reverse=True)[:MOST_PLATES]


def _picture(image: Image, scale: float) -> NDArray[np.uint8]:
    """The image at the network's scale, its last pixels going on to whole multiples."""
    small, scale = halved(image, scale)
    small = np.asarray(cv2.resize(small, None, fx=scale, fy=scale), np.uint8)
    height, width = small.shape[:2]
    below, beside = -height % MULTIPLE, -width % MULTIPLE
    padded = cv2.copyMakeBorder(small, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8)
