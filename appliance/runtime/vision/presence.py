"""Is there anything in the lane? A cheap comparison with the empty lane, before any network."""

import math
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.runtime.vision.reading import Image
from appliance.runtime.vision.region import LaneArea

WIDTH, HEIGHT = 160, 90
DIFFERENT = 0.6
"""A pixel differs from the empty lane by this many standard deviations of the empty lane, in
brightness or in colour."""

PRESENT = 0.06
"""Share of differing pixels from which the lane counts as occupied."""

MOVING = 0.01
"""Share of pixels that change between two frames when something moves."""

LEARNING_SECONDS, LONGEST_SECONDS = 3.0, 1.0
"""In what time the empty lane follows slow changes of light, however often it is looked at; and how
much of that time one picture may stand for at most."""

ROUNDS, EVERY = 2, 2
LEAST_GAIN, MOST_GAIN = 0.4, 2.5

Mask = NDArray[np.bool_]
View = NDArray[np.float32]
"""3 x 90 x 160: brightness, red minus green, blue minus green."""


@dataclass(frozen=True, slots=True)
class _Light:
    """What turns a picture's brightness into the empty lane's."""

    gain: float
    offset: float

    def applied(self, view: View) -> View:
        result = view * np.float32(self.gain)
        result[0] += np.float32(self.offset)
        return result


class Presence:
    """Learns how the empty lane looks; brightness and contrast are taken out beforehand, so
    that dusk or a camera's exposure step is no vehicle.

    All shares are of the lane's region; what lies outside it is not looked at.
    """

    def __init__(self, empty: View | None = None, area: LaneArea | None = None) -> None:
        self._lane = (area or LaneArea()).mask(WIDTH, HEIGHT)
        self._pixels = float(self._lane.sum())
        self._empty = empty
        self._light: _Light | None = None
        self._before: View | None = None
        self._looked_at = math.inf
        self.moving = False
        self.foreground: Mask = np.zeros((HEIGHT, WIDTH), bool)

    @property
    def empty(self) -> View | None:
        """The empty lane as learnt, to be kept over a restart."""
        return self._empty

    def occupied_share(self, image: Image, instant: float) -> float:
        """Share of the lane, 0 to 1, that does not look empty, in a picture taken at `instant`
        (monotonic seconds).

        Afterwards `foreground` tells which pixels (90 x 160) those are, and `moving` whether
        anything changed since the picture before.
        """
        view = _view(image)
        plain = self._plain(view)
        if self._empty is None:
            self._empty = plain.applied(view)
        seen = self._in_the_light_of(view, self._empty, plain)
        if self._before is not None:
            self.moving = self._share(_differs(seen, self._before)) > MOVING
        self._before = seen
        # A vehicle is seen in brightness; only how much of the lane it fills is told better with
        # colour. So a camera that turns grey at night, or dusk, is no vehicle.
        self.foreground = _differs(seen[:1], self._empty[:1]) & self._lane
        if self._share(self.foreground) >= PRESENT:
            self.foreground = _differs(seen, self._empty) & self._lane
        share = self._share(self.foreground)
        if share < PRESENT:
            # Not as seen: a light followed on noisy pixels is always a little too weak, and what is
            # learnt in it would lose its contrast, a sixth an hour.
            passed = min(max(instant - self._looked_at, 0.0), LONGEST_SECONDS)
            learning = np.float32(1 - math.exp(-passed / LEARNING_SECONDS))
            self._empty += learning * (plain.applied(view) - self._empty)
        self._looked_at = instant
        return share

    def learn_anew(self) -> None:
        """Take the last picture for the empty lane: what stands there is part of it now."""
        self._empty = self._before

    def _share(self, mask: Mask) -> float:
        return float((mask & self._lane).sum()) / self._pixels

    def _plain(self, view: View) -> _Light:
        """The light in which the lane has mean 0 and standard deviation 1."""
        brightness = view[0][self._lane]
        gain = 1 / max(float(brightness.std()), 1.0)
        return _Light(gain, -float(brightness.mean()) * gain)

    def _in_the_light_of(self, view: View, empty: View, plain: _Light) -> View:
        """The picture in the light of the empty lane.

        Mean and deviation of the whole picture are a vehicle's as much as the road's, so a large
        white truck would make the road around it look changed, and its leaving go unseen. The
        light is therefore followed from picture to picture on what did not change; a sudden step
        of the exposure is found by beginning afresh. What explains more of the lane is believed.
        """
        lane = self._lane[::EVERY, ::EVERY]
        here = view[:, ::EVERY, ::EVERY][:, lane]
        there = empty[:, ::EVERY, ::EVERY][:, lane]
        best, least = plain, 2.0
        for start in (self._light, plain):
            light = self._followed(start, here, there, plain) if start else plain
            share = float(_differs(light.applied(here), there).mean())
            if share < least:
                best, least = light, share
        self._light = best
        return best.applied(view)

    @staticmethod
    def _followed(start: _Light, here: View, there: View, plain: _Light) -> _Light:
        light = start
        for _ in range(ROUNDS):
            same = ~_differs(light.applied(here), there)
            mine, its = here[0][same], there[0][same]
            spread = float(mine.var()) if mine.size else 0.0
            if spread < 1:
                break
            gain = float(((mine - mine.mean()) * its).mean()) / spread
            gain = min(max(gain, LEAST_GAIN * plain.gain), MOST_GAIN * plain.gain)
            light = _Light(gain, float(its.mean()) - gain * float(mine.mean()))
        return light


def _view(image: Image) -> View:
    # Of a large picture a ninth or so of the pixels: each of the small picture's is the mean of
    # nine then, which takes the noise out as well, and is had in a quarter of the time.
    height, width = image.shape[:2]
    step = min(width // (3 * WIDTH), height // (3 * HEIGHT))
    if step > 1:
        fewer = (width // step, height // step)
        image = np.asarray(cv2.resize(image, fewer, interpolation=cv2.INTER_NEAREST), np.uint8)
    small = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    view = np.empty((3, HEIGHT, WIDTH), np.float32)
    view[0] = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    view[1] = cv2.subtract(small[..., 2], small[..., 1], dtype=cv2.CV_32F)
    view[2] = cv2.subtract(small[..., 0], small[..., 1], dtype=cv2.CV_32F)
    return view


def _differs(one: View, other: View) -> Mask:
    """Which pixels differ in brightness or colour."""
    # Plane by plane: numpy's own any() over so few takes several times as long.
    mask: Mask = reduce(np.logical_or, np.abs(one - other) > DIFFERENT)
    return mask
