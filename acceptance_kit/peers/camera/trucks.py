"""Draws the front of a truck: a schematic one, but with all that a plate reader may trip over.

Two builds: the heavy truck of the yellow plates and the light truck of the blue and the green.
The paint is chosen by the plate's text, so a vehicle looks the same whenever it comes.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np

from acceptance_kit.peers.camera.brush import Canvas, Colour, Picture, shade
from acceptance_kit.peers.camera.plates import draw_plate, plate_millimetres
from appliance.guideline.dictionaries import PlateColour

Light = Literal["day", "dusk"]


WIDTH, HEIGHT = 860, 740
MIDDLE = WIDTH / 2
GROUND = 700  # the row in which the front tyres stand
PLATE_PX_PER_MM = 200 / 440
DUSK_TINT = np.array((0.47, 0.41, 0.385), np.float32)
LAMP: Colour = (215, 245, 255)
RUBBER: Colour = (32, 30, 30)
PLASTIC: Colour = (58, 54, 52)
CHROME: Colour = (205, 205, 200)
PAINTS: tuple[Colour, ...] = (
    (38, 34, 178),  # red
    (226, 228, 226),  # white
    (150, 78, 28),  # blue
    (88, 118, 36),  # green
    (28, 108, 214),  # orange
    (168, 164, 158),  # silver
)


@dataclass(frozen=True, slots=True)
class Build:
    """Measures of a truck's front in pixels; `half` widths are from the middle."""

    cab_half: int
    roof: int
    glass: tuple[int, int]
    body_half: int
    body_top: int
    visor: bool


HEAVY = Build(cab_half=292, roof=112, glass=(160, 338), body_half=330, body_top=40, visor=True)
LIGHT = Build(cab_half=248, roof=212, glass=(232, 394), body_half=300, body_top=96, visor=False)


@dataclass(frozen=True, slots=True)
class Sprite:
    """A truck ready to be laid over a background.

    `layer` is BGRA with premultiplied alpha: a colour above its alpha adds light, which is how
    the glow of headlights gets onto the road. `smaller` are the same at half and quarter size.
    `plate` is where the plate is: left, top, width, height in pixels of `layer`.
    """

    layer: Picture
    smaller: tuple[Picture, Picture]
    plate: tuple[int, int, int, int]


