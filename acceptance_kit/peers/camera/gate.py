"""Draws the empty gate that the camera looks at, and the words that call the picture simulated."""

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from acceptance_kit.peers.camera.brush import Canvas, Colour, Picture
from acceptance_kit.peers.camera.trucks import DUSK_TINT, Light
from appliance.fonts import chinese_font

WIDTH, HEIGHT = 1280, 720
HORIZON = 244
VANISHING = (640.0, float(HORIZON))
ASPHALT: Colour = (104, 102, 100)
GRASS: Colour = (92, 128, 112)
STRIPES: tuple[Colour, Colour] = ((35, 190, 245), (38, 36, 36))
DRAWN_NOTE = "模拟画面 SYNTHETIC"
PHOTO_NOTE = "照片回放 REPLAY"


@cache
def gate(light: Light) -> Picture:
    """The idle gate, 1280x720 BGR, not to be written to."""
    canvas = Canvas(WIDTH, HEIGHT)
    _sky(canvas)
    _works(canvas)
    _ground(canvas)
    _booth(canvas)
    _barrier(canvas)
    view, _ = canvas.finish()
    rng = np.random.default_rng(20261124)
    grain = rng.normal(0, 2.0, (HEIGHT, WIDTH, 1)).astype(np.float32)
    grain[:HORIZON] *= 0.3
    toned = view + grain
    if light == "dusk":
        toned = toned * DUSK_TINT + rng.normal(0, 2.5, view.shape).astype(np.float32)
        _lamplight(toned)
    finished: Picture = np.clip(toned, 0, 255).astype(np.uint8)
    finished.setflags(write=False)
    return finished


def _towards(x: float, share: float) -> tuple[float, float]:
    """From the picture's lower edge at `x` the given share of the way to the vanishing point."""
    return x + (VANISHING[0] - x) * share, HEIGHT + (VANISHING[1] - HEIGHT) * share


def _sky(canvas: Canvas) -> None:
    for row in range(0, HORIZON, 4):
        depth = row / HORIZON
        tone = (round(226 + 12 * depth), round(192 + 36 * depth), round(158 + 66 * depth))
        canvas.box(0, row, WIDTH, row + 4, tone)


def _works(canvas: Canvas) -> None:
    """Sheds and stacks of the plant, hazy with distance."""
    canvas.box(820, 96, 838, HORIZON, (176, 172, 172))
    canvas.box(820, 96, 838, 106, (120, 120, 190))
    canvas.box(872, 130, 886, HORIZON, (182, 178, 178))
    for left, top, right, tone in (
        (690, 196, 1010, 168),
        (980, 176, 1280, 156),
        (300, 190, 560, 164),
    ):
        canvas.box(left, top, right, HORIZON, (tone + 6, tone + 2, tone))
        for bay in range(left + 20, right - 20, 44):
            canvas.box(bay, top + 18, bay + 24, top + 30, (tone - 34, tone - 40, tone - 44))
    for tree in range(0, WIDTH, 46):
        high = 16 + tree * 37 % 13
        canvas.ellipse(tree, HORIZON - 4, 34, high, (104, 132, 112))


def _ground(canvas: Canvas) -> None:
    field = [(0, HORIZON), (WIDTH, HORIZON), (WIDTH, HEIGHT), (0, HEIGHT)]
    canvas.shaded(field, GRASS, 1.12, 0.92)
    far = 0.985
    road = [_towards(-260, far), _towards(1540, far), (1540, HEIGHT), (-260, HEIGHT)]
    canvas.shaded(road, ASPHALT, 1.14, 0.9)
    for track in (440, 840):  # where all the wheels run
        canvas.polygon(
            [
                (track - 60, HEIGHT),
                (track + 60, HEIGHT),
                _towards(track + 60, 0.9),
                _towards(track - 60, 0.9),
            ],
            (70, 68, 67),
            0.35,
        )
    for edge, inner in (
        (-40, 24),
        (1320, 1256),
    ):  # kerbs in black and yellow, shorter with distance
        steps = [1 - 1 / (1 + 0.22 * step) for step in range(40)]
        for step, (start, end) in enumerate(pairwise(steps)):
            canvas.polygon(
                [
                    _towards(edge, start),
                    _towards(inner, start),
                    _towards(inner, end),
                    _towards(edge, end),
                ],
                STRIPES[step % 2],
            )
    canvas.polygon(  # the stop line
        [_towards(60, 0.06), _towards(1220, 0.06), _towards(1220, 0.1), _towards(60, 0.1)],
        (214, 218, 218),
    )


def _booth(canvas: Canvas) -> None:
    """The guard's booth on the left."""
    canvas.box(28, 214, 196, 520, (196, 200, 198))
    canvas.box(14, 196, 212, 218, (120, 84, 44))
    canvas.box(48, 252, 178, 366, (96, 84, 72))
    canvas.polygon([(60, 252), (104, 252), (78, 366), (48, 366), (48, 300)], (176, 164, 150), 0.5)
    canvas.line((113, 252), (113, 366), (206, 208, 206), 5)
    canvas.box(28, 500, 196, 524, (128, 130, 128))


def _barrier(canvas: Canvas) -> None:
    """The barrier's post on the right, its boom raised."""
    base, pivot = (1190.0, 566.0), (1190.0, 384.0)
    for part in range(7):
        lower, upper = part / 7, (part + 1) / 7
        tip = (1262.0, -30.0)
        start = (pivot[0] + (tip[0] - pivot[0]) * lower, pivot[1] + (tip[1] - pivot[1]) * lower)
        end = (pivot[0] + (tip[0] - pivot[0]) * upper, pivot[1] + (tip[1] - pivot[1]) * upper)
        canvas.line(start, end, (40, 40, 200) if part % 2 else (238, 238, 238), 13)
    canvas.ellipse(base[0], base[1] + 4, 70, 12, (30, 30, 30), opacity=0.35)
    canvas.box(base[0] - 34, pivot[1] - 26, base[0] + 34, base[1], (34, 128, 236), radius=8)
    canvas.box(base[0] - 24, pivot[1] + 36, base[0] + 24, base[1] - 14, (30, 112, 210), radius=4)
    canvas.ellipse(pivot[0], pivot[1], 17, 17, (60, 58, 58))


def _lamplight(toned: NDArray[np.float32]) -> None:
    """Warm light from the booth's window at dusk; kept small, so that the change of light between
    two vehicles does not look like a third one to a watcher of the empty lane.
    """
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    near = ((columns - 113) / 70) ** 2 + ((rows - 310) / 62) ** 2
    toned += np.exp(-near * 1.6)[:, :, None] * np.array((34, 74, 96), np.float32)


@cache
def note(words: str) -> Picture:
    """White words on a dark strip, BGR, to be laid into the picture's upper left corner."""
    font = chinese_font(22)
    _, _, right, bottom = font.getbbox(words)
    strip = Image.new("RGB", (round(right) + 20, round(bottom) + 10), (40, 40, 40))
    ImageDraw.Draw(strip).text((10, 3), words, fill=(235, 235, 235), font=font)
    return cv2.cvtColor(np.asarray(strip), cv2.COLOR_RGB2BGR).astype(np.uint8)
