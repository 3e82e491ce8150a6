"""Which passage a sighting or a raised bar belongs to, over restarts and in awkward orders.

The pictures and what they read are scripted, and time goes on with each picture, so that a busy
machine changes nothing; lane process, journal, barrier thread, Modbus driver and relay are real.
"""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sites import demo_profile
from waiting import PATIENCE, until

from acceptance_kit.peers.relay import SimulatedRelay
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import EmissionStage, PlateColour, RaiseMethod
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import Decision, OutboxState, RecordedPassage, Vehicle
from appliance.runtime.lane.barrier import Barrier
from appliance.runtime.lane.driver import ModbusRelayDriver
from appliance.runtime.lane.memory import LaneMemory
from appliance.runtime.lane.process import LaneProcess
from appliance.runtime.vision.reading import Frame, Image, PlateReading

pytestmark = pytest.mark.slow

PER_SECOND = 25
CORNERS = np.array([(40, 60), (120, 60), (120, 85), (40, 85)], np.float32)
EMPTY: Image = np.tile(np.arange(0, 160, dtype=np.uint8)[None, :, None], (90, 1, 3))
TRUCK: Image = EMPTY.copy()
TRUCK[20:85, 30:130] = np.random.default_rng(7).integers(0, 255, (65, 100, 3), dtype=np.uint8)

OTHER_LANE: Image = np.kron(
    np.random.default_rng(8).integers(0, 255, (9, 16, 3), dtype=np.uint8), np.ones((10, 10, 1))
).astype(np.uint8)

GOOD, OTHER_GOOD, BLOCKED = "宁A58D21", "蒙B72F83", "甘D8M662"


class PictureClock:
    """Every picture is a 25th of a second after the one before, whenever it comes."""

    def __init__(self) -> None:
        self._began = SystemClock().now()
        self.pictures = 0

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self.pictures / PER_SECOND)

    def monotonic(self) -> float:
        return 1000 + self.pictures / PER_SECOND

    def sleep(self, seconds: float) -> None:
        SystemClock().sleep(seconds)


