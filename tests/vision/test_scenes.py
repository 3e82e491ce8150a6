"""Whole scenes, drawn: what is one passage, what is two, and what is none."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from drawn import (
    DrawnReader,
    Placed,
    at_distance,
    moved,
    parked_car,
    picture,
    reading,
    with_trailer,
)

from acceptance_kit.peers.camera import gate
from acceptance_kit.peers.camera.scene import Pose, Vehicle
from appliance.clock import BEIJING
from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.profile.model import Reader, Recognition
from appliance.runtime.vision.presence import Presence
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import Frame, Image, PlateReader
from appliance.runtime.vision.region import LaneArea, LaneReader
from appliance.runtime.vision.sighting import Departure, Sighting
from appliance.runtime.vision.visit import VisitWatcher

FIRST = Placed(Vehicle("宁A58D21", PlateColour.YELLOW), at_distance(1))
SECOND = Placed(Vehicle("蒙B72F83", PlateColour.YELLOW), at_distance(1))
NEIGHBOUR = "陕K90P17"
PER_SECOND = 5
NOISE = [
    np.random.default_rng(seed).normal(0, 2, (720, 1280, 3)).astype(np.int16) for seed in range(3)
]


class Watched:
    """A lane whose pictures the test draws, at five a second with a camera's noise."""

    def __init__(
        self,
        empty: Image | None = None,
        *,
        reader: PlateReader | None = None,
        area: LaneArea | None = None,
    ) -> None:
        self.drawn = DrawnReader()
        self.empty = gate.gate("day") if empty is None else empty
        area = area or LaneArea()
        self.sightings: list[Sighting] = []
        self.departures: list[Departure] = []
        self.visits: list[datetime | None] = []
        self.watcher = VisitWatcher(
            LaneReader(reader or self.drawn, area),
            Recognition(unread_after_seconds=4),
            Presence(area=area),
            on_visit=self.visits.append,
            on_departure=self.departures.append,
        )
        self.now = datetime(2026, 11, 24, 8, 0, tzinfo=BEIJING)
        self.instant = 500.0
        self.rest(2)

    @property
    def plates(self) -> list[str | None]:
        return [sighting.plate for sighting in self.sightings]

    def show(self, view: Image, placed: tuple[Placed, ...] = ()) -> None:
        self.drawn.placed = placed
        noise = NOISE[round(self.instant * PER_SECOND) % len(NOISE)]
        noisy = np.clip(view + noise, 0, 255).astype(np.uint8)
        sighting = self.watcher.observe(Frame(noisy, self.now, self.instant))
        if sighting:
            self.sightings.append(sighting)
        self.now += timedelta(seconds=1 / PER_SECOND)
        self.instant += 1 / PER_SECOND

    def rest(self, seconds: float) -> None:
        for _ in range(round(seconds * PER_SECOND)):
            self.show(self.empty)

    def film(self, seconds: float, script: Callable[[float], tuple[Placed, ...]]) -> None:
        """Show what the script places at each moment, from 0 to 1."""
        steps = round(seconds * PER_SECOND)
        view, shown = self.empty, ()
        for step in range(steps):
            placed = script(step / max(steps - 1, 1))
            if placed != shown:
                view, shown = picture(*placed, background=self.empty), placed
            self.show(view, placed)


def coming(truck: Placed) -> Callable[[float], tuple[Placed, ...]]:
    return lambda done: (moved(truck, at_distance(1 + 5 * (1 - done) ** 2)),)


def standing(*trucks: Placed) -> Callable[[float], tuple[Placed, ...]]:
    return lambda done: trucks


def past_the_camera(done: float) -> Pose:
    return at_distance(1 - 0.5 * done, aside=-900 * done**2)


def leaving(truck: Placed) -> Callable[[float], tuple[Placed, ...]]:
    return lambda done: (moved(truck, past_the_camera(done)),)


def leaving_with_another_close_behind(
    one: Placed, other: Placed
) -> Callable[[float], tuple[Placed, ...]]:
    def script(done: float) -> tuple[Placed, ...]:
        behind = moved(other, at_distance(2.1 - 0.4 * done))
        return behind, moved(one, past_the_camera(done))

    return script


def closing_up(truck: Placed) -> Callable[[float], tuple[Placed, ...]]:
    return lambda done: (moved(truck, at_distance(1.7 - 0.7 * done)),)


def two_close_together(lane: Watched, one: Placed, other: Placed) -> None:
    lane.film(2.4, coming(one))
    lane.film(2, standing(one, moved(other, at_distance(2.1))))
    lane.film(1.4, leaving_with_another_close_behind(one, other))
    lane.film(1.6, closing_up(other))
    lane.film(5, standing(other))
    lane.film(1.4, leaving(other))
    lane.rest(2)


