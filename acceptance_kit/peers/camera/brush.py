"""Paints flat shapes with an alpha channel, drawn twice as large so that edges come out soft."""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
Point = tuple[float, float]

OVERSAMPLE = 2


def shade(colour: Colour, factor: float) -> Colour:
    """The same paint in less (below 1) or more light."""
    blue, green, red = (max(0, min(255, round(part * factor))) for part in colour)
    return blue, green, red


class Canvas:
    """A transparent sheet of `width` x `height` pixels; colours are BGR, the origin top left."""

    def __init__(self, width: int, height: int) -> None:
        shape = (height * OVERSAMPLE, width * OVERSAMPLE)
        self._paint = np.zeros((*shape, 3), np.uint8)
        self._cover = np.zeros(shape, np.uint8)

    def polygon(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0) -> None:
        """A filled polygon."""
        corners = (np.array(points) * OVERSAMPLE).round().astype(np.int32)
        self._lay(lambda sheet, value: cv2.fillPoly(sheet, [corners], value), colour, opacity)

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        colour: Colour,
        *,
        radius: int = 0,
    ) -> None:
        """A filled rectangle with rounded corners."""
        if not radius:
            self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour)
            return
        inner = (
            (left + radius, right - radius, top, bottom),
            (left, right, top + radius, bottom - radius),
        )
        for x0, x1, y0, y1 in inner:
            self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)
        for x in (left + radius, right - radius):
            for y in (top + radius, bottom - radius):
                self.ellipse(x, y, radius, radius, colour)

    def ellipse(
        self,
        x: float,
        y: float,
        across: float,
        down: float,
        colour: Colour,
        *,
        opacity: float = 1.0,
    ) -> None:
        """A filled ellipse with its two half axes."""
        centre = (round(x * OVERSAMPLE), round(y * OVERSAMPLE))
        axes = (round(across * OVERSAMPLE), round(down * OVERSAMPLE))
        self._lay(
            lambda sheet, value: cv2.ellipse(sheet, centre, axes, 0, 0, 360, value, -1),
            colour,
            opacity,
        )

    def line(self, start: Point, end: Point, colour: Colour, thickness: float) -> None:
        """A straight stroke with round ends."""
        first, last = (tuple(round(c * OVERSAMPLE) for c in point) for point in (start, end))
        width = max(1, round(thickness * OVERSAMPLE))
        self._lay(lambda sheet, value: cv2.line(sheet, first, last, value, width), colour, 1.0)

    def shaded(self, points: Sequence[Point], colour: Colour, above: float, below: float) -> None:
        """A filled polygon whose light goes from the factor `above` to `below` down its height."""
        corners = (np.array(points) * OVERSAMPLE).round().astype(np.int32)
        stencil = np.zeros_like(self._cover)
        cv2.fillPoly(stencil, [corners], 255)
        top, bottom = max(0, int(corners[:, 1].min())), int(corners[:, 1].max()) + 1
        rows = self._paint[top:bottom]
        factors = np.linspace(above, below, len(rows), dtype=np.float32)[:, None, None]
        lit = np.clip(np.array(colour, np.float32) * factors, 0, 255).astype(np.uint8)
        within = stencil[top:bottom] > 0
        rows[within] = np.broadcast_to(lit, rows.shape)[within]
        self._cover[top:bottom][within] = 255

    def finish(self) -> tuple[Picture, Picture]:
        """The painted colours and how far (0..255) they cover, at the asked size."""
        size = (self._cover.shape[1] // OVERSAMPLE, self._cover.shape[0] // OVERSAMPLE)
        # Colours are averaged weighted by their cover, or black would bleed into every edge.
        weight = self._cover[:, :, None].astype(np.float32) / 255
        weighted = cv2.resize(self._paint * weight, size, interpolation=cv2.INTER_AREA)
        cover = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        paint = weighted / np.maximum(cover, 1e-3)[:, :, None]
        return np.clip(paint, 0, 255).astype(np.uint8), (cover * 255).round().astype(np.uint8)

    def _lay(self, draw: Callable[[Picture, Any], Any], colour: Colour, opacity: float) -> None:
        if opacity >= 1:
            draw(self._paint, colour)
            draw(self._cover, 255)
            return
        stencil = np.zeros_like(self._cover)
        draw(stencil, 255)
        where = stencil > 0
        before = self._cover[where].astype(np.float32) / 255
        after = opacity + before * (1 - opacity)
        old = self._paint[where].astype(np.float32) * (before * (1 - opacity))[:, None]
        mixed = (old + np.array(colour, np.float32) * opacity) / after[:, None]
        self._paint[where] = mixed.astype(np.uint8)
        self._cover[where] = (after * 255).astype(np.uint8)
