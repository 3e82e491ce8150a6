"""Finding plates: two detectors behind one protocol, each with four corner points."""

from copy import copy
from functools import lru_cache
from itertools import product
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.models import ModelStore
from appliance.models.readers import CLP_DETECTOR, HYPERLPR3_DETECTORS
from appliance.runtime.vision.hyperlpr3_parts import multitask_detector
from appliance.runtime.vision.reading import Image, PlateBox
from appliance.runtime.vision.session import open_session

PADDING = 0.1
"""Room added around every picture, as a share of its longer side: plates at the edge are found."""

MOST_PLATES = 6

LEVELLED_CLIP, LEVELLED_TILES = 2.0, (8, 8)
"""How far the contrast of a part of the picture is raised, and into how many parts it is cut."""


class ClpDetector:
    """clp_det: a RetinaFace-style network; knows single-row plates only."""

    STEPS = (8, 16, 32)
    SIDES = ((24, 48), (96, 192), (384, 768))
    CENTRE_VARIANCE, SIZE_VARIANCE = 0.1, 0.2
    MEAN = (104.0, 117.0, 123.0)

    def __init__(self, store: ModelStore, *, longer_side: int = 640, least_score: float = 0.6):
        self._session = open_session(store.locate(CLP_DETECTOR))
        self._longer_side = longer_side
        self._least_score = least_score
        self._levelled = False

    def closer(self, longer_side: int) -> "ClpDetector":
        """The same network, looking at a larger picture whose light and shade are evened out."""
        other = copy(self)
        other._longer_side = longer_side
        other._levelled = True
        return other

    def detect(self, image: Image) -> list[PlateBox]:
        """Every plate in the image, best first; corners in the image's own pixels."""
        scale = self._longer_side / max(image.shape[:2])
        if min(image.shape[:2]) * scale < 1:
            return []
        small = np.asarray(cv2.resize(image, None, fx=scale, fy=scale), np.uint8)
        if self._levelled:
            small = levelled(small)
        height, width = small.shape[:2]
        blob = cv2.dnn.blobFromImage(small, mean=self.MEAN)
        boxes, scores, corners = self._session.run(["loc", "conf", "landms"], {"image": blob})
        anchors = _anchors(height, width, self.STEPS, self.SIDES)
        likely = np.flatnonzero(scores[0, :, 1] > self._least_score)
        anchors, score = anchors[likely], scores[0, likely, 1]
        size = np.array((width, height), np.float32)
        offsets = corners[0, likely].reshape(-1, 4, 2)
        points = anchors[:, None, :2] + offsets * self.CENTRE_VARIANCE * anchors[:, None, 2:]
        points *= size / scale
        centres = anchors[:, :2] + boxes[0, likely, :2] * self.CENTRE_VARIANCE * anchors[:, 2:]
        sides = anchors[:, 2:] * np.exp(boxes[0, likely, 2:] * self.SIZE_VARIANCE)
        corner = (centres - sides / 2) * size
        rectangles = np.hstack((corner, sides * size)).tolist()
        kept = cv2.dnn.NMSBoxes(rectangles, score.tolist(), self._least_score, 0.4)
        found = [
            PlateBox(_clockwise(points[index].astype(np.float32)), float(score[index]), rows=1)
            for index in np.array(kept, dtype=int).ravel()[:MOST_PLATES]
        ]
        return sorted(found, key=lambda box: box.score, reverse=True)


def levelled(image: Image) -> Image:
    """The picture with the contrast of its dark and of its bright parts raised, colours kept."""
    parts = cv2.cvtColor(image, cv2.COLOR_BGR2LAB)
    parts[..., 0] = cv2.createCLAHE(LEVELLED_CLIP, LEVELLED_TILES).apply(parts[..., 0])
    return np.asarray(cv2.cvtColor(parts, cv2.COLOR_LAB2BGR), np.uint8)


class HyperLprDetector:
    """HyperLPR3's y5fu network, run by the library's own code; tells single from double row."""

    def __init__(self, store: ModelStore, *, side: int = 640) -> None:
        self._detect = multitask_detector(store.locate(HYPERLPR3_DETECTORS[side]), side)

    def detect(self, image: Image) -> list[PlateBox]:
        """Every plate in the image, best first; corners in the image's own pixels."""
        margin = int(max(image.shape[:2]) * PADDING)
        rim = ((margin, margin), (margin, margin), (0, 0))
        padded = np.pad(image, rim, constant_values=114)
        found = [
            PlateBox(
                _clockwise(row[5:13].reshape(4, 2).astype(np.float32) - margin),
                float(row[4]),
                rows=2 if row[13] else 1,
            )
            for row in self._detect(padded)
        ]
        return sorted(found, key=lambda box: box.score, reverse=True)[:MOST_PLATES]


@lru_cache(maxsize=8)
def _anchors(
    height: int, width: int, steps: tuple[int, ...], sides: tuple[tuple[int, int], ...]
) -> NDArray[np.float32]:
    """Anchor boxes as shares of the picture: centre x, centre y, width, height."""
    rows = [
        ((x + 0.5) * step / width, (y + 0.5) * step / height, side / width, side / height)
        for step, pair in zip(steps, sides, strict=True)
        for y, x in product(range(ceil(height / step)), range(ceil(width / step)))
        for side in pair
    ]
    return np.array(rows, np.float32)


def _clockwise(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Order four points top left, top right, bottom right, bottom left."""
    centre = points.mean(axis=0)
    angles = np.arctan2(points[:, 1] - centre[1], points[:, 0] - centre[0])
    ordered = points[np.argsort(angles)]
    return np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0)
