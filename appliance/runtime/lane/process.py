"""The lane process: one lane's camera, readings, passage, admission, journal, barrier.

Crash-only: it may be killed at any instant. A passage is in the journal before the bar moves, and
a vehicle that is met again after a restart is the passage it already has.
"""

import logging
import queue
import sqlite3
import threading
from datetime import datetime, timedelta

import cv2

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
    Vehicle,
)
from appliance.runtime.lane.admission import decide
from appliance.runtime.lane.barrier import Barrier, Raised, RaiseFailed
from appliance.runtime.lane.memory import LaneMemory
from appliance.runtime.vision.presence import Presence
from appliance.runtime.vision.reading import Frame, PlateReader
from appliance.runtime.vision.stamp import Caption, stamped
from appliance.runtime.vision.stream import CameraStream
from appliance.runtime.vision.visit import Sighting, VisitWatcher

log = logging.getLogger(__name__)

HAND_RAISE_WINDOW = timedelta(seconds=90)
"""A bar raised by hand is for the last vehicle that it stayed shut for, if not longer ago."""

FRESH_SECONDS = 5.0
"""An older picture does not show what is before the bar now."""

RECENT = 100
"""How far back a starting lane looks for its last passage."""

RECORD_ATTEMPTS = 20
BEAT_SECONDS = 2.0
SNAPSHOT_WIDTH = 640
HELD = "未放行，未进出厂；人工抬杆后上报"
STOPPED = "车道程序已停止"


