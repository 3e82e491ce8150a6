"""Draws Chinese number plates in the proportions of GA 36: 440x140 mm, or 480x140 mm for green.

The letters are Noto Sans CJK Bold pressed into the standard's narrow cells: near enough for a
plate reader, and plainly not the font of a real plate.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from acceptance_kit.peers.camera.brush import Picture
from appliance.fonts import chinese_font
from appliance.guideline.dictionaries import PlateColour

PX_PER_MM = 2
HEIGHT_MM = 140
CELL_MM = (45, 90)
BLUE_BGR = (150, 60, 10)
YELLOW_BGR = (20, 185, 245)
GREEN_BGR = (95, 180, 60)
PALE_GREEN_BGR = (235, 245, 225)
WHITE_BGR = (250, 250, 250)
BLACK_BGR = (20, 20, 20)


def plate_millimetres(colour: PlateColour) -> tuple[int, int]:
    """Width and height of a plate of this colour."""
    wide = colour in {PlateColour.GREEN, PlateColour.YELLOW_GREEN}
    return (480 if wide else 440), HEIGHT_MM


def check_plate(text: str, colour: PlateColour) -> None:
    """Raises ValueError when no such plate can be drawn.

    Blue and yellow have 7 characters, the two new-energy colours 8; no other is drawn.
    """
    if colour not in _INK:
        raise ValueError(f"plates of colour {colour.value} are not drawn")
    if len(text) != (8 if plate_millimetres(colour)[0] == 480 else 7):
        raise ValueError(f"{text!r} is no text for a plate of colour {colour.value}")


def draw_plate(text: str, colour: PlateColour) -> Picture:
    """A plate as BGR, 2 pixels a millimetre.

    Raises ValueError as `check_plate` does, FontMissing without fonts-noto-cjk.
    """
    check_plate(text, colour)
    width, height = plate_millimetres(colour)
    new_energy = width == 480
    plate = _ground(colour, width * PX_PER_MM, height * PX_PER_MM)
    ink = _INK[colour]
    _border(plate, ink)
    # GA 36: a 45 mm cell, then 12 mm (9 mm with 43 mm cells on new energy); the wider gap after
    # the second character holds the dot on the old plates and nothing on the new.
    gap, dot_gap = (9, 49) if new_energy else (12, 34)
    left = 15.5
    for place, character in enumerate(text):
        cell = 43 if new_energy and place else CELL_MM[0]
        _letter(plate, character, left, cell, ink)
        if place == 1 and not new_energy:
            _dot(plate, left + cell + dot_gap / 2, ink)
        left += cell + (dot_gap if place == 1 else gap)
    return plate


_INK = {
    PlateColour.BLUE: WHITE_BGR,
    PlateColour.YELLOW: BLACK_BGR,
    PlateColour.GREEN: BLACK_BGR,
    PlateColour.YELLOW_GREEN: BLACK_BGR,
}


def _ground(colour: PlateColour, width: int, height: int) -> Picture:
    """The bare sheet, in its colour or colours."""
    sheet = np.empty((height, width, 3), np.uint8)
    if colour is PlateColour.GREEN:  # white above shades into green below
        shade = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        pale, green = (np.array(tone, np.float32) for tone in (PALE_GREEN_BGR, GREEN_BGR))
        sheet[:] = (pale + (green - pale) * shade).astype(np.uint8)
    elif colour is PlateColour.YELLOW_GREEN:  # yellow behind the first two characters
        sheet[:] = GREEN_BGR
        sheet[:, : round(width * (15.5 + 45 + 9 + 43 + 24.5) / 480)] = YELLOW_BGR
    else:
        sheet[:] = YELLOW_BGR if colour is PlateColour.YELLOW else BLUE_BGR
    return sheet


def _border(plate: Picture, ink: tuple[int, int, int]) -> None:
    inset, thickness = 4 * PX_PER_MM, 3 * PX_PER_MM // 2
    bottom, right = plate.shape[0] - inset, plate.shape[1] - inset
    cv2.rectangle(plate, (inset, inset), (right, bottom), ink, thickness, cv2.LINE_AA)


def _dot(plate: Picture, centre_mm: float, ink: tuple[int, int, int]) -> None:
    centre = (round(centre_mm * PX_PER_MM), plate.shape[0] // 2)
    cv2.circle(plate, centre, 5 * PX_PER_MM, ink, -1, cv2.LINE_AA)


def _letter(
    plate: Picture, character: str, left_mm: float, cell_mm: float, ink: tuple[int, int, int]
) -> None:
    """Blend one character into its cell."""
    width, height = round(cell_mm * PX_PER_MM), CELL_MM[1] * PX_PER_MM
    left, top = round(left_mm * PX_PER_MM), (plate.shape[0] - height) // 2
    cell = plate[top : top + height, left : left + width]
    cover = _glyph(character, width, height)[:, :, None]
    cell[:] = (cell + (np.array(ink, np.float32) - cell) * cover).astype(np.uint8)


@cache
def _glyph(character: str, width: int, height: int) -> NDArray[np.float32]:
    """How far (0..1) the character covers each pixel of its cell."""
    font = chinese_font(200)
    left, top, right, bottom = font.getbbox(character)
    drawn = Image.new("L", (round(right - left), round(bottom - top)), 0)
    ImageDraw.Draw(drawn).text((-left, -top), character, fill=255, font=font)
    # A narrow character (1, I) keeps its proportions: stretched to the cell it would be a block.
    narrow = drawn.width < 0.3 * drawn.height
    inner = round(height * drawn.width / drawn.height) if narrow else width
    pressed = cv2.resize(np.asarray(drawn), (inner, height), interpolation=cv2.INTER_AREA)
    cover = np.zeros((height, width), np.float32)
    start = (width - inner) // 2
    cover[:, start : start + inner] = pressed.astype(np.float32) / 255
    return cover
