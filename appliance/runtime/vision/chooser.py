"""Which frames become the front and the body photo (4.5.1-2): the sharpest that show them whole."""

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.runtime.vision.presence import Mask
from appliance.runtime.vision.reading import Corners, Frame, Image, PlateReading

CUT_OFF = 0.3
"""What a vehicle counts that the picture's edge cuts off."""

BETTER = 1.1
"""A later body photo has to be so much better, or every frame of a standing truck would win."""

BODY_WIDTH = 480
"""Sharpness of a body is measured on a picture of so many pixels' width: cheap, and two streams
of one camera compare."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame, how good it is, and where the plate is in it."""

    frame: Frame
    score: float
    corners: Corners | None = None


def front_shot(frame: Frame, reading: PlateReading) -> Shot:
    """A frame judged by its plate: variance of the Laplacian times the plate's width squared,
    because strokes twice as wide have a gentler Laplacian though they are more legible."""
    x, y, width, height = cv2.boundingRect(reading.corners)
    cut = frame.image[max(y, 0) : max(y, 0) + height, max(x, 0) : max(x, 0) + width]
    score = _detail(cut) * reading.width**2 if cut.size else 0.0
    return Shot(frame, score, reading.corners)


def body_shot(frame: Frame, foreground: Mask) -> Shot:
    """A frame judged by the vehicle in it: sharpness of what is no empty lane, times the root of
    its share; much less when the picture's side or lower edge cuts it off."""
    if not foreground.any():
        return Shot(frame, 0.0)
    rows, columns = np.flatnonzero(foreground.any(axis=1)), np.flatnonzero(foreground.any(axis=0))
    down, across = foreground.shape
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    height, width = frame.image.shape[:2]
    cut = frame.image[
        top * height // down : bottom * height // down,
        left * width // across : right * width // across,
    ]
    scale = BODY_WIDTH / width
    if scale < 1:
        cut = np.asarray(cv2.resize(cut, None, fx=scale, fy=scale), np.uint8)
    score = _detail(cut) * float(foreground.mean()) ** 0.5
    if left == 0 or right == across or bottom == down:
        score *= CUT_OFF
    return Shot(frame, score)


def better(one: Shot | None, other: Shot) -> Shot:
    """The body shot to keep."""
    return other if one is None or other.score > BETTER * one.score else one


def _detail(image: Image) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())
