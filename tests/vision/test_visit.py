"""From frames to one sighting a vehicle; the reader is scripted, everything else is real."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from appliance.clock import BEIJING
from appliance.guideline.dictionaries import PlateColour
from appliance.profile.model import Recognition
from appliance.runtime.vision import visit
from appliance.runtime.vision.presence import Presence
from appliance.runtime.vision.reading import Frame, Image, PlateReading
from appliance.runtime.vision.sighting import Sighting
from appliance.runtime.vision.tracks import Motion
from appliance.runtime.vision.visit import VisitWatcher

START = datetime(2026, 11, 24, 8, 0, tzinfo=BEIJING)
CORNERS = np.array([(40, 60), (120, 60), (120, 85), (40, 85)], np.float32)
rng = np.random.default_rng(7)
EMPTY: Image = np.tile(np.arange(0, 160, dtype=np.uint8)[None, :, None], (90, 1, 3))
TRUCK: Image = EMPTY.copy()
TRUCK[20:85, 30:130] = rng.integers(0, 255, (65, 100, 3), dtype=np.uint8)


class ScriptedReader:
    """Reads what the test says, frame by frame."""

    def __init__(self) -> None:
        self.text: str | None = None
        self.confidence = 0.9
        self.scale = 1.0
        self.sure = self.colour_known = True
        self.beside: list[PlateReading] = []

    def read(self, image: Image) -> list[PlateReading]:
        if self.text is None:
            return []
        peaks = (self.confidence,) * len(self.text)
        corners = (CORNERS * self.scale).astype(np.float32)
        reading = PlateReading(
            self.text,
            PlateColour.YELLOW,
            peaks,
            corners,
            1,
            sure=self.sure,
            colour_known=self.colour_known,
        )
        return [reading, *self.beside]


class Lane:
    """Feeds a watcher at five frames a second and gathers its sightings."""

    def __init__(self, resume: datetime | None = None, empty: np.ndarray | None = None) -> None:
        self.reader = ScriptedReader()
        self.visits: list[datetime | None] = []
        self.presence = Presence(empty)
        self.watcher = VisitWatcher(
            self.reader, Recognition(), self.presence, resume=resume, on_visit=self.visits.append
        )
        self.now = START
        self.instant = 1000.0
        self.pace = 0.2
        self.sightings: list[Sighting] = []

    def show(self, image: Image, seconds: float, text: str | None = None) -> None:
        self.reader.text = text
        for _ in range(round(seconds / self.pace)):
            sighting = self.watcher.observe(Frame(image, self.now, self.instant))
            if sighting:
                self.sightings.append(sighting)
            self.now += timedelta(seconds=self.pace)
            self.instant += self.pace


@pytest.fixture
def lane() -> Lane:
    lane = Lane()
    lane.show(EMPTY, 2)
    return lane


def test_a_vehicle_that_is_read_often_enough_is_one_sighting(lane: Lane) -> None:
    lane.show(TRUCK, 5, "宁A58D21")
    lane.show(EMPTY, 3)
    assert [s.plate for s in lane.sightings] == ["宁A58D21"]
    assert lane.sightings[0].began_at == START + timedelta(seconds=2)
    assert lane.sightings[0].confidence == pytest.approx(0.9)


def test_a_vehicle_is_reported_while_it_still_stands_before_the_barrier(lane: Lane) -> None:
    lane.show(TRUCK, 1, "宁A58D21")
    assert len(lane.sightings) == 1


def test_a_machine_that_reads_only_twice_a_second_reports_a_vehicle_that_stands(
    lane: Lane,
) -> None:
    lane.pace = 0.5
    lane.show(TRUCK, 3, "宁A58D21")
    assert [s.plate for s in lane.sightings] == ["宁A58D21"]


def test_a_vehicle_is_not_reported_while_it_comes_nearer_and_its_nearest_picture_is_taken(
    lane: Lane,
) -> None:
    for step in range(10):
        lane.reader.scale = 0.5 + step * 0.05
        lane.show(TRUCK, 0.2, "宁A58D21")
    assert lane.sightings == []
    stopped = lane.now
    lane.show(TRUCK, 2, "宁A58D21")
    assert [s.plate for s in lane.sightings] == ["宁A58D21"]
    assert lane.sightings[0].seen_at >= stopped - timedelta(seconds=0.2)
    assert lane.sightings[0].body.taken_at < stopped - timedelta(seconds=1)


def test_a_vehicle_whose_plate_is_legible_is_reported_while_it_still_comes_nearer(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit, "LEGIBLE_PIXELS", 60)
    for step in range(8):
        lane.reader.scale = 0.6 + 0.05 * step
        lane.show(TRUCK, 0.2, "宁A58D21")
        if lane.sightings:
            break
    # 80 pixels at scale 1: legible from 0.75 on, in the fourth picture.
    assert lane.reader.scale == pytest.approx(0.75)
    assert [s.motion for s in lane.sightings] == [Motion.APPROACHING]


def test_corners_that_scatter_are_no_vehicle_that_comes_nearer(lane: Lane) -> None:
    lane.pace = 0.04
    for scale in (1.0, 0.98, 1.02, 1.02, 1.02):
        lane.reader.scale = scale
        lane.show(TRUCK, 0.04, "宁A58D21")
    assert [s.motion for s in lane.sightings] == [Motion.STANDING]


def test_a_vehicle_that_drives_through_without_stopping_is_reported_when_it_has_left(
    lane: Lane,
) -> None:
    for step in range(10):
        lane.reader.scale = 0.5 + step * 0.05
        lane.show(TRUCK, 0.2, "宁A58D21")
    lane.show(EMPTY, 3)
    assert [s.plate for s in lane.sightings] == ["宁A58D21"]


def test_one_frame_that_reads_something_else_does_not_make_a_plate(lane: Lane) -> None:
    lane.show(TRUCK, 0.2, "宁A58D27")
    lane.show(TRUCK, 3, "宁A58D21")
    lane.show(EMPTY, 3)
    assert [s.plate for s in lane.sightings] == ["宁A58D21"]


def test_a_vehicle_that_nobody_can_read_is_recorded_as_unread_when_it_leaves(lane: Lane) -> None:
    lane.show(TRUCK, 3)
    assert lane.sightings == []
    lane.show(EMPTY, 3)
    assert [s.plate for s in lane.sightings] == [None]
    assert lane.sightings[0].colour is PlateColour.OTHER


def test_a_vehicle_that_nobody_can_read_is_recorded_once_after_it_has_stood_long(
    lane: Lane,
) -> None:
    lane.show(TRUCK, 30)
    lane.show(EMPTY, 3)
    assert [s.plate for s in lane.sightings] == [None]


def test_a_reading_that_is_too_unsure_is_not_passed_off_as_read(lane: Lane) -> None:
    lane.reader.confidence = 0.1
    lane.show(TRUCK, 3, "宁A58D21")
    lane.show(EMPTY, 3)
    assert [s.plate for s in lane.sightings] == [None]


def test_readings_that_contradict_each_other_are_not_passed_off_as_read(lane: Lane) -> None:
    for _ in range(8):
        lane.show(TRUCK, 0.2, "宁A58D21")
        lane.show(TRUCK, 0.2, "蒙B72F83")
    lane.show(EMPTY, 3)
    assert [s.plate for s in lane.sightings] == [None]


def test_an_empty_lane_is_no_vehicle(lane: Lane) -> None:
    lane.show(EMPTY, 60, "宁A58D21")
    assert lane.sightings == []


def test_a_change_of_light_is_no_vehicle(lane: Lane) -> None:
    dusk = (EMPTY * 0.5 + 10).astype(np.uint8)
    lane.show(dusk, 20, "宁A58D21")
    assert lane.sightings == []


def test_something_small_that_walks_through_is_no_vehicle(lane: Lane) -> None:
    walker = EMPTY.copy()
    walker[30:80, 60:78] = 255
    lane.show(walker, 4)
    lane.show(EMPTY, 3)
    assert lane.sightings == []


def test_two_vehicles_bumper_to_bumper_are_two_sightings(lane: Lane) -> None:
    lane.show(TRUCK, 3, "宁A58D21")
    lane.show(TRUCK, 3, "蒙B72F83")
    lane.show(EMPTY, 3)
    assert [s.plate for s in lane.sightings] == ["宁A58D21", "蒙B72F83"]
    assert len({s.began_at for s in lane.sightings}) == 2


def test_a_misreading_after_the_report_is_not_a_second_vehicle(lane: Lane) -> None:
    lane.show(TRUCK, 3, "宁A58D21")
    lane.show(TRUCK, 3, "宁A58D27")
    lane.show(EMPTY, 3)
    assert [s.plate for s in lane.sightings] == ["宁A58D21"]


def test_a_plate_of_nearly_the_same_number_that_comes_from_afar_is_another_vehicle(
    lane: Lane,
) -> None:
    lane.show(TRUCK, 3, "宁A58D21")
    lane.reader.scale = 0.6
    lane.show(TRUCK, 2, "宁A58D27")
    assert [s.plate for s in lane.sightings] == ["宁A58D21", "宁A58D27"]


def test_the_beginning_of_a_visit_is_told_and_its_end_too(lane: Lane) -> None:
    lane.show(TRUCK, 2, "宁A58D21")
    assert lane.visits == [START + timedelta(seconds=2)]
    lane.show(EMPTY, 3)
    assert lane.visits[-1] is None


def test_a_visit_that_an_earlier_run_began_keeps_its_beginning(lane: Lane) -> None:
    began = START - timedelta(seconds=5)
    again = Lane(resume=began, empty=lane.presence.empty)
    again.show(TRUCK, 2, "宁A58D21")
    assert again.sightings[0].began_at == began


def test_a_visit_that_ended_while_nobody_looked_is_forgotten(lane: Lane) -> None:
    again = Lane(resume=START - timedelta(seconds=5), empty=lane.presence.empty)
    again.show(EMPTY, 1)
    again.show(TRUCK, 2, "宁A58D21")
    assert again.visits[0] is None
    assert again.sightings[0].began_at == START + timedelta(seconds=1)


def test_a_clock_set_back_while_a_truck_stands_there_does_not_hold_up_the_lane(lane: Lane) -> None:
    lane.show(TRUCK, 2, "宁A58D21")
    lane.now -= timedelta(hours=8)
    lane.show(EMPTY, 3)
    lane.show(TRUCK, 2, "蒙B72F83")
    assert [s.plate for s in lane.sightings] == ["宁A58D21", "蒙B72F83"]


@pytest.mark.slow
def test_a_lane_first_seen_with_a_truck_in_it_learns_how_it_looks_when_empty() -> None:
    lane = Lane()
    lane.show(TRUCK, 5, "宁A58D21")
    lane.show(EMPTY, 400)
    before = len(lane.sightings)
    lane.show(TRUCK, 3)
    lane.show(EMPTY, 3)
    lane.show(TRUCK, 3, "蒙B72F83")
    assert [s.plate for s in lane.sightings[before:]] == [None, "蒙B72F83"]


@pytest.mark.slow
def test_a_truck_that_waits_long_with_its_plate_in_sight_stays_the_same_vehicle(lane: Lane) -> None:
    lane.show(TRUCK, 900, "宁A58D21")
    lane.show(EMPTY, 20)
    assert [s.plate for s in lane.sightings] == ["宁A58D21"]


def test_a_truck_that_comes_while_something_small_lies_there_has_its_full_time_to_be_read(
    lane: Lane,
) -> None:
    crate = EMPTY.copy()
    crate[50:80, 60:88] = 255
    lane.show(crate, 20)
    lane.show(TRUCK, 2)
    assert lane.sightings == []
    lane.show(TRUCK, 2, "宁A58D21")
    assert [s.plate for s in lane.sightings] == ["宁A58D21"]


FAR_TRUCK: Image = EMPTY.copy()
FAR_TRUCK[5:40, 30:130] = rng.integers(0, 255, (35, 100, 3), dtype=np.uint8)


def queue_up(lane: Lane, first: str, *, sure: bool, second: str | None) -> datetime:
    """One truck drives off and the next comes before the lane is ever empty; when it came."""
    lane.reader.sure = sure
    lane.show(TRUCK, 10, first)
    lane.show(FAR_TRUCK, 2)
    came = lane.now
    lane.reader.sure = True
    lane.show(TRUCK, 1)
    lane.show(TRUCK, 14, second)
    return came


@pytest.mark.parametrize("sure", [True, False])
def test_an_unreadable_truck_in_a_queue_is_told_with_its_own_picture(
    sure: bool, lane: Lane
) -> None:
    came = queue_up(lane, "宁A58D21", sure=sure, second=None)
    first, second = lane.sightings
    assert first.plate == ("宁A58D21" if sure else None)
    assert second.plate is None
    assert second.doubt is None
    assert second.front.taken_at >= came


@pytest.mark.parametrize("known", [True, False])
def test_of_a_plate_that_is_not_sure_a_colour_is_told_only_if_that_is(
    known: bool, lane: Lane
) -> None:
    lane.reader.colour_known = known
    queue_up(lane, "宁A58D21", sure=False, second=None)
    doubt = lane.sightings[0].doubt
    assert doubt is not None
    assert (doubt.text, doubt.colour) == ("宁A58D21", PlateColour.YELLOW if known else None)


def test_a_clear_plate_behind_a_truck_that_nobody_could_read_is_read(lane: Lane) -> None:
    came = queue_up(lane, "宁A58D21", sure=False, second="蒙B72F83")
    first, second = lane.sightings
    assert (first.plate, first.doubt and first.doubt.text) == (None, "宁A58D21")
    assert second.plate == "蒙B72F83"
    assert second.front.taken_at >= came


def test_lettering_on_a_truck_that_stands_for_an_hour_is_not_gathered_without_end(
    lane: Lane,
) -> None:
    lane.show(TRUCK, 3, "宁A58D21")
    lane.pace = 3.0
    small = (CORNERS * 0.5 + (20, -10)).astype(np.float32)
    for number in range(100):
        stray = f"京A{number:05}"
        lane.reader.beside = [
            PlateReading(stray, PlateColour.BLUE, (0.5,) * 7, small, 1, sure=False)
        ]
        lane.show(TRUCK, 3.0, "宁A58D21")
    assert len(lane.watcher._tracker.tracks) < 10
    visit_now = lane.watcher._visit
    assert visit_now is not None
    assert len(visit_now.fronts) < 10
    assert [s.plate for s in lane.sightings] == ["宁A58D21"]
