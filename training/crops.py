"""Real crops as training pictures: their provinces balanced, their colours changed.

96 % of them are from one province and all are blue. A glyph of another province is pasted over
the first cell, and ground and ink are swapped for those of another kind, so that what is real
(light, blur, screws, angle) is seen with every province and colour.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.grammar import LETTERS, PROVINCES
from training.glyphs import glyph
from training.numbering import pick
from training.plates import BLACK, GROUNDS, ORDINARY, WHITE, Picture

OTHERS = (
    (PlateColour.YELLOW, BLACK, 0.6),
    (PlateColour.WHITE, BLACK, 0.2),
    (PlateColour.BLACK, WHITE, 0.2),
)


@dataclass(frozen=True, slots=True)
class Crop:
    """A real plate cut out of a photo, blue first, with its text and colour."""

    picture: Picture
    text: str
    colour: PlateColour


def varied(crop: Crop, rng: Generator) -> Crop:
    """The crop with another beginning or in another colour, or as it is."""
    if crop.colour is not PlateColour.BLUE or len(crop.text) != 7:
        return crop
    if rng.random() < 0.7:
        crop = _another_beginning(crop, rng)
    if rng.random() < 0.4:
        crop = _another_colour(crop, rng)
    return crop


def _another_beginning(crop: Crop, rng: Generator) -> Crop:
    """Paste another province, half the time another letter too, in the crop's own two shades."""
    height, width = crop.picture.shape[:2]
    count = 2 if rng.random() < 0.5 else 1
    beginning = pick(rng, PROVINCES) + (pick(rng, LETTERS) if count == 2 else crop.text[1])
    across, down = width / 440, height / 140
    end = round((ORDINARY[count - 1][0] + 45 + 5) * across)
    part = crop.picture[:, :end].astype(np.float32)
    ground, ink = _shades(crop.picture[:, : width // 2])
    mask = np.zeros((height, end), np.float32)
    for place in range(count):
        x, y, wide, tall = ORDINARY[place]
        cell = glyph(
            "140", beginning[place], max(round(wide * across), 2), max(round(tall * down), 2)
        )
        left = round(x * across + rng.normal(0, 0.7))
        top = round(y * down + rng.normal(0, 0.7))
        left, top = max(left, 0), max(top, 0)
        room = mask[top : top + cell.shape[0], left : left + cell.shape[1]]
        room[:] = cell[: room.shape[0], : room.shape[1]]
    mask = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.3, 0.9)))
    # The crop's own light stays: only what is brighter than it is taken off first.
    calm = cv2.GaussianBlur(np.minimum(part, ground + 12), (0, 0), 2.0)
    pasted = calm + mask[..., None] * (ink - calm)
    picture = crop.picture.copy()
    picture[:, :end] = np.clip(pasted, 0, 255)
    return Crop(picture, beginning + crop.text[2:], crop.colour)


def _another_colour(crop: Crop, rng: Generator) -> Crop:
    shares = np.array([share for _, _, share in OTHERS])
    colour, ink, _ = OTHERS[rng.choice(len(OTHERS), p=shares / shares.sum())]
    # White letters on blue differ most in red, so red tells ink from ground.
    red = crop.picture[..., 2].astype(np.float32)
    low, high = np.percentile(red, (15, 93))
    share = np.clip((red - low) / max(high - low, 12), -0.2, 1.15)[..., None]
    ground = np.array(GROUNDS[colour][rng.integers(len(GROUNDS[colour]))], np.float32)
    light = np.clip(high / 200, 0.35, 1.1) * rng.uniform(0.8, 1.1)
    picture = (ground + share * (np.array(ink, np.float32) - ground)) * light
    return Crop(np.clip(picture, 0, 255).astype(np.uint8), crop.text, colour)


def _shades(picture: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Ground and ink: the means of the darker half and of the brightest eighth."""
    pixels = picture.reshape(-1, 3).astype(np.float32)
    order = pixels.sum(axis=1).argsort()
    return pixels[order[: len(order) // 2]].mean(axis=0), pixels[order[-len(order) // 8 :]].mean(
        axis=0
    )
