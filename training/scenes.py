"""Drawn plates where they hang: a piece of a vehicle's face, the plate's corners in it known.

A cut is what the corner network is shown: the surroundings of a box that a detector offered, which
may be a little beside, too large, too small, or around no plate at all.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from appliance.runtime.vision.corners import CUT_WIDTHS, HEIGHT, WIDTH
from training import numbering
from training.glyphs import LETTERED, glyph
from training.plates import Picture, draw
from training.weather import photograph, soil

EMPTY_SHARE = 0.15
"""How many cuts show no plate: other lettering, lamps, grilles."""

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cut:
    """HEIGHT x WIDTH x 3 bytes, the four corners in its pixels (4 x 2, clockwise from the top
    left), and the rows of the plate; rows 0 and no meaning in the corners where there is none."""

    picture: Picture
    corners: Points
    rows: int


def cut(rng: Generator) -> Cut:
    """One cut with or without a plate, in any weather."""
    severity = float(rng.beta(1.1, 2.8))
    plate_width = float(np.exp(rng.uniform(np.log(36), np.log(170))))
    # The box that a detector offers: what lies around it is `CUT_WIDTHS` of its width.
    offered = plate_width * float(np.exp(rng.normal(0.0, 0.16)))
    width = max(int(offered * CUT_WIDTHS), 24)
    height = max(int(width * HEIGHT / WIDTH), 18)
    picture = scenery(width, height, rng)
    corners, rows = np.zeros((4, 2), np.float32), 0
    if rng.random() >= EMPTY_SHARE:
        plate = draw(rng)
        rows = plate.rows
        shape = placed(plate.picture.shape[:2], rng)
        shape *= plate_width / max(np.ptp(shape[:, 0]), 1e-3)
        shift = rng.normal(0, 0.09, 2) * (plate_width, 0.6 * plate_width)
        corners = (shape + shift + (width / 2, height / 2)).astype(np.float32)
        picture = hung(soil(plate.picture, rng, severity), picture, corners, rng)
    seen = photograph(picture, rng, 0.75 * severity)
    scale = np.array((WIDTH / width, HEIGHT / height), np.float32)
    return Cut(scaled(seen), corners * scale, rows)


def scaled(picture: Picture) -> Picture:
    """The cut at the network's own size."""
    way = cv2.INTER_AREA if picture.shape[1] > WIDTH else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=way), np.uint8)


def placed(size: tuple[int, int], rng: Generator) -> Points:
    """A plate's corners around nought after it was turned in space and projected."""
    tall, wide = size
    half = np.array([(-wide, -tall), (wide, -tall), (wide, tall), (-wide, tall)]) / (2 * wide)
    points = np.hstack((half, np.zeros((4, 1))))
    strong = 2.0 if rng.random() < 0.15 else 1.0
    yaw, pitch, roll = np.radians(rng.normal(0, (18, 10, 4))) * strong
    yaw, pitch = np.clip((yaw, pitch), -1.05, 1.05)
    points = points @ _turn(roll, 0, 1) @ _turn(pitch, 1, 2) @ _turn(yaw, 0, 2)
    far = rng.uniform(2.5, 12)
    return np.asarray(points[:, :2] * (far / (far + points[:, 2:])), np.float32)


def _turn(angle: float, first: int, second: int) -> NDArray[np.float64]:
    matrix = np.eye(3)
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix[[first, second], [first, second]] = cosine
    matrix[first, second], matrix[second, first] = sine, -sine
    return matrix


