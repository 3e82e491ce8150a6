"""The own finder offers the places where plates are, of any size, one row or two."""

import cv2
import numpy as np
import pytest

from acceptance_kit.peers.camera import Scene, Vehicle
from acceptance_kit.peers.camera.plates import draw_plate
from acceptance_kit.peers.camera.scene import plate_box, pose
from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.models.readers import FINDER_NETWORK
from appliance.profile.model import Reader
from appliance.runtime.vision.corners import DOUBTFUL
from appliance.runtime.vision.finder import Finder, boxes_told
from appliance.runtime.vision.readers import build_reader, clp_detector, own_detector
from appliance.runtime.vision.reading import Image, PlateBox
from training import held_out

TRUCKS = [
    Vehicle("宁A58D21", PlateColour.YELLOW),
    Vehicle("宁C6N518", PlateColour.BLUE),
    Vehicle("蒙B72F83", PlateColour.YELLOW, light="dusk"),
]


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(ModelStore.default().locate(FINDER_NETWORK))


def middle(box: PlateBox) -> tuple[float, float]:
    x, y = box.corners.mean(axis=0)
    return float(x), float(y)


@pytest.mark.parametrize("seconds", [1.8, 2.4, 4.0])
@pytest.mark.parametrize("truck", TRUCKS, ids=lambda truck: f"{truck.plate}-{truck.light}")
def test_the_plate_of_a_truck_that_drives_in_is_offered_first(
    truck: Vehicle, seconds: float, finder: Finder
) -> None:
    picture = np.asarray(Scene([truck], lead_seconds=0).frame_at(seconds), np.uint8)
    x, y, width, height = plate_box(truck, pose(seconds))
    found = middle(finder.detect(picture)[0])
    assert abs(found[0] - x - width / 2) < 0.1 * width
    assert abs(found[1] - y - height / 2) < 0.3 * height


@pytest.mark.parametrize("width", [90, 300, 700])
@pytest.mark.parametrize("place", [(0.2, 0.2), (0.5, 0.5), (0.8, 0.8)])
def test_a_plate_is_offered_far_away_and_close_up_and_wherever_it_hangs(
    width: int, place: tuple[float, float], finder: Finder
) -> None:
    picture = np.full((1080, 1920, 3), 96, np.uint8)
    picture[:500] = 60
    plate = draw_plate("宁A58D21", PlateColour.BLUE)
    height = width * plate.shape[0] // plate.shape[1]
    left, top = int(place[0] * (1920 - width)), int(place[1] * (1080 - height))
    small = cv2.resize(plate, (width, height), interpolation=cv2.INTER_AREA)
    picture[top : top + height, left : left + width] = small
    found = middle(finder.detect(picture)[0])
    assert abs(found[0] - left - width / 2) < 0.1 * width
    assert abs(found[1] - top - height / 2) < 0.4 * height


@pytest.mark.parametrize("share", [0.4, 0.5, 0.6, 0.9])
def test_a_plate_that_fills_the_picture_is_found_too(share: float) -> None:
    plate = draw_plate("宁A58D21", PlateColour.YELLOW)
    width = plate.shape[1]
    rim = round(width * (1 / share - 1) / 2)
    picture = cv2.copyMakeBorder(plate, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=(70, 70, 70))
    (box, *_) = own_detector(ModelStore.default()).detect(np.asarray(picture, np.uint8))
    assert abs(float(np.ptp(box.corners[:, 0])) - width) < 0.1 * width
    assert box.score > DOUBTFUL


@pytest.mark.parametrize("truck", TRUCKS[1:], ids=lambda truck: truck.light)
def test_an_empty_gate_with_its_kerbs_and_lettering_shows_no_plate(truck: Vehicle) -> None:
    picture = np.asarray(Scene([truck]).frame_at(0), np.uint8)
    seen = build_reader(Reader.OWN, ModelStore.default()).read(picture)
    assert [reading for reading in seen if reading.sure] == []
    assert all(reading.confidence < 0.5 for reading in seen)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (3, 4), (37, 640), (4000, 200), (9, 960)])
def test_a_picture_of_any_size_is_looked_at_by_both_chains(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(2).integers(0, 255, (*size, 3), np.uint8)
    for detector in (own_detector(ModelStore.default()), clp_detector(ModelStore.default())):
        assert detector.detect(picture) == []


def test_no_box_is_larger_than_the_picture_whatever_the_network_tells() -> None:
    """A box that is cut out with its surroundings is so much memory."""
    told = np.zeros((5, 36, 64), np.float32)
    told[0, 10, 20] = 0.9
    told[3:, 10, 20] = 30.0
    (box,) = boxes_told(told, 0.25)
    assert np.ptp(box.corners, axis=0).tolist() == pytest.approx([64 * 8 / 0.25] * 2)


def test_the_six_likeliest_places_are_offered_best_first() -> None:
    told = np.zeros((5, 36, 64), np.float32)
    told[0, 4, 4:60:6] = np.linspace(0.3, 0.9, 10)
    scores = [box.score for box in boxes_told(told, 1.0)]
    assert scores == pytest.approx(np.linspace(0.9, 0.3, 10)[:6].tolist())


def test_the_striped_kerbs_of_an_empty_gate_are_offered_but_are_no_plates(finder: Finder) -> None:
    picture = np.asarray(Scene(TRUCKS[:1]).frame_at(0), np.uint8)
    kerbs = [box for box in finder.detect(picture) if middle(box)[1] > 200]
    assert kerbs
    judged = own_detector(ModelStore.default()).detect(picture)
    assert [box for box in judged if middle(box)[1] > 200] == []


@pytest.mark.shared
@pytest.mark.slow
def test_nearly_every_real_held_out_photo_shows_a_plate() -> None:
    """Whoever offers the box of a plate leads to its text: what was read stands in the model
    card."""
    if not held_out.PLATES.is_dir():
        pytest.skip("the real photos lie in ../shared, which is absent")
    detector = own_detector(ModelStore.default())
    files = {r["file"] for r in held_out.rows() if held_out.is_held_out(r)}
    photos = sorted(file for file in files if file.startswith("photos"))[::4]
    with_a_plate = sum(bool(detector.detect(_picture(file))) for file in photos)
    assert with_a_plate >= 0.97 * len(photos)


def _picture(file: str) -> Image:
    return np.asarray(cv2.imread(str(held_out.PLATES / file)), np.uint8)
