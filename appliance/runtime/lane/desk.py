"""Whose passage is it? Gives each sighting and each raised bar to the right vehicle.

The rules in words: a vehicle that is seen again is the passage it has; a plate read late is entered
into the passage that was recorded unread; a bar raised by hand is for the vehicle being read, else
for the one it stayed shut for, else for one nobody saw. The journal comes before the bar.
"""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from appliance.clock import Clock
from appliance.guideline.dictionaries import PlateColour, RaiseMethod
from appliance.profile.model import Lane, Profile, RefusedVehicles
from appliance.runtime.journal import Journal, NothingToCorrect
from appliance.runtime.journal.values import (
    Decision,
    Passage,
    Photo,
    PhotoKind,
    RecordedPassage,
    Seen,
    Vehicle,
)
from appliance.runtime.lane.admission import decide
from appliance.runtime.lane.barrier import Barrier
from appliance.runtime.vision.colour import colourless
from appliance.runtime.vision.reading import Corners, Frame
from appliance.runtime.vision.report import Heard
from appliance.runtime.vision.sighting import Doubt, Sighting
from appliance.runtime.vision.stamp import Caption, stamped

log = logging.getLogger(__name__)

HAND_RAISE_WINDOW = timedelta(seconds=90)
"""A bar raised by hand is for the last vehicle that it stayed shut for, if not longer ago."""

RECENT = 100
"""How far back a starting lane looks for its last passage."""

AT_ONCE = timedelta(seconds=10)
"""No vehicle is at two barriers within so short a time: a camera shows another's lane."""

RECORD_ATTEMPTS = 20
SECOND_READER = "复核"
CAMERA = "相机"
HELD = "未放行，未进出厂；人工抬杆后上报"


