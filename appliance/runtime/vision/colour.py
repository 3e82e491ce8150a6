"""The plate's colour (F_CPYS) by its mean hue, helped by the text's length.

A mean weighted by chroma works where counting pixels fails: haze and dusk wash colour out, and
what little is left still points the right way.
"""

from functools import reduce

import cv2
import numpy as np

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.reading import Image

GREY = 20
"""Saturation (0 to 255) that most of a plate must exceed to have a colour of its own."""

STEP = 4
"""Every so-manyth pixel across and down tells whether a picture has colour."""

DARK = 110
"""Median brightness (0 to 255) below which a colourless plate is black."""

COLOURED_LEVELS, COLOURED_SHARE = 16, 1e-3
"""A picture has colour when this share of its pixels has channels so many levels apart: of the
held-out photos the palest has five times as many, a camera in infrared light none."""

NEW_ENERGY_LENGTH = 8
"""Only new-energy plates have eight characters, and all of them have."""


def plate_colour(plate: Image, text: str) -> PlateColour:
    """The colour of a straightened plate that reads `text`."""
    inner = _without_rim(plate)
    if len(text) == NEW_ENERGY_LENGTH:
        left = inner[:, : max(inner.shape[1] // 4, 1)]
        return PlateColour.YELLOW_GREEN if 10 <= _mean_hue(left) < 36 else PlateColour.GREEN
    hsv = cv2.cvtColor(inner, cv2.COLOR_BGR2HSV)
    if np.percentile(hsv[..., 1], 60) < GREY:
        bright = np.median(hsv[..., 2]) > DARK
        return PlateColour.WHITE if bright else PlateColour.BLACK
    hue = _mean_hue(inner)
    if 65 <= hue < 165:
        return PlateColour.BLUE
    return PlateColour.YELLOW if 5 <= hue < 65 else PlateColour.OTHER


def colourless(image: Image) -> bool:
    """Whether a whole picture is grey, as cameras make it in infrared light. A plate alone tells
    nothing: white and black ones are grey by right."""
    sample = image[::STEP, ::STEP]
    # Channel by channel: numpy's own max() over so few takes fifteen times as long.
    channels = [sample[..., number] for number in range(3)]
    apart = reduce(np.maximum, channels) - reduce(np.minimum, channels)
    return float((apart > COLOURED_LEVELS).mean()) < COLOURED_SHARE


def _without_rim(plate: Image) -> Image:
    """The rim is often bumper."""
    height, width = plate.shape[:2]
    down, across = height // 8, width // 20
    return plate[down : height - down or None, across : width - across or None]


def _mean_hue(image: Image) -> float:
    """Mean hue (0 to 180, OpenCV's scale), each pixel weighted by its chroma."""
    angle = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)[..., 0] * (np.pi / 90)
    chroma = image.max(axis=2).astype(float) - image.min(axis=2)
    mean = np.arctan2((chroma * np.sin(angle)).sum(), (chroma * np.cos(angle)).sum())
    return float(mean * 90 / np.pi % 180)
