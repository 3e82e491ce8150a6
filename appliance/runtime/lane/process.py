"""The lane process: one lane's camera, readings, passage, admission, journal, barrier.

Crash-only: it may be killed at any instant. A passage is in the journal before the bar moves, and
a vehicle that is met again after a restart is the passage it already has.
"""

import logging
import queue
import threading
from datetime import datetime

import cv2

from appliance.clock import Clock
from appliance.profile.model import Lane, Profile
from appliance.runtime.journal import Journal
from appliance.runtime.lane.barrier import Barrier, Raised, RaiseFailed
from appliance.runtime.lane.desk import PassageDesk
from appliance.runtime.lane.memory import LaneMemory
from appliance.runtime.vision.picture import PictureFault, PictureWatch
from appliance.runtime.vision.presence import Presence
from appliance.runtime.vision.reading import Frame, PlateReader
from appliance.runtime.vision.region import LaneArea, LaneReader
from appliance.runtime.vision.report import Heard, PlateReport, PlateReports
from appliance.runtime.vision.sighting import Departure
from appliance.runtime.vision.two_streams import LiveView
from appliance.runtime.vision.visit import VisitWatcher

log = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
"""An older picture does not show what is before the bar now."""

BEAT_SECONDS = 2.0
SNAPSHOT_WIDTH = 640
STOPPED = "车道程序已停止"
PICTURE_FAULTS = {
    PictureFault.FROZEN: "画面静止不动",
    PictureFault.BLIND: "画面全黑或镜头被遮挡",
    PictureFault.VIEW: "画面与原来不同，相机可能被移动或接错",
}


