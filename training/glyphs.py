"""Plate glyphs as ink masks: the real plates' own where there are any, a typeface for the rest."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from appliance.fonts import chinese_font

GLYPHS = Path(__file__).parents[2] / "shared" / "data" / "glyphs"

LETTERED = "typeface"

Mask = NDArray[np.float32]
"""height x width, 0 (ground) to 1 (ink)."""


@cache
def glyph(style: str, character: str, width: int, height: int) -> Mask:
    """A character's ink in a cell; `style` is a prefix of the glyph files.

    Double-row plates have wide letters above and tall ones below, hence `220_up`, `220_down`;
    LETTERED is the typeface, whatever glyphs there are.
    """
    if style == LETTERED:
        return _fitted(_lettered(character), width, height)
    character = "0" if character == "O" else character
    for prefix in (style, style.partition("_")[0], "140"):
        file = GLYPHS / f"{prefix}_{character}.jpg"
        if file.is_file():
            grey = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_GRAYSCALE)
            assert grey is not None
            return _fitted(255 - grey, width, height)
    return _fitted(_lettered(character), width, height)


def _fitted(ink: NDArray[np.uint8], width: int, height: int) -> Mask:
    small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / 255


def _lettered(character: str) -> NDArray[np.uint8]:
    """The typeface's form, cut to its ink; a narrow Latin letter or digit keeps its room."""
    font = chinese_font(180)
    picture = Image.new("L", (260, 260))
    ImageDraw.Draw(picture).text((30, 10), character, fill=255, font=font)
    box = picture.getbbox()
    assert box is not None
    if character.isascii():
        box = (30, box[1], 30 + int(font.getlength(character)), box[3])
    return np.asarray(picture.crop(box), np.uint8)
