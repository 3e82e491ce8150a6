"""The own corner network: a box that is a little off becomes the plate's own corners and rows."""

import cv2
import numpy as np
import pytest

from acceptance_kit.peers.camera import Scene
from acceptance_kit.peers.camera.plates import draw_plate
from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.models.readers import CORNER_NETWORK
from appliance.runtime.vision.corners import (
    CornerFinder,
    CornerNetwork,
    cut_out,
)
from appliance.runtime.vision.detect import ClpDetector, levelled
from appliance.runtime.vision.readers import CLOSER_SIDE, OFFERED_FROM, own_detector
from appliance.runtime.vision.reading import Corners, Image, PlateBox
from training import held_out

UPRIGHT = np.array([(300, 260), (460, 260), (460, 311), (300, 311)], np.float32)
ASLANT = np.array([(300, 260), (455, 284), (452, 335), (298, 308)], np.float32)


@pytest.fixture(scope="module")
def network() -> CornerNetwork:
    return CornerNetwork(ModelStore.default().locate(CORNER_NETWORK))


class Told:
    """A detector that offers the boxes it was told."""

    def __init__(self, *boxes: Corners, score: float = 0.3) -> None:
        self.boxes = boxes
        self.score = score
        self.asked = 0

    def detect(self, image: Image) -> list[PlateBox]:
        self.asked += 1
        return [PlateBox(corners.astype(np.float32), self.score, 1) for corners in self.boxes]


def hung(plate: Image, corners: Corners) -> Image:
    """A plate on a plain bumper."""
    picture = np.full((480, 720, 3), 96, np.uint8)
    picture[:250] = 60
    height, width = plate.shape[:2]
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    blurred = cv2.GaussianBlur(plate, (0, 0), 0.3 * width / float(np.ptp(corners[:, 0])))
    matrix = cv2.getPerspectiveTransform(source, corners)
    size = (picture.shape[1], picture.shape[0])
    cv2.warpPerspective(blurred, matrix, size, picture, borderMode=cv2.BORDER_TRANSPARENT)
    return picture


def moved(corners: Corners, x: float, y: float) -> Corners:
    """The box elsewhere."""
    return corners + np.array((x, y), np.float32)


def off(found: Corners, true: Corners) -> float:
    """The farthest corner's distance, as a share of the plate's width."""
    apart = np.linalg.norm(found - true, axis=1)
    return float(apart.max() / np.linalg.norm(true[1] - true[0]))


@pytest.mark.parametrize("true", [UPRIGHT, ASLANT], ids=["upright", "aslant"])
@pytest.mark.parametrize(
    "shift", [(0, 0), (24, 4), (-24, -6), (8, 12)], ids=["there", "right", "left", "below"]
)
def test_a_box_that_is_off_becomes_the_plate_s_corners(
    true: Corners, shift: tuple[int, int], network: CornerNetwork
) -> None:
    picture = hung(draw_plate("宁A58D21", PlateColour.YELLOW), true)
    (found,) = CornerFinder(Told(moved(true, *shift)), network).detect(picture)
    assert off(found.corners, true) < 0.06
    assert found.rows == 1