class LaneProcess:
    """Runs one lane until told to stop."""

    def __init__(
        self,
        profile: Profile,
        lane: Lane,
        *,
        journal: Journal,
        reader: PlateReader,
        stream: LiveView,
        barrier: Barrier,
        memory: LaneMemory,
        clock: Clock,
        reports: PlateReports | None = None,
        second_opinion: PlateReader | None = None,
    ) -> None:
        self._lane = lane
        self._second_opinion = second_opinion or reader
        self._reports = reports
        self._journal = journal
        self._stream = stream
        self._barrier = barrier
        self._memory = memory
        self._clock = clock
        self._program = f"lane-{lane.barrier.id}"
        area = LaneArea.of(lane.barrier.view)
        self._presence = Presence(memory.empty_lane(), area)
        self._picture = PictureWatch(memory.known_view())
        self._faults: frozenset[PictureFault] = frozenset()
        self._interrupted = memory.unfinished_visit(clock.now())
        self._watcher = VisitWatcher(
            LaneReader(reader, area),
            profile.recognition,
            self._presence,
            resume=self._interrupted,
            on_visit=self._visit_changed,
            on_departure=self._backed_out,
            camera_reads=reports is not None,
            on_contradiction=self._contradicted,
        )
        self._visit_over = False
        self._desk = PassageDesk(
            profile,
            lane,
            journal=journal,
            barrier=barrier,
            clock=clock,
            fresh_frame=self._fresh_frame,
            raised_for=memory.last_raised(),
        )
        self._beat_at = clock.monotonic() - BEAT_SECONDS

    def run(self, stop: threading.Event) -> None:
        """Watch the lane; returns after `stop` is set. Raises RuntimeError when a part dies."""
        self._tell_of_a_crash()
        self._stream.start()
        self._barrier.start()
        if self._reports:
            self._reports.start()
        try:
            while not stop.is_set():
                frame = self._stream.next_frame(timeout=0.2)
                self._hear_camera()
                if frame:
                    self._look(frame)
                # Without pictures as well: a lost sub stream wakes the main one.
                self._stream.attend(self._watcher.occupied)
                if self._visit_over:
                    # Only now: a run that dies before finds the visit unfinished.
                    self._visit_over = False
                    self._memory.remember_visit(None)
                    self._barrier.cancel()
                self._hear_barrier()
                self._beat()
                parts = (self._barrier, self._stream, self._reports)
                if not all(part.alive for part in parts if part):
                    raise RuntimeError("a part of the lane died; supervisor starts it anew")
            self._journal.beat(self._program, False, STOPPED)
        finally:
            if self._reports:
                self._reports.stop()
            self._stream.stop()
            self._barrier.stop()

    def _look(self, frame: Frame) -> None:
        sighting = self._watcher.observe(frame)
        if sighting:
            self._desk.take(sighting)
        faults = self._picture.look(frame, plate_seen=self._watcher.reading)
        for fault in faults - self._faults:
            told = f"道闸 {self._lane.barrier.id} 相机{PICTURE_FAULTS[fault]}，请到现场查看"
            self._journal.note(f"picture-{fault}", told)
        for fault in self._faults - faults:
            told = f"道闸 {self._lane.barrier.id} 相机画面已恢复（{PICTURE_FAULTS[fault]}）"
            self._journal.note("picture-recovered", told)
        self._faults = faults

    def _backed_out(self, departure: Departure) -> None:
        told = (
            f"道闸 {self._lane.barrier.id} 车辆 {departure.plate or '未识别'}"
            f"（{departure.began_at:%H:%M:%S} 到达）倒车离开，没有通过"
        )
        self._journal.note("backed-out", told)

    # What a camera tells that reads by itself.

    def _hear_camera(self) -> None:
        if self._reports is None:
            return
        blind = self._fresh_frame() is None
        for report in self._reports.take():
            self._watcher.hear(Heard.of(report, self._second_opinion), blind=blind)
        while lost := self._watcher.unclaimed(self._clock.monotonic(), blind=blind):
            self._tell_unclaimed(lost, blind=blind)

    def _tell_unclaimed(self, lost: Heard, *, blind: bool) -> None:
        if blind and lost.report.picture is not None:
            self._desk.take_report(lost)
            return
        told = (
            f"道闸 {self._lane.barrier.id} 相机报告车牌 {lost.report.plate}，"
            f"{'没有画面可以核对' if blind else '画面中没有与之对应的车辆'}，没有记录，请查看录像"
        )
        self._journal.note("camera-report-unclaimed", told)

    def _contradicted(self, report: PlateReport, told: str) -> None:
        said = (
            f"道闸 {self._lane.barrier.id} 已按 {told} 处理的车辆，相机随后报告为 {report.plate}，"
            "请核对照片"
        )
        self._journal.note("camera-report-differs", said)

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
                    self._desk.raised_for(passage_id)
                case Raised():
                    watcher = self._watcher
                    self._desk.raised_by_hand(
                        news.at, visiting=watcher.visiting, standing=watcher.standing
                    )

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
        if interrupted and self._journal.passage_by_key(self._desk.key(interrupted)) is None:
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
        if fresh is None:
            self._desk.camera_lost()
        camera = self._stream.connected and fresh is not None
        barrier = self._barrier.reachable
        seen = "离线" if not camera else "，".join(PICTURE_FAULTS[f] for f in sorted(self._faults))
        detail = f"相机{seen or '在线'}，道闸{'正常' if barrier else '无应答'}"
        self._journal.beat(self._program, camera and barrier and not self._faults, detail)
        if self._presence.empty is not None:
            self._memory.remember_empty(self._presence.empty)
        # What is accepted while the camera is away waits for its picture.
        if self._picture.sees(self._clock.monotonic()) and self._memory.view_accepted():
            self._picture.accept()
        if self._picture.known is not None:
            self._memory.remember_view(self._picture.known)
        if fresh is not None:
            height, width = fresh.image.shape[:2]
            small = cv2.resize(fresh.image, (SNAPSHOT_WIDTH, height * SNAPSHOT_WIDTH // width))
            self._memory.remember_snapshot(cv2.imencode(".jpg", small)[1].tobytes())