class PassageDesk:
    """Keeps one lane's last passage in mind and writes the next.

    `fresh_frame` gives a picture that shows what is before the bar now, or None; `raised_for` is
    the passage that the bar last went up for, as an earlier run remembered it.
    """

    def __init__(
        self,
        profile: Profile,
        lane: Lane,
        *,
        journal: Journal,
        barrier: Barrier,
        clock: Clock,
        fresh_frame: Callable[[], Frame | None],
        raised_for: int | None,
    ) -> None:
        self._profile = profile
        self._lane = lane
        self._journal = journal
        self._barrier = barrier
        self._clock = clock
        self._fresh_frame = fresh_frame
        recent = journal.latest_passages(RECENT)
        self._last = next((p for p in recent if p.barrier == lane.barrier.id), None)
        self._last_raised = self._last is not None and (
            self._last.raise_method is RaiseMethod.MANUAL or raised_for == self._last.id
        )
        self._hand_raised_at: datetime | None = None

    def key(self, moment: datetime) -> str:
        """The key of a passage whose visit began at `moment`."""
        return f"{self._lane.barrier.id}-{moment:%Y%m%d%H%M%S%f}"

    def take(self, sighting: Sighting) -> None:
        """Give a sighting to the passage it belongs to, or make one of it."""
        told = self._with_colour(sighting)
        # Which vehicle it is its number tells, whether or not that may be told with a colour.
        last, key = self._last, self.key(sighting.began_at)
        if last and last.key == key:
            known = {None, last.plate}
            if told.plate is None:
                known |= {seen.plate for seen in last.seen}
            if sighting.plate in known:
                self._seen_again(last)
                return
            if last.plate is None and not self._last_raised:
                self._read_late(last, told)
                return
            # The bar went up for the one before: this is the vehicle behind it.
            key = self.key(sighting.seen_at)
        elif last and self._is_same_vehicle(last, sighting):
            self._seen_again(last)
            return
        by_hand = self._hand_raised_at is not None
        self._hand_raised_at = None
        self._commit(
            self._passage(
                key=key,
                at=sighting.seen_at,
                plate=told.plate,
                colour=told.colour,
                confidence=told.confidence,
                raise_method=RaiseMethod.MANUAL if by_hand else RaiseMethod.AUTOMATIC,
                pictures={PhotoKind.FRONT: sighting.front, PhotoKind.BODY: sighting.body},
                corners=sighting.corners,
                seen=self._seen(told),
            )
        )

    def take_report(self, heard: Heard) -> None:
        """A vehicle that only a camera's own report tells of, because no video comes: its plate
        is sure when our reader reads the same in the report's picture."""
        report, ours = heard.report, heard.ours
        if report.picture is None:
            return
        sure = ours if ours is not None and heard.confirmed else None
        frame = Frame(report.picture, report.at, report.instant)
        self.take(
            Sighting(
                began_at=report.at,
                seen_at=report.at,
                plate=sure.text if sure else None,
                colour=sure.colour if sure else PlateColour.OTHER,
                confidence=sure.confidence if sure else 0.0,
                front=frame,
                body=frame,
                corners=sure.corners if sure else None,
                report=report,
                colour_known=sure is None or sure.colour_known,
            )
        )

    def _with_colour(self, sighting: Sighting) -> Sighting:
        """The sighting with a colour that may be told, or else as one that a person has to enter.

        A camera in infrared light shows none, and dusk not enough of it. Where one vehicle of the
        register alone has that number, it is that one, if the picture has no colour or its
        likelier one is the vehicle's; a guess is not passed on (4.5.1-1).
        """
        if sighting.plate is None or sighting.colour_known:
            return sighting
        known = [each.plate_colour for each in self._journal.vehicles_of_plate(sighting.plate)]
        if known == [sighting.colour] or (len(known) == 1 and colourless(sighting.front.image)):
            return replace(sighting, colour=known[0], colour_known=True)
        doubt = Doubt(sighting.plate, sighting.confidence, colour=None)
        return replace(sighting, plate=None, colour=PlateColour.OTHER, confidence=0.0, doubt=doubt)

    def _seen(self, sighting: Sighting) -> tuple[Seen, ...]:
        """What a gatekeeper is told who enters the plate by hand: both readers' texts."""
        doubt, report = sighting.doubt, sighting.report
        camera: tuple[Seen, ...] = ()
        if sighting.plate is None and report is not None:
            colour = report.colour or PlateColour.OTHER
            camera = (Seen(CAMERA, report.plate, colour, report.confidence),)
        if doubt is None:
            return camera
        colour = doubt.colour or PlateColour.OTHER
        reader = self._profile.recognition.reader.value
        first = Seen(reader, doubt.text, colour, doubt.confidence)
        if doubt.second is None:
            return (*camera, first)
        return (*camera, first, Seen(SECOND_READER, doubt.second, colour, None))

    def _is_same_vehicle(self, last: RecordedPassage, sighting: Sighting) -> bool:
        """Whether the lane only lost sight of the vehicle it has just recorded."""
        again = timedelta(seconds=self._profile.recognition.same_vehicle_seconds)
        same_plate = sighting.plate is not None and sighting.plate == last.plate
        return same_plate and abs(sighting.began_at - last.passed_at) < again

    def _seen_again(self, last: RecordedPassage) -> None:
        """The last vehicle has not left: what it is owed and did not get is done now."""
        log.info("passage %d again: the vehicle has not left", last.id)
        if self._hand_raised_at is not None:
            self._hand_raised_at = None
            self._mark_manual(last)
        elif last.admission.decision is Decision.ADMIT:
            # An earlier run may have died before the relay was told, or the bar has fallen.
            self._barrier.raise_for(last.id)

    def _read_late(self, last: RecordedPassage, sighting: Sighting) -> None:
        """The vehicle that was recorded as unread is still there, and now its plate is read."""
        if sighting.doubt is not None:  # its colour is not known
            read = f"{sighting.doubt.text}，颜色未定，待补录"
            self._journal.note("read-late", f"道闸 {last.barrier} 未识别车辆后来读出车牌 {read}")
            return
        vehicle = self._vehicle(sighting.plate, sighting.colour)
        admission = decide(self._profile.admission, sighting.plate, vehicle)
        told = f"道闸 {last.barrier} 未识别车辆后来读出车牌 {sighting.plate}：{admission.reason}"
        self._journal.note("read-late", told)
        if admission.decision is Decision.REFUSE:
            return  # it stays held; who raises the bar by hand enters the plate as well
        try:
            self._last = self._journal.correct(
                last.id,
                plate=sighting.plate,
                plate_colour=sighting.colour,
                vehicle=vehicle,
                by=f"道闸 {last.barrier} 识别程序",
                why="车辆停留期间读出车牌",
            )
        except NothingToCorrect:
            log.info("passage %d has this plate already", last.id)
        self._barrier.raise_for(last.id)

    def raised_for(self, passage_id: int) -> None:
        """The bar went up by our pulse, for that passage."""
        if self._last and self._last.id == passage_id:
            self._last_raised = True

    def raised_by_hand(self, at: datetime, *, visiting: bool, standing: bool) -> None:
        """Mark 手动 (4.5.1-10); `visiting` is a vehicle still being read, `standing` the last one
        still in the lane."""
        self._journal.note("manual-raise", f"道闸 {self._lane.barrier.id} 手动抬杆")
        last = self._last
        if visiting and self._fresh_frame():
            self._hand_raised_at = at
        elif (
            last
            and not self._last_raised
            and (standing or abs(at - last.passed_at) <= HAND_RAISE_WINDOW)
        ):
            self._mark_manual(last)
        elif not standing:
            self._record_unseen(at)

    def _mark_manual(self, last: RecordedPassage) -> None:
        try:
            self._last = self._journal.correct(
                last.id,
                raise_method=RaiseMethod.MANUAL,
                by=f"道闸 {last.barrier} 的杆位输入",
                why="没有抬杆指令而栏杆抬起",
            )
        except NothingToCorrect:
            log.info("passage %d is marked already", last.id)
        self._last_raised = True

    def _record_unseen(self, at: datetime) -> None:
        """A vehicle that the bar was raised for by hand though nobody saw it come.

        Without a fresh picture it has no photo: an old one would show another vehicle.
        """
        frame = self._fresh_frame()
        self._commit(
            self._passage(
                key=f"{self.key(at)}-hand",
                at=at,
                plate=None,
                colour=PlateColour.OTHER,
                confidence=0.0,
                raise_method=RaiseMethod.MANUAL,
                pictures=dict.fromkeys(PhotoKind, frame) if frame else {},
            )
        )
        # The bar is up; nothing must be ordered for this vehicle.
        self._barrier.cancel()

    def camera_lost(self) -> None:
        """No fresh picture comes: a vehicle whose bar was raised by hand cannot be read now."""
        if self._hand_raised_at is not None:
            at, self._hand_raised_at = self._hand_raised_at, None
            self._record_unseen(at)

    def _commit(self, passage: Passage) -> None:
        refused = passage.admission.decision is Decision.REFUSE
        kept_out = refused and passage.raise_method is RaiseMethod.AUTOMATIC
        hold = kept_out and self._profile.uplink.refused_vehicles is RefusedVehicles.HOLD
        recorded, is_new = self._record(passage, HELD if hold else None)
        # What the journal holds counts, also when an earlier run wrote it.
        self._last = recorded
        self._last_raised = recorded.raise_method is RaiseMethod.MANUAL
        if recorded.admission.decision is Decision.ADMIT:
            self._barrier.raise_for(recorded.id)
        else:
            self._barrier.cancel()
        if is_new and recorded.plate is not None:
            self._tell_of_two_places(recorded)
        log.info(
            "passage %d %s: %s %s, %s (%s)",
            recorded.id,
            "recorded" if is_new else "was recorded before",
            recorded.plate or "unread",
            recorded.plate_colour,
            recorded.admission.rule,
            recorded.raise_method,
        )

    def _tell_of_two_places(self, recorded: RecordedPassage) -> None:
        """Say so when another barrier has just seen the same plate: of two lanes with one picture
        each looks after its own passage is written, so that the later one finds the other's."""
        for other in self._journal.latest_passages(RECENT):
            if (
                other.plate == recorded.plate
                and other.barrier != recorded.barrier
                and abs(other.passed_at - recorded.passed_at) < AT_ONCE
            ):
                told = (
                    f"道闸 {recorded.barrier} 与道闸 {other.barrier} 几乎同时识别到 "
                    f"{recorded.plate}，可能是相机接错或画面照到邻道，请核对两处照片"
                )
                self._journal.note("plate-at-two-barriers", told)
                return

    def _record(self, passage: Passage, hold: str | None) -> tuple[RecordedPassage, bool]:
        """Write a passage, waiting for a journal that another program holds for a while."""
        for attempt in range(1, RECORD_ATTEMPTS):
            try:
                return self._journal.record(passage, hold=hold)
            except sqlite3.OperationalError as trouble:
                log.warning("the journal does not take the passage (%d): %s", attempt, trouble)
                self._clock.sleep(1)
        return self._journal.record(passage, hold=hold)

    def _passage(
        self,
        *,
        key: str,
        at: datetime,
        plate: str | None,
        colour: PlateColour,
        confidence: float,
        raise_method: RaiseMethod,
        pictures: dict[PhotoKind, Frame],
        corners: Corners | None = None,
        seen: tuple[Seen, ...] = (),
    ) -> Passage:
        barrier, entrance = self._lane.barrier, self._lane.entrance
        vehicle = self._vehicle(plate, colour)
        caption = Caption(
            plate=f"{plate or self._profile.uplink.unread_plate} {colour}",
            at=at,
            entrance=entrance.id,
            barrier=barrier.id,
            direction=barrier.direction,
        )
        photos: tuple[Photo, ...] = tuple(
            stamped(frame.image, kind, caption, corners if kind is PhotoKind.FRONT else None)
            for kind, frame in pictures.items()
        )
        return Passage(
            key=key,
            entrance=entrance.id,
            barrier=barrier.id,
            position=barrier.position,
            direction=barrier.direction,
            passed_at=at,
            plate=plate,
            plate_colour=colour,
            confidence=confidence,
            admission=decide(self._profile.admission, plate, vehicle),
            raise_method=raise_method,
            vehicle=vehicle,
            photos=photos,
            seen=seen,
        )

    def _vehicle(self, plate: str | None, colour: PlateColour) -> Vehicle | None:
        return self._journal.find_vehicle(plate, colour) if plate else None
