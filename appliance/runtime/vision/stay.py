"""One vehicle's stay in the lane: what was seen of it, and what has been told of it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from appliance.runtime.vision.chooser import Shot, front_shot
from appliance.runtime.vision.place import StandingPlace
from appliance.runtime.vision.reading import Frame, PlateReading
from appliance.runtime.vision.report import EARLY_SECONDS, Heard
from appliance.runtime.vision.tracks import OTHER_TEXT, RECEDED, Motion, Track
from appliance.runtime.vision.vote import difference

FARTHER = 0.85
"""A plate narrower than this share of the reported one belongs to a vehicle farther away."""

MOST_SHOTS = 4
"""Front photos kept for one plate, by text: pictures are large."""


@dataclass(slots=True)
class Visit:
    """A stay from its first frame on. Instants are monotonic seconds."""

    began_at: datetime
    first: Frame
    last: Frame
    stirred: float
    """When it last moved or showed a plate."""
    place: StandingPlace = field(default_factory=StandingPlace)
    vehicle_since: float | None = None
    fronts: dict[int, dict[str, Shot]] = field(default_factory=dict)
    """By a plate's track and the text it was read as."""
    body: Shot | None = None
    leader: Track | None = None
    reported: str | None = None
    reported_width: float = 0.0
    closed: bool = False
    arrived: bool = False
    """Whether it has stopped coming nearer since it was reported."""
    gone_at: float | None = None
    ready_at: float | None = None
    """When our own readings were sure enough, while the camera's was still waited for."""
    hears_from: float = math.inf
    """A camera's report that came earlier is of another vehicle."""
    told_at: float = math.inf
    heard: Heard | None = None
    """The camera's report that was taken for this vehicle's."""

    def __post_init__(self) -> None:
        if self.hears_from == math.inf:
            self.hears_from = self.first.instant - EARLY_SECONDS

    def next(self) -> "Visit":
        """The stay of the vehicle that comes behind this one, from the last frame on."""
        last = self.last
        behind = Visit(last.taken_at, last, last, last.instant, hears_from=self.told_at)
        behind.vehicle_since = last.instant
        behind.fronts = self.fronts
        return behind

    @property
    def no_news(self) -> bool:
        """Nothing is owed: it was reported already, or it was never as large as a vehicle."""
        return self.closed or self.vehicle_since is None

    @property
    def standing(self) -> bool:
        """Whether it was reported and is there still."""
        return self.closed and self.gone_at is None

    def waits_longer_than(self, seconds: float) -> bool:
        """Whether the vehicle has been in the lane for longer."""
        since = self.vehicle_since
        return since is not None and self.last.instant - since > seconds

    def close(self, leader: Track | None, text: str) -> None:
        """It was told of, by a plate."""
        self.closed, self.leader, self.reported = True, leader, text
        self.reported_width = leader.last.width if leader else 0.0
        self.fronts = {}

    def follow(self, leader: Track) -> None:
        """A vehicle that was decided on while it still came nearer has its place where it stops."""
        if self.arrived:
            return
        self.reported_width = max(self.reported_width, leader.last.width)
        lost = not leader.alive(self.last.instant)
        self.arrived = lost or leader.motion not in {None, Motion.APPROACHING}

    @property
    def went_back(self) -> bool:
        """Whether its plate came near, and then went away again."""
        leader = self.leader
        return (
            leader is not None and leader.first.width < RECEDED * leader.widest and leader.receded
        )

    def is_its(self, track: Track) -> bool:
        """Whether a track is of the vehicle that was reported."""
        return track is self.leader or (self.reported is not None and track.text == self.reported)

    def is_another(self, track: Track, text: str) -> bool:
        """Whether a plate is another vehicle's than the one reported, which is not seen any more.

        A text seen together with the reported plate is on the same vehicle (a tank's lettering, a
        trailer's plate) unless the two moved apart. A plate of nearly the same number is a
        misreading, unless it came from farther away.
        """
        leader = self.leader
        if self.is_its(track):
            return False
        if leader and leader.number in track.together and not track.apart_from(leader):
            return False
        came_from_afar = track.first.width < FARTHER * self.reported_width
        return came_from_afar or difference(text, self.reported or "") >= OTHER_TEXT

    # Pictures.

    def keep_front(self, track: Track, frame: Frame, reading: PlateReading) -> None:
        """Keep the best picture for each text that a plate was read as, of a few texts."""
        shots = self.fronts.setdefault(track.number, {})
        shot, text = front_shot(frame, reading), reading.text
        if text not in shots or shot.score > shots[text].score:
            shots[text] = shot
        if len(shots) > MOST_SHOTS:
            del shots[min(shots, key=lambda one: shots[one].score)]

    def keep_fronts_of(self, tracks: Iterable[Track]) -> None:
        """Forget the pictures of all other tracks."""
        numbers = {track.number for track in tracks}
        self.fronts = {number: shots for number, shots in self.fronts.items() if number in numbers}

    def front_of(self, track: Track, text: str) -> Shot:
        """The best picture of a track, in which it was read most like `text`."""
        shots = self.fronts[track.number]
        return shots[min(shots, key=lambda one: (difference(one, text), -shots[one].score))]

    @property
    def best_front(self) -> Shot | None:
        """The best look at what may be its plate."""
        looks = [shot for shots in self.fronts.values() for shot in shots.values()]
        return max(looks, key=lambda shot: shot.score, default=None)

    @property
    def body_frame(self) -> Frame:
        """The picture of the whole vehicle."""
        return self.body.frame if self.body else self.first
