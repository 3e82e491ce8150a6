"""The lane process: one lane's camera, readings, passage, admission, journal, barrier.

Crash-only: it may be killed at any instant. A passage is in the journal before the bar moves, and
a passage that is met again under its key only has the bar raised again.
"""

import logging
import queue
import threading
from datetime import datetime, timedelta

import cv2

from appliance.clock import Clock
from appliance.guideline.dictionaries import PlateColour, RaiseMethod
from appliance.profile.model import Lane, Profile, RefusedVehicles
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import Decision, Passage, PhotoKind
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

RECENT = 100
"""How far back a starting lane looks for its last passage."""

BEAT_SECONDS = 2.0
SNAPSHOT_WIDTH = 640
HELD = "未放行，未进出厂；人工抬杆后上报"


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
        self._presence = Presence(memory.empty_lane())
        self._watcher = VisitWatcher(
            reader,
            profile.recognition,
            self._presence,
            resume=memory.unfinished_visit(clock.now()),
            on_visit=memory.remember_visit,
        )
        recent = journal.latest_passages(RECENT)
        self._last = next((p for p in recent if p.barrier == lane.barrier.id), None)
        self._last_raised = self._last is not None and (
            self._last.admission.decision is Decision.ADMIT
            or self._last.raise_method is RaiseMethod.MANUAL
        )
        self._hand_raised_at: datetime | None = None
        self._beat_at = clock.monotonic() - BEAT_SECONDS

    def run(self, stop: threading.Event) -> None:
        """Watch the lane; returns after `stop` is set."""
        self._stream.start()
        self._barrier.start()
        try:
            while not stop.is_set():
                frame = self._stream.next_frame(timeout=0.2)
                sighting = self._watcher.observe(frame) if frame else None
                if sighting:
                    self._record(sighting)
                self._hear_barrier()
                self._beat()
        finally:
            self._stream.stop()
            self._barrier.stop()

    def _record(self, sighting: Sighting) -> None:
        """Decide on a vehicle, commit its passage, and only then raise the bar."""
        if self._is_last_vehicle(sighting):
            log.info("%s again: the vehicle has not left", sighting.plate)
            return
        by_hand = self._hand_raised_at is not None and self._hand_raised_at >= sighting.began_at
        passage = self._passage(sighting, RaiseMethod.MANUAL if by_hand else RaiseMethod.AUTOMATIC)
        self._commit(passage)
        self._hand_raised_at = None

    def _is_last_vehicle(self, sighting: Sighting) -> bool:
        """Whether the lane only lost sight of the vehicle it has just recorded."""
        last = self._last
        again = timedelta(seconds=self._profile.recognition.same_vehicle_seconds)
        return (
            last is not None
            and sighting.plate is not None
            and sighting.plate == last.plate
            and abs(sighting.began_at - last.passed_at) < again
        )

    def _commit(self, passage: Passage) -> None:
        refused = passage.admission.decision is Decision.REFUSE
        kept_out = refused and passage.raise_method is RaiseMethod.AUTOMATIC
        hold = kept_out and self._profile.uplink.refused_vehicles is RefusedVehicles.HOLD
        recorded, is_new = self._journal.record(passage, hold=HELD if hold else None)
        self._last = recorded
        self._last_raised = passage.raise_method is RaiseMethod.MANUAL
        if not refused:
            # Also for a passage met again under its key: the run that wrote it may have died
            # before the relay was told.
            self._barrier.raise_for(recorded.id)
        log.info(
            "passage %d %s: %s %s, %s (%s)",
            recorded.id,
            "recorded" if is_new else "was recorded before",
            recorded.plate or "unread",
            recorded.plate_colour,
            recorded.admission.rule,
            recorded.raise_method,
        )

    def _passage(self, sighting: Sighting, raise_method: RaiseMethod) -> Passage:
        barrier, entrance = self._lane.barrier, self._lane.entrance
        vehicle = None
        if sighting.plate:
            vehicle = self._journal.find_vehicle(sighting.plate, sighting.colour)
        caption = Caption(
            plate=f"{sighting.plate or self._profile.uplink.unread_plate} {sighting.colour}",
            at=sighting.seen_at,
            entrance=entrance.id,
            barrier=barrier.id,
            direction=barrier.direction,
        )
        return Passage(
            key=f"{barrier.id}-{sighting.began_at:%Y%m%d%H%M%S%f}",
            entrance=entrance.id,
            barrier=barrier.id,
            position=barrier.position,
            direction=barrier.direction,
            passed_at=sighting.seen_at,
            plate=sighting.plate,
            plate_colour=sighting.colour,
            confidence=sighting.confidence,
            admission=decide(self._profile.admission, sighting.plate, vehicle),
            raise_method=raise_method,
            vehicle=vehicle,
            photos=(
                stamped(sighting.front.image, PhotoKind.FRONT, caption),
                stamped(sighting.body.image, PhotoKind.BODY, caption),
            ),
        )

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
                case Raised(by_hand=False):
                    self._last_raised = True
                case Raised():
                    self._raised_by_hand(news.at)

    def _raised_by_hand(self, at: datetime) -> None:
        """Mark 手动: the vehicle kept waiting, the one still being read, or one nobody read."""
        last = self._last
        if self._watcher.visiting:
            self._hand_raised_at = at
        elif last and not self._last_raised and abs(at - last.passed_at) <= HAND_RAISE_WINDOW:
            self._journal.correct(
                last.id,
                raise_method=RaiseMethod.MANUAL,
                by=f"道闸 {last.barrier} 的杆位输入",
                why="没有抬杆指令而栏杆抬起",
            )
            self._last_raised = True
        elif frame := self._stream.newest():
            self._commit(self._passage(_unseen(frame, at), RaiseMethod.MANUAL))
        self._journal.note("manual-raise", f"道闸 {self._lane.barrier.id} 手动抬杆")

    def _beat(self) -> None:
        """Say how the lane is, and keep its picture and memory, every few seconds."""
        if self._clock.monotonic() - self._beat_at < BEAT_SECONDS:
            return
        self._beat_at = self._clock.monotonic()
        camera, barrier = self._stream.connected, self._barrier.reachable
        detail = f"相机{'在线' if camera else '离线'}，道闸{'正常' if barrier else '无应答'}"
        self._journal.beat(f"lane-{self._lane.barrier.id}", camera and barrier, detail)
        if self._presence.empty is not None:
            self._memory.remember_empty(self._presence.empty)
        if (frame := self._stream.newest()) is not None and camera:
            height, width = frame.image.shape[:2]
            small = cv2.resize(frame.image, (SNAPSHOT_WIDTH, height * SNAPSHOT_WIDTH // width))
            self._memory.remember_snapshot(cv2.imencode(".jpg", small)[1].tobytes())


def _unseen(frame: Frame, at: datetime) -> Sighting:
    """A vehicle that the bar was raised for by hand though nobody saw it come."""
    return Sighting(at, at, None, PlateColour.OTHER, 0.0, front=frame, body=frame)
