"""The place where a vehicle stands, and whether it has left it: how two vehicles are told apart
in a lane that is never seen empty.

The place is the lower part of what the vehicle covered when it was largest: bumper, tyres, the
road before them. When that looks like the empty lane again the vehicle has gone, whatever still
fills the rest of the picture; when something stands there again, it is the next one. A long
vehicle that drives through keeps its place covered until its tail has passed.
"""

import numpy as np

from appliance.runtime.vision.presence import Mask

LOWER_SHARE = 0.25
"""The part of the vehicle's height, from below, that makes its place."""

LARGER = 1.02
FREE, TAKEN = 0.3, 0.6
"""Share of the place that still differs from the empty lane, and that differs again."""

LOOKS = 2
"""One look may be a flicker."""


class StandingPlace:
    """Follows one vehicle's place, look by look."""

    def __init__(self) -> None:
        self._place: Mask | None = None
        self._largest = 0.0
        self._free_looks = 0
        self._taken_looks = 0

    @property
    def left(self) -> bool:
        """Whether the vehicle has left its place."""
        return self._free_looks >= LOOKS

    @property
    def taken_again(self) -> bool:
        """Whether something stands there again."""
        return self._taken_looks >= LOOKS

    def look(self, foreground: Mask, *, settled: bool) -> None:
        """One more picture: the pixels that are not the empty lane. Once the vehicle has settled,
        its place stays the same: driving on it only gets larger."""
        covered = float(foreground.sum())
        if not settled and not self.left and covered > LARGER * self._largest:
            self._largest = covered
            self._place = _lower_part(foreground)
        if self._place is None:
            return
        share = float(foreground[self._place].mean())
        if not self.left:
            self._free_looks = self._free_looks + 1 if share < FREE else 0
        else:
            self._taken_looks = self._taken_looks + 1 if share > TAKEN else 0

    def stay(self) -> None:
        """The vehicle was seen to be still there, whatever its place looks like."""
        self._free_looks = self._taken_looks = 0


def _lower_part(foreground: Mask) -> Mask:
    rows = np.flatnonzero(foreground.any(axis=1))
    top = rows[-1] + 1 - max(round((rows[-1] + 1 - rows[0]) * LOWER_SHARE), 1)
    part = foreground.copy()
    part[:top] = False
    return part
