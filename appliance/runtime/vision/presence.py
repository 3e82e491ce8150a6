"""Is there anything in the lane? A cheap comparison with the empty lane, before any network."""

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.runtime.vision.reading import Image
from appliance.runtime.vision.region import LaneArea

WIDTH, HEIGHT = 160, 90
DIFFERENT = 0.6
"""A pixel differs from the empty lane by this many standard deviations of the picture."""

PRESENT = 0.06
"""Share of differing pixels from which the lane counts as occupied."""

MOVING = 0.01
"""Share of pixels that change between two frames when something moves."""

LEARNING = 0.04
"""How fast the empty lane follows slow changes of light."""

FITS, EVERY = 3, 2
LEAST_GAIN, MOST_GAIN = 0.5, 2.0

Mask = NDArray[np.bool_]


class Presence:
    """Learns how the empty lane looks; brightness and contrast are taken out beforehand, so
    that dusk or a camera's exposure step is no vehicle.

    All shares are of the lane's region; what lies outside it is not looked at.
    """

    def __init__(self, empty: NDArray[np.float32] | None = None, area: LaneArea | None = None):
        self._lane = (area or LaneArea()).mask(WIDTH, HEIGHT)
        self._empty = empty
        self._before: NDArray[np.float32] | None = None
        self.moving = False
        self.foreground: Mask = np.zeros((HEIGHT, WIDTH), bool)

    @property
    def empty(self) -> NDArray[np.float32] | None:
        """The empty lane as learnt, to be kept over a restart."""
        return self._empty

    def occupied_share(self, image: Image) -> float:
        """Share of the lane, 0 to 1, that does not look empty.

        Afterwards `foreground` tells which pixels (90 x 160) those are, and `moving` whether
        anything changed since the picture before.
        """
        seen = self._flatten(image)
        if self._before is not None:
            changed = (np.abs(seen - self._before) > DIFFERENT) & self._lane
            self.moving = float(changed.sum() / self._lane.sum()) > MOVING
        self._before = seen
        if self._empty is None:
            self._empty = seen
        fitted = seen
        share = self._compare(fitted, self._empty)
        if share >= PRESENT:
            fitted = self._fit(seen, self._empty)
            share = self._compare(fitted, self._empty)
        if share < PRESENT:
            self._empty += LEARNING * (fitted - self._empty)
        return share

    def learn_anew(self) -> None:
        """Take the last picture for the empty lane: what stands there is part of it now."""
        self._empty = self._before

    def _compare(self, seen: NDArray[np.float32], empty: NDArray[np.float32]) -> float:
        """Set `foreground`; its share of the lane."""
        self.foreground = (np.abs(seen - empty) > DIFFERENT) & self._lane
        return float(self.foreground.sum() / self._lane.sum())

    def _flatten(self, image: Image) -> NDArray[np.float32]:
        """A small grey picture whose lane has mean 0 and standard deviation 1."""
        small = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        values = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        lane = values[self._lane]
        flat: NDArray[np.float32] = (values - lane.mean()) / max(float(lane.std()), 1.0)
        return flat

    def _fit(self, seen: NDArray[np.float32], empty: NDArray[np.float32]) -> NDArray[np.float32]:
        """The picture in the light of the empty one: gain and offset that suit the better half.

        Mean and deviation of the whole picture are a vehicle's as much as the road's; a large
        white truck would make the road around it look changed, and its leaving go unseen.
        """
        lane = self._lane[::EVERY, ::EVERY]
        here, there = seen[::EVERY, ::EVERY][lane], empty[::EVERY, ::EVERY][lane]
        gain, offset = 1.0, 0.0
        for _ in range(FITS):
            wrong = np.abs(gain * here + offset - there)
            good = wrong <= np.median(wrong)
            mine, its = here[good], there[good]
            spread = float(mine.var())
            if spread < 1e-3:
                break
            covariance = float(((mine - mine.mean()) * its).mean())
            gain = min(max(covariance / spread, LEAST_GAIN), MOST_GAIN)
            offset = float(its.mean() - gain * mine.mean())
        fitted: NDArray[np.float32] = (gain * seen + offset).astype(np.float32)
        return fitted
