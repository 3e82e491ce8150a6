"""Drawn plates, trucks and scenes: what is promised is what is drawn."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from acceptance_kit.peers.camera import Appearance, PhotoUnreadable, Scene, Vehicle
from acceptance_kit.peers.camera.brush import Picture
from acceptance_kit.peers.camera.plates import draw_plate
from acceptance_kit.peers.camera.scene import HEIGHT, WIDTH, idle, plate_box, pose
from acceptance_kit.peers.camera.trucks import Light
from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.presence import PRESENT, Presence

BLUE = Vehicle("宁A12345", PlateColour.BLUE)
YELLOW = Vehicle("蒙B8L9Q6", PlateColour.YELLOW, "dusk")
GREEN = Vehicle("宁AD12345", PlateColour.GREEN, "dusk")
YELLOW_GREEN = Vehicle("甘A06718F", PlateColour.YELLOW_GREEN)
EVERY_PLATE = [BLUE, YELLOW, GREEN, YELLOW_GREEN]
STANDS = 4.0  # seconds after a truck came into the picture


def hue(patch: Picture) -> str:
    """The patch's middle colour, by its name."""
    pixel = np.median(patch.reshape(-1, 3), axis=0).astype(np.uint8).reshape(1, 1, 3)
    degrees, saturation, brightness = cv2.cvtColor(pixel, cv2.COLOR_BGR2HSV)[0, 0]
    if saturation < 50:
        return "white" if brightness > 127 else "black"
    return {0: "yellow", 1: "green", 2: "blue"}[int(np.digitize(degrees, (38, 90)))]


