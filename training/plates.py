"""Drawing plates by the measures of GA 36, in millimetres, at half a pixel each.

A plate is a ground, inks and cells: 440 x 140 for one row, 480 x 140 for new energy, 440 x 220 for
two rows. What the road does to it is weather.py's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from appliance.guideline.dictionaries import PlateColour
from training import numbering
from training.glyphs import LETTERED, Mask, glyph

SCALE = 0.5
"""Pixels a millimetre."""

LETTERED_SHARE = 0.06
"""How many single-row plates are drawn in a typeface."""

Picture = NDArray[np.uint8]
Cell = tuple[float, float, float, float]
"""x, y, width, height in millimetres."""
Ink = tuple[float, float, float]
"""Blue, green, red."""

WHITE, BLACK, RED = (245.0, 245.0, 245.0), (22.0, 22.0, 22.0), (35.0, 25.0, 205.0)


@dataclass(frozen=True, slots=True)
class Plate:
    """A clean plate: its picture (blue first), text, colour, rows, and where each character's
    middle stands as a share of the line that the reader is shown."""

    picture: Picture
    text: str
    colour: PlateColour
    rows: int
    middles: tuple[float, ...]


def _line(
    widths: list[float], gaps: list[float], top: float, height: float, span: float
) -> list[Cell]:
    """Cells side by side, centred on the plate's width."""
    x = (span - sum(widths) - sum(gaps)) / 2
    cells = []
    for width, gap in zip(widths, [*gaps, 0.0], strict=True):
        cells.append((x, top, width, height))
        x += width + gap
    return cells


def _single(dot_after: int = 2) -> list[Cell]:
    """Seven characters, 45 x 90, 12 apart, 34 where the dot stands."""
    gaps = [34.0 if place == dot_after else 12.0 for place in range(1, 7)]
    return _line([45.0] * 7, gaps, 25, 90, 440)


