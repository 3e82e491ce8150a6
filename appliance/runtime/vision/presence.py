"""Is there anything in the lane? A cheap comparison with the empty lane, before any network."""

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.runtime.vision.reading import Image

SMALL = (160, 90)
DIFFERENT = 0.6
"""A pixel differs from the empty lane by this many standard deviations of the picture."""

PRESENT = 0.06
"""Share of differing pixels from which the lane counts as occupied."""

MOVING = 0.01
"""Share of pixels that change between two frames when something moves."""

LEARNING = 0.04
"""How fast the empty lane follows slow changes of light."""


class Presence:
    """Learns how the empty lane looks; brightness and contrast are taken out beforehand, so
    that dusk or a camera's exposure step is no vehicle."""

    def __init__(self, empty: NDArray[np.float32] | None = None) -> None:
        self._empty = empty
        self._before: NDArray[np.float32] | None = None
        self.moving = False

    @property
    def empty(self) -> NDArray[np.float32] | None:
        """The empty lane as learnt, to be kept over a restart."""
        return self._empty

    def occupied_share(self, image: Image) -> float:
        """Share of the picture, 0 to 1, that is not the empty lane; `moving` tells whether
        anything changed since the picture before."""
        seen = _flatten(image)
        if self._before is not None:
            self.moving = float((np.abs(seen - self._before) > DIFFERENT).mean()) > MOVING
        self._before = seen
        if self._empty is None:
            self._empty = seen
        share = float((np.abs(seen - self._empty) > DIFFERENT).mean())
        if share < PRESENT:
            self._empty += LEARNING * (seen - self._empty)
        return share

    def learn_anew(self) -> None:
        """Take the last picture for the empty lane: what stands there is part of it now."""
        self._empty = self._before


def _flatten(image: Image) -> NDArray[np.float32]:
    """A small grey picture with mean 0 and standard deviation 1."""
    grey = cv2.cvtColor(cv2.resize(image, SMALL, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    values = grey.astype(np.float32)
    flat: NDArray[np.float32] = (values - values.mean()) / max(float(values.std()), 1.0)
    return flat
