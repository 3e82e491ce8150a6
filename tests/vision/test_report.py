"""A camera's own reading and ours: what is passed on as certain, and what is not (4.5.1-1)."""

from datetime import timedelta

import numpy as np
import pytest
from test_visit import EMPTY, START, TRUCK, ScriptedReader

from appliance.guideline.dictionaries import PlateColour
from appliance.profile.model import Recognition
from appliance.runtime.vision.presence import Presence
from appliance.runtime.vision.reading import Frame, Image
from appliance.runtime.vision.report import (
    EARLY_SECONDS,
    MOST_OPEN,
    REPEAT_SECONDS,
    Heard,
    PlateReport,
)
from appliance.runtime.vision.sighting import Sighting
from appliance.runtime.vision.visit import VisitWatcher

PLATE, OTHER = "宁A58D21", "宁A58D27"
PICTURE: Image = np.zeros((90, 160, 3), np.uint8)


class Lane:
    """A lane whose camera reads by itself, at ten frames a second."""

    def __init__(self) -> None:
        self.reader = ScriptedReader()
        self.contradictions: list[tuple[str, str]] = []
        self.settings = Recognition()
        self.watcher = VisitWatcher(
            self.reader,
            self.settings,
            Presence(None),
            camera_reads=True,
            on_contradiction=lambda report, told: self.contradictions.append((report.plate, told)),
        )
        self.now, self.instant = START, 1000.0
        self.sightings: list[Sighting] = []
        self.show(EMPTY, 2)

    def show(self, image: Image, seconds: float, text: str | None = None) -> None:
        self.reader.text = text
        for _ in range(round(seconds * 10)):
            sighting = self.watcher.observe(Frame(image, self.now, self.instant))
            if sighting:
                self.sightings.append(sighting)
            self.now += timedelta(seconds=0.1)
            self.instant += 0.1

    def camera_says(
        self, plate: str, seen: str | None = None, *, blind: bool = False, sure: float = 0.9
    ) -> None:
        """The camera reports a plate; `seen` is what our reader makes of its picture."""
        reader = ScriptedReader()
        reader.text = seen
        picture = None if seen is None else PICTURE
        report = PlateReport(plate, self.now, self.instant, PlateColour.YELLOW, sure, picture)
        self.watcher.hear(Heard.of(report, reader), blind=blind)

    def unclaimed(self, *, blind: bool = False) -> list[str]:
        """What is handed out now because no vehicle claims it."""
        lost = iter(lambda: self.watcher.unclaimed(self.instant, blind=blind), None)
        return [heard.report.plate for heard in lost]

    def wait(self, seconds: float) -> None:
        """Time passes without a picture."""
        self.now += timedelta(seconds=seconds)
        self.instant += seconds

    @property
    def plates(self) -> list[str | None]:
        return [sighting.plate for sighting in self.sightings]


@pytest.fixture
def lane() -> Lane:
    return Lane()


def test_one_reading_of_ours_that_agrees_with_the_camera_is_enough(lane: Lane) -> None:
    lane.show(TRUCK, 0.2)
    lane.camera_says(PLATE)
    lane.show(TRUCK, 0.1, PLATE)
    assert lane.plates == [PLATE]


def test_a_report_whose_picture_our_reader_reads_the_same_needs_no_frame(lane: Lane) -> None:
    lane.show(TRUCK, 0.2)
    lane.camera_says(PLATE, seen=PLATE)
    lane.show(TRUCK, 0.1)
    assert lane.plates == [PLATE]
    assert lane.sightings[0].front.image is PICTURE


def test_a_report_that_comes_before_the_vehicle_is_seen_is_of_that_vehicle(lane: Lane) -> None:
    lane.camera_says(PLATE)
    lane.show(EMPTY, 1)
    lane.show(TRUCK, 0.5, PLATE)
    assert lane.plates == [PLATE]


def test_readers_that_differ_are_never_passed_on_as_certain(lane: Lane) -> None:
    lane.show(TRUCK, 0.2)
    lane.camera_says(OTHER)
    lane.show(TRUCK, lane.settings.unread_after_seconds + 3, PLATE)
    lane.show(EMPTY, 2)
    assert lane.plates == [None]
    (sighting,) = lane.sightings
    assert sighting.doubt is not None
    assert sighting.report is not None
    assert (sighting.report.plate, sighting.doubt.text) == (OTHER, PLATE)