ORDINARY = _single()
EMBASSY_OLD, EMBASSY_NEW = _single(4), _single(3)
ENERGY = _line([45.0] + [43.0] * 7, [9.0, 49.0] + [9.0] * 5, 25, 90, 480)
EMERGENCY = _line([43.0] * 8, [9.0, 34.0] + [9.0] * 5, 25, 90, 480)
DOUBLE = _line([80.0] * 2, [60.0], 15, 60, 440) + _line([65.0] * 5, [15.0] * 4, 90, 110, 440)
_WJ = _line([45.0, 45.0, 34.0] + [45.0] * 5, [4.0, 6.0, 16.0] + [8.0] * 4, 25, 90, 440)
ARMED_POLICE = [*_WJ[:2], (_WJ[2][0], 62.0, 34.0, 50.0), *_WJ[3:]]
_WJ_UPPER = _line([65.0, 65.0, 55.0], [18.0, 30.0], 15, 60, 440)
ARMED_POLICE_DOUBLE = _WJ_UPPER + DOUBLE[2:]
AVIATION = _single()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of plate: how often it is drawn, its text, colours and places."""

    name: str
    share: float
    text: Callable[[Generator], str]
    colour: PlateColour
    cells: list[Cell]
    ink: Ink
    rows: int = 1
    red: str = ""
    """Characters in red; `^` stands for the first two."""

    @property
    def energy(self) -> bool:
        """Whether it is a new-energy plate, with a typeface of its own and no dot."""
        return self.cells is ENERGY

    @property
    def width(self) -> int:
        """Millimetres."""
        return 480 if self.cells is ENERGY or self.cells is EMERGENCY else 440

    def style(self, top: float) -> str:
        """The glyphs of a cell whose upper edge is at `top`."""
        if self.rows == 2:
            return "220_up" if top < 60 else "220_down"
        return "green" if self.energy else "140"


n = numbering
GROUND = PlateColour
KINDS = (
    Kind("blue", 26, n.blue, GROUND.BLUE, ORDINARY, WHITE),
    Kind("yellow", 15, n.yellow, GROUND.YELLOW, ORDINARY, BLACK),
    Kind("double yellow", 15, n.yellow, GROUND.YELLOW, DOUBLE, BLACK, 2),
    Kind("trailer", 10, n.trailer, GROUND.YELLOW, DOUBLE, BLACK, 2),
    Kind("learner", 2.5, n.learner, GROUND.YELLOW, ORDINARY, BLACK),
    Kind("small energy", 9, n.small_energy, GROUND.GREEN, ENERGY, BLACK),
    Kind("large energy", 6, n.large_energy, GROUND.YELLOW_GREEN, ENERGY, BLACK),
    Kind("police", 4, n.police, GROUND.WHITE, ORDINARY, BLACK, red="警"),
    Kind("army", 3, n.army, GROUND.WHITE, ORDINARY, BLACK, red="^"),
    Kind("army double", 1.5, n.army, GROUND.WHITE, DOUBLE, BLACK, 2, "^"),
    Kind("armed police", 3, n.armed_police, GROUND.WHITE, ARMED_POLICE, BLACK, red="^"),
    Kind(
        "armed police double", 1, n.armed_police, GROUND.WHITE, ARMED_POLICE_DOUBLE, BLACK, 2, "^"
    ),
    Kind("emergency", 1.5, n.emergency, GROUND.WHITE, EMERGENCY, BLACK, red="应急"),
    Kind("old black", 2.5, n.old_black, GROUND.BLACK, ORDINARY, WHITE),
    Kind("border", 2, n.border, GROUND.BLACK, ORDINARY, WHITE),
    Kind("consulate", 2, n.consulate, GROUND.BLACK, ORDINARY, WHITE, red="领"),
    Kind("embassy", 2, n.embassy, GROUND.BLACK, EMBASSY_OLD, WHITE, red="使"),
    Kind("aviation", 0.5, n.aviation, GROUND.OTHER, AVIATION, WHITE),
)
SHARES = np.array([kind.share for kind in KINDS]) / sum(kind.share for kind in KINDS)

GROUNDS: dict[PlateColour, tuple[Ink, ...]] = {
    # Shades seen on real plates, new and bleached; the drawn one is a mixture of two of them.
    PlateColour.BLUE: ((190, 85, 10), (160, 50, 20), (215, 125, 35), (120, 40, 25), (200, 90, 60)),
    PlateColour.YELLOW: (
        (10, 175, 245), (20, 150, 225), (40, 190, 235), (0, 130, 200), (90, 190, 225),
    ),
    PlateColour.GREEN: ((110, 190, 60), (95, 205, 95), (140, 200, 90)),
    PlateColour.YELLOW_GREEN: ((95, 185, 70), (80, 200, 95), (130, 195, 80)),
    PlateColour.WHITE: ((240, 240, 240), (215, 220, 222), (235, 230, 220)),
    PlateColour.BLACK: ((25, 25, 25), (45, 38, 36), (15, 12, 12)),
    PlateColour.OTHER: ((60, 120, 20), (80, 140, 40)),
}  # fmt: skip


def draw(rng: Generator) -> Plate:
    """A plate of any kind, by the kinds' shares."""
    return draw_kind(KINDS[rng.choice(len(KINDS), p=SHARES)], rng)