@pytest.mark.parametrize(("shift", "looks"), [((2, 1), 1), ((24, 4), 2)], ids=["there", "off"])
def test_only_a_box_that_the_first_look_moved_is_looked_at_a_second_time(
    shift: tuple[int, int], looks: int, network: CornerNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = hung(draw_plate("宁A58D21", PlateColour.YELLOW), UPRIGHT)
    seen: list[Image] = []
    look = network.look
    monkeypatch.setattr(network, "look", lambda cut: (seen.append(cut), look(cut))[1])
    assert len(CornerFinder(Told(moved(UPRIGHT, *shift)), network).detect(picture)) == 1
    assert len(seen) == looks


@pytest.mark.parametrize("wide", [1919, 1001, 517])
def test_the_surroundings_of_a_large_box_are_as_well_cut_out_quickly(wide: int) -> None:
    picture = cv2.GaussianBlur(cv2.resize(Scene([]).frame_at(0), (wide, wide * 9 // 16)), (9, 9), 0)
    box = np.array([(0, 0), (wide, 0), (wide, wide // 3), (0, wide // 3)], np.float32) * 0.6
    cut, (left, top), (across, down) = cut_out(picture, box)
    columns = (left + (np.arange(128) + 0.5) * across).clip(0, wide - 1).astype(int)
    rows = (top + (np.arange(96) + 0.5) * down).clip(0, picture.shape[0] - 1).astype(int)
    there = picture[rows[:, None], columns]
    assert float(np.abs(cut.astype(int) - there).mean()) < 3


def test_two_boxes_of_one_plate_become_one(network: CornerNetwork) -> None:
    picture = hung(draw_plate("宁A58D21", PlateColour.BLUE), UPRIGHT)
    told = Told(moved(UPRIGHT, 10, 0), moved(UPRIGHT, -10, 0))
    assert len(CornerFinder(told, network).detect(picture)) == 1


def test_lettering_right_above_a_plate_is_not_taken_for_the_same(network: CornerNetwork) -> None:
    below = moved(UPRIGHT, 0, 70)
    picture = hung(draw_plate("宁A58D21", PlateColour.BLUE), UPRIGHT)
    second = hung(draw_plate("蒙B72F83", PlateColour.YELLOW), below)
    picture[325:] = second[325:]
    assert len(CornerFinder(Told(UPRIGHT, below), network).detect(picture)) == 2


@pytest.mark.parametrize(("score", "asked"), [(0.3, 1), (0.9, 0)])
def test_where_only_doubtful_boxes_are_offered_a_closer_look_is_taken(
    score: float, asked: int, network: CornerNetwork
) -> None:
    picture = hung(draw_plate("宁A58D21", PlateColour.BLUE), UPRIGHT)
    closer = Told(UPRIGHT)
    finder = CornerFinder(Told(UPRIGHT, score=score), network, closer)
    assert (len(finder.detect(picture)), closer.asked) == (1, asked)


def test_what_only_the_closer_look_finds_is_found(network: CornerNetwork) -> None:
    picture = hung(draw_plate("宁A58D21", PlateColour.BLUE), UPRIGHT)
    assert CornerFinder(Told(), network).detect(picture) == []
    assert len(CornerFinder(Told(), network, closer=Told(UPRIGHT)).detect(picture)) == 1


def test_a_live_lane_looks_closer_at_every_third_picture_without_a_sure_plate(
    network: CornerNetwork,
) -> None:
    picture = hung(draw_plate("宁A58D21", PlateColour.BLUE), UPRIGHT)
    first = Told()
    finder = CornerFinder(first, network, closer=Told(UPRIGHT), closer_every=3)
    assert [len(finder.detect(picture)) for _ in range(7)] == [1, 0, 0, 1, 0, 0, 1]
    first.boxes, first.score = (UPRIGHT,), 0.9
    assert [len(finder.detect(picture)) for _ in range(4)] == [1, 1, 1, 1]


@pytest.mark.shared
def test_a_double_row_plate_above_the_cameras_own_lettering_is_found() -> None:
    photo = held_out.PLATES / "photos" / "0170.jpg"
    if not photo.is_file():
        pytest.skip("the real photos lie in ../shared, which is absent")
    boxes = own_detector(ModelStore.default()).detect(np.asarray(cv2.imread(str(photo)), np.uint8))
    found = [box.rows for box in boxes if np.abs(box.corners.mean(0) - (1229, 794)).max() < 20]
    assert found == [2]


@pytest.mark.shared
def test_a_plate_in_the_dusk_is_found_when_light_and_shade_are_evened_out() -> None:
    photo = held_out.PLATES / "photos" / "0237.jpg"
    if not photo.is_file():
        pytest.skip("the real photos lie in ../shared, which is absent")
    picture = np.asarray(cv2.imread(str(photo)), np.uint8)
    offers = ClpDetector(ModelStore.default(), least_score=OFFERED_FROM)
    assert offers.detect(picture) == []
    (box,) = offers.closer(CLOSER_SIDE).detect(picture)
    assert float(np.ptp(box.corners[:, 0])) > 100


def test_evening_out_raises_faint_contrast_in_the_shade() -> None:
    picture = np.full((560, 1760, 3), 200, np.uint8)
    shade = (slice(140, 420), slice(440, 1320))
    faint = np.random.default_rng(1).normal(40, 4, (280, 880, 1))
    picture[shade] = np.clip(faint, 0, 255).astype(np.uint8)
    assert levelled(picture)[shade].std() > 1.5 * picture[shade].std()


def test_evening_out_keeps_the_colour_of_a_plate() -> None:
    dark = np.asarray(draw_plate("宁A58D21", PlateColour.YELLOW) // 4, np.uint8)
    blue, green, red = levelled(dark).reshape(-1, 3).mean(0)
    assert blue < 0.5 * min(green, red)


def test_a_box_around_no_plate_is_dropped(network: CornerNetwork) -> None:
    empty = np.asarray(Scene([]).frame_at(0), np.uint8)
    boxes = [moved(UPRIGHT, x, y) for x in (-200, 0, 400) for y in (-200, 0, 250)]
    assert CornerFinder(Told(*boxes), network).detect(empty) == []


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (480, 720)])
def test_a_box_beyond_the_picture_s_edge_is_no_fault(
    size: tuple[int, int], network: CornerNetwork
) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    told = Told(UPRIGHT + 5000, UPRIGHT - 5000, UPRIGHT * 0)
    assert CornerFinder(told, network).detect(picture) == []


@pytest.mark.shared
@pytest.mark.parametrize(("name", "rows"), [("yellow", 1), ("double yellow", 2), ("trailer", 2)])
def test_one_row_is_told_from_two(name: str, rows: int, network: CornerNetwork) -> None:
    if not held_out.PLATES.is_dir():
        pytest.skip("the glyphs of double-row plates lie in ../shared, which is absent")
    from training.plates import KINDS, draw_kind  # noqa: PLC0415 - reads ../shared

    kind = next(each for each in KINDS if each.name == name)
    rng = np.random.default_rng(4)
    right = 0
    for _ in range(10):
        plate = draw_kind(kind, rng).picture
        true = UPRIGHT.copy()
        true[2:, 1] = 260 + 160 * plate.shape[0] / plate.shape[1]
        found = CornerFinder(Told(moved(true, 6, 4)), network).detect(hung(plate, true))
        right += [box.rows for box in found] == [rows]
    assert right >= 9


def test_a_machine_without_hyperlpr3_finds_the_plate_of_a_drawn_truck() -> None:
    from acceptance_kit.peers.camera import Vehicle  # noqa: PLC0415

    truck = Vehicle("宁A58D21", PlateColour.YELLOW)
    scene = Scene([truck], lead_seconds=0)
    (box, *_) = own_detector(ModelStore.default()).detect(np.asarray(scene.frame_at(4), np.uint8))
    assert box.rows == 1
    assert 150 < float(np.ptp(box.corners[:, 0])) < 260
