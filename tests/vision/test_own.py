"""The own reader: the committed network on drawn plates and real photos."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from acceptance_kit.demo.script import DRAWN
from acceptance_kit.peers.camera.plates import draw_plate
from acceptance_kit.peers.camera.scene import Scene, Vehicle
from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.models.readers import CORNER_NETWORK, OWN_NETWORK
from appliance.profile.model import Reader
from appliance.runtime.vision.grammar import ALPHABET
from appliance.runtime.vision.own import (
    COLOURS,
    HEIGHT,
    WIDTH,
    OwnNetwork,
    OwnReader,
    network_picture,
    widened,
)
from appliance.runtime.vision.readers import build_reader, own_detector
from appliance.runtime.vision.reading import Image, PlateBox
from training import held_out
from training.evaluate import answers

SCRIPTED = [vehicle for vehicles in DRAWN.values() for vehicle in vehicles]


@pytest.fixture(scope="module")
def store() -> ModelStore:
    return ModelStore.default()


@pytest.fixture(scope="module")
def network(store: ModelStore) -> OwnNetwork:
    return OwnNetwork(store.locate(OWN_NETWORK))


@pytest.fixture(scope="module")
def own(store: ModelStore, network: OwnNetwork) -> OwnReader:
    """What a machine that reaches registries alone gets."""
    return OwnReader(own_detector(store), network)


class WholePicture:
    """A detector that was told the plate's place."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def detect(self, image: Image) -> list[PlateBox]:
        height, width = image.shape[:2]
        corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        return [PlateBox(corners, 1.0, self.rows)]


def test_the_committed_weights_fit_in_three_megabytes(store: ModelStore) -> None:
    assert store.locate(OWN_NETWORK).stat().st_size <= 3_000_000


def test_a_network_for_another_alphabet_is_refused(store: ModelStore) -> None:
    with pytest.raises(ValueError, match="another alphabet"):
        OwnNetwork(store.locate(CORNER_NETWORK))


@pytest.mark.parametrize("vehicle", SCRIPTED, ids=lambda vehicle: vehicle.plate)
def test_text_and_colour_of_a_drawn_plate_are_read(vehicle: Vehicle, network: OwnNetwork) -> None:
    reading = network.read(draw_plate(vehicle.plate, vehicle.colour), 1)
    assert reading is not None
    assert (reading.text, reading.colour) == (vehicle.plate, vehicle.colour)
    assert len(reading.peaks) == len(vehicle.plate)


@pytest.mark.parametrize(
    ("text", "colour", "light", "known"),
    [
        ("宁A58D21", PlateColour.BLUE, 0.7, True),
        ("宁A58D21", PlateColour.BLUE, 0.25, False),
        ("宁AD12345", PlateColour.GREEN, 0.25, True),  # no black plate has such a number
    ],
)
def test_a_plate_so_dark_that_it_may_be_a_black_one_is_read_and_its_colour_left_open(
    text: str, colour: PlateColour, light: float, known: bool, network: OwnNetwork
) -> None:
    plate = cv2.cvtColor(draw_plate(text, colour), cv2.COLOR_BGR2HSV)
    paint = plate[..., 1] > 60
    plate[paint, 2] = (plate[paint, 2] * light).astype(np.uint8)
    picture = np.asarray(cv2.cvtColor(plate, cv2.COLOR_HSV2BGR), np.uint8)
    (reading,) = OwnReader(WholePicture(1), network).read(picture)
    assert (reading.text, reading.colour_known) == (text, known)