@lru_cache(maxsize=8)
def truck(plate: str, colour: PlateColour, light: Light) -> Sprite:
    """The truck that carries this plate; raises ValueError as `draw_plate` does."""
    heavy = colour in {PlateColour.YELLOW, PlateColour.YELLOW_GREEN}
    build = HEAVY if heavy else LIGHT
    chance = zlib.crc32(plate.encode())
    paint = PAINTS[chance % len(PAINTS)]
    canvas = Canvas(WIDTH, HEIGHT)
    _underneath(canvas, build)
    _body(canvas, build)
    _cab(canvas, build, paint)
    _glass(canvas, build)
    _mirrors(canvas, build)
    _face(canvas, build, paint)
    lamps = _lamps(canvas, build)
    place = _bumper(canvas, build, paint, plate_millimetres(colour))
    colours, cover = canvas.finish()
    if light == "dusk":
        colours = _in_the_dusk(colours, chance)
    _mount(colours, place, draw_plate(plate, colour), 0.72 if light == "dusk" else 0.97)
    layer = _premultiplied(colours, cover)
    if light == "dusk":
        _glow(layer, lamps)
    half = cv2.resize(layer, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    quarter = cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return Sprite(layer, (_picture(half), _picture(quarter)), place)


def _underneath(canvas: Canvas, build: Build) -> None:
    """Shadow, axle and tyres."""
    for reach, depth in ((1.16, 0.16), (1.08, 0.2), (1.0, 0.28)):
        half = build.body_half * reach
        canvas.ellipse(MIDDLE, GROUND - 4, half, 26 * reach, (20, 20, 20), opacity=depth)
    canvas.box(MIDDLE - build.cab_half + 60, 610, MIDDLE + build.cab_half - 60, 668, (26, 25, 24))
    for side in (-1, 1):
        near, far = MIDDLE + side * (build.cab_half - 104), MIDDLE + side * (build.cab_half - 14)
        left, right = min(near, far), max(near, far)
        canvas.box(left, 560, right, GROUND, RUBBER, radius=14)
        for groove in range(1, 4):
            x = left + (right - left) * groove / 4
            canvas.line((x, 640), (x, GROUND - 4), (18, 17, 17), 3)


def _body(canvas: Canvas, build: Build) -> None:
    """The front wall of the load body, which stands out behind the cab."""
    left, right, top = MIDDLE - build.body_half, MIDDLE + build.body_half, build.body_top
    canvas.box(left + 16, 570, right - 16, 622, (38, 37, 36))
    for start in (left + 14, right - 104):  # the rear tyres, farther off and therefore higher
        canvas.box(start, 590, start + 90, GROUND - 18, (24, 23, 23), radius=12)
    canvas.box(left, top, right, 590, (128, 132, 130))
    canvas.box(left + 12, top + 12, right - 12, 590, (154, 158, 156))
    for rib in range(1, 12):
        x = left + (right - left) * rib / 12
        canvas.line((x, top + 14), (x, 588), (138, 142, 140), 4)
    canvas.box(left, top, right, top + 12, (104, 108, 106))
    for side in (-1, 1):  # outline lamps
        canvas.box(
            MIDDLE + side * (build.body_half - 20) - 9,
            top + 2,
            MIDDLE + side * (build.body_half - 20) + 9,
            top + 9,
            (40, 130, 250),
        )


def _cab(canvas: Canvas, build: Build, paint: Colour) -> None:
    """The cab's shell with roof, pillars and door edges."""
    half, roof = build.cab_half, build.roof
    shell = [
        (MIDDLE - half + 34, roof),
        (MIDDLE + half - 34, roof),
        (MIDDLE + half - 8, roof + 34),
        (MIDDLE + half, 420),
        (MIDDLE + half, 640),
        (MIDDLE - half, 640),
        (MIDDLE - half, 420),
        (MIDDLE - half + 8, roof + 34),
    ]
    canvas.polygon(shell, shade(paint, 0.62))
    inner = [(MIDDLE + (x - MIDDLE) * 0.972, max(y, roof + 3)) for x, y in shell]
    canvas.shaded(inner, paint, 1.04, 0.9)
    if build.visor:
        y = build.glass[0] - 6
        wide = half - 14
        canvas.polygon(
            [
                (MIDDLE - wide + 20, y - 26),
                (MIDDLE + wide - 20, y - 26),
                (MIDDLE + wide, y + 14),
                (MIDDLE - wide, y + 14),
            ],
            shade(PLASTIC, 0.8),
        )
        for place in (-0.62, -0.2, 0.2, 0.62):
            canvas.box(
                MIDDLE + place * half - 13,
                roof + 6,
                MIDDLE + place * half + 13,
                roof + 14,
                (40, 140, 250),
            )


def _glass(canvas: Canvas, build: Build) -> None:
    """The windscreen: dark, with the sky in it, a driver behind it and wipers before it."""
    top, bottom = build.glass
    above, below = build.cab_half - 34, build.cab_half - 20

    def edge(inset: float) -> list[tuple[float, float]]:
        return [
            (MIDDLE - above + inset, top + inset),
            (MIDDLE + above - inset, top + inset),
            (MIDDLE + below - inset, bottom - inset),
            (MIDDLE - below + inset, bottom - inset),
        ]

    canvas.polygon(edge(0), (26, 24, 24))
    canvas.shaded(edge(6), (92, 78, 66), 1.25, 0.55)
    seat = MIDDLE + build.cab_half * 0.46  # the driver sits on the left, our right
    canvas.ellipse(seat, bottom - 8, 50, 62, (44, 40, 38))
    canvas.ellipse(seat, bottom - 88, 22, 27, (70, 84, 108))
    canvas.box(seat - 60, bottom - 26, seat + 46, bottom - 6, (30, 28, 28), radius=8)
    for left, wide in ((-0.62, 0.26), (-0.26, 0.1)):
        x = MIDDLE + left * build.cab_half
        span = wide * build.cab_half
        slant = (bottom - top) * 0.5
        canvas.polygon(
            [
                (x + slant, top + 8),
                (x + slant + span, top + 8),
                (x + span, bottom - 8),
                (x, bottom - 8),
            ],
            (205, 190, 176),
            0.22,
        )


def _mirrors(canvas: Canvas, build: Build) -> None:
    for side in (-1, 1):
        door = MIDDLE + side * (build.cab_half - 4)
        arm = MIDDLE + side * (build.cab_half + 34)
        top = build.glass[0] + 6
        canvas.line((door, top + 8), (arm, top + 4), PLASTIC, 7)
        canvas.line((door, top + 118), (arm, top + 122), PLASTIC, 7)
        canvas.box(arm - 22, top, arm + 22, top + 84, (40, 38, 37), radius=9)
        canvas.box(arm - 22, top + 90, arm + 22, top + 128, (40, 38, 37), radius=9)


def _face(canvas: Canvas, build: Build, paint: Colour) -> None:
    """Below the glass, and over the driver's lap: panel, wipers, grille with a maker's ring."""
    top, half = build.glass[1], build.cab_half
    panel = [
        (MIDDLE - half + 12, top),
        (MIDDLE + half - 12, top),
        (MIDDLE + half - 9, 630),
        (MIDDLE - half + 9, 630),
    ]
    canvas.shaded(panel, paint, 1.0, 0.88)
    canvas.box(MIDDLE - half + 20, top - 3, MIDDLE + half - 20, top + 7, (30, 29, 28))
    for pivot in (-0.5, 0.12):
        x = MIDDLE + pivot * half
        canvas.line((x, top + 2), (x + 120, top - 24), (16, 16, 16), 4)
    seam = shade(paint, 0.6)
    canvas.line((MIDDLE - half + 12, top + 24), (MIDDLE + half - 12, top + 24), seam, 3)
    grille_top, grille_half = top + 44, half - 86
    canvas.polygon(
        [
            (MIDDLE - grille_half - 16, grille_top),
            (MIDDLE + grille_half + 16, grille_top),
            (MIDDLE + grille_half - 10, 506),
            (MIDDLE - grille_half + 10, 506),
        ],
        (30, 29, 28),
    )
    slats = 3 if 506 - grille_top < 100 else 5
    for slat in range(slats):
        y = grille_top + (506 - grille_top) * (slat + 0.5) / slats
        canvas.line((MIDDLE - grille_half, y), (MIDDLE + grille_half, y), (112, 110, 106), 5)
    middle = (grille_top + 506) / 2
    canvas.ellipse(MIDDLE, middle, 38, 27, CHROME)
    canvas.ellipse(MIDDLE, middle, 29, 19, (44, 42, 42))
    canvas.polygon(
        [(MIDDLE, middle - 17), (MIDDLE + 20, middle + 12), (MIDDLE - 20, middle + 12)], CHROME
    )


def _lamps(canvas: Canvas, build: Build) -> list[tuple[float, float]]:
    """Headlights and indicators; returns the headlights' centres."""
    centres = []
    for side in (-1, 1):
        x = MIDDLE + side * (build.cab_half - 66)
        canvas.box(x - 58, 500, x + 58, 556, (44, 42, 41), radius=12)
        canvas.box(x - 52, 505, x + 52, 551, (150, 148, 142), radius=10)
        canvas.ellipse(x - side * 20, 528, 21, 20, CHROME)
        canvas.ellipse(x - side * 20, 528, 15, 14, LAMP)
        canvas.ellipse(x + side * 14, 528, 12, 13, (225, 225, 220))
        canvas.box(x + side * 40 - 9, 508, x + side * 40 + 9, 548, (30, 125, 240), radius=6)
        centres.append((x - side * 20, 528.0))
    return centres


def _bumper(
    canvas: Canvas, build: Build, paint: Colour, plate_mm: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The bumper with its recess; returns where the plate goes."""
    half = build.cab_half + 6
    canvas.box(MIDDLE - half, 562, MIDDLE + half, 662, shade(paint, 0.5), radius=18)
    canvas.box(MIDDLE - half + 4, 564, MIDDLE + half - 4, 650, shade(paint, 0.86), radius=16)
    canvas.box(MIDDLE - half + 30, 644, MIDDLE + half - 30, 664, PLASTIC, radius=6)
    for side in (-1, 1):
        x = MIDDLE + side * (build.cab_half - 70)
        canvas.box(x - 44, 580, x + 44, 628, PLASTIC, radius=10)
        canvas.ellipse(x, 604, 19, 18, (190, 190, 184))
        canvas.ellipse(x, 604, 12, 11, (232, 232, 228))
    width, height = (round(side * PLATE_PX_PER_MM) for side in plate_mm)
    left, top = round(MIDDLE - width / 2), round(606 - height / 2)
    canvas.box(left - 10, top - 8, left + width + 10, top + height + 8, (40, 38, 38), radius=5)
    return left, top, width, height


def _mount(
    colours: Picture, place: tuple[int, int, int, int], plate: Picture, brightness: float
) -> None:
    """Screw the plate on; its foil throws the camera's own light back, so it stays bright."""
    left, top, width, height = place
    small = cv2.resize(plate, (width, height), interpolation=cv2.INTER_AREA)
    colours[top : top + height, left : left + width] = (small * brightness).astype(np.uint8)


def _in_the_dusk(colours: Picture, chance: int) -> Picture:
    """Less and bluer light, and the noise of a camera that has turned its gain up."""
    noise = np.random.default_rng(chance).normal(0, 3.5, colours.shape).astype(np.float32)
    dark: Picture = np.clip(colours * DUSK_TINT + noise, 0, 255).astype(np.uint8)
    return dark


def _premultiplied(colours: Picture, cover: Picture) -> Picture:
    share = cover[:, :, None].astype(np.float32) / 255
    lit: Picture = np.dstack([(colours * share).round().astype(np.uint8), cover])
    return lit


def _glow(layer: Picture, lamps: list[tuple[float, float]]) -> None:
    """Headlights that are on: burnt-out lamps with a halo, and light on the road."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = np.zeros((HEIGHT, WIDTH), np.float32)
    for x, y in lamps:
        near = (columns - x) ** 2 + (rows - y) ** 2
        light += 1.1 * np.exp(-near / 480) + 0.34 * np.exp(-near / 3200)
        light += 0.26 * np.exp(-((columns - x) ** 2) / 9000 - (rows - GROUND - 8) ** 2 / 500)
    layer[:, :, :3] = np.clip(
        layer[:, :, :3] + light[:, :, None] * np.array(LAMP, np.float32), 0, 255
    )


def _picture(array: object) -> Picture:
    return np.asarray(array, np.uint8)