def test_the_camera_s_word_alone_is_not_certain_however_sure_it_is(lane: Lane) -> None:
    lane.show(TRUCK, 0.2)
    lane.camera_says(PLATE)
    lane.show(TRUCK, lane.settings.unread_after_seconds + 1)
    assert lane.plates == [None]
    assert lane.sightings[0].report is not None


def test_a_picture_that_our_reader_reads_otherwise_does_not_confirm_the_report(lane: Lane) -> None:
    lane.show(TRUCK, 0.2)
    lane.camera_says(PLATE, seen=OTHER)
    lane.show(TRUCK, 2)
    assert lane.plates == []


def test_a_camera_that_stays_silent_is_waited_for_only_a_moment(lane: Lane) -> None:
    lane.show(TRUCK, 0.6, PLATE)
    early = list(lane.plates)
    lane.show(TRUCK, lane.settings.camera_report_seconds + 1, PLATE)
    assert (early, lane.plates) == ([], [PLATE])


def test_a_late_report_of_another_plate_is_told_and_changes_nothing(lane: Lane) -> None:
    lane.show(TRUCK, 3, PLATE)
    lane.camera_says(OTHER)
    lane.show(TRUCK, 1, PLATE)
    assert lane.plates == [PLATE]
    assert lane.contradictions == [(OTHER, PLATE)]


def test_a_report_repeated_while_the_truck_stands_there_is_nothing_new(lane: Lane) -> None:
    lane.show(TRUCK, 0.2)
    lane.camera_says(PLATE)
    lane.show(TRUCK, 1, PLATE)
    lane.camera_says(PLATE)
    lane.show(TRUCK, 1, PLATE)
    lane.show(EMPTY, 5)
    assert lane.plates == [PLATE]
    assert lane.watcher.unclaimed(lane.instant + EARLY_SECONDS + 1) is None


def test_a_report_of_the_last_vehicle_is_not_the_next_one_s(lane: Lane) -> None:
    lane.show(TRUCK, 0.2)
    lane.camera_says(PLATE)
    lane.show(TRUCK, lane.settings.unread_after_seconds + 1)
    lane.show(EMPTY, EARLY_SECONDS + 2)
    lane.show(TRUCK, 0.5, OTHER)
    lane.camera_says(OTHER)
    lane.show(TRUCK, 0.5, OTHER)
    assert lane.plates == [None, OTHER]


def test_a_report_that_no_vehicle_claims_is_handed_out_once(lane: Lane) -> None:
    lane.camera_says(PLATE)
    assert lane.watcher.unclaimed(lane.instant) is None
    lane.show(EMPTY, EARLY_SECONDS + 0.5)
    lost = lane.watcher.unclaimed(lane.instant)
    assert lost is not None
    assert lost.report.plate == PLATE
    assert lane.watcher.unclaimed(lane.instant) is None


def test_two_reports_that_no_vehicle_claims_are_both_handed_out_once_and_in_order(
    lane: Lane,
) -> None:
    lane.camera_says(PLATE)
    lane.show(EMPTY, 1)
    lane.camera_says(OTHER)
    lane.show(EMPTY, EARLY_SECONDS + 1)
    assert lane.unclaimed() == [PLATE, OTHER]
    assert lane.unclaimed() == []


def test_without_a_picture_each_truck_s_report_is_handed_out_at_once(lane: Lane) -> None:
    lane.camera_says(PLATE, seen=PLATE, blind=True)
    first = lane.unclaimed(blind=True)
    lane.wait(2)
    lane.camera_says(OTHER, seen=OTHER, blind=True)
    assert (first, lane.unclaimed(blind=True)) == ([PLATE], [OTHER])


def test_a_report_that_the_camera_repeats_for_a_minute_is_handed_out_once_even_when_blind(
    lane: Lane,
) -> None:
    told = []
    for _ in range(60):
        lane.camera_says(PLATE, seen=PLATE, blind=True)
        told += lane.unclaimed(blind=True)
        lane.wait(1)
    lane.wait(REPEAT_SECONDS)
    lane.camera_says(PLATE, seen=PLATE, blind=True)
    assert (told, lane.unclaimed(blind=True)) == ([PLATE], [PLATE])