class Torn(OwnNetwork):
    """Sure of 宁A5821 but for its end, a one or 挂, and not at all of its colour."""

    def __init__(self, trailer: float) -> None:
        self._trailer = trailer

    def probabilities(
        self, plate: Image, rows: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        text = np.full((21, len(ALPHABET) + 1), 1e-6, np.float32)
        text[:, 0] = 1 - text[:, 1:].sum(axis=1)
        for step, character in enumerate("宁A5821", 1):
            text[2 * step, (0, 1 + ALPHABET.index(character))] = 1e-4, 0.999
        text[18, 0] = 1e-4
        text[18, 1 + ALPHABET.index("1")] = 0.98 - self._trailer
        text[18, 1 + ALPHABET.index("挂")] = self._trailer
        shares = {PlateColour.BLUE: 0.52, PlateColour.YELLOW: 0.48}
        return text, np.array([shares.get(colour, 1e-4) for colour in COLOURS], np.float32)


@pytest.mark.parametrize("trailer", [0.0, 0.5])
def test_a_colour_is_as_likely_as_it_looks_though_another_one_would_spell_another_text(
    trailer: float,
) -> None:
    reading = Torn(trailer).read(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 1)
    assert reading is not None
    assert (reading.text, reading.colour) == ("宁A58211", PlateColour.BLUE)
    assert reading.colour_share == pytest.approx(0.52, abs=0.01)


@pytest.mark.parametrize("vehicle", SCRIPTED, ids=lambda vehicle: vehicle.plate)
def test_every_scripted_truck_is_read_where_it_stands(vehicle: Vehicle, own: OwnReader) -> None:
    scene = Scene([vehicle])
    standing = scene.frame_at(scene.appearances[0].enters_at + 4)
    assert [(r.text, r.colour) for r in own.read(standing)] == [(vehicle.plate, vehicle.colour)]


def test_the_empty_gate_and_a_tiny_picture_hold_no_plate(own: OwnReader) -> None:
    assert own.read(Scene(SCRIPTED).frame_at(0)) == []
    assert own.read(np.zeros((3, 3, 3), np.uint8)) == []


def test_the_upper_row_is_laid_before_the_lower_on_a_third_of_the_width() -> None:
    plate = np.zeros((220, 440, 3), np.uint8)
    plate[:70], plate[100:] = 50, 200
    picture = network_picture(plate, rows=2)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert (picture[:20, : WIDTH // 3] == 50).all()
    assert (picture[30:, WIDTH // 3 :] == 200).all()


@pytest.mark.parametrize("told", [1, 2])
def test_a_single_row_is_read_though_the_detector_took_it_for_two(
    told: int, network: OwnNetwork
) -> None:
    vehicle = SCRIPTED[0]
    plate = draw_plate(vehicle.plate, vehicle.colour)
    (reading,) = OwnReader(WholePicture(told), network).read(plate)
    assert (reading.text, reading.rows) == (vehicle.plate, 1)


def test_a_box_that_cuts_the_plate_short_is_read_all_the_same(network: OwnNetwork) -> None:
    vehicle = SCRIPTED[0]
    around = np.full((200, 500, 3), 90, np.uint8)
    plate = cv2.resize(draw_plate(vehicle.plate, vehicle.colour), (440, 140))
    around[30:170, 30:470] = plate

    class ShortBox:
        def detect(self, image: Image) -> list[PlateBox]:
            corners = np.array([(44, 40), (456, 40), (456, 160), (44, 160)], np.float32)
            return [PlateBox(corners, 1.0, 1)]

    (reading,) = OwnReader(ShortBox(), network).read(around)
    assert reading.text == vehicle.plate


def test_a_box_that_spells_nothing_as_it_stands_is_not_read_once_more(
    network: OwnNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = np.full((100, 300, 3), 200, np.uint8)
    read: list[int] = []
    look = network.read
    monkeypatch.setattr(
        network, "read", lambda plate, rows: (read.append(rows), look(plate, rows))[1]
    )
    assert OwnReader(WholePicture(1), network).read(board) == []
    assert len(read) == 1


def test_a_widened_box_has_its_margins_on_every_side() -> None:
    box = PlateBox(np.array([(10, 10), (110, 10), (110, 60), (10, 60)], np.float32), 1.0, 1)
    wider = widened(box, (0.1, 0.2)).corners
    assert np.allclose(wider, [(0, 0), (120, 0), (120, 70), (0, 70)], atol=1e-3)


def test_each_colour_of_the_guideline_has_a_place_in_the_colour_head(network: OwnNetwork) -> None:
    _, colours = network.probabilities(np.full((40, 120, 3), 128, np.uint8), 1)
    assert colours.shape == (len(COLOURS),)
    assert float(colours.sum()) == pytest.approx(1, abs=1e-3)


def test_a_box_with_no_plate_in_it_is_not_sure(network: OwnNetwork) -> None:
    rng = np.random.default_rng(0)
    reading = network.read(rng.integers(0, 255, (48, 168, 3), np.uint8), 1)
    assert reading is None or min(reading.peaks) < 0.9


@pytest.mark.shared
def test_an_overexposed_plate_that_is_read_wrongly_is_not_told_as_sure(store: ModelStore) -> None:
    photo = held_out.PLATES / "photos" / "0026.jpg"
    if not photo.is_file():
        pytest.skip("the real photos lie in ../shared, which is absent")
    (best, *_) = build_reader(Reader.OWN, store).read(np.asarray(cv2.imread(str(photo)), np.uint8))
    assert best.text != "川AM1186"
    assert not best.sure


@pytest.mark.slow
@pytest.mark.shared
def test_most_real_plates_of_held_out_photos_are_read(store: ModelStore) -> None:
    if not held_out.PLATES.is_dir():
        pytest.skip("the real photos lie in ../shared, which is absent")
    rows = [
        r for r in held_out.rows() if r["file"].startswith("photos") and held_out.is_held_out(r)
    ]
    given = answers(build_reader(Reader.OWN, store), rows[::4])
    # What all of them gave when this was written stands in docs/model-card.md.
    assert sum(answer.exact for answer in given) >= 0.75 * len(given)
