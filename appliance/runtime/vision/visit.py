"""From frames to one sighting a vehicle: who stands in the lane, and what its frames agree on.

A *visit* is one vehicle's stay. It lasts from the first frame in which the lane is occupied until
the lane has been empty for a while, or until the vehicle has left its place and the next stands
there. It yields one sighting: as soon as enough frames agree on a plate that is wide enough to be
legible in the photo, or whose vehicle has stopped coming nearer (it is then as legible as it will
be), or as unread when it has stood too long or has left.
"""

import math
from collections.abc import Callable
from datetime import datetime

import cv2

from appliance.guideline.dictionaries import PlateColour
from appliance.profile.model import Recognition
from appliance.runtime.vision.camera_word import CameraWord
from appliance.runtime.vision.chooser import better, body_shot
from appliance.runtime.vision.presence import PRESENT, Mask, Presence
from appliance.runtime.vision.reading import Frame, PlateReader, PlateReading
from appliance.runtime.vision.report import Heard, PlateReport
from appliance.runtime.vision.sighting import Departure, Doubt, Sighting
from appliance.runtime.vision.stay import Visit
from appliance.runtime.vision.tracks import NEARER_WITHIN, SURE, Motion, Track, Tracker, rivals
from appliance.runtime.vision.vote import Verdict

VEHICLE_SHARE = 0.12
"""A visit that never filled this share of the lane was no vehicle."""

STILL_SECONDS = 300.0
"""What has neither moved nor shown a plate for so long is part of the lane: a parked car, snow, or
a truck that had stood there when the lane was first learnt and has left since."""

ON_VEHICLE = 0.2
"""Share of a plate's surroundings that must differ from the empty lane, or it is part of it."""

LEGIBLE_PIXELS = 120
"""A plate so wide is as legible in the photo as it need be (4.5.1-2): nothing is gained by waiting
until the vehicle has come nearer, and it is waited for at the bar."""

WATCH_PAUSE = 0.2
"""Seconds between two readings while the vehicle in the lane has been reported already."""