def test_a_report_that_is_repeated_over_an_empty_lane_is_told_once_and_not_put_off(
    lane: Lane,
) -> None:
    told = []
    for _ in range(20):
        lane.camera_says(PLATE)
        lane.show(EMPTY, 1)
        told += [(lost, lane.instant) for lost in lane.unclaimed()]
    ((lost, instant),) = told
    assert (lost, round(instant)) == (PLATE, 1002 + EARLY_SECONDS)


def test_a_report_that_was_only_told_of_is_recorded_when_the_video_fails_and_it_comes_again(
    lane: Lane,
) -> None:
    lane.camera_says(PLATE, seen=PLATE)
    lane.show(EMPTY, EARLY_SECONDS + 0.5)
    seeing = lane.unclaimed()
    blind = []
    for _ in range(5):
        lane.camera_says(PLATE, seen=PLATE, blind=True)
        blind += lane.unclaimed(blind=True)
        lane.wait(1)
    assert (seeing, blind) == ([PLATE], [PLATE])


def test_a_report_without_a_picture_waits_for_the_video_to_come_back(lane: Lane) -> None:
    lane.camera_says(PLATE, blind=True)
    assert lane.unclaimed(blind=True) == []
    lane.show(TRUCK, 0.5, PLATE)
    assert lane.plates == [PLATE]


def test_a_truck_without_video_is_not_taken_for_the_one_that_stood_there_before(
    lane: Lane,
) -> None:
    lane.show(TRUCK, 3, PLATE)
    lane.wait(60)
    lane.camera_says(OTHER, seen=OTHER, blind=True)
    assert lane.unclaimed(blind=True) == [OTHER]
    assert lane.contradictions == []


def test_a_repeat_keeps_the_first_instant_and_takes_the_surer_word_and_the_picture(
    lane: Lane,
) -> None:
    lane.camera_says(PLATE, sure=0.5)
    first = lane.instant
    lane.wait(2)
    lane.camera_says(PLATE, seen=PLATE, sure=0.8)
    lane.wait(1)
    lane.camera_says(PLATE, seen=OTHER, sure=0.3)
    lost = lane.watcher.unclaimed(lane.instant)
    assert lost is not None
    assert (lost.report.instant, lost.report.confidence) == (first, 0.8)
    assert lost.confirmed
    assert lost.report.at == lane.now - timedelta(seconds=1)


def test_of_several_reports_a_vehicle_claims_the_one_that_our_reader_sees_too(lane: Lane) -> None:
    lane.show(TRUCK, 0.2)
    lane.camera_says(PLATE)
    lane.camera_says(OTHER)
    lane.show(TRUCK, 0.3, PLATE)
    while_it_stands = lane.unclaimed()
    lane.show(EMPTY, EARLY_SECONDS + 2)
    assert lane.plates == [PLATE]
    assert (while_it_stands, lane.unclaimed()) == ([], [OTHER])


def test_a_vehicle_recorded_as_unread_is_not_told_of_again_while_the_camera_repeats_its_plate(
    lane: Lane,
) -> None:
    lane.show(TRUCK, 0.2)
    for _ in range(20):
        lane.camera_says(PLATE)
        lane.show(TRUCK, 1)
    for _ in range(6):
        lane.camera_says(PLATE)
        lane.show(EMPTY, 1)
        assert lane.unclaimed() == []
    assert lane.plates == [None]


def test_a_report_told_beside_a_standing_truck_is_the_next_one_s_all_the_same(lane: Lane) -> None:
    lane.show(TRUCK, 3, PLATE)
    lane.camera_says(OTHER)
    lane.show(EMPTY, 2)
    lane.show(TRUCK, 0.5, OTHER)
    assert lane.contradictions == [(OTHER, PLATE)]
    assert lane.plates == [PLATE, OTHER]
    lane.show(EMPTY, EARLY_SECONDS + 2)
    assert lane.unclaimed() == []


def test_no_more_than_a_few_reports_wait_however_many_the_camera_tells(lane: Lane) -> None:
    lane.show(TRUCK, 0.2)
    plates = [f"宁A0000{number}" for number in range(9)]
    told = []
    for plate in plates:
        lane.camera_says(plate)
        told += lane.unclaimed()
    assert told == plates[:-MOST_OPEN]