class LaneProcess:
    """Runs one lane until told to stop."""

    def __init__(
        self,
        profile: Profile,
        lane: Lane,
        *,
        journal: Journal,
        reader: PlateReader,
        stream: CameraStream,
        barrier: Barrier,
        memory: LaneMemory,
        clock: Clock,
    ) -> None:
        self._profile = profile
        self._lane = lane
        self._journal = journal
        self._stream = stream
        self._barrier = barrier
        self._memory = memory
        self._clock = clock
        self._program = f"lane-{lane.barrier.id}"
        self._presence = Presence(memory.empty_lane())
        self._interrupted = memory.unfinished_visit(clock.now())
        self._watcher = VisitWatcher(
            reader,
            profile.recognition,
            self._presence,
            resume=self._interrupted,
            on_visit=self._visit_changed,
        )
        self._visit_over = False
        recent = journal.latest_passages(RECENT)
        self._last = next((p for p in recent if p.barrier == lane.barrier.id), None)
        self._last_raised = self._last is not None and (
            self._last.raise_method is RaiseMethod.MANUAL or memory.last_raised() == self._last.id
        )
        self._hand_raised_at: datetime | None = None
        self._beat_at = clock.monotonic() - BEAT_SECONDS

    def run(self, stop: threading.Event) -> None:
        """Watch the lane; returns after `stop` is set. Raises RuntimeError when a part dies."""
        self._tell_of_a_crash()
        self._stream.start()
        self._barrier.start()
        try:
            while not stop.is_set():
                frame = self._stream.next_frame(timeout=0.2)
                sighting = self._watcher.observe(frame) if frame else None
                if sighting:
                    self._take(sighting)
                if self._visit_over:
                    # Only now: a run that dies before finds the visit unfinished.
                    self._visit_over = False
                    self._memory.remember_visit(None)
                    self._barrier.cancel()
                self._hear_barrier()
                self._beat()
                if not (self._barrier.alive and self._stream.alive):
                    raise RuntimeError("a part of the lane died; supervisor starts it anew")
            self._journal.beat(self._program, False, STOPPED)
        finally:
            self._stream.stop()
            self._barrier.stop()

    # What vision has seen.

    def _take(self, sighting: Sighting) -> None:
        """Give a sighting to the passage it belongs to, or make one of it."""
        last, key = self._last, self._key(sighting.began_at)
        if last and last.key == key:
            if sighting.plate in {None, last.plate}:
                self._seen_again(last)
                return
            if last.plate is None and not self._last_raised:
                self._read_late(last, sighting)
                return
            # The bar went up for the one before: this is the vehicle behind it.
            key = self._key(sighting.seen_at)
        elif last and self._is_same_vehicle(last, sighting):
            self._seen_again(last)
            return
        by_hand = self._hand_raised_at is not None
        self._hand_raised_at = None
        self._commit(
            self._passage(
                key=key,
                at=sighting.seen_at,
                plate=sighting.plate,
                colour=sighting.colour,
                confidence=sighting.confidence,
                raise_method=RaiseMethod.MANUAL if by_hand else RaiseMethod.AUTOMATIC,
                pictures={PhotoKind.FRONT: sighting.front, PhotoKind.BODY: sighting.body},
            )
        )

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

    # From a decision to the journal, and only then to the bar.

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
        log.info(
            "passage %d %s: %s %s, %s (%s)",
            recorded.id,
            "recorded" if is_new else "was recorded before",
            recorded.plate or "unread",
            recorded.plate_colour,
            recorded.admission.rule,
            recorded.raise_method,
        )

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
            stamped(frame.image, kind, caption) for kind, frame in pictures.items()
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
        )

    def _vehicle(self, plate: str | None, colour: PlateColour) -> Vehicle | None:
        return self._journal.find_vehicle(plate, colour) if plate else None

    def _key(self, moment: datetime) -> str:
        return f"{self._lane.barrier.id}-{moment:%Y%m%d%H%M%S%f}"

    # What the barrier tells.

    def _hear_barrier(self) -> None:
        while True:
            try:
                news = self._barrier.news.get_nowait()
            except queue.Empty:
                return
            match news:
                case RaiseFailed():
                    self._journal.note(
                        "barrier-unreachable",
                        f"道闸 {self._lane.barrier.id} 无法自动抬杆，请人工抬杆：{news.why}",
                    )
                case Raised(by_hand=False, passage_id=int(passage_id)):
                    self._memory.remember_raised(passage_id)
                    if self._last and self._last.id == passage_id:
                        self._last_raised = True
                case Raised():
                    self._raised_by_hand(news.at)

    def _raised_by_hand(self, at: datetime) -> None:
        """Mark 手动: the one still being read, the vehicle kept waiting, or one nobody saw."""
        self._journal.note("manual-raise", f"道闸 {self._lane.barrier.id} 手动抬杆")
        last, standing = self._last, self._watcher.standing
        if self._watcher.visiting and self._fresh_frame():
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
                key=f"{self._key(at)}-hand",
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

    def _fresh_frame(self) -> Frame | None:
        frame = self._stream.newest()
        if frame is None or self._clock.monotonic() - frame.instant > FRESH_SECONDS:
            return None
        return frame

    # What outlives the process, and what the status page is told.

    def _visit_changed(self, began_at: datetime | None) -> None:
        if began_at is not None:
            self._interrupted = None
            self._memory.remember_visit(began_at)
            return
        self._visit_over = True
        interrupted, self._interrupted = self._interrupted, None
        if interrupted and self._journal.passage_by_key(self._key(interrupted)) is None:
            self._journal.note(
                "visit-interrupted",
                f"道闸 {self._lane.barrier.id} 在 {interrupted:%H:%M:%S} 有车辆，"
                "程序中断时未能记录，请查看录像并人工补录",
            )

    def _tell_of_a_crash(self) -> None:
        """Note that an earlier run did not end in order."""
        for beat in self._journal.heartbeats():
            if beat.program == self._program and beat.detail != STOPPED:
                self._journal.note(
                    "program-restarted",
                    f"车道 {self._lane.barrier.id} 程序曾异常中断"
                    f"（最后心跳 {beat.at:%m-%d %H:%M:%S}），已重新启动",
                )

    def _beat(self) -> None:
        """Say how the lane is, and keep its picture and memory, every few seconds."""
        if self._clock.monotonic() - self._beat_at < BEAT_SECONDS:
            return
        self._beat_at = self._clock.monotonic()
        fresh = self._fresh_frame()
        if self._hand_raised_at is not None and fresh is None:
            # The camera went away before the vehicle could be read.
            at, self._hand_raised_at = self._hand_raised_at, None
            self._record_unseen(at)
        camera = self._stream.connected and fresh is not None
        barrier = self._barrier.reachable
        detail = f"相机{'在线' if camera else '离线'}，道闸{'正常' if barrier else '无应答'}"
        self._journal.beat(self._program, camera and barrier, detail)
        if self._presence.empty is not None:
            self._memory.remember_empty(self._presence.empty)
        if fresh is not None:
            height, width = fresh.image.shape[:2]
            small = cv2.resize(fresh.image, (SNAPSHOT_WIDTH, height * SNAPSHOT_WIDTH // width))
            self._memory.remember_snapshot(cv2.imencode(".jpg", small)[1].tobytes())
