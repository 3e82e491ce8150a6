"""Drawn pictures for the finder: plates among everything that stands around a gate.

A picture holds none to three plates, from far away to close up, between parts of vehicles, walls,
leaves, gravel and lettering; where each plate stands is known.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.plates import Picture, draw
from training.scenes import Points, hung, placed, scenery
from training.weather import light, sensor, soil

WIDTH, HEIGHT = 320, 224
NARROWEST, WIDEST = 16, 220
"""Pixels of a plate's width."""

HOW_MANY = (0.15, 0.45, 0.25, 0.15)
"""Shares of pictures with none, one, two and three plates."""

PAINTS = (
    (170, 70, 20),
    (20, 185, 245),
    (120, 200, 90),
    (235, 235, 235),
    (25, 25, 25),
    (30, 30, 200),
)
"""Blue, yellow, green, white, black and red: what plates are painted with, and much else."""


@dataclass(frozen=True, slots=True)
class Sight:
    """HEIGHT x WIDTH x 3 bytes, and each plate's box in its pixels (n x 4: left, top, right,
    bottom)."""

    picture: Picture
    boxes: NDArray[np.float32]


def sight(rng: Generator) -> Sight:
    """One picture in any weather."""
    severity = float(rng.beta(1.1, 2.8))
    picture = yard(rng)
    for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.5 else 0):
        _decoy(picture, rng)
    if rng.random() < 0.2:
        _stripes(picture, rng)
    boxes: list[NDArray[np.float32]] = []
    for _ in range(int(rng.choice(len(HOW_MANY), p=HOW_MANY))):
        plate = draw(rng)
        corners = _place(plate.picture.shape[:2], boxes, rng)
        if corners is None:
            continue
        picture = hung(soil(plate.picture, rng, severity), picture, corners, rng)
        boxes.append(np.hstack((corners.min(0), corners.max(0))))
    seen = _photographed(picture, rng, 0.75 * severity)
    return Sight(seen, np.array(boxes, np.float32).reshape(-1, 4))


def _place(
    size: tuple[int, int], taken: list[NDArray[np.float32]], rng: Generator
) -> Points | None:
    """Corners somewhere in the picture, apart from the plates that hang there already."""
    for _ in range(8):
        wide = float(np.exp(rng.uniform(np.log(NARROWEST), np.log(WIDEST))))
        shape = placed(size, rng)
        shape *= wide / max(np.ptp(shape[:, 0]), 1e-3)
        corners = (shape + rng.uniform(0, 1, 2) * (WIDTH, HEIGHT)).astype(np.float32)
        left, top, right, bottom = *corners.min(0), *corners.max(0)
        if left < -2 or top < -2 or right > WIDTH + 2 or bottom > HEIGHT + 2:
            continue
        if all(left > r or right < x or top > b or bottom < y for x, y, r, b in taken):
            return corners
    return None


