"""Is the picture worth looking at? A stream that comes may still show nothing (4.4.5-3, 4.4.6-3).

Three faults: the picture stands still, it shows nothing (a dark scene, a covered lens), or it shows
another place than it did (a camera turned away, or another camera behind the address).
"""

import math
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.runtime.vision.reading import Frame, Image

SIZE = (320, 180)
FROZEN_SECONDS, BLIND_SECONDS, VIEW_SECONDS = 60.0, 10.0, 120.0
PAUSE_SECONDS = 10.0
BETWEEN_SECONDS = 0.45
"""What takes ten seconds and more to be a fault need not be looked for in every picture."""

CHANGED_LEVELS, CHANGED_SHARE = 8, 1e-4
"""A live picture differs from an earlier one by noise, or at least by the clock burnt into it:
this share of its pixels by so many levels. The coder's own flicker is less."""

BLIND_DEVIATION = 6.0
"""A picture whose brightness varies by less (0 to 255) shows nothing."""

ALIKE, STRANGE = 0.5, 0.25
"""Correlation of outlines from which a picture shows the known place, and below which another."""

SIGHT_SECONDS = 5.0
"""An older picture is not what a person sees who says that the view is right."""

FOLLOWING = 0.02
OUTLINES = (80, 45)

Outlines = NDArray[np.float32]
"""45 x 80: where the picture has edges, by day and by night; each row's and column's mean 0, length
1."""


class PictureFault(StrEnum):
    """What is wrong with a picture that comes."""

    FROZEN = "frozen"
    BLIND = "blind"
    VIEW = "view-changed"


class PictureWatch:
    """Looks at one camera's frames, a few a second; all times are the frames' own.

    `known` is the place as an earlier run knew it. It follows slow changes, but is never replaced
    by another place: only a person can say that the camera was meant to be turned (`accept`).
    """

    def __init__(self, known: Outlines | None = None) -> None:
        # An earlier release kept it with the rows' and columns' own means.
        self.known = None if known is None else _levelled(known)
        self._still: Image | None = None
        self._still_since = self._sighted_at = self._alike_at = 0.0
        self._outlines: Outlines | None = None
        self._looked_at = self._outlined_at = -math.inf
        self._faults: frozenset[PictureFault] = frozenset()

    def sees(self, now: float) -> bool:
        """Whether there is a place to `accept`: a picture that shows one came a moment ago."""
        return now - self._outlined_at < SIGHT_SECONDS

    def accept(self) -> None:
        """Take the place that is seen now for the right one; without one nothing changes."""
        if self._outlines is not None:
            self.known = self._outlines

    def look(self, frame: Frame, *, plate_seen: bool = False) -> frozenset[PictureFault]:
        """What is wrong with the stream, this frame included; `plate_seen` says that a plate was
        read a moment ago. A truck before the lens is no other place, so that time does not count
        against the picture; nor does it speak for it, since another lane has its trucks too."""
        now = frame.instant
        if 0 <= now - self._looked_at < BETWEEN_SECONDS:
            return self._faults
        grey = cv2.cvtColor(
            cv2.resize(frame.image, SIZE, interpolation=cv2.INTER_NEAREST), cv2.COLOR_BGR2GRAY
        )
        picture = np.asarray(grey, np.uint8)
        if now - self._looked_at > PAUSE_SECONDS:  # at the start, and after a lost stream
            self._still_since = self._sighted_at = self._alike_at = now
        elif plate_seen:
            self._alike_at += now - self._looked_at
        self._looked_at = now
        if self._still is None or _changed(picture, self._still):
            self._still, self._still_since = picture, now
        if float(picture.std()) > BLIND_DEVIATION:
            self._sighted_at = now
            self._compare(picture, now)
        else:
            self._alike_at = now  # nothing is seen: that is told already
        faults = set()
        if now - self._still_since > FROZEN_SECONDS:
            faults.add(PictureFault.FROZEN)
        if now - self._sighted_at > BLIND_SECONDS:
            faults.add(PictureFault.BLIND)
        if now - self._alike_at > VIEW_SECONDS:
            faults.add(PictureFault.VIEW)
        self._faults = frozenset(faults)
        return self._faults

    def _compare(self, picture: Image, now: float) -> None:
        self._outlines = outlines = _outlines(picture)
        self._outlined_at = now
        if self.known is None:
            self.known = outlines
        likeness = float((outlines * self.known).sum())
        if likeness > ALIKE:
            mixed = self.known + FOLLOWING * (outlines - self.known)
            self.known = (mixed / max(float(np.linalg.norm(mixed)), 1e-6)).astype(np.float32)
        if likeness > STRANGE:
            self._alike_at = now


def _changed(picture: Image, before: Image) -> bool:
    apart = cv2.absdiff(picture, before) > CHANGED_LEVELS
    return float(apart.mean()) > CHANGED_SHARE


def _outlines(picture: Image) -> Outlines:
    soft = cv2.GaussianBlur(picture, (5, 5), 0)
    across = cv2.Sobel(soft, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    # The logarithm keeps one bright edge, such as the sky's, from speaking for all.
    strength = cv2.resize(np.log1p(cv2.magnitude(across, down)), OUTLINES)
    return _levelled(cv2.GaussianBlur(strength, (3, 3), 0).astype(np.float32))


def _levelled(strength: Outlines) -> Outlines:
    """Without what whole rows and columns have in common: every gate has a horizon and a road, and
    another lane's picture would be much like this one's."""
    rows, columns = strength.mean(axis=1, keepdims=True), strength.mean(axis=0, keepdims=True)
    level: Outlines = strength - rows - columns + strength.mean()
    return (level / max(float(np.linalg.norm(level)), 1e-6)).astype(np.float32)
