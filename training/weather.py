"""What road, light, lens and detector do to a plate before it is read.

Every effect grows with one `severity` (0 to 1) of the picture, so that most pictures stay legible:
an illegible one only teaches guessing.
"""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.plates import Picture

Floats = NDArray[np.float32]

LOOSE_SHARE, LOOSENESS = 1 / 3, 1.9
"""How many cuts have corners farther off than y5fu_640's, and by what factor: clp_det's scatter by
about 2.5 % of the width and 4.5 % of the height."""

INFRARED_SHARE = 0.15
"""How many pictures have no colour, as cameras make them by night in infrared light."""


def soil(plate: Picture, rng: Generator, severity: float) -> Picture:
    """Dirt, screws, a frame and dents of shade on the plate itself."""
    height, width = plate.shape[:2]
    picture = plate.copy()
    for x in (0.27, 0.73):
        for y in (0.07, 0.93):
            if rng.random() < 0.35:
                grey = int(rng.integers(40, 230))
                place = (int(x * width + rng.normal(0, 3)), int(y * height))
                cv2.circle(picture, place, int(rng.integers(2, 5)), (grey, grey, grey), -1)
    if rng.random() < 0.9 * severity:
        cells = (int(rng.integers(3, 9)), int(rng.integers(2, 5)))
        patch = cv2.resize(
            rng.random(cells[::-1], np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        fine = cv2.resize(rng.random((height // 3, width // 3), np.float32), (width, height))
        cover = np.clip((patch * 0.75 + fine * 0.35) - rng.uniform(0.45, 0.8), 0, 1) * rng.uniform(
            0.5, 1.8
        )
        dirt = np.array((70, 90, 110), np.float32) * rng.uniform(0.4, 1.7)
        share = np.clip(cover, 0, 0.85)[..., None].astype(np.float32)
        picture = (picture + share * (dirt - picture)).clip(0, 255).astype(np.uint8)
    return picture


def surroundings(width: int, height: int, rng: Generator) -> Picture:
    """Bumper and grille around a plate: a few flat parts and lines."""
    base = rng.integers(10, 200) + rng.normal(0, 12, 3)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = np.clip(base, 0, 255)
    for _ in range(int(rng.integers(0, 4))):
        grey = int(rng.integers(0, 255))
        colour = tuple(int(v) for v in np.clip(grey + rng.normal(0, 20, 3), 0, 255))
        y = int(rng.integers(0, height))
        lower = y + int(rng.integers(1, max(height // 3, 2)))
        cv2.rectangle(picture, (0, y), (width, lower), colour, -1)
    return picture


def straightened(
    plate: Picture, rng: Generator, severity: float, size: tuple[int, int], slant: float
) -> Picture:
    """The plate as a detector cuts it out: corners a little off, edges cut or bumper in sight.

    `size` is the cut's width and height; `slant` adds the shear of boxes without corners.
    """
    width, height = size
    tall, wide = plate.shape[:2]
    source = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)], np.float32)
    off = (0.4 + 0.9 * severity) * (LOOSENESS if rng.random() < LOOSE_SHARE else 1.0)
    margin = rng.normal(0.012, 0.022 * off, (4, 2)) + rng.normal(0.0, 0.016 * off, 2)
    signs = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    target = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) + signs * margin * (1.0, 2.0)
    lift = rng.normal(0, slant) if slant else 0.0
    target[[1, 2], 1] += lift
    lean = rng.normal(0, 0.3 * slant) if slant else 0.0
    target[[0, 1], 0] += lean
    matrix = cv2.getPerspectiveTransform(source, (target * size).astype(np.float32))
    ground = surroundings(width, height, rng)
    shrink = tall / height
    if shrink > 1.6:
        # A camera averages over a pixel; warping alone would skip.
        plate = cv2.GaussianBlur(plate, (0, 0), 0.35 * shrink).astype(np.uint8)
    mode = cv2.BORDER_TRANSPARENT if rng.random() < 0.8 else cv2.BORDER_REPLICATE
    cut = cv2.warpPerspective(
        plate, matrix, size, dst=ground, flags=cv2.INTER_LINEAR, borderMode=mode
    )
    return np.asarray(cut, np.uint8)


def light(picture: Floats, rng: Generator, severity: float) -> Floats:
    """Dusk, shadow, haze, glare and the colour of the light; 0 to 255 in and out, unclipped."""
    height, width = picture.shape[:2]
    picture = picture * np.exp(rng.normal(0, 0.05 + 0.14 * severity, 3)).astype(np.float32)
    if rng.random() < 0.5:
        ends = rng.uniform(1 - 0.5 * severity, 1 + 0.25 * severity, 2)
        picture = picture * np.linspace(*ends, width, dtype=np.float32)[None, :, None]
    if rng.random() < 0.15:
        edge = np.clip(
            (np.arange(width) - rng.uniform(0, width)) * rng.choice((-1, 1))
            + rng.normal(0, 0.3) * np.arange(height)[:, None],
            0,
            3,
        )
        picture = picture * (1 - edge / 3 * rng.uniform(0.2, 0.65))[..., None].astype(np.float32)
    if rng.random() < 0.35 * severity + 0.05:
        grey = picture.mean(axis=2, keepdims=True)
        picture = picture + rng.uniform(0.1, 0.8) * (grey - picture)
    if rng.random() < 0.45 * severity + 0.05:
        veil = rng.uniform(60, 230) + rng.normal(0, 10, 3)
        picture = picture + rng.uniform(0.1, 0.35 + 0.4 * severity) * (veil - picture)
    if rng.random() < 0.1 + 0.1 * severity:
        spot = np.zeros((height, width), np.float32)
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        axes = (int(rng.uniform(0.05, 0.3) * width) + 1, int(rng.uniform(0.2, 0.7) * height) + 1)
        cv2.ellipse(spot, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        spot = cv2.GaussianBlur(spot, (0, 0), 0.15 * height + 1)
        picture = picture + (spot * rng.uniform(40, 150))[..., None]
    if rng.random() < 0.55:
        dark = rng.random() < 0.6
        gain = (
            np.exp(-rng.uniform(0, 0.5 + 1.3 * severity))
            if dark
            else rng.uniform(1.0, 1.5 + 0.3 * severity)
        )
        picture = picture * gain
    return np.asarray(picture, np.float32)


def lens(picture: Floats, rng: Generator, severity: float) -> Floats:
    """Out of focus, motion, rain and the camera's own sharpening."""
    height = picture.shape[0]
    if rng.random() < 0.6:
        spread = rng.uniform(0.1, 0.02 * height * (0.6 + 2.2 * severity) + 0.25)
        picture = cv2.GaussianBlur(picture, (0, 0), spread)
    if rng.random() < 0.4 * severity + 0.05:
        length = int(2 + rng.uniform(0, 0.16) * height * (0.5 + severity))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.normal(0, 0.5) if rng.random() < 0.7 else np.pi / 2
        half = (length - 1) / 2
        step = np.array((np.cos(angle), np.sin(angle))) * half
        start, end = (tuple(round(half + sign * s) for s in step) for sign in (-1, 1))
        cv2.line(kernel, start, end, 1.0, 1)
        picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    if rng.random() < 0.12 * severity:
        for _ in range(int(rng.integers(2, 12))):
            x, y = rng.uniform(0, picture.shape[1]), rng.uniform(0, height)
            end = (int(x + rng.normal(0, 2)), int(y + rng.uniform(0.2, 0.7) * height))
            cv2.line(picture, (int(x), int(y)), end, (float(rng.uniform(120, 240)),) * 3, 1)
    if rng.random() < 0.2:
        picture = picture + rng.uniform(0.3, 1.5) * (
            picture - cv2.GaussianBlur(picture, (0, 0), 1.2)
        )
    return np.asarray(picture, np.float32)


def sensor(picture: Floats, rng: Generator, severity: float) -> Picture:
    """Infrared light, noise and JPEG."""
    if rng.random() < INFRARED_SHARE:
        # What a paint throws back of infrared light is not what its colour lets one expect.
        picture = np.asarray(picture @ rng.dirichlet((1, 1, 1)), np.float32)[..., None]
    if rng.random() < 0.6:
        noise = rng.standard_normal(picture.shape, np.float32)
        picture = picture + noise * rng.uniform(0, 4 + 14 * severity)
    if picture.shape[2] == 1:
        picture = np.repeat(picture, 3, axis=2)
    stored = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        quality = int(rng.uniform(95 - 70 * severity, 96))
        stored = cv2.imdecode(
            cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR
        )
    return np.asarray(stored, np.uint8)


def photograph(cut: Picture, rng: Generator, severity: float) -> Picture:
    """Light, lens and sensor upon a cut-out plate."""
    return sensor(lens(light(cut.astype(np.float32), rng, severity), rng, severity), rng, severity)
