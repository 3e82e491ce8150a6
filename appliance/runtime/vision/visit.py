"""From frames to one sighting a vehicle: who stands in the lane, and what most frames read.

A *visit* lasts from the first frame in which the lane is occupied until it has been empty for a
while. It yields one sighting: as soon as enough frames agree on a plate and the vehicle has stopped
coming nearer (its plate is then as legible as it will be), or as unread when it has stood too long
or has left. Another plate confirmed in the same visit is the next
vehicle, bumper to bumper.
"""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean

import cv2

from appliance.guideline.dictionaries import PlateColour
from appliance.profile.model import Recognition
from appliance.runtime.vision.presence import PRESENT, Presence
from appliance.runtime.vision.reading import Frame, PlateReader, PlateReading

VEHICLE_SHARE = 0.12
"""A visit that never filled this share of the picture was no vehicle."""

NEARER = 1.06
"""A plate that grew by this factor within `NEARER_WITHIN` belongs to a vehicle still coming."""

NEARER_WITHIN = 0.5
"""Seconds."""

STILL_SECONDS = 300.0
"""What has neither moved nor shown a plate for so long is part of the lane: a parked car, snow, or
a truck that had stood there when the lane was first learnt and has left since."""

FARTHER = 0.85
"""A plate narrower than this share of the reported one belongs to a vehicle farther away."""

SURE = 0.6
"""Confidence from which a plate that differs little is believed to be another one."""

OTHER_VEHICLE = 3
"""Plates that differ in at least so many characters belong to two vehicles."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One vehicle as vision saw it; `plate` is None when it could not be read.

    `began_at` is the visit's first frame and makes the passage's key; `confidence` is the share
    of readings that agree, times their mean confidence (0 to 1).
    """

    began_at: datetime
    seen_at: datetime
    plate: str | None
    colour: PlateColour
    confidence: float
    front: Frame
    body: Frame


@dataclass(slots=True)
class _Visit:
    began_at: datetime
    first: Frame
    last: Frame
    stirred: float
    vehicle_since: float | None = None
    readings: dict[str, list[PlateReading]] = field(default_factory=lambda: defaultdict(list))
    best: dict[str, tuple[float, Frame]] = field(default_factory=dict)
    widths: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=32))
    body: Frame | None = None
    reported: str | None = None
    reported_width: float = 0.0
    closed: bool = False

    @property
    def no_news(self) -> bool:
        """Nothing is owed: it was reported already, or it was never as large as a vehicle."""
        return self.closed or self.vehicle_since is None


