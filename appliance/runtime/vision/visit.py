"""From frames to one sighting a vehicle: who stands in the lane, and what its frames agree on.

A *visit* is one vehicle's stay. It lasts from the first frame in which the lane is occupied until
the lane has been empty for a while, or until the vehicle has left its place and the next stands
there. It yields one sighting: as soon as enough frames agree on a plate that is wide enough to be
legible in the photo, or whose vehicle has stopped coming nearer (it is then as legible as it will
be), or as unread when it has stood too long or has left.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import cv2

from appliance.guideline.dictionaries import PlateColour
from appliance.profile.model import Recognition
from appliance.runtime.vision.chooser import Shot, better, body_shot, front_shot
from appliance.runtime.vision.place import StandingPlace
from appliance.runtime.vision.presence import PRESENT, Mask, Presence
from appliance.runtime.vision.reading import Corners, Frame, PlateReader, PlateReading
from appliance.runtime.vision.report import EARLY_SECONDS, Heard, OpenReports, PlateReport
from appliance.runtime.vision.tracks import (
    NEARER_WITHIN,
    OTHER_TEXT,
    RECEDED,
    SURE,
    Motion,
    Track,
    Tracker,
    rivals,
)
from appliance.runtime.vision.vote import Verdict, difference

VEHICLE_SHARE = 0.12
"""A visit that never filled this share of the lane was no vehicle."""

STILL_SECONDS = 300.0
"""What has neither moved nor shown a plate for so long is part of the lane: a parked car, snow, or
a truck that had stood there when the lane was first learnt and has left since."""

FARTHER = 0.85
"""A plate narrower than this share of the reported one belongs to a vehicle farther away."""

ON_VEHICLE = 0.2
"""Share of a plate's surroundings that must differ from the empty lane, or it is part of it."""

LEGIBLE_PIXELS = 120
"""A plate so wide is as legible in the photo as it need be (4.5.1-2): nothing is gained by waiting
until the vehicle has come nearer, and it is waited for at the bar."""

WATCH_PAUSE = 0.2
"""Seconds between two readings while the vehicle in the lane has been reported already."""

STRAY_SECONDS = 10.0
"""How long a plate beside the reported one is remembered when it is not read again."""

MOST_SHOTS = 4
"""Front photos kept for one plate, by text: pictures are large."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One vehicle as vision saw it; `plate` is None when it could not be read, or not surely:
    `doubt` then holds what our reader read, and `report` what the camera says it read. With a
    `plate`, `colour_known` False says that its colour is a guess.

    `began_at` is the visit's first frame and makes the passage's key; `confidence` is that of the
    plate's weakest character (0 to 1, see `vote.Verdict`). `corners` is where the plate is in
    `front`, `motion` how the vehicle moved when it was decided on; None where no plate told.
    """

    began_at: datetime
    seen_at: datetime
    plate: str | None
    colour: PlateColour
    confidence: float
    front: Frame
    body: Frame
    corners: Corners | None = None
    motion: Motion | None = None
    doubt: Verdict | None = None
    report: PlateReport | None = None
    colour_known: bool = True


@dataclass(frozen=True, slots=True)
class Departure:
    """A reported vehicle that went back where it came from instead of through."""

    began_at: datetime
    at: datetime
    plate: str | None


@dataclass(slots=True)
class _Visit:
    began_at: datetime
    first: Frame
    last: Frame
    stirred: float
    place: StandingPlace = field(default_factory=StandingPlace)
    vehicle_since: float | None = None
    fronts: dict[int, dict[str, Shot]] = field(default_factory=dict)
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

    @property
    def no_news(self) -> bool:
        """Nothing is owed: it was reported already, or it was never as large as a vehicle."""
        return self.closed or self.vehicle_since is None


