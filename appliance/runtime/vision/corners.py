"""gatehouse's own corner network (training/): where exactly a plate lies in a box, and its rows.

A detector says roughly where plates are; clp_det's boxes cut the left edge by up to a tenth of the
width, and what it is not sure of is as often a plate as not. So its doubtful boxes are taken too,
each is looked at once more from near, and this network says whether a plate is there, of how many
rows, and where its four corners are.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.runtime.vision.reading import Corners, Image, PlateBox, PlateDetector
from appliance.runtime.vision.session import open_session
from appliance.runtime.vision.shrink import halved

WIDTH, HEIGHT = 128, 96
"""Pixels of the network's picture."""

CUT_WIDTHS = 1.6
"""The cut around a box, in widths of the box; its height follows from WIDTH and HEIGHT."""

LEAST_PLATE = (0.5, 0.9)
"""Probability of one or two rows together from which a box is looked at again, and from which it is
a plate then: of the plates read in the held-out photos none had less than 0.94."""

STEADY = 0.05
"""Share of its width by which a box's sides may move in a look that needs no second one."""

DOUBTFUL = 0.5
"""Score up to which a plate found is no reason not to look closer."""

SAME_PLATE = (0.4, 0.6)
"""Two boxes whose centres are nearer than these shares of width and height are one plate's; what
stands above it or below is something else."""

Kinds = NDArray[np.float32]
"""Probability of no plate, one row, two rows."""


class CornerNetwork:
    """The network alone."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path)

    def look(self, cut: Image) -> tuple[Corners, Kinds]:
        """The corners in a cut of HEIGHT x WIDTH, in its pixels, and the kinds."""
        corners, kinds = self._session.run(None, {"picture": cut[None]})
        return np.asarray(corners[0], np.float32), np.asarray(kinds[0], np.float32)


class CornerFinder:
    """A detector whose boxes are looked at once more; `detector` should offer doubtful ones.

    `closer` is asked too where it offers nothing better than doubtful ones: the same detector at
    other sizes of the picture, which takes several times as long. Of a live picture it is enough
    to ask it at every so-manyth such frame, `closer_every`.
    """

    def __init__(
        self,
        detector: PlateDetector,
        network: CornerNetwork,
        closer: PlateDetector | None = None,
        *,
        closer_every: int = 1,
    ) -> None:
        self._detector = detector
        self._network = network
        self._closer = closer
        self._closer_every = closer_every
        self._doubtful = 0

    def detect(self, image: Image) -> list[PlateBox]:
        """Every plate in the image, best first; corners in the image's own pixels."""
        found = self._judged(image, self._detector)
        if self._closer and not any(box.score > DOUBTFUL for box in found):
            if self._doubtful % self._closer_every == 0:
                found += self._judged(image, self._closer)
            self._doubtful += 1
        return _apart(found)

    def _judged(self, image: Image, detector: PlateDetector) -> list[PlateBox]:
        """What a detector offers and a closer look takes for plates."""
        looks = (self._looked_at(image, box) for box in detector.detect(image))
        return [seen for seen in looks if seen is not None]

    def _looked_at(self, image: Image, box: PlateBox) -> PlateBox | None:
        corners, kinds = box.corners, np.zeros(3, np.float32)
        for least in LEAST_PLATE:  # the second look is cut around what the first one found
            before = corners
            cut, origin, scale = cut_out(image, corners)
            inside, kinds = self._network.look(cut)
            if 1 - kinds[0] < least:
                return None
            corners = (inside * scale + origin).astype(np.float32)
            if 1 - kinds[0] >= LEAST_PLATE[-1] and _nearly(before, corners):
                break
        score = box.score * float(1 - kinds[0])
        return PlateBox(corners, score, rows=2 if kinds[2] > kinds[1] else 1)


def cut_out(
    image: Image, corners: Corners
) -> tuple[Image, NDArray[np.float32], NDArray[np.float32]]:
    """The surroundings of a box at the network's size; where its left upper corner is in the
    image (x, y), and how many of the image's pixels one of its own is (across, down)."""
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    wide = max(int(float(np.ptp(corners[:, 0])) * CUT_WIDTHS), 24)
    high = max(int(wide * HEIGHT / WIDTH), 18)
    left, top = round(middle[0] - wide / 2), round(middle[1] - high / 2)
    height, width = image.shape[:2]
    rows = np.clip(np.arange(top, top + high), 0, height - 1)
    columns = np.clip(np.arange(left, left + wide), 0, width - 1)
    inside = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    above, before = int((rows == rows[0]).sum()) - 1, int((columns == columns[0]).sum()) - 1
    below, behind = high - above - inside.shape[0], wide - before - inside.shape[1]
    # Beyond the picture's edge its last pixels go on.
    piece = cv2.copyMakeBorder(inside, above, below, before, behind, cv2.BORDER_REPLICATE)
    way = cv2.INTER_AREA if wide > WIDTH else cv2.INTER_LINEAR
    small, _ = halved(np.asarray(piece, np.uint8), 2 * WIDTH / wide)
    cut = np.asarray(cv2.resize(small, (WIDTH, HEIGHT), interpolation=way), np.uint8)
    scale = np.array((wide / WIDTH, high / HEIGHT), np.float32)
    return cut, np.array((left, top), np.float32), scale


def _nearly(one: Corners, other: Corners) -> bool:
    """Whether a cut around one is a cut around the other."""
    edges = np.abs(one.min(axis=0) - other.min(axis=0)), np.abs(one.max(axis=0) - other.max(axis=0))
    return bool(max(edge.max() for edge in edges) < STEADY * np.ptp(one[:, 0]))


def _apart(boxes: list[PlateBox]) -> list[PlateBox]:
    """The best box of each plate, best first."""
    found: list[PlateBox] = []
    for box in sorted(boxes, key=lambda box: box.score, reverse=True):
        if not any(_same(box, other) for other in found):
            found.append(box)
    return found


def _same(one: PlateBox, other: PlateBox) -> bool:
    spans = np.maximum(np.ptp(one.corners, axis=0), np.ptp(other.corners, axis=0))
    apart = np.abs(one.corners.mean(axis=0) - other.corners.mean(axis=0))
    return bool((apart < np.maximum(np.array(SAME_PLATE) * spans, 1)).all())