class VisitWatcher:
    """Turns the frames of one lane into sightings.

    `resume` is the beginning of a visit that an earlier run of the program left unfinished: if
    the lane is still occupied, the same visit goes on, and its passage keeps its key.
    """

    def __init__(
        self,
        reader: PlateReader,
        settings: Recognition,
        presence: Presence,
        resume: datetime | None = None,
        on_visit: Callable[[datetime | None], None] = lambda _: None,
    ) -> None:
        self._reader = reader
        self._settings = settings
        self._presence = presence
        self._resume = resume
        self._on_visit = on_visit
        self._visit: _Visit | None = None
        self._read_at = -math.inf

    @property
    def visiting(self) -> bool:
        """Whether a vehicle is in the lane that has not been reported yet."""
        return self._visit is not None and not self._visit.no_news

    @property
    def standing(self) -> bool:
        """Whether the vehicle reported last is still in the lane."""
        return self._visit is not None and self._visit.closed

    def observe(self, frame: Frame) -> Sighting | None:
        """Look at the next frame; a sighting when a vehicle's story is told."""
        share = self._presence.occupied_share(frame.image)
        visit = self._visit
        if share < PRESENT:
            if visit is None:
                self._forget()
                return None
            return self._lane_empty(visit, frame)
        if visit is None:
            began_at = self._resume or frame.taken_at
            self._resume = None
            visit = self._visit = _Visit(began_at, frame, frame, stirred=frame.instant)
            self._on_visit(began_at)
        visit.last = frame
        if share >= VEHICLE_SHARE and visit.vehicle_since is None:
            visit.vehicle_since = frame.instant
        if self._presence.moving:
            visit.stirred = frame.instant
        if self._due(frame):
            self._read(visit, frame)
        if visit.no_news and frame.instant - visit.stirred > STILL_SECONDS:
            self._presence.learn_anew()
            self._end()
            return None
        if _coming_nearer(visit):
            return None
        return self._confirmed(visit) or self._overdue(visit)

    def _forget(self) -> None:
        """The lane was empty at start: whatever an earlier run saw has gone."""
        if self._resume:
            self._resume = None
            self._on_visit(None)

    def _lane_empty(self, visit: _Visit, frame: Frame) -> Sighting | None:
        if frame.instant - visit.last.instant < self._settings.gone_after_seconds:
            return None
        sighting = None
        if not visit.no_news:
            sighting = self._confirmed(visit) or self._unread(visit)
        self._end()
        return sighting

    def _end(self) -> None:
        self._visit = None
        self._on_visit(None)

    def _due(self, frame: Frame) -> bool:
        # A quarter of slack: frames do not come on the very beat.
        if frame.instant - self._read_at < 0.75 / self._settings.frames_per_second:
            return False
        self._read_at = frame.instant
        return True

    def _read(self, visit: _Visit, frame: Frame) -> None:
        readings = self._reader.read(frame.image)
        if not readings:
            return
        nearest = max(readings, key=lambda reading: reading.width)
        visit.body = visit.body or frame
        visit.readings[nearest.text].append(nearest)
        visit.widths.append((frame.instant, nearest.width))
        visit.stirred = frame.instant
        sharpness = _sharpness(frame, nearest)
        if sharpness > visit.best.get(nearest.text, (-1.0, frame))[0]:
            visit.best[nearest.text] = (sharpness, frame)

    def _confirmed(self, visit: _Visit) -> Sighting | None:
        if not visit.readings:
            return None
        ranked = sorted(visit.readings.items(), key=lambda item: _weight(item[1]), reverse=True)
        text, readings = ranked[0]
        second = _weight(ranked[1][1]) if len(ranked) > 1 else 0.0
        if (
            len(readings) < self._settings.confirm_readings
            or _weight(readings) < 2 * second
            or _confidence(readings) < self._settings.least_confidence
        ):
            return None
        if visit.closed and visit.reported is not None:
            return self._next_vehicle(visit, text, visit.reported)
        # Also a plate read after the visit was reported as unread: the sighting then has the
        # same beginning, and the lane, which knows whether the bar went up, judges whose it is.
        visit.closed = True
        return self._sighting(visit, text)

    def _next_vehicle(self, visit: _Visit, text: str, reported: str) -> Sighting | None:
        """A plate confirmed after the visit was reported: the same vehicle, or one close behind."""
        readings = visit.readings[text]
        # A plate of nearly the same number is a misreading, unless it came from farther away.
        came_from_afar = (
            text != reported
            and readings[0].width < FARTHER * visit.reported_width
            and _confidence(readings) >= SURE
        )
        if _difference(text, reported) < OTHER_VEHICLE and not came_from_afar:
            visit.readings.clear()
            return None
        last = visit.last
        behind = _Visit(last.taken_at, last, last, stirred=last.instant, closed=True)
        behind.readings, behind.best = visit.readings, visit.best
        behind.vehicle_since = last.instant
        self._visit = behind
        self._on_visit(behind.began_at)
        return self._sighting(behind, text)

    def _sighting(self, visit: _Visit, text: str) -> Sighting:
        agreeing = visit.readings[text]
        visit.reported, visit.reported_width = text, agreeing[-1].width
        total = sum(len(readings) for readings in visit.readings.values())
        front = visit.best[text][1]
        sighting = Sighting(
            began_at=visit.began_at,
            seen_at=front.taken_at,
            plate=text,
            colour=Counter(reading.colour for reading in agreeing).most_common(1)[0][0],
            confidence=len(agreeing) / total * _confidence(agreeing),
            front=front,
            body=visit.body or visit.first,
        )
        visit.readings = defaultdict(list)
        visit.best = {}
        return sighting

    def _overdue(self, visit: _Visit) -> Sighting | None:
        if visit.closed or visit.vehicle_since is None:
            return None
        if visit.last.instant - visit.vehicle_since < self._settings.unread_after_seconds:
            return None
        visit.closed = True
        return self._unread(visit)

    def _unread(self, visit: _Visit) -> Sighting:
        return Sighting(
            began_at=visit.began_at,
            seen_at=visit.last.taken_at,
            plate=None,
            colour=PlateColour.OTHER,
            confidence=0.0,
            front=visit.last,
            body=visit.body or visit.first,
        )


def _coming_nearer(visit: _Visit) -> bool:
    """Whether the plate was seen growing a moment ago."""
    if not visit.widths:
        return False
    seen, width = visit.widths[-1]
    if visit.last.instant - seen > NEARER_WITHIN:
        return False
    earlier = [(at, w) for at, w in visit.widths if seen - at >= NEARER_WITHIN]
    if not earlier:
        return True
    at, before = earlier[-1]
    return seen - at <= 2 * NEARER_WITHIN and width > NEARER * before


def _weight(readings: list[PlateReading]) -> float:
    """Votes for a text; a reading that nobody confirmed still counts a little."""
    return sum(0.25 + reading.confidence for reading in readings)


def _confidence(readings: list[PlateReading]) -> float:
    return fmean(reading.confidence for reading in readings)


def _difference(left: str, right: str) -> int:
    """Places in which two plates differ; another length counts as wholly different."""
    if len(left) != len(right):
        return max(len(left), len(right))
    return sum(a != b for a, b in zip(left, right, strict=True))


def _sharpness(frame: Frame, reading: PlateReading) -> float:
    """How much detail the plate shows: variance of the Laplacian times its width squared, because
    strokes that are twice as wide have a gentler Laplacian though they are more legible."""
    x, y, width, height = cv2.boundingRect(reading.corners)
    cut = frame.image[max(y, 0) : y + height, max(x, 0) : x + width]
    if cut.size == 0:
        return 0.0
    detail = cv2.Laplacian(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var()
    return float(detail) * reading.width**2
