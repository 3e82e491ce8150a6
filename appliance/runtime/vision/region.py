"""The lane in the camera's picture: what lies outside it is cut away before any network looks.

A neighbour's car, the far lane and the road behind the fence are then neither read nor taken for
a vehicle; what is left is a smaller picture, which is read faster.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.profile.view import LaneView
from appliance.runtime.vision.reading import Corners, Image, PlateReader, PlateReading

OUTSIDE = 114
"""The grey of what is cut away: the networks were trained with borders of it."""


@dataclass(frozen=True, slots=True)
class LaneArea:
    """A lane's region, a polygon in shares of the picture, and its plates' least and most width."""

    polygon: tuple[tuple[float, float], ...] = ()
    least_width: float = 0.0
    greatest_width: float = 1.0

    @classmethod
    def of(cls, view: LaneView) -> "LaneArea":
        """The area that a profile describes."""
        polygon = tuple((corner.x, corner.y) for corner in view.region)
        return cls(polygon, view.least_plate_width, view.greatest_plate_width)

    def mask(self, width: int, height: int) -> NDArray[np.bool_]:
        """Which pixels of a picture of that size belong to the lane; height x width."""
        if not self.polygon:
            return np.ones((height, width), bool)
        canvas = np.zeros((height, width), np.uint8)
        cv2.fillPoly(canvas, [self.corners(width, height)], 1)
        return canvas.astype(bool)

    def corners(self, width: int, height: int) -> NDArray[np.int32]:
        """The polygon in whole pixels, n x 2; the picture's own corners where there is none."""
        polygon = self.polygon or ((0, 0), (1, 0), (1, 1), (0, 1))
        return np.rint(np.array(polygon) * (width - 1, height - 1)).astype(np.int32)

    def cut(self, image: Image) -> tuple[Image, tuple[int, int]]:
        """The part of a picture around the lane, grey outside the polygon, and where its left
        upper corner is (x, y). Without a region the picture itself, not copied."""
        if not self.polygon:
            return image, (0, 0)
        height, width = image.shape[:2]
        x, y, across, down = cv2.boundingRect(self.corners(width, height))
        inside = self.mask(width, height)[y : y + down, x : x + across]
        part = np.where(inside[..., None], image[y : y + down, x : x + across], OUTSIDE)
        return np.ascontiguousarray(part, np.uint8), (x, y)

    def objection(self, corners: Corners, width: int, height: int) -> str | None:
        """Why a plate at those corners of a picture of that size is none of this lane's, as a
        Chinese sentence for the installer; None when it is."""
        x, y = (float(value) for value in corners.mean(axis=0))
        polygon = self.corners(width, height)
        if self.polygon and cv2.pointPolygonTest(polygon, (x, y), measureDist=False) < 0:
            return "在车道区域之外"
        share = plate_width(corners) / width
        if share < self.least_width:
            return f"太窄：{share:.3f}，最小 {self.least_width:g}"
        if share > self.greatest_width:
            return f"太宽：{share:.3f}，最大 {self.greatest_width:g}"
        return None


class LaneReader:
    """A plate reader that sees the lane only; what it reads stands at its place in the picture."""

    def __init__(self, reader: PlateReader, area: LaneArea) -> None:
        self._reader = reader
        self._area = area

    def read(self, image: Image) -> list[PlateReading]:
        """The lane's plates, best first."""
        height, width = image.shape[:2]
        part, offset = self._area.cut(image)
        found = []
        for reading in self._reader.read(part):
            corners = (reading.corners + np.array(offset)).astype(np.float32)
            if self._area.objection(corners, width, height) is None:
                found.append(replace(reading, corners=corners))
        return found


def plate_width(corners: Corners) -> float:
    """Mean length of the upper and lower edge, in pixels."""
    upper, lower = corners[1] - corners[0], corners[2] - corners[3]
    return float((np.linalg.norm(upper) + np.linalg.norm(lower)) / 2)
