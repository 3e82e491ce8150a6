"""One lane, whole: a real RTSP camera, real networks, a real journal and a real Modbus relay."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sites import demo_profile, profile_file, secrets_folder
from waiting import PATIENCE, until

from acceptance_kit.peers.camera.camera import SimulatedCamera
from acceptance_kit.peers.camera.gate import gate as gate_picture
from acceptance_kit.peers.camera.scene import Scene, Vehicle
from acceptance_kit.peers.relay import SimulatedRelay
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import EmissionStage, PlateColour, RaiseMethod
from appliance.models import ModelStore
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import Decision, OutboxState, RecordedPassage
from appliance.runtime.journal.values import Vehicle as Registered
from appliance.runtime.lane.barrier import Barrier
from appliance.runtime.lane.driver import ModbusRelayDriver
from appliance.runtime.lane.memory import LaneMemory, snapshot_path
from appliance.runtime.lane.process import LaneProcess
from appliance.runtime.vision.picture import Outlines, PictureWatch
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import Frame
from appliance.runtime.vision.report import PlateReports
from appliance.runtime.vision.stream import CameraStream

pytestmark = pytest.mark.demo

PASSWORD = "camera's/pass:word@1"


class Gate:
    """Camera, relay and journal of lane A01, with one truck to come."""

    def __init__(self, root: Path, vehicle: Vehicle) -> None:
        self.clock = SystemClock()
        self.root = root
        self.camera = SimulatedCamera(Scene([vehicle]), user="gatehouse", password=PASSWORD)
        self.relay = SimulatedRelay()
        self.camera.start()
        self.relay.start()
        self.profile: Profile = demo_profile(
            root,
            cameras__0__rtsp_port=self.camera.address[1],
            entrances__0__barriers__0__driver__port=self.relay.address[1],
        )
        self.journal = Journal.open(root, self.clock)
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None
        self.reports: PlateReports | None = None

    def run_lane(self) -> None:
        """Run the lane process in a thread, as `gatehouse run lane A01` does in a process."""
        ready = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(ready,))
        self.thread.start()
        assert ready.wait(PATIENCE)

    def _run(self, ready: threading.Event) -> None:
        lane = self.profile.lane("A01")
        with Journal.open(self.root, self.clock) as journal:
            process = LaneProcess(
                self.profile,
                lane,
                journal=journal,
                reader=build_reader(self.profile.recognition.reader, ModelStore.default()),
                stream=CameraStream(lane.camera, PASSWORD, self.clock),
                barrier=Barrier(ModbusRelayDriver(lane.barrier.driver), self.clock),
                memory=LaneMemory(self.root, "A01"),
                clock=self.clock,
                reports=self.reports,
            )
            ready.set()
            process.run(self.stop)

    def let_the_truck_come(self) -> None:
        assert self.camera.first_client.wait(PATIENCE)
        until(lambda: any(beat.ok for beat in self.journal.heartbeats()))
        self.clock.sleep(1.5)  # the lane learns how it looks when empty
        self.camera.begin()

    def wait_for_passage(self) -> RecordedPassage:
        return until(lambda: self.journal.latest_passages(1))[0]

    def close(self) -> None:
        self.stop.set()
        if self.thread:
            self.thread.join(30)
        self.journal.close()
        self.camera.stop()
        self.relay.stop()


@pytest.fixture
def open_gate(tmp_path: Path) -> Iterator[Callable[[Vehicle], Gate]]:
    gates: list[Gate] = []

    def opened(vehicle: Vehicle) -> Gate:
        gates.append(Gate(tmp_path / "root", vehicle))
        return gates[-1]

    yield opened
    for gate in gates:
        gate.close()


TRUCK = Vehicle("宁A58D21", PlateColour.YELLOW, "day")


def register(gate: Gate, stage: EmissionStage) -> None:
    gate.journal.put_vehicles([Registered(TRUCK.plate, TRUCK.colour, emission_stage=stage)])


def test_an_admitted_truck_is_in_the_journal_before_the_bar_moves(
    open_gate: Callable[[Vehicle], Gate],
) -> None:
    gate = open_gate(TRUCK)
    register(gate, EmissionStage.CHINA_6)
    gate.run_lane()
    gate.let_the_truck_come()
    passage = gate.wait_for_passage()
    until(lambda: bool(gate.relay.raises))
    assert (passage.plate, passage.plate_colour) == (TRUCK.plate, TRUCK.colour)
    assert passage.admission.decision is Decision.ADMIT
    assert passage.raise_method is RaiseMethod.AUTOMATIC
    assert [message.state for message in gate.journal.messages(passage.id)] == [OutboxState.WAITING]
    assert gate.relay.raises[0].by == "coil"
    assert gate.relay.raises[0].at > passage.recorded_at
    assert all(gate.journal.photo_path(photo).is_file() for photo in passage.photos)
    assert snapshot_path(gate.root, "A01").is_file()
    assert gate.camera.finished.wait(PATIENCE)
    gate.clock.sleep(3)  # time enough to record it a second time, if it were
    assert len(gate.journal.latest_passages(10)) == 1
    assert gate.journal.verify().fault is None


def test_a_refused_truck_is_held_back_until_the_guard_raises_the_bar_by_hand(
    open_gate: Callable[[Vehicle], Gate],
) -> None:
    gate = open_gate(TRUCK)
    register(gate, EmissionStage.CHINA_4)
    gate.run_lane()
    gate.let_the_truck_come()
    passage = gate.wait_for_passage()
    assert passage.admission.decision is Decision.REFUSE
    assert [message.state for message in gate.journal.messages(passage.id)] == [OutboxState.HELD]
    gate.clock.sleep(1)
    assert gate.relay.raises == []
    gate.relay.press_button()
    until(lambda: gate.journal.passage(passage.id).raise_method is RaiseMethod.MANUAL)
    assert [message.state for message in gate.journal.messages(passage.id)] == [OutboxState.WAITING]
    assert "手动抬杆" in gate.journal.latest_events(5)[0].detail


def test_a_bar_raised_by_hand_for_nobody_seen_is_recorded_as_an_unread_passage(
    open_gate: Callable[[Vehicle], Gate],
) -> None:
    gate = open_gate(TRUCK)
    gate.run_lane()
    until(lambda: any(beat.ok for beat in gate.journal.heartbeats()))
    gate.clock.sleep(1)
    gate.relay.press_button()
    passage = gate.wait_for_passage()
    assert passage.plate is None
    assert passage.raise_method is RaiseMethod.MANUAL


def accepted_view(gate: Gate) -> tuple[Path, LaneMemory, Outlines]:
    """The lane knows its place upside down, and somebody has accepted what is seen now: the file
    that says so, the memory, and the place that was known."""
    memory = LaneMemory(gate.root, "A01")
    watch = PictureWatch()
    upside_down = np.ascontiguousarray(gate_picture("day")[::-1])
    watch.look(Frame(upside_down, gate.clock.now(), gate.clock.monotonic()))
    assert watch.known is not None
    memory.remember_view(watch.known)
    memory.accept_view()
    return gate.root / "lanes" / "A01-view-accepted", memory, watch.known


def test_a_view_that_is_accepted_is_the_known_one_from_then_on(
    open_gate: Callable[[Vehicle], Gate],
) -> None:
    gate = open_gate(TRUCK)
    said, memory, before = accepted_view(gate)
    gate.run_lane()
    until(lambda: not said.exists())

    def likeness() -> float:
        known = memory.known_view()
        return 1.0 if known is None else float((known * before).sum())

    until(lambda: likeness() < 0.5)


def test_a_view_that_is_accepted_while_the_camera_is_away_waits_for_its_picture(
    open_gate: Callable[[Vehicle], Gate],
) -> None:
    gate = open_gate(TRUCK)
    gate.camera.stop()
    said, _, _ = accepted_view(gate)
    gate.run_lane()
    first = until(gate.journal.heartbeats)
    until(lambda: gate.journal.heartbeats() != first)
    assert said.exists()


def test_a_lane_killed_while_the_truck_stands_there_records_it_once(
    open_gate: Callable[[Vehicle], Gate], tmp_path: Path
) -> None:
    gate = open_gate(TRUCK)
    register(gate, EmissionStage.CHINA_6)
    secrets = secrets_folder(tmp_path / "secrets", ["camera-a01"], PASSWORD)
    profile = profile_file(tmp_path, gate.profile)
    command = [sys.executable, "-m", "appliance", "run", "lane", "A01", "--profile", str(profile)]
    environment = os.environ | {"GATEHOUSE_SECRETS": str(secrets)}

    def started() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)

    first = started()
    gate.let_the_truck_come()
    passage = gate.wait_for_passage()
    first.send_signal(signal.SIGKILL)
    errors = first.communicate()[1]
    second = started()
    try:
        assert gate.camera.finished.wait(PATIENCE)
        gate.clock.sleep(3)
    finally:
        second.terminate()
        errors += second.communicate(timeout=30)[1]
    assert [p.id for p in gate.journal.latest_passages(10)] == [passage.id]
    assert len(gate.relay.raises) >= 1
    assert second.returncode == 0
    assert PASSWORD.encode() not in errors