def differs(one: Picture, other: Picture) -> bool:
    return bool(cv2.absdiff(one, other).max() > 24)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A tall picture with a red mark in each of its four corners."""
    picture = np.full((900, 600, 3), 128, np.uint8)
    for rows in (slice(0, 60), slice(840, 900)):
        for columns in (slice(0, 60), slice(540, 600)):
            picture[rows, columns] = (0, 0, 255)
    path = tmp_path / "真车.png"
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return path


class TestPlates:
    """A plate has the proportions and colours of its kind."""

    @pytest.mark.parametrize("vehicle", EVERY_PLATE, ids=lambda vehicle: vehicle.colour.name)
    def test_a_plate_has_the_proportions_of_its_kind(self, vehicle: Vehicle) -> None:
        height, width, _ = draw_plate(vehicle.plate, vehicle.colour).shape
        wide = 480 if len(vehicle.plate) == 8 else 440
        assert width * 140 == height * wide

    def test_blue_is_lettered_in_white(self) -> None:
        plate = draw_plate("宁A12345", PlateColour.BLUE)
        assert hue(plate[16:40, 100:800]) == "blue"
        assert plate[100:180, 100:800].min(axis=2).max() > 240

    def test_yellow_is_lettered_in_black(self) -> None:
        plate = draw_plate("宁A12345", PlateColour.YELLOW)
        assert hue(plate[16:40, 100:800]) == "yellow"
        assert plate[100:180, 100:800].max(axis=2).min() < 30

    def test_green_shades_from_pale_to_green(self) -> None:
        plate = draw_plate("宁AD12345", PlateColour.GREEN)
        assert hue(plate[16:40, 100:900]) == "white"
        assert hue(plate[240:264, 100:900]) == "green"

    def test_yellow_green_is_yellow_on_the_left_and_green_on_the_right(self) -> None:
        plate = draw_plate("宁A12345D", PlateColour.YELLOW_GREEN)
        assert hue(plate[16:40, 20:260]) == "yellow"
        assert hue(plate[16:40, 290:940]) == "green"

    def test_only_the_old_plates_have_a_dot(self) -> None:
        old = draw_plate("宁A12345", PlateColour.YELLOW)[130:150, 260:280]
        new = draw_plate("宁AD12345", PlateColour.GREEN)[130:150, 240:300]
        assert hue(old) == "black"
        assert hue(new) == "green"

    @pytest.mark.parametrize(
        ("text", "colour"),
        [
            ("宁A1234", PlateColour.BLUE),
            ("宁AD12345", PlateColour.YELLOW),
            ("宁A12345", PlateColour.GREEN),
            ("宁A12345", PlateColour.BLACK),
        ],
    )
    def test_a_plate_that_does_not_exist_is_refused(self, text: str, colour: PlateColour) -> None:
        with pytest.raises(ValueError, match=colour.value):
            draw_plate(text, colour)
        with pytest.raises(ValueError, match=colour.value):
            Scene([Vehicle(text, colour)])


class TestScene:
    """A scene shows the gate and its vehicles, each when it is promised."""

    @pytest.mark.slow
    def test_every_appearance_is_drawn_where_it_is_promised(self) -> None:
        scene = Scene(EVERY_PLATE)
        for second in np.arange(0, scene.seconds, 0.1):
            frame = scene.frame_at(second)
            there = [one for one in scene.appearances if one.enters_at <= second < one.leaves_at]
            if there:
                assert differs(frame, idle(there[0].vehicle.light)), second
            else:
                assert any(frame is idle(light) for light in ("day", "dusk")), second

    def test_the_gate_is_idle_between_vehicles_and_around_them(self) -> None:
        scene = Scene([BLUE, YELLOW], lead_seconds=1, gap_seconds=2)
        first, second = scene.appearances
        assert first.enters_at == 1
        assert second.enters_at == first.leaves_at + 2
        assert scene.seconds == second.leaves_at + 2
        assert scene.frame_at(scene.seconds + 100) is idle("dusk")

    def test_the_truck_grows_until_it_stands(self) -> None:
        scales = [pose(second).scale for second in (0.0, 0.5, 1.0, 2.0, 2.8, 4.0, 5.4)]
        assert scales == sorted(scales)
        assert scales[-3:] == [1, 1, 1]

    def test_a_standing_truck_is_one_and_the_same_picture(self) -> None:
        scene = Scene([BLUE])
        enters = scene.appearances[0].enters_at
        assert scene.frame_at(enters + 3) is scene.frame_at(enters + 5)

    @pytest.mark.parametrize("vehicle", EVERY_PLATE, ids=lambda vehicle: vehicle.colour.name)
    def test_the_plate_stands_two_hundred_pixels_wide_in_its_colours(
        self, vehicle: Vehicle
    ) -> None:
        scene = Scene([vehicle])
        frame = scene.frame_at(scene.appearances[0].enters_at + STANDS)
        left, top, width, height = (round(side) for side in plate_box(vehicle, pose(STANDS)))
        assert 195 <= width <= 220
        seen = frame[top : top + height, left : left + width].astype(np.float32)
        drawn = draw_plate(vehicle.plate, vehicle.colour)
        expected = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
        alike = np.corrcoef(seen.ravel(), expected.astype(np.float32).ravel())[0, 1]
        assert alike > 0.97

    def test_dusk_is_darker_than_day_and_has_its_headlights_on(self) -> None:
        views = {}
        for light in ("day", "dusk"):
            scene = Scene([Vehicle("宁A12345", PlateColour.YELLOW, light)])
            views[light] = scene.frame_at(scene.appearances[0].enters_at + STANDS)
        assert views["dusk"].mean() < 0.6 * views["day"].mean()
        lamp = views["dusk"][524:540, 426:442]
        assert lamp.mean() > 240

    @pytest.mark.parametrize("lights", [("day", "dusk"), ("dusk", "day")])
    def test_the_change_of_light_between_vehicles_is_no_vehicle(
        self, lights: tuple[Light, Light]
    ) -> None:
        lane = Presence()
        before, after = (
            lane.occupied_share(idle(light), instant) for instant, light in enumerate(lights)
        )
        assert before == 0
        assert after < PRESENT / 1.5

    def test_every_picture_says_that_it_is_simulated(self, photo: Path) -> None:
        scene = Scene([BLUE, Vehicle("宁A12345", PlateColour.BLUE, image=photo)])
        for second in (0, scene.appearances[0].enters_at + STANDS, 6.5, 10.5):
            corner = scene.frame_at(second)[:34, :150]
            assert corner.min() < 45
            assert corner.max() > 230

    def test_the_same_arguments_give_the_same_pictures(self) -> None:
        one, other = Scene(EVERY_PLATE), Scene(EVERY_PLATE)
        for second in (0.5, 2.2, 5.0, 14.1):
            assert np.array_equal(one.frame_at(second), other.frame_at(second))

    def test_a_picture_cannot_be_spoilt_by_its_reader(self) -> None:
        scene = Scene([BLUE])
        for second in (0, 2, 5):
            with pytest.raises(ValueError, match="read-only"):
                scene.frame_at(second)[0, 0] = 0

    def test_a_repeating_scene_counts_on(self) -> None:
        scene = Scene([BLUE, YELLOW], repeat=True)
        first = scene.appearances[0]
        again = scene.showing(scene.seconds + first.enters_at + 1)
        assert again == (
            2,
            Appearance(BLUE, scene.seconds + first.enters_at, scene.seconds + first.leaves_at),
        )
        assert np.array_equal(
            scene.frame_at(first.enters_at + 1),
            scene.frame_at(scene.seconds + first.enters_at + 1),
        )
        assert scene.showing(-0.1) is None

    def test_a_scene_without_vehicles_is_an_idle_gate(self) -> None:
        scene = Scene([], repeat=True, lead_seconds=0)
        assert scene.frame_at(12) is idle("day")
        assert scene.showing(12) is None


class TestPhotos:
    """A real photo is shown whole and steady."""

    def test_a_photo_is_shown_whole_for_its_time(self, photo: Path) -> None:
        vehicle = Vehicle("宁A12345", PlateColour.BLUE, image=photo)
        scene = Scene([vehicle, vehicle], lead_seconds=1, photo_seconds=2, photo_gap_seconds=1.6)
        assert [(one.enters_at, one.leaves_at) for one in scene.appearances] == [
            (1, 3),
            (4.6, 6.6),
        ]
        frame = scene.frame_at(1)
        assert frame.shape == (HEIGHT, WIDTH, 3)
        assert frame is scene.frame_at(2.9)
        assert scene.frame_at(3) is idle("day")
        # 600x900 becomes 480x720 in the middle: all four red corners are to be seen.
        for row in (10, 710):
            for column in (410, 870):
                assert frame[row, column].tolist() == [0, 0, 255]
        assert frame[360, 300].tolist() == frame[360, 980].tolist() == [0, 0, 0]

    def test_a_missing_photo_is_said_at_once(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none.jpg", Path(__file__)):
            with pytest.raises(PhotoUnreadable, match=path.name):
                Scene([Vehicle("宁A12345", PlateColour.BLUE, image=path)])
