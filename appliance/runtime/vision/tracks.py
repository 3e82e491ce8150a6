"""Plates followed from frame to frame: which readings are of one plate, and how it moves.

A plate of the next frame belongs to a track when it stands where the track's plate can have moved
to and reads nearly the same. Places and widths are in widths of the picture, so that main and sub
stream may take turns.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count, permutations

import numpy as np
from numpy.typing import NDArray

from appliance.runtime.vision.reading import Frame, PlateReading
from appliance.runtime.vision.vote import PlateVote, difference, sureness

LOST_SECONDS = 1.0
"""A plate not read for so long has left the picture, or something stands before it."""

OTHER_TEXT = 3
"""Plates that differ in at least so many characters are two plates."""

SURE = 0.6
"""Sureness from which a text counts against a place, and a second plate for a second vehicle."""

LOOK = 0.2
"""Seconds between two looks, where they are slow."""

REACH = 1.5
"""How far a plate moves between two looks, in its own widths, at most."""

FAR = 100.0
RIGID = 1.3
"""Two plates on one vehicle keep distance and sizes within this factor."""

GROWTH = 1.35
"""How much wider or narrower it gets between two looks, at most."""

HISTORY = 64
NEARER_WITHIN = 0.5
"""Seconds of a plate's past that tell how it moves now."""

NEARER_RATE = 0.12
"""A plate that grows by this share a second belongs to a vehicle still coming."""

RECEDED = 0.8
"""A plate that is narrower than this share of its widest is going away."""

STIRRED = 0.3
"""A plate that has got so many of its own widths away has moved."""


class Motion(StrEnum):
    """How a vehicle moves, told by its plate."""

    APPROACHING = "approaching"
    STANDING = "standing"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class Seen:
    """A plate in one frame: instant (monotonic seconds), centre and width in picture widths."""

    instant: float
    x: float
    y: float
    width: float

    @classmethod
    def of(cls, frame: Frame, reading: PlateReading) -> "Seen":
        """Where a reading stands in its frame."""
        across = frame.image.shape[1]
        x, y = (float(value) / across for value in reading.corners.mean(axis=0))
        return cls(frame.instant, x, y, reading.width / across)

    def distance(self, other: "Seen") -> float:
        """Between the centres, in widths of the wider one."""
        span = max(self.width, other.width, 1e-6)
        return math.hypot(self.x - other.x, self.y - other.y) / span


@dataclass(eq=False, slots=True)
class Track:
    """One plate over the frames it was read in."""

    number: int
    first: Seen
    last: Seen
    vote: PlateVote = field(default_factory=PlateVote)
    history: deque[Seen] = field(default_factory=lambda: deque(maxlen=HISTORY))
    score: float = 0.0
    widest: float = 0.0
    together: dict[int, list[tuple[Seen, Seen]]] = field(default_factory=dict)
    """Where this plate and another track's (by number) stood in the frames that show both:
    the first pair and the latest."""

    @property
    def text(self) -> str:
        """The likeliest text so far; '' when none is a plate."""
        verdict = self.vote.verdict()
        return verdict.text if verdict else ""

    def add(self, seen: Seen, reading: PlateReading, weight: float) -> None:
        """The plate is read once more."""
        self.vote.add(reading)
        self.last = seen
        self.history.append(seen)
        self.score += weight
        self.widest = max(self.widest, seen.width)

    def alive(self, instant: float) -> bool:
        """Whether the plate was read a moment ago."""
        return instant - self.last.instant < LOST_SECONDS

    @property
    def motion(self) -> Motion | None:
        """How the plate moved when it was last read; None while too little of it was seen."""
        # On a busy machine three looks may be all there is, and they count, however far apart.
        earliest = min(self.last.instant - NEARER_WITHIN, [*self.history][-3:][0].instant) - 1e-3
        recent = [seen for seen in self.history if seen.instant >= earliest]
        if len(recent) < 3 or recent[-1].instant - recent[0].instant < NEARER_WITHIN / 4:
            return None
        times = np.array([seen.instant for seen in recent]) - recent[0].instant
        widths = np.log([max(seen.width, 1e-6) for seen in recent])
        rate, doubt = _slope(times, widths)
        if rate - doubt > NEARER_RATE:
            return Motion.APPROACHING
        return Motion.LEAVING if rate + doubt < -NEARER_RATE else Motion.STANDING

    @property
    def receded(self) -> bool:
        """Whether the plate went away again after it had been near: the vehicle backs out."""
        if self.last.width > RECEDED * self.widest or len(self.history) < 3:
            return False
        *_, before, between, last = self.history
        return last.width <= between.width * 1.05 and between.width <= before.width * 1.05

    def apart_from(self, other: "Track") -> bool | None:
        """Whether another plate is on another vehicle, as both moved; None when they were never
        seen together while either moved. On one vehicle they keep their distance and sizes."""
        pairs = self.together.get(other.number)
        if not pairs:
            return None
        (mine, its), (mine_now, its_now) = pairs[0], pairs[-1]
        if max(mine.distance(mine_now), its.distance(its_now)) < STIRRED:
            return None
        spread = mine_now.distance(its_now) / max(mine.distance(its), 1e-6)
        sizes = mine_now.width * its.width / max(its_now.width * mine.width, 1e-6)
        return not (1 / RIGID < spread < RIGID and 1 / RIGID < sizes < RIGID)