def yard(rng: Generator) -> Picture:
    """Things before things, each with a face of its own."""
    picture = scenery(WIDTH, HEIGHT, rng)
    if rng.random() < 0.5:
        _rough(picture, rng)
    for _ in range(int(rng.integers(0, 6))):
        wide = int(np.exp(rng.uniform(np.log(24), np.log(WIDTH))))
        high = int(np.clip(wide * np.exp(rng.normal(-0.2, 0.5)), 12, HEIGHT))
        x = int(rng.integers(0, WIDTH - wide + 1))
        y = int(rng.integers(0, HEIGHT - high + 1))
        part = scenery(wide, high, rng)
        if rng.random() < 0.3:
            _rough(part, rng)
        if rng.random() < 0.3:
            mask = np.zeros((high, wide), np.uint8)
            middle, axes = (wide // 2, high // 2), (wide // 2, high // 2)
            cv2.ellipse(mask, middle, axes, 0, 0, 360, 255, -1)
            cv2.copyTo(part, mask, picture[y : y + high, x : x + wide])
        else:
            picture[y : y + high, x : x + wide] = part
    return picture


def _decoy(picture: Picture, rng: Generator) -> None:
    """A board in a plate's colours and of about its form that says nothing."""
    tall, wide = (1, 1) if rng.random() < 0.2 else (140, int(rng.integers(220, 700)))
    shape = placed((tall, wide), rng)
    shape *= float(np.exp(rng.uniform(np.log(8), np.log(WIDEST)))) / max(np.ptp(shape[:, 0]), 1e-3)
    corners = (shape + rng.uniform(0, 1, 2) * (WIDTH, HEIGHT)).astype(np.int32)
    ink = _paint(rng)
    cv2.fillPoly(picture, [corners], ink, cv2.LINE_AA)
    if rng.random() < 0.4:
        cv2.polylines(picture, [corners], True, _paint(rng), int(rng.integers(1, 4)), cv2.LINE_AA)


def _stripes(picture: Picture, rng: Generator) -> None:
    """A kerb, a bar or a post in stripes of two colours, going away from the camera or across."""
    start, end = rng.uniform(-0.1, 1.1, (2, 2)) * (WIDTH, HEIGHT)
    thick = np.exp(rng.uniform(np.log(2), np.log(30), 2))
    along = end - start
    length = max(float(np.linalg.norm(along)), 1.0)
    # The sides of the band are upright, level, or square to it.
    side = [np.array((0, 1)), np.array((1, 0)), np.array((-along[1], along[0])) / length][
        int(rng.integers(3))
    ]
    ratio = rng.uniform(0.6, 4)
    inks = _paint(rng), _paint(rng)
    at, number = 0.0, 0
    while at < 1 and number < 80:
        to = min(at + ratio * (thick[0] + at * (thick[1] - thick[0])) / length + 0.002, 1.0)
        ends = [start + where * along for where in (at, to)]
        widths = [thick[0] + where * (thick[1] - thick[0]) for where in (at, to)]
        corners = np.array(
            (ends[0], ends[1], ends[1] + side * widths[1], ends[0] + side * widths[0]), np.float32
        )
        cv2.fillPoly(picture, [corners.astype(np.int32)], inks[number % 2], cv2.LINE_AA)
        at, number = to, number + 1


def _paint(rng: Generator) -> tuple[float, float, float]:
    ink = np.array(PAINTS[int(rng.integers(len(PAINTS)))]) * rng.uniform(0.4, 1.1)
    blue, green, red = np.clip(ink + rng.normal(0, 20, 3), 0, 255).tolist()
    return blue, green, red


def _rough(picture: Picture, rng: Generator) -> None:
    """Leaves, gravel, a fence's mesh: grain of every size."""
    height, width = picture.shape[:2]
    grain = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        cell = float(np.exp(rng.uniform(0, np.log(24))))
        cells = (max(int(width / cell), 2), max(int(height / cell / rng.uniform(0.5, 3)), 2))
        noise = rng.standard_normal(cells[::-1], np.float32)
        way = cv2.INTER_CUBIC if rng.random() < 0.6 else cv2.INTER_NEAREST
        grain += cv2.resize(noise, (width, height), interpolation=way) * rng.uniform(5, 45)
    mixed = picture + grain[..., None] * rng.uniform(0.7, 1.1, 3).astype(np.float32)
    np.copyto(picture, np.clip(mixed, 0, 255).astype(np.uint8))


def _photographed(picture: Picture, rng: Generator, severity: float) -> Picture:
    lit = light(picture.astype(np.float32), rng, severity)
    if rng.random() < 0.6:
        lit = np.asarray(
            cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.2, 0.6 + severity)), np.float32
        )
    if rng.random() < 0.15:
        length = int(rng.integers(2, 5))
        shape = (1, length) if rng.random() < 0.7 else (length, 1)
        lit = np.asarray(cv2.blur(lit, shape[::-1]), np.float32)
    return sensor(lit, rng, severity)