def draw_kind(kind: Kind, rng: Generator) -> Plate:
    """A plate of one kind."""
    text = kind.text(rng)
    cells = EMBASSY_NEW if text.endswith("使") else kind.cells
    shape = (round((140, 220)[kind.rows - 1] * SCALE), round(kind.width * SCALE))
    main, red = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    # Drawn trucks, printed temporary plates and worn-out real ones are in no plate's typeface.
    lettered = kind.rows == 1 and rng.random() < LETTERED_SHARE
    reds = 2 if rng.random() < 0.8 else 1
    for place, (character, cell) in enumerate(zip(text, cells, strict=True)):
        # Some are lettered in one colour throughout.
        marked = character in kind.red and rng.random() < 0.85
        style = LETTERED if lettered else kind.style(cell[1])
        mask = glyph(style, character, *_size(cell))
        _stamp(red if marked or (kind.red == "^" and place < reds) else main, mask, cell)
    if kind.rows == 1:
        _dot(main, cells, kind)
    _rim(main, rng)
    picture = _ground(kind.colour, shape, rng)
    for ink, colour in ((main, kind.ink), (red, RED)):
        shade = np.array(colour, np.float32) + rng.normal(0, 8, 3).astype(np.float32)
        wear = np.float32(rng.uniform(0.75, 1.0))
        picture += (ink * wear)[..., None] * (shade - picture)
    clean = np.clip(picture, 0, 255).astype(np.uint8)
    return Plate(clean, text, kind.colour, kind.rows, middles(cells, kind.width))


def middles(cells: list[Cell], width: float) -> tuple[float, ...]:
    """Each cell's middle as a share of the line; an upper row takes a third of it (own.py)."""
    shares = [((cell[0] + cell[2] / 2) / width, cell[1]) for cell in cells]
    if max(top for _, top in shares) < 80:
        return tuple(share for share, _ in shares)
    return tuple(share / 3 if top < 80 else (1 + 2 * share) / 3 for share, top in shares)


def _size(cell: Cell) -> tuple[int, int]:
    return round(cell[2] * SCALE), round(cell[3] * SCALE)


def _stamp(ink: Mask, mask: Mask, cell: Cell) -> None:
    x, y = round(cell[0] * SCALE), round(cell[1] * SCALE)
    part = ink[y : y + mask.shape[0], x : x + mask.shape[1]]
    np.maximum(part, mask[: part.shape[0], : part.shape[1]], out=part)


def _dot(ink: Mask, cells: list[Cell], kind: Kind) -> None:
    """The dot stands in the widest gap; new-energy plates have none."""
    if kind.energy:
        return
    ends = [(left[0] + left[2], right[0]) for left, right in pairwise(cells)]
    start, end = max(ends, key=lambda pair: pair[1] - pair[0])
    if end - start > 14:
        cv2.circle(ink, (round((start + end) / 2 * SCALE), round(70 * SCALE)), 2, 1.0, -1)


def _rim(ink: Mask, rng: Generator) -> None:
    """The line along the edge."""
    if rng.random() < 0.9:
        inset = int(rng.integers(1, 4))
        height, width = ink.shape
        corner = (width - 1 - inset, height - 1 - inset)
        cv2.rectangle(ink, (inset, inset), corner, float(rng.uniform(0.6, 1.0)), 1)


def _ground(colour: PlateColour, shape: tuple[int, int], rng: Generator) -> NDArray[np.float32]:
    shades = np.array(GROUNDS[colour], np.float32)
    pair = shades[rng.choice(len(shades), 2)]
    shade = pair[0] + rng.random(dtype=np.float32) * (pair[1] - pair[0])
    shade += rng.normal(0, 7, 3).astype(np.float32)
    picture = np.empty((*shape, 3), np.float32)
    picture[:] = shade
    if colour is PlateColour.GREEN:
        # Small new-energy plates fade from white above to green below.
        white = np.array((235, 240, 230), np.float32)
        top, bottom = rng.uniform(-0.1, 0.3), rng.uniform(0.8, 1.2)
        down = np.linspace(top, bottom, shape[0], dtype=np.float32)
        picture = white + np.clip(down, 0, 1)[:, None, None] * (picture - white)
    if colour is PlateColour.YELLOW_GREEN:
        yellow = np.array(GROUNDS[PlateColour.YELLOW][rng.integers(5)], np.float32)
        picture[:, : round(125 * SCALE)] = yellow
    return picture