class Tracker:
    """All plates in the lane."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._numbers = count()

    def update(self, frame: Frame, readings: Sequence[PlateReading]) -> dict[int, Track]:
        """Give a frame's readings to their tracks; which track each (by its place) went to.

        A reading weighs the square of its sureness times its height in the picture beside the
        lowest one's. A plate is the lowest writing on a vehicle, and the nearest vehicle's plate
        is lower than that of the next: so the clear and near plate leads.
        """
        places = [Seen.of(frame, reading) for reading in readings]
        lowest = max((seen.y for seen in places), default=1.0) or 1.0
        placed: dict[int, Track] = {}
        for _, number, track in sorted(self._fitting(places, readings), key=lambda fit: fit[0]):
            if number not in placed and track not in placed.values():
                placed[number] = track
        for number, (seen, reading) in enumerate(zip(places, readings, strict=True)):
            if number not in placed:
                placed[number] = Track(next(self._numbers), seen, seen)
                self.tracks.append(placed[number])
            weight = (sureness(reading.character_confidence) * seen.y / lowest) ** 2
            placed[number].add(seen, reading, weight)
        for one, other in permutations(placed.values(), 2):
            pairs = one.together.setdefault(other.number, [(one.last, other.last)])
            pairs[1:] = [(one.last, other.last)]
        return placed

    def keep(self, tracks: Sequence[Track]) -> None:
        """Forget all tracks but these."""
        self.tracks = list(tracks)

    def _fitting(
        self, places: Sequence[Seen], readings: Sequence[PlateReading]
    ) -> Iterator[tuple[float, int, Track]]:
        """Every track that a reading may continue: what speaks against it, reading, track."""
        for track in self.tracks:
            text = track.text
            for number, (seen, reading) in enumerate(zip(places, readings, strict=True)):
                pause = seen.instant - track.last.instant
                away = seen.distance(track.last)
                ratio = seen.width / max(track.last.width, 1e-6)
                followed = (
                    pause < LOST_SECONDS
                    and away <= REACH * max(pause / LOOK, 1)
                    and 1 / GROWTH < ratio < GROWTH
                )
                if text == reading.text:
                    # The very same text is the same plate, wherever it has got to meanwhile.
                    yield (away if followed else FAR + away), number, track
                elif followed and (
                    difference(text, reading.text) < OTHER_TEXT
                    or sureness(reading.character_confidence) < SURE
                ):
                    yield 1 + away, number, track


def _slope(times: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float]:
    """How fast a value changes, and the standard error of that: a detector's corners scatter by a
    few hundredths of a plate, which over a tenth of a second looks like a vehicle that moves."""
    times = times - times.mean()
    spread = float((times**2).sum())
    rate = float((times * values).sum()) / spread
    rest = values - values.mean() - rate * times
    return rate, math.sqrt(float((rest**2).sum()) / (len(times) - 2) / spread)


def rivals(leader: Track, tracks: Sequence[Track]) -> list[Track]:
    """Tracks that tell another text at the leader's place, in about its size."""
    return [
        track
        for track in tracks
        if track is not leader
        and any(
            track.last.distance(seen) < 0.5 and 0.5 < track.last.width / max(seen.width, 1e-6) < 2
            for seen in leader.history
        )
    ]
