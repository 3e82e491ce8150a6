"""Training batches: drawn plates and real crops, each as the reader will be shown it."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.grammar import ALPHABET
from appliance.runtime.vision.own import COLOURS, HEIGHT, WIDTH, network_picture
from training import held_out
from training.crops import Crop, varied
from training.plates import ORDINARY, Picture, Plate, draw
from training.plates import middles as middles_of
from training.weather import photograph, soil, straightened

REAL_SHARE = 0.3
"""How many of a batch are real crops."""


REAL_MIDDLES = middles_of(ORDINARY, 440)


@dataclass(frozen=True, slots=True)
class Batch:
    """N pictures (N x HEIGHT x WIDTH x 3 bytes); their labels and the middles of the characters
    (shares of the width) end to end; lengths of the texts; colours."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    middles: NDArray[np.float32]
    lengths: NDArray[np.int64]
    colours: NDArray[np.int64]


def real_crops() -> list[Crop]:
    """The crops that may be trained on; none when ../shared is absent."""
    if not held_out.PLATES.is_dir():
        return []
    found = []
    for row in held_out.rows():
        if row["file"].startswith("crops") and not held_out.is_held_out(row):
            picture = held_out.picture(row)
            # Every crop without a colour is an ordinary blue plate (looked through by eye).
            found.append(Crop(picture, row["plate"], PlateColour.BLUE))
    return found


Sample = tuple[Picture, str, PlateColour, tuple[float, ...]]
"""A picture for the network, its text, colour and the middles of its characters."""


def drawn_sample(rng: Generator) -> Sample:
    """A drawn plate of any kind, seen in any weather."""
    severity = float(rng.beta(1.2, 2.5))
    plate = draw(rng)
    return seen(plate, rng, severity), plate.text, plate.colour, plate.middles


def seen(plate: Plate, rng: Generator, severity: float) -> Picture:
    """A drawn plate after road, light and lens, as the network is shown it."""
    soiled = soil(plate.picture, rng, severity)
    if plate.rows == 1:
        height = int(np.exp(rng.uniform(np.log(13), np.log(64))) * (1 - 0.25 * severity)) + 2
        width = int(height * rng.uniform(2.5, 3.7))
    else:
        height = int(np.exp(rng.uniform(np.log(24), np.log(90))) * (1 - 0.25 * severity)) + 2
        width = int(height * rng.uniform(1.5, 2.3))
    slant = 0.06 if rng.random() < 0.25 and plate.rows == 1 else 0.0
    cut = straightened(soiled, rng, severity, (width, height), slant)
    return network_picture(photograph(cut, rng, severity), plate.rows)


def real_sample(crop: Crop, rng: Generator) -> Sample:
    """A real crop, varied, a little turned and lit anew."""
    crop = varied(crop, rng)
    severity = float(rng.beta(1.0, 4.0))
    height, width = crop.picture.shape[:2]
    scale = rng.uniform(0.8, 1.8) if rng.random() < 0.5 else 1.0
    size = (int(width * scale), int(height * scale))
    cut = straightened(crop.picture, rng, severity, size, 0.02)
    picture = network_picture(photograph(cut, rng, 0.6 * severity), 1)
    return picture, crop.text, crop.colour, REAL_MIDDLES


def batch(crops: list[Crop], size: int, seed: int, index: int) -> Batch:
    """The batch with a number: the same for the same seed on every machine and worker."""
    rng = np.random.default_rng((seed, index))
    pictures = np.empty((size, HEIGHT, WIDTH, 3), np.uint8)
    labels, places, lengths, colours = [], [], [], []
    for place in range(size):
        if crops and rng.random() < REAL_SHARE:
            picture, text, colour, middles = real_sample(crops[rng.integers(len(crops))], rng)
        else:
            picture, text, colour, middles = drawn_sample(rng)
        pictures[place] = picture
        labels += [ALPHABET.index(character) + 1 for character in text]
        places += middles
        lengths.append(len(text))
        colours.append(COLOURS.index(colour))
    where = np.array(places, np.float32)
    return Batch(pictures, np.array(labels), where, np.array(lengths), np.array(colours))


def batches(crops: list[Crop], size: int, seed: int, first: int, step: int) -> Iterator[Batch]:
    """Batches first, first + step, ... without end."""
    cv2.setNumThreads(0)
    index = first
    while True:
        yield batch(crops, size, seed, index)
        index += step