STRAY_SECONDS = 10.0
"""How long a plate beside the reported one is remembered when it is not read again."""


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
        self._camera = CameraWord(on_contradiction)
        self._visit: Visit | None = None
        self._tracker = Tracker()
        self._read_at = -math.inf

    @property
    def visiting(self) -> bool:
        """Whether a vehicle is in the lane that has not been reported yet."""
        return self._visit is not None and not self._visit.no_news

    @property
    def standing(self) -> bool:
        """Whether the vehicle reported last is still in the lane."""
        return self._visit is not None and self._visit.standing

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
        share = self._presence.occupied_share(frame.image, frame.instant)
        visit = self._visit
        if share < PRESENT:
            if visit is None:
                self._forget()
                return None
            return self._lane_empty(visit, frame)
        if visit is None:
            began_at = self._resume or frame.taken_at
            self._resume = None
            visit = self._begin(Visit(began_at, frame, frame, stirred=frame.instant))
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
        self._camera.hear(heard, None if blind else self._visit)

    def unclaimed(self, instant: float, *, blind: bool = False) -> Heard | None:
        """The next report that no vehicle has come to claim, each once; ask until it is None."""
        return self._camera.unclaimed(self._visit, instant, blind=blind)

    def _judged(self, visit: Visit, share: float) -> Sighting | None:
        if visit.gone_at is not None:
            return self._await_next(visit, share)
        if visit.place.left:
            return self._left_its_place(visit)
        if visit.leader:
            visit.follow(visit.leader)
            return self._follower(visit, visit.leader)
        visit.arrived = visit.closed
        return self._decided(visit)

    # The beginning and the end of a visit.

    def _begin(self, visit: Visit) -> Visit:
        self._visit = visit
        self._on_visit(visit.began_at)
        return visit

    def _forget(self) -> None:
        """The lane was empty at start: whatever an earlier run saw has gone."""
        if self._resume:
            self._resume = None
            self._on_visit(None)

    def _lane_empty(self, visit: Visit, frame: Frame) -> Sighting | None:
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

    def _left_its_place(self, visit: Visit) -> Sighting | None:
        """The lane is occupied, but no longer by this vehicle, unless its plate says otherwise."""
        instant = visit.last.instant
        if any(track.alive(instant) and visit.is_its(track) for track in self._tracker.tracks):
            visit.place.stay()
            return None
        sighting = None
        if not visit.no_news:
            sighting = self._confirmed(visit) or self._unread(visit)
        visit.closed = True
        visit.gone_at = instant
        self._tell_departure(visit)
        return sighting

    def _tell_departure(self, visit: Visit) -> None:
        """Say so when the vehicle went back."""
        if visit.went_back:
            self._on_departure(Departure(visit.began_at, visit.last.taken_at, visit.reported))

    def _await_next(self, visit: Visit, share: float) -> Sighting | None:
        """Another vehicle fills the lane: its visit begins when it takes the place of the one
        before, stops short of it, or shows its plate."""
        assert visit.gone_at is not None  # noqa: S101 - the caller asked
        still = visit.last.instant - max(visit.gone_at, visit.stirred)
        waits = still > self._settings.unread_after_seconds
        last = visit.last
        # All plates that were read before it left were on it, also those that nobody could read.
        self._forget_older(visit, visit.gone_at)
        others = [track for track in self._tracker.tracks if not visit.is_its(track)]
        shown = any(
            len(track.vote) >= self._settings.confirm_readings and track.alive(last.instant)
            for track in others
        )
        if share < VEHICLE_SHARE or not (visit.place.taken_again or waits or shown):
            return None
        self._tracker.keep(others)
        self._begin(visit.next())
        return None

    def _forget_older(self, visit: Visit, instant: float) -> None:
        """Of what was last read before an instant only the vehicle's own plate is remembered, and
        pictures only of other plates: its own has been told."""
        own = [track for track in self._tracker.tracks if visit.is_its(track)]
        recent = [track for track in self._tracker.tracks if track.last.instant > instant]
        others = [track for track in recent if track not in own]
        self._tracker.keep([*own, *others])
        visit.keep_fronts_of(others)

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

    def _read(self, visit: Visit, frame: Frame) -> None:
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
            if not (visit.closed and visit.is_its(track)):
                visit.keep_front(track, frame, readings[number])

    def _decided(self, visit: Visit) -> Sighting | None:
        """A sighting as soon as there is nothing more to wait for."""
        late = visit.waits_longer_than(self._settings.unread_after_seconds)
        if not late and not self._both_read(visit) and self._coming_nearer(visit):
            return None
        sighting = self._confirmed(visit)
        if sighting is None and late and not visit.closed:
            visit.closed = True
            return self._unread(visit)
        return sighting

    def _coming_nearer(self, visit: Visit) -> bool:
        """Whether the nearest plate is small yet and was seen growing a moment ago."""
        leading = self._leading()
        if leading is None or visit.last.instant - leading.last.instant > NEARER_WITHIN:
            return False
        if leading.last.width * visit.last.image.shape[1] >= LEGIBLE_PIXELS:
            return False
        return leading.motion in {None, Motion.APPROACHING}

    def _leading(self) -> Track | None:
        return max(self._tracker.tracks, key=lambda track: track.score, default=None)

    def _leading_text(self) -> str | None:
        leading = self._leading()
        return leading.text if leading else None

    def _confirmed(self, visit: Visit) -> Sighting | None:
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

    def _both_read(self, visit: Visit) -> Heard | None:
        """The camera's report, when our reader reads the same and no sure reading speaks
        against it."""
        leading = self._leading()
        text = leading.text if leading else None
        heard = self._camera.about(visit, text)
        if heard is None or (text is not None and heard.is_plate(text)):
            return heard
        against = leading is not None and self._verdict(leading) is not None
        return heard if heard.confirmed and not against else None

    def _both_confirmed(
        self, visit: Visit, leading: Track | None, verdict: Verdict | None
    ) -> Sighting | None:
        both = self._both_read(visit)
        if both is not None:
            return self._sighting_of_both(visit, leading, both)
        if self._camera.about(visit, self._leading_text()) or leading is None or verdict is None:
            return None  # they differ, or there is nothing to compare yet
        if visit.ready_at is None:
            visit.ready_at = visit.last.instant
        if visit.last.instant - visit.ready_at < self._settings.camera_report_seconds:
            return None
        return self._sighting(visit, leading, verdict)

    def _sighting_of_both(self, visit: Visit, leading: Track | None, both: Heard) -> Sighting:
        """Two readers agree: one reading each is enough."""
        verdict = leading.vote.verdict() if leading else None
        if leading is not None and verdict is not None and both.is_plate(verdict.text):
            return self._sighting(visit, leading, verdict)
        report, ours = self._camera.take(visit, self._leading_text()), both.ours
        assert report is not None  # noqa: S101 - `both` is this visit's
        assert ours is not None and report.picture is not None  # noqa: S101, PT018 - confirmed
        picture = Frame(report.picture, report.at, report.instant)
        visit.close(leading, ours.text)
        return Sighting(
            began_at=visit.began_at,
            seen_at=visit.last.taken_at,
            plate=ours.text,
            colour=ours.colour,
            confidence=ours.confidence,
            front=picture,
            body=visit.body_frame,
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

    def _follower(self, visit: Visit, leader: Track) -> Sighting | None:
        """The next vehicle, close behind: another plate confirmed when the reported one is lost."""
        if leader.alive(visit.last.instant):
            return None
        others = [t for t in self._tracker.tracks if t.alive(visit.last.instant)]
        for track in sorted(others, key=lambda track: track.score, reverse=True):
            verdict = self._agreed(track)
            if (
                verdict is None
                or verdict.sureness < SURE
                or not visit.is_another(track, verdict.text)
            ):
                continue
            behind = visit.next()
            heard = self._camera.about(behind, self._leading_text())
            if heard and not heard.is_plate(verdict.text):
                continue  # the camera read another plate: it waits until its own visit can tell
            self._tracker.keep([t for t in self._tracker.tracks if not visit.is_its(t)])
            return self._sighting(self._begin(behind), track, verdict)
        return None

    # What is told.

    def _sighting(self, visit: Visit, track: Track, verdict: Verdict) -> Sighting:
        front = visit.front_of(track, verdict.text)
        visit.close(track, verdict.text)
        return Sighting(
            began_at=visit.began_at,
            seen_at=front.frame.taken_at,
            plate=verdict.text,
            colour=verdict.colour,
            confidence=verdict.confidence,
            front=front.frame,
            body=visit.body_frame,
            corners=front.corners,
            motion=track.motion,
            report=self._camera.take(visit, self._leading_text()),
            colour_known=verdict.colour_known,
        )

    def _unread(self, visit: Visit) -> Sighting:
        """A vehicle that could not be read, with the best look at what may be its plate."""
        body, best, leading = visit.body_frame, visit.best_front, self._leading()
        verdict = leading.vote.verdict() if leading else None
        return Sighting(
            began_at=visit.began_at,
            seen_at=visit.last.taken_at,
            plate=None,
            colour=PlateColour.OTHER,
            confidence=0.0,
            front=best.frame if best else body if visit.place.left else visit.last,
            body=body,
            corners=best.corners if best else None,
            doubt=_doubt(verdict) if verdict else None,
            report=self._camera.take(visit, self._leading_text()),
        )


def _doubt(verdict: Verdict) -> Doubt:
    colour = verdict.colour if verdict.colour_known else None
    return Doubt(verdict.text, verdict.confidence, colour, verdict.second)


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