class ScriptedCamera:
    """A stream that shows what the test says, and a reader that reads it so."""

    def __init__(self, clock: PictureClock) -> None:
        self._clock = clock
        self.image, self.text = EMPTY, None
        self.away = False
        self.attended = 0
        self.infrared = self.dim = False
        self._last: Frame | None = None
        self.connected = self.alive = True

    def show(self, text: str | None, image: Image = TRUCK) -> None:
        self.image, self.text = image, text

    def clear(self) -> None:
        self.show(None, EMPTY)

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def attend(self, busy: bool) -> None:
        self.attended += 1

    def next_frame(self, timeout: float) -> Frame | None:
        self._clock.sleep(0.02)  # not so quick that the barrier thread falls behind
        self._clock.pictures += 1
        if self.away:
            return None
        image = self.image
        if self.infrared:
            image = np.repeat(image.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        self._last = Frame(image, self._clock.now(), self._clock.monotonic())
        return self._last

    def newest(self) -> Frame | None:
        return self._last

    def read(self, image: Image) -> list[PlateReading]:
        if self.text is None:
            return []
        peaks = (0.9,) * len(self.text)
        known = not (self.infrared or self.dim)
        colour = PlateColour.YELLOW if known else PlateColour.BLUE
        return [PlateReading(self.text, colour, peaks, CORNERS, 1, colour_known=known)]


class Lane:
    """A lane with its relay; may be killed between the journal and the relay, and run again."""

    def __init__(self, root: Path, barrier: str = "A01") -> None:
        self.clock = PictureClock()
        self.name = barrier
        self.relay = SimulatedRelay(open_seconds=2, clock=self.clock)
        self.relay.start()
        self.camera = ScriptedCamera(self.clock)
        driver = f"entrances__0__barriers__{int(barrier[1:]) - 1}__driver"
        profile = demo_profile(
            root,
            **{f"{driver}__port": self.relay.address[1], f"{driver}__pulse_seconds": 0.1},
            admission__block=[BLOCKED],
            admission__unread_plate="refuse",
        )
        quick = profile.recognition.model_copy(
            update={"frames_per_second": 25, "gone_after_seconds": 0.3, "unread_after_seconds": 2}
        )
        self.profile = profile.model_copy(update={"recognition": quick})
        self.root = root
        self.journal = Journal.open(root, self.clock)
        self.barrier: Barrier | None = None
        self.failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def run(self, *, deaf: bool = False) -> None:
        """Start the lane process; `deaf` loses every order, as a death before the relay does."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(deaf,))
        self._thread.start()
        self.look(0.5)

    def _main(self, deaf: bool) -> None:
        lane = self.profile.lane(self.name)
        with Journal.open(self.root, self.clock) as journal:
            barrier = self.barrier = Barrier(ModbusRelayDriver(lane.barrier.driver), self.clock)
            if deaf:
                barrier.raise_for = lambda _: None  # type: ignore[method-assign]
            process = LaneProcess(
                self.profile,
                lane,
                journal=journal,
                reader=self.camera,
                stream=self.camera,  # type: ignore[arg-type]
                barrier=barrier,
                memory=LaneMemory(self.root, self.name),
                clock=self.clock,
            )
            try:
                process.run(self._stop)
            except BaseException as failure:  # noqa: BLE001 - shown by the tests that expect it
                self.failure = failure

    def end(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(PATIENCE)
            self._thread = None

    def look(self, seconds: float) -> None:
        """Let the lane look at what is there for so long."""
        enough = self.clock.pictures + seconds * PER_SECOND
        until(lambda: self.clock.pictures > enough)

    def wait_for_note(self, kind: str) -> None:
        until(lambda: any(event.kind == kind for event in self.journal.latest_events(5)))

    def passages(self) -> list[RecordedPassage]:
        return list(self.journal.passages_after(0, 100))

    def wait_for_passages(self, count: int) -> list[RecordedPassage]:
        until(lambda: len(self.passages()) >= count)
        return self.passages()

    def wait_until_down(self) -> None:
        barrier = self.barrier
        assert barrier is not None
        until(lambda: self.relay.up)
        until(lambda: not self.relay.up and barrier._was_raised is False)

    def state_of(self, passage: RecordedPassage) -> list[OutboxState]:
        return [message.state for message in self.journal.messages(passage.id)]

    def close(self) -> None:
        self.end()
        self.journal.close()
        self.relay.stop()


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Lane]:
    lane = Lane(tmp_path / "root")
    yield lane
    lane.close()


def test_a_lane_without_pictures_goes_on_attending_to_its_streams(lane: Lane) -> None:
    """Or a lost sub stream would never wake the main one (two_streams.py)."""
    lane.run()
    lane.camera.away = True
    lane.look(0.2)
    before = lane.camera.attended
    lane.look(0.5)
    assert lane.camera.attended > before


def test_a_truck_whose_order_was_lost_by_a_death_is_let_in_after_the_restart(lane: Lane) -> None:
    lane.run(deaf=True)
    lane.camera.show(GOOD)
    lane.wait_for_passages(1)
    lane.end()
    assert lane.relay.raises == []
    lane.run()
    until(lambda: len(lane.relay.raises) == 1)
    assert len(lane.passages()) == 1


def test_another_truck_at_the_restart_is_a_passage_of_its_own(lane: Lane) -> None:
    lane.run()
    lane.camera.show(GOOD)
    lane.wait_for_passages(1)
    lane.end()
    lane.camera.show(OTHER_GOOD)
    lane.run()
    assert [p.plate for p in lane.wait_for_passages(2)] == [GOOD, OTHER_GOOD]


def test_a_blocked_truck_that_cannot_be_read_after_the_restart_stays_out(lane: Lane) -> None:
    lane.run()
    lane.camera.show(BLOCKED)
    lane.wait_for_passages(1)
    lane.end()
    lane.camera.show(None)
    lane.run()
    lane.look(3)  # longer than a vehicle may stay unread
    assert lane.relay.raises == []
    assert len(lane.passages()) == 1


def test_an_admitted_truck_that_is_lost_from_sight_has_the_bar_raised_again(lane: Lane) -> None:
    lane.run()
    lane.camera.show(GOOD)
    lane.wait_for_passages(1)
    lane.wait_until_down()
    lane.camera.clear()
    lane.look(1)
    before = len(lane.relay.raises)
    lane.camera.show(GOOD)
    until(lambda: len(lane.relay.raises) > before)
    assert len(lane.passages()) == 1


def test_a_plate_read_after_the_vehicle_was_recorded_as_unread_is_entered(lane: Lane) -> None:
    lane.run()
    lane.camera.show(None)
    (unread,) = lane.wait_for_passages(1)
    assert unread.admission.decision is Decision.REFUSE
    lane.camera.show(GOOD)
    until(lambda: lane.journal.passage(unread.id).plate == GOOD)
    until(lambda: bool(lane.relay.raises))
    assert len(lane.passages()) == 1
    assert lane.state_of(unread) == [OutboxState.WAITING]


def test_a_plate_whose_colour_the_picture_does_not_show_has_the_registers(lane: Lane) -> None:
    stage = EmissionStage.CHINA_6
    lane.journal.put_vehicles([Vehicle(GOOD, PlateColour.YELLOW, emission_stage=stage)])
    lane.camera.infrared = True
    lane.run()
    lane.camera.show(GOOD)
    (passed,) = lane.wait_for_passages(1)
    assert (passed.plate, passed.plate_colour) == (GOOD, PlateColour.YELLOW)
    until(lambda: bool(lane.relay.raises))


@pytest.mark.parametrize(("registered", "taken"), [("蓝牌", True), ("黑牌", False)])
def test_in_a_dim_picture_the_register_is_believed_where_it_has_the_likelier_colour(
    registered: str, taken: bool, lane: Lane
) -> None:
    colour, stage = PlateColour(registered), EmissionStage.CHINA_6
    lane.journal.put_vehicles([Vehicle(GOOD, colour, emission_stage=stage)])
    lane.camera.dim = True
    lane.run()
    lane.camera.show(GOOD)
    (passed,) = lane.wait_for_passages(1)
    assert passed.plate == (GOOD if taken else None)
    assert passed.awaits_entry is not taken


@pytest.mark.parametrize("colours", [(), (PlateColour.YELLOW, PlateColour.BLUE)])
def test_a_colour_that_neither_picture_nor_register_tells_is_left_to_a_person(
    colours: tuple[PlateColour, ...], lane: Lane
) -> None:
    stage = EmissionStage.CHINA_6
    lane.journal.put_vehicles([Vehicle(GOOD, each, emission_stage=stage) for each in colours])
    lane.camera.infrared = True
    lane.run()
    lane.camera.show(GOOD)
    (held,) = lane.wait_for_passages(1)
    assert held.awaits_entry
    assert (held.plate, held.plate_colour) == (None, PlateColour.OTHER)
    assert [(seen.plate, seen.colour_known) for seen in held.seen] == [(GOOD, False)]


def test_a_vehicle_whose_particulars_cannot_be_reported_passes_and_its_message_is_aside(
    lane: Lane,
) -> None:
    stage = EmissionStage.CHINA_6
    vehicle = Vehicle(GOOD, PlateColour.YELLOW, model="Land Rover", emission_stage=stage)
    lane.journal.put_vehicles([vehicle])
    lane.run()
    lane.camera.show(GOOD)
    (passed,) = lane.wait_for_passages(1)
    assert lane.state_of(passed) == [OutboxState.ASIDE]
    until(lambda: bool(lane.relay.raises))


def test_a_blocked_plate_read_late_does_not_raise_the_bar(lane: Lane) -> None:
    lane.run()
    lane.camera.show(None)
    (unread,) = lane.wait_for_passages(1)
    lane.camera.show(BLOCKED)
    lane.wait_for_note("read-late")
    assert lane.relay.raises == []
    assert lane.state_of(unread) == [OutboxState.HELD]


@pytest.mark.parametrize("infrared", [False, True])
def test_the_vehicle_behind_an_unread_one_that_was_let_in_is_a_passage_of_its_own(
    infrared: bool, lane: Lane
) -> None:
    lane.camera.infrared = infrared
    lane.run()
    lane.camera.show(None)
    lane.wait_for_passages(1)
    lane.relay.press_button()
    until(lambda: lane.passages()[0].raise_method is RaiseMethod.MANUAL)
    lane.camera.show(GOOD)
    first, second = lane.wait_for_passages(2)
    assert (first.plate, second.plate) == (None, None if infrared else GOOD)
    assert [seen.plate for seen in second.seen] == ([GOOD] if infrared else [])


def test_a_truck_lost_from_sight_is_the_same_one_when_its_colour_is_not_seen_again(
    lane: Lane,
) -> None:
    lane.run()
    lane.camera.show(GOOD)
    (passed,) = lane.wait_for_passages(1)
    lane.wait_until_down()
    lane.camera.clear()
    lane.look(1)
    lane.camera.dim = True
    lane.camera.show(GOOD)
    until(lambda: len(lane.relay.raises) == 2)
    assert lane.passages() == [passed]


def test_a_plate_read_late_without_its_colour_is_noted_and_left_to_a_person(lane: Lane) -> None:
    lane.camera.dim = True
    lane.run()
    lane.camera.show(None)
    (unread,) = lane.wait_for_passages(1)
    lane.camera.show(GOOD)
    lane.wait_for_note("read-late")
    (note,) = (event for event in lane.journal.latest_events(9) if event.kind == "read-late")
    assert GOOD in note.detail
    assert lane.journal.passage(unread.id).awaits_entry
    assert lane.relay.raises == []


def test_a_refused_truck_that_argues_for_long_is_still_the_one_the_bar_is_raised_for(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.runtime.lane.desk.HAND_RAISE_WINDOW", timedelta())
    lane.run()
    lane.camera.show(BLOCKED)
    (refused,) = lane.wait_for_passages(1)
    lane.look(1)
    lane.relay.press_button()
    until(lambda: lane.journal.passage(refused.id).raise_method is RaiseMethod.MANUAL)
    assert len(lane.passages()) == 1
    assert lane.state_of(refused) == [OutboxState.WAITING]


def test_a_raise_by_hand_while_a_refused_truck_is_seen_anew_is_for_that_truck(lane: Lane) -> None:
    lane.run()
    lane.camera.show(BLOCKED)
    (refused,) = lane.wait_for_passages(1)
    lane.camera.clear()
    lane.look(1)
    lane.camera.show(None)
    lane.look(0.5)
    lane.relay.press_button()
    lane.wait_for_note("manual-raise")
    lane.camera.show(BLOCKED)
    until(lambda: lane.journal.passage(refused.id).raise_method is RaiseMethod.MANUAL)
    assert len(lane.passages()) == 1


def test_marking_a_passage_that_an_operator_has_marked_already_does_no_harm(lane: Lane) -> None:
    lane.run()
    lane.camera.show(BLOCKED)
    (refused,) = lane.wait_for_passages(1)
    lane.journal.correct(refused.id, raise_method=RaiseMethod.MANUAL, by="门卫", why="放行")
    lane.relay.press_button()
    lane.wait_for_note("manual-raise")
    lane.look(0.5)
    assert lane.failure is None
    assert len(lane.passages()) == 1


def test_a_raise_by_hand_without_a_fresh_picture_is_recorded_without_a_photo(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.runtime.lane.process.FRESH_SECONDS", 0.5)
    lane.run()
    lane.camera.away = True
    lane.look(1)
    lane.relay.press_button()
    (passage,) = lane.wait_for_passages(1)
    assert passage.raise_method is RaiseMethod.MANUAL
    assert passage.photos == ()


def test_a_relay_that_comes_back_late_does_not_let_in_the_next_vehicle(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.runtime.lane.barrier.ATTEMPTS", 1000)
    lane.run()
    host, port = lane.relay.address
    lane.relay.stop()
    lane.camera.show(GOOD)
    lane.wait_for_passages(1)
    lane.camera.clear()
    lane.look(1)
    lane.camera.show(BLOCKED)
    lane.wait_for_passages(2)
    returned = SimulatedRelay(host, port)
    returned.start()
    try:
        assert not lane.barrier.reachable
        until(lambda: lane.barrier.reachable)
        lane.look(1)
        assert returned.raises == []
    finally:
        lane.end()
        returned.stop()


def test_a_lane_whose_barrier_thread_dies_ends_so_that_supervisor_starts_it_anew(
    lane: Lane,
) -> None:
    lane.run()
    assert lane.barrier is not None
    lane.barrier.stop()
    until(lambda: lane.failure is not None)
    assert isinstance(lane.failure, RuntimeError)


def test_a_vehicle_that_left_while_the_program_was_down_is_told(lane: Lane) -> None:
    lane.run()
    began = lane.clock.now()
    lane.end()
    LaneMemory(lane.root, "A01").remember_visit(began)
    lane.camera.clear()
    lane.run()
    lane.wait_for_note("visit-interrupted")


def test_a_camera_that_sends_another_lanes_picture_is_told_until_it_shows_its_own_again(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.runtime.vision.picture.VIEW_SECONDS", 1.0)
    lane.run()
    lane.camera.show(None, OTHER_LANE)
    lane.wait_for_note("picture-view-changed")
    until(lambda: any("接错" in beat.detail and not beat.ok for beat in lane.journal.heartbeats()))
    lane.camera.clear()
    lane.wait_for_note("picture-recovered")


def test_a_plate_read_at_two_barriers_at_once_is_told_and_both_passages_stay(lane: Lane) -> None:
    neighbour = Lane(lane.root, "A02")
    try:
        for one in (lane, neighbour):
            one.run()
        for one in (lane, neighbour):
            one.camera.show(GOOD)
        passages = lane.wait_for_passages(2)
        lane.wait_for_note("plate-at-two-barriers")
    finally:
        neighbour.close()
    assert {passage.barrier for passage in passages} == {"A01", "A02"}
    (told,) = {e.detail for e in lane.journal.latest_events(9) if e.kind == "plate-at-two-barriers"}
    assert "接错" in told
    assert GOOD in told


def test_a_run_that_did_not_end_in_order_is_told_by_the_next(lane: Lane) -> None:
    lane.run()
    until(lambda: bool(lane.journal.heartbeats()))
    lane.end()
    assert lane.journal.latest_events(5) == ()
    lane.journal.beat("lane-A01", True, "相机在线，道闸正常")  # as a killed run leaves it
    lane.run()
    lane.wait_for_note("program-restarted")