@pytest.fixture
def lane() -> Iterator[Watched]:
    return Watched()


def test_a_drawn_truck_is_one_passage(lane: Watched) -> None:
    lane.film(2.4, coming(FIRST))
    lane.film(2, standing(FIRST))
    lane.film(1.4, leaving(FIRST))
    lane.rest(2)
    assert lane.plates == ["宁A58D21"]
    assert lane.departures == []


@pytest.mark.slow
def test_an_unreadable_truck_close_behind_a_read_one_is_a_passage_of_its_own(
    lane: Watched,
) -> None:
    muddy = Placed(SECOND.vehicle, SECOND.at, muddy=True)
    two_close_together(lane, FIRST, muddy)
    assert lane.plates == ["宁A58D21", None]
    assert len({sighting.began_at for sighting in lane.sightings}) == 2


@pytest.mark.slow
def test_a_readable_truck_close_behind_an_unreadable_one_is_a_passage_of_its_own(
    lane: Watched,
) -> None:
    muddy = Placed(FIRST.vehicle, FIRST.at, muddy=True)
    lane.film(2.4, coming(muddy))
    lane.film(4, standing(muddy))
    two = SECOND
    lane.film(1.4, leaving_with_another_close_behind(muddy, two))
    lane.film(1.6, closing_up(two))
    lane.film(2, standing(two))
    lane.rest(2)
    assert lane.plates == [None, "蒙B72F83"]
    assert len({sighting.began_at for sighting in lane.sightings}) == 2


@pytest.mark.slow
def test_two_unreadable_trucks_close_together_are_two_passages(lane: Watched) -> None:
    two_close_together(
        lane,
        Placed(FIRST.vehicle, FIRST.at, muddy=True),
        Placed(SECOND.vehicle, SECOND.at, muddy=True),
    )
    assert lane.plates == [None, None]
    assert len({sighting.began_at for sighting in lane.sightings}) == 2


@pytest.mark.slow
def test_two_trucks_of_one_fleet_with_neighbouring_numbers_are_two_passages(
    lane: Watched,
) -> None:
    next_number = Placed(Vehicle("宁A58D22", PlateColour.YELLOW), at_distance(1))
    two_close_together(lane, FIRST, next_number)
    assert lane.plates == ["宁A58D21", "宁A58D22"]


def test_a_long_trailer_that_follows_its_own_cab_is_no_second_vehicle(lane: Watched) -> None:
    lane.film(2.4, coming(FIRST))
    lane.film(2, standing(FIRST))
    for left in range(1200, -1500, -90):
        lane.show(with_trailer(lane.empty, left))
    lane.rest(2)
    assert lane.plates == ["宁A58D21"]


@pytest.mark.slow
def test_a_truck_that_stands_for_minutes_is_one_passage(lane: Watched) -> None:
    lane.film(2.4, coming(FIRST))
    view = picture(FIRST)
    for _ in range(120 * PER_SECOND):
        lane.show(view, (FIRST,))
    lane.film(1.4, leaving(FIRST))
    lane.rest(2)
    assert lane.plates == ["宁A58D21"]


def test_a_neighbour_parked_in_the_picture_is_no_passage_and_lends_nobody_its_plate() -> None:
    lane = Watched(parked_car(NEIGHBOUR, PlateColour.BLUE, 1080, 420))
    lane.drawn.painted = [
        reading(Vehicle(NEIGHBOUR, PlateColour.BLUE), 1080, 420, 150, 48, sure=0.99)
    ]
    muddy = Placed(FIRST.vehicle, FIRST.at, muddy=True)
    lane.film(2.4, coming(muddy))
    lane.film(5, standing(muddy))
    lane.film(1.4, leaving(muddy))
    lane.rest(2)
    assert lane.plates == [None]


def test_a_car_that_comes_to_stand_outside_the_lane_is_no_passage() -> None:
    lane = Watched(area=LaneArea(((0.0, 0.2), (0.7, 0.2), (0.7, 1.0), (0.0, 1.0))))
    beside = parked_car(NEIGHBOUR, PlateColour.BLUE, 1080, 420)
    lane.drawn.painted = [reading(Vehicle(NEIGHBOUR, PlateColour.BLUE), 1080, 420, 150, 48)]
    for _ in range(8 * PER_SECOND):
        lane.show(beside)
    lane.rest(2)
    assert lane.plates == []


def test_a_plate_narrower_or_wider_than_the_lanes_is_none() -> None:
    for area in (LaneArea(least_width=0.2), LaneArea(greatest_width=0.1)):
        lane = Watched(area=area)
        lane.film(2, standing(FIRST))
        lane.rest(2)
        assert lane.plates == [None]