class VisitWatcher:
    """Turns the frames of one lane into sightings.

    `resume` is the beginning of a visit that an earlier run of the program left unfinished: if
    the lane is still occupied, the same visit goes on, and its passage keeps its key.
    `on_departure` hears of vehicles that back out. `camera_reads` says that the camera reads by
    itself and is told with `hear`: then both readers have to agree, and our own stands alone only
    when the camera stays silent. `on_contradiction` hears of a report, told too late, of another
    plate than the one passed on.
    """

    def __init__(
        self,
        reader: PlateReader,
        settings: Recognition,
        presence: Presence,
        *,
        resume: datetime | None = None,
        on_visit: Callable[[datetime | None], None] = lambda _: None,
        on_departure: Callable[[Departure], None] = lambda _: None,
        camera_reads: bool = False,
        on_contradiction: Callable[[PlateReport, str], None] = lambda _, __: None,
    ) -> None:
        self._reader = reader
        self._settings = settings
        self._presence = presence
        self._resume = resume
        self._on_visit = on_visit
        self._on_departure = on_departure
        self._camera_reads = camera_reads
        self._on_contradiction = on_contradiction
        self._heard = OpenReports()
        self._visit: _Visit | None = None
        self._tracker = Tracker()
        self._read_at = -math.inf

    @property
    def visiting(self) -> bool:
        """Whether a vehicle is in the lane that has not been reported yet."""
        return self._visit is not None and not self._visit.no_news

    @property
    def standing(self) -> bool:
        """Whether the vehicle reported last is still in the lane."""
        visit = self._visit
        return visit is not None and visit.closed and visit.gone_at is None

    @property
    def occupied(self) -> bool:
        """Whether anything is in the lane."""
        return self._visit is not None

    @property
    def reading(self) -> bool:
        """Whether a plate was read a moment ago."""
        visit = self._visit
        return visit is not None and any(
            track.alive(visit.last.instant) for track in self._tracker.tracks
        )

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
            visit = self._begin(_Visit(began_at, frame, frame, stirred=frame.instant))
        visit.last = frame
        if share >= VEHICLE_SHARE and visit.vehicle_since is None:
            visit.vehicle_since = frame.instant
        if self._presence.moving:
            visit.stirred = frame.instant
        visit.place.look(self._presence.foreground, settled=visit.closed and visit.arrived)
        if self._due(frame):
            self._read(visit, frame)
        if visit.no_news and frame.instant - visit.stirred > STILL_SECONDS:
            self._presence.learn_anew()
            self._end()
            return None
        return self._judged(visit, share)

    def hear(self, heard: Heard, *, blind: bool = False) -> None:
        """The camera read a plate by itself; the next frame's judgement takes it in. `blind` says
        that there is no picture, so that whatever stood in the lane may have left it."""
        visit = None if blind else self._visit
        if visit is None or not self._is_told_again(visit, heard):
            self._heard.hear(heard)

    def _is_told_again(self, visit: _Visit, heard: Heard) -> bool:
        """Whether a report is of the vehicle that was told of already: it is kept with it. One of
        another plate may be the next vehicle's."""
        if visit.reported is None:
            if visit.heard is None or not visit.heard.is_plate(heard.report.plate):
                return False
            visit.heard = visit.heard.with_repeat(heard)
        elif heard.is_plate(visit.reported):
            visit.heard = heard
        else:
            if visit.heard is None and self.standing:
                visit.heard = heard
                self._on_contradiction(heard.report, visit.reported)
                self._heard.settle(heard, recorded=False)
            return False
        self._heard.settle(heard, recorded=True)
        return True

    def unclaimed(self, instant: float, *, blind: bool = False) -> Heard | None:
        """The next report that no vehicle in the lane's own picture has come to claim, each once;
        ask until it is None. Without a picture (`blind`) a report that brings one is all there
        will be, and is not waited with."""
        visit = self._visit

        def given_up(heard: Heard) -> bool:
            if visit is not None and not blind:
                return heard.last < visit.hears_from
            waited = instant - heard.report.instant >= EARLY_SECONDS
            return waited or (blind and heard.report.picture is not None)

        return self._heard.hand_out(given_up, blind=blind)

    def _judged(self, visit: _Visit, share: float) -> Sighting | None:
        if visit.gone_at is not None:
            return self._await_next(visit, share)
        if visit.place.left:
            return self._left_its_place(visit)
        if visit.leader:
            self._follow(visit, visit.leader)
            return self._follower(visit, visit.leader)
        visit.arrived = visit.closed
        return self._decided(visit)

    def _follow(self, visit: _Visit, leader: Track) -> None:
        """A vehicle that was decided on while it still came nearer has its place where it stops."""
        if visit.arrived:
            return
        visit.reported_width = max(visit.reported_width, leader.last.width)
        lost = not leader.alive(visit.last.instant)
        visit.arrived = lost or leader.motion not in {None, Motion.APPROACHING}

    # The beginning and the end of a visit.

    def _begin(self, visit: _Visit) -> _Visit:
        self._visit = visit
        self._on_visit(visit.began_at)
        return visit

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
        if visit.gone_at is None:
            self._tell_departure(visit)
        self._end()
        return sighting

    def _end(self) -> None:
        self._visit = None
        self._tracker.keep(())
        self._on_visit(None)

    def _left_its_place(self, visit: _Visit) -> Sighting | None:
        """The lane is occupied, but no longer by this vehicle, unless its plate says otherwise."""
        instant = visit.last.instant
        if any(track.alive(instant) and _is_its(visit, track) for track in self._tracker.tracks):
            visit.place.stay()
            return None
        sighting = None
        if not visit.no_news:
            sighting = self._confirmed(visit) or self._unread(visit)
        visit.closed = True
        visit.gone_at = instant
        self._tell_departure(visit)
        return sighting

    def _tell_departure(self, visit: _Visit) -> None:
        """Say so when the vehicle went back: its plate came near, and then went away again."""
        leader = visit.leader
        if leader and leader.first.width < RECEDED * leader.widest and leader.receded:
            self._on_departure(Departure(visit.began_at, visit.last.taken_at, visit.reported))

    def _await_next(self, visit: _Visit, share: float) -> Sighting | None:
        """Another vehicle fills the lane: its visit begins when it takes the place of the one
        before, stops short of it, or shows its plate."""
        assert visit.gone_at is not None  # noqa: S101 - the caller asked
        still = visit.last.instant - max(visit.gone_at, visit.stirred)
        waits = still > self._settings.unread_after_seconds
        last = visit.last
        # All plates that were read before it left were on it, also those that nobody could read.
        self._forget_older(visit, visit.gone_at)
        others = [track for track in self._tracker.tracks if not _is_its(visit, track)]
        shown = any(
            len(track.vote) >= self._settings.confirm_readings and track.alive(last.instant)
            for track in others
        )
        if share < VEHICLE_SHARE or not (visit.place.taken_again or waits or shown):
            return None
        self._tracker.keep(others)
        behind = _Visit(last.taken_at, last, last, stirred=last.instant, hears_from=visit.told_at)
        behind.fronts = visit.fronts
        behind.vehicle_since = last.instant
        self._begin(behind)
        return None

    def _forget_older(self, visit: _Visit, instant: float) -> None:
        """Of what was last read before an instant only the vehicle's own plate is remembered, and
        pictures only of other plates: its own has been told."""
        own = [track for track in self._tracker.tracks if _is_its(visit, track)]
        recent = [track for track in self._tracker.tracks if track.last.instant > instant]
        others = [track for track in recent if track not in own]
        self._tracker.keep([*own, *others])
        visit.fronts = {
            t.number: visit.fronts[t.number] for t in others if t.number in visit.fronts
        }

    # What the frames say.

    def _due(self, frame: Frame) -> bool:
        # A reported vehicle is only watched, for the next one's plate; one that waits to be
        # decided on is read as often as pictures come, because it stands before the bar.
        pause = max(1 / self._settings.frames_per_second, WATCH_PAUSE if self.standing else 0.0)
        # A quarter of slack: frames do not come on the very beat.
        if frame.instant - self._read_at < 0.75 * pause:
            return False
        self._read_at = frame.instant
        return True

    def _read(self, visit: _Visit, frame: Frame) -> None:
        foreground = self._presence.foreground
        readings = [
            reading
            for reading in self._reader.read(frame.image)
            if _on_vehicle(frame, reading, foreground)
        ]
        if not visit.closed:
            visit.body = better(visit.body, body_shot(frame, foreground))
        if not readings:
            return
        visit.stirred = frame.instant
        if visit.closed:
            # It may stand there for hours, and lettering read otherwise each time would add up.
            self._forget_older(visit, frame.instant - STRAY_SECONDS)
        for number, track in self._tracker.update(frame, readings).items():
            if not (visit.closed and _is_its(visit, track)):
                reading = readings[number]
                _keep(visit.fronts.setdefault(track.number, {}), reading.text, frame, reading)

    def _decided(self, visit: _Visit) -> Sighting | None:
        """A sighting as soon as there is nothing more to wait for."""
        late = (
            visit.vehicle_since is not None
            and visit.last.instant - visit.vehicle_since > self._settings.unread_after_seconds
        )
        if not late and not self._both_read(visit) and self._coming_nearer(visit):
            return None
        sighting = self._confirmed(visit)
        if sighting is None and late and not visit.closed:
            visit.closed = True
            return self._unread(visit)
        return sighting

    def _coming_nearer(self, visit: _Visit) -> bool:
        """Whether the nearest plate is small yet and was seen growing a moment ago."""
        leading = self._leading()
        if leading is None or visit.last.instant - leading.last.instant > NEARER_WITHIN:
            return False
        if leading.last.width * visit.last.image.shape[1] >= LEGIBLE_PIXELS:
            return False
        return leading.motion in {None, Motion.APPROACHING}

    def _leading(self) -> Track | None:
        return max(self._tracker.tracks, key=lambda track: track.score, default=None)

    def _confirmed(self, visit: _Visit) -> Sighting | None:
        """The sighting of the plate that leads, when its frames agree.

        Also a plate read after the visit was reported as unread: the sighting then has the same
        beginning, and the lane, which knows whether the bar went up, judges whose it is.
        """
        leading = self._leading()
        verdict = self._verdict(leading) if leading else None
        if self._camera_reads:
            return self._both_confirmed(visit, leading, verdict)
        return self._sighting(visit, leading, verdict) if leading and verdict else None

    # A camera that reads by itself (4.5.1-1).

    def _heard_of(self, visit: _Visit) -> Heard | None:
        """The camera's report of this visit's vehicle, if it has come: the one that our reader
        reads too, else the latest."""
        told = self._heard.since(visit.hears_from)
        if visit.heard is not None:
            told.append(visit.heard)
        leading = self._leading()
        same = [heard for heard in told if leading and heard.is_plate(leading.text)]
        return max(same or told, key=lambda heard: heard.last, default=None)

    def _take_in(self, visit: _Visit) -> PlateReport | None:
        """The report that goes with what is told of a visit; it is no other vehicle's then."""
        visit.told_at = visit.last.instant
        visit.heard = self._heard_of(visit)
        if visit.heard is None:
            return None
        self._heard.settle(visit.heard, recorded=True)
        return visit.heard.report

    def _both_read(self, visit: _Visit) -> Heard | None:
        """The camera's report, when our reader reads the same and no sure reading speaks
        against it."""
        heard = self._heard_of(visit)
        if heard is None:
            return None
        leading = self._leading()
        text = leading.text if leading else ""
        if heard.is_plate(text):
            return heard
        against = leading is not None and self._verdict(leading) is not None
        return heard if heard.confirmed and not against else None

    def _both_confirmed(
        self, visit: _Visit, leading: Track | None, verdict: Verdict | None
    ) -> Sighting | None:
        both = self._both_read(visit)
        if both is not None:
            return self._sighting_of_both(visit, leading, both)
        if self._heard_of(visit) is not None or leading is None or verdict is None:
            return None  # they differ, or there is nothing to compare yet
        if visit.ready_at is None:
            visit.ready_at = visit.last.instant
        if visit.last.instant - visit.ready_at < self._settings.camera_report_seconds:
            return None
        return self._sighting(visit, leading, verdict)

    def _sighting_of_both(self, visit: _Visit, leading: Track | None, both: Heard) -> Sighting:
        """Two readers agree: one reading each is enough."""
        verdict = leading.vote.verdict() if leading else None
        if leading is not None and verdict is not None and both.is_plate(verdict.text):
            return self._sighting(visit, leading, verdict)
        report, ours = self._take_in(visit), both.ours
        assert report is not None  # noqa: S101 - `both` is this visit's
        assert ours is not None and report.picture is not None  # noqa: S101, PT018 - confirmed
        picture = Frame(report.picture, report.at, report.instant)
        visit.closed, visit.reported, visit.fronts = True, ours.text, {}
        visit.leader = leading
        visit.reported_width = leading.last.width if leading else 0.0
        return Sighting(
            began_at=visit.began_at,
            seen_at=visit.last.taken_at,
            plate=ours.text,
            colour=ours.colour,
            confidence=ours.confidence,
            front=picture,
            body=visit.body.frame if visit.body else visit.first,
            corners=ours.corners,
            report=report,
            colour_known=ours.colour_known,
        )

    def _verdict(self, track: Track) -> Verdict | None:
        """What a track's frames agree on, when they do, and no other text is at its place."""
        if any(track.score < 2 * rival.score for rival in rivals(track, self._tracker.tracks)):
            return None
        return self._agreed(track)

    def _agreed(self, track: Track) -> Verdict | None:
        """What a track's frames agree on, when enough do and are sure of it."""
        verdict = track.vote.verdict()
        if (
            verdict is None
            or not verdict.agreed
            or verdict.support < self._settings.confirm_readings
            or verdict.confidence < self._settings.least_confidence
            or not verdict.sure
        ):
            return None
        return verdict

    def _follower(self, visit: _Visit, leader: Track) -> Sighting | None:
        """The next vehicle, close behind: another plate confirmed when the reported one is lost."""
        if leader.alive(visit.last.instant):
            return None
        others = [t for t in self._tracker.tracks if t.alive(visit.last.instant)]
        for track in sorted(others, key=lambda track: track.score, reverse=True):
            verdict = self._agreed(track)
            if (
                verdict is None
                or verdict.sureness < SURE
                or not self._is_another(visit, leader, track, verdict.text)
            ):
                continue
            last = visit.last
            behind = _Visit(
                last.taken_at, last, last, stirred=last.instant, hears_from=visit.told_at
            )
            if (heard := self._heard_of(behind)) and not heard.is_plate(verdict.text):
                continue  # the camera read another plate: it waits until its own visit can tell
            self._tracker.keep([t for t in self._tracker.tracks if not _is_its(visit, t)])
            behind.vehicle_since = last.instant
            behind.fronts = visit.fronts
            return self._sighting(self._begin(behind), track, verdict)
        return None

    @staticmethod
    def _is_another(visit: _Visit, leader: Track, track: Track, text: str) -> bool:
        """Whether a plate is another vehicle's than the one reported, which is not seen any more.

        A text seen together with the reported plate is on the same vehicle (a tank's lettering, a
        trailer's plate) unless the two moved apart. A plate of nearly the same number is a
        misreading, unless it came from farther away.
        """
        if _is_its(visit, track) or (
            leader.number in track.together and not track.apart_from(leader)
        ):
            return False
        came_from_afar = track.first.width < FARTHER * visit.reported_width
        return came_from_afar or difference(text, visit.reported or "") >= OTHER_TEXT

    # What is told.

    def _sighting(self, visit: _Visit, track: Track, verdict: Verdict) -> Sighting:
        shots = visit.fronts[track.number]
        alike = min(shots, key=lambda text: (difference(text, verdict.text), -shots[text].score))
        front = shots[alike]
        visit.closed = True
        visit.leader, visit.reported = track, verdict.text
        visit.reported_width = track.last.width
        visit.fronts = {}
        return Sighting(
            began_at=visit.began_at,
            seen_at=front.frame.taken_at,
            plate=verdict.text,
            colour=verdict.colour,
            confidence=verdict.confidence,
            front=front.frame,
            body=visit.body.frame if visit.body else visit.first,
            corners=front.corners,
            motion=track.motion,
            report=self._take_in(visit),
            colour_known=verdict.colour_known,
        )

    def _unread(self, visit: _Visit) -> Sighting:
        """A vehicle that could not be read, with the best look at what may be its plate."""
        body = visit.body.frame if visit.body else visit.first
        looks = [shot for shots in visit.fronts.values() for shot in shots.values()]
        best = max(looks, key=lambda shot: shot.score, default=None)
        leading = self._leading()
        return Sighting(
            began_at=visit.began_at,
            seen_at=visit.last.taken_at,
            plate=None,
            colour=PlateColour.OTHER,
            confidence=0.0,
            front=best.frame if best else body if visit.place.left else visit.last,
            body=body,
            corners=best.corners if best else None,
            doubt=leading.vote.verdict() if leading else None,
            report=self._take_in(visit),
        )


def _is_its(visit: _Visit, track: Track) -> bool:
    """Whether a track is of the vehicle that the visit reported."""
    return track is visit.leader or (visit.reported is not None and track.text == visit.reported)


def _on_vehicle(frame: Frame, reading: PlateReading, foreground: Mask) -> bool:
    """Whether a plate is on something that is not part of the empty lane, such as a parked car."""
    height, width = frame.image.shape[:2]
    down, across = foreground.shape
    x, y, wide, high = cv2.boundingRect(reading.corners)
    top = max((y - high) * down // height, 0)
    bottom = (y + 2 * high) * down // height + 1
    left = max((x - wide // 2) * across // width, 0)
    right = (x + wide + wide // 2) * across // width + 1
    around = foreground[top:bottom, left:right]
    return bool(around.size) and float(around.mean()) >= ON_VEHICLE


def _keep(shots: dict[str, Shot], text: str, frame: Frame, reading: PlateReading) -> None:
    """Keep the best picture for each text that a plate was read as, of a few texts."""
    shot = front_shot(frame, reading)
    if text not in shots or shot.score > shots[text].score:
        shots[text] = shot
    if len(shots) > MOST_SHOTS:
        del shots[min(shots, key=lambda one: shots[one].score)]