def hung(plate: Picture, picture: Picture, corners: Points, rng: Generator) -> Picture:
    """The plate on the picture: holder or shade around it, rounded corners, soft edge."""
    tall, wide = plate.shape[:2]
    if rng.random() < 0.5:
        grow = 1 + rng.uniform(0.02, 0.22, 2) * (0.5, 1.0)
        middle = corners.mean(0)
        holder = middle + (corners - middle) * grow + rng.normal(0, 0.5, 2)
        cv2.fillPoly(picture, [holder.astype(np.int32)], colour(rng), cv2.LINE_AA)
    mask = np.zeros((tall, wide), np.float32)
    radius = int(rng.uniform(0, 0.1) * tall)
    cv2.rectangle(mask, (radius, 0), (wide - radius - 1, tall), 1.0, -1)
    cv2.rectangle(mask, (0, radius), (wide, tall - radius - 1), 1.0, -1)
    for x in (radius, wide - radius - 1):
        for y in (radius, tall - radius - 1):
            cv2.circle(mask, (x, y), radius, 1.0, -1)
    source = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners)
    size = (picture.shape[1], picture.shape[0])
    shrink = wide / max(float(np.ptp(corners[:, 0])), 1.0)
    if shrink > 1.5:
        # A camera averages over a pixel; warping alone would skip.
        plate = np.asarray(cv2.GaussianBlur(plate, (0, 0), 0.35 * shrink), np.uint8)
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.35 * shrink), np.float32)
    warped = cv2.warpPerspective(plate, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(mask, matrix, size)[..., None]
    lit = warped * np.float32(rng.uniform(0.8, 1.05))
    mixed = picture + cover * (lit - picture)
    if rng.random() < 0.15:
        # A bumper, a rope or a hand's breadth of tarpaulin over one edge.
        edge = int(rng.integers(4))
        ends = corners[[edge, (edge + 1) % 4]]
        thick = max(int(rng.uniform(0.01, 0.06) * np.ptp(corners[:, 0])), 1)
        first, last = (tuple(int(v) for v in end) for end in ends + rng.normal(0, 2, (2, 2)))
        cv2.line(mixed, first, last, colour(rng), thick, cv2.LINE_AA)
    return np.clip(mixed, 0, 255).astype(np.uint8)


def scenery(width: int, height: int, rng: Generator) -> Picture:
    """Paint, bumpers, grilles, lamps, lettering: what stands around plates."""
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = colour(rng)
    ends = rng.uniform(0.7, 1.2, 2)
    picture *= np.linspace(*ends, height, dtype=np.float32)[:, None, None]
    if rng.random() < 0.7:
        cells = (int(rng.integers(2, 7)), int(rng.integers(2, 9)))
        cloud = rng.normal(0, rng.uniform(3, 35), (*cells, 1 if rng.random() < 0.6 else 3))
        wide = cv2.resize(cloud.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        picture += wide.reshape(height, width, -1)
    flat = np.clip(picture, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 9))):
        _part(flat, rng)
    if rng.random() < 0.4:
        flat = np.asarray(cv2.GaussianBlur(flat, (0, 0), rng.uniform(0.3, 1.5)), np.uint8)
    for _ in range(int(rng.integers(0, 3)) if rng.random() < 0.35 else 0):
        _lettering(flat, rng)
    return flat


def _part(picture: Picture, rng: Generator) -> None:
    """One thing of a vehicle's face, wherever it falls."""
    height, width = picture.shape[:2]
    x, y = int(rng.uniform(-0.2, 1) * width), int(rng.uniform(-0.2, 1) * height)
    kind = rng.integers(6)
    ink = colour(rng)
    if kind == 0:  # a band across: bumper, bonnet's edge, shadow below
        cv2.rectangle(picture, (0, y), (width, y + int(rng.uniform(0.03, 0.4) * height)), ink, -1)
    elif kind == 1:  # a box with sides of its own
        size = (int(rng.uniform(0.1, 0.9) * width), int(rng.uniform(0.05, 0.6) * height))
        cv2.rectangle(picture, (x, y), (x + size[0], y + size[1]), ink, int(rng.choice((-1, 1, 2))))
    elif kind == 2:  # a grille
        step = max(int(rng.uniform(0.03, 0.15) * height), 2)
        upright = rng.random() < 0.3
        for at in range(0, width if upright else height, step):
            ends = ((at, y), (at, height)) if upright else ((x, at), (width, at))
            cv2.line(picture, *ends, ink, max(step // 3, 1))
    elif kind == 3:  # a lamp
        axes = (int(rng.uniform(0.03, 0.25) * width) + 1, int(rng.uniform(0.03, 0.25) * height) + 1)
        cv2.ellipse(picture, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, ink, -1, cv2.LINE_AA)
    elif kind == 4:  # a seam or a pipe, aslant
        end = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        cv2.line(picture, (x, y), end, ink, int(rng.integers(1, 5)), cv2.LINE_AA)
    else:  # a plane seen aslant
        corners = rng.uniform(-0.2, 1.2, (int(rng.integers(3, 6)), 2)) * (width, height)
        cv2.fillPoly(picture, [corners.astype(np.int32)], ink, cv2.LINE_AA)


def _lettering(picture: Picture, rng: Generator) -> None:
    """Words that are no plate: a maker's name, a telephone number, a warning."""
    height, width = picture.shape[:2]
    tall = max(int(rng.uniform(0.08, 0.35) * height), 6)
    text = numbering.serial(rng, int(rng.integers(2, 10)), float(rng.random()))
    if rng.random() < 0.4:
        text = "".join(numbering.pick(rng, numbering.PROVINCES + "挂警学领使") for _ in text)
    x, y = int(rng.uniform(-0.1, 0.7) * width), int(rng.uniform(0, 0.9) * height)
    ink = np.array(colour(rng), np.float32)
    if rng.random() < 0.5:
        board = (x + int(0.65 * tall * len(text)), y + tall)
        cv2.rectangle(picture, (max(x, 0), y), board, colour(rng), -1)
    for character in text:
        wide = max(int(0.6 * tall), 3)
        if x >= 0 and x + wide < width and y + tall < height:
            mask = glyph(LETTERED, character, wide, tall)[..., None]
            part = picture[y : y + tall, x : x + wide]
            part[:] = (part + mask * (ink - part)).astype(np.uint8)
        x += wide + 1


def colour(rng: Generator) -> tuple[float, float, float]:
    """Mostly grey, black and white; sometimes paint."""
    grey = rng.uniform(0, 255)
    spread = rng.normal(0, 45 if rng.random() < 0.3 else 8, 3)
    blue, green, red = np.clip(grey + spread, 0, 255).tolist()
    return blue, green, red