def test_lettering_that_is_read_beside_the_plate_is_neither_the_plate_nor_a_second_vehicle(
    lane: Watched,
) -> None:
    def with_lettering(at: Pose) -> None:
        # Larger than the plate, less sure, and it stays in sight longer.
        across = 500 * at.scale
        left, top = at.x - across / 2, at.y - 340 * at.scale
        text = Vehicle("津E99999", PlateColour.OTHER)
        lane.drawn.painted = [reading(text, left, top, across, across / 5, sure=0.65)]

    for step in range(12):
        at = at_distance(1 + 5 * (1 - step / 11) ** 2)
        with_lettering(at)
        lane.film(0.2, standing(moved(FIRST, at)))
    lane.film(2, standing(FIRST))
    for step in range(12):
        at = past_the_camera(step / 20)
        with_lettering(at)
        truck = moved(FIRST, at)
        lane.film(0.2, standing(Placed(truck.vehicle, at, muddy=step > 3)))
    lane.drawn.painted = []
    lane.rest(2)
    assert lane.plates == ["宁A58D21"]


def test_a_truck_that_backs_out_is_told_of_and_makes_no_second_passage(lane: Watched) -> None:
    lane.film(2.4, coming(FIRST))
    lane.film(2, standing(FIRST))
    lane.film(3, lambda done: (moved(FIRST, at_distance(1 + 7 * done**1.5)),))
    lane.rest(3)
    assert lane.plates == ["宁A58D21"]
    assert [departure.plate for departure in lane.departures] == ["宁A58D21"]
    assert lane.departures[0].began_at == lane.sightings[0].began_at


@pytest.mark.slow
def test_a_truck_that_rolls_back_a_little_and_comes_again_is_one_passage(lane: Watched) -> None:
    lane.film(2.4, coming(FIRST))
    lane.film(2, standing(FIRST))
    lane.film(2, lambda done: (moved(FIRST, at_distance(1 + 0.8 * done)),))
    lane.film(2, lambda done: (moved(FIRST, at_distance(1.8 - 0.8 * done)),))
    lane.film(1, standing(FIRST))
    lane.film(1.4, leaving(FIRST))
    lane.rest(2)
    assert lane.plates == ["宁A58D21"]
    assert lane.departures == []


@pytest.mark.slow
@pytest.mark.parametrize("lettering", ["13895012345", "罐体容积36m3", "限乘2人 870"])
def test_lettering_on_a_truck_without_a_plate_is_not_passed_off_as_one(lettering: str) -> None:
    lane = Watched(reader=build_reader(Reader.OWN, ModelStore.default()))
    truck = Placed(FIRST.vehicle, FIRST.at, has_plate=False, lettering=lettering)
    lane.film(2, coming(truck))
    lane.film(4, standing(truck))
    lane.rest(2)
    assert lane.plates == [None]


@pytest.mark.slow
def test_a_truck_with_a_phone_number_on_its_cab_is_read_by_its_plate() -> None:
    lane = Watched(reader=build_reader(Reader.OWN, ModelStore.default()))
    truck = Placed(FIRST.vehicle, FIRST.at, lettering="13895012345")
    lane.film(2, coming(truck))
    lane.film(2, standing(truck))
    lane.rest(2)
    assert lane.plates == ["宁A58D21"]


@pytest.mark.slow
def test_two_trucks_close_together_are_read_by_the_real_networks_as_two() -> None:
    lane = Watched(reader=build_reader(Reader.OWN, ModelStore.default()))
    lane.film(2, coming(FIRST))
    lane.film(1.4, standing(FIRST, moved(SECOND, at_distance(2.1))))
    lane.film(1.4, leaving_with_another_close_behind(FIRST, SECOND))
    lane.film(1.6, closing_up(SECOND))
    lane.film(2, standing(SECOND))
    lane.rest(2)
    assert lane.plates == ["宁A58D21", "蒙B72F83"]


def test_a_vehicle_whose_province_one_network_does_not_know_may_follow_without_a_gap(
    lane: Watched,
) -> None:
    """The chain gives such a province half a confidence, however sure it is of the rest."""
    half = (0.499, *(0.97,) * 6)

    def read(plate: str) -> None:
        vehicle = Vehicle(plate, PlateColour.YELLOW)
        plain = reading(vehicle, *FIRST.plate)
        lane.drawn.painted = [replace(plain, character_confidence=half)]

    view = picture(FIRST)
    for plate in ("宁A58D21", "宁C40K77"):
        read(plate)
        for _ in range(3 * PER_SECOND):
            lane.show(view)
    assert lane.plates == ["宁A58D21", "宁C40K77"]
