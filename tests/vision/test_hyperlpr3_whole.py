"""HyperLPR3 whole, where its files are; its parts, where one of them is missing.

Its recogniser's file could not be had here: a stand-in with its face is run by the library's code.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from vision.stand_in import write_recogniser

from acceptance_kit.peers.camera.scene import Scene, Vehicle
from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelMissing, ModelStore, locked_models
from appliance.models import store as model_store
from appliance.models.readers import (
    HYPERLPR3_CLASSIFIER,
    HYPERLPR3_NETWORK,
    MODELS,
    WHOLE_HYPERLPR3,
    has_whole_hyperlpr3,
    models_of,
)
from appliance.profile.model import Reader
from appliance.runtime.vision.ctc import plates
from appliance.runtime.vision.hyperlpr3_parts import characters
from appliance.runtime.vision.hyperlpr3_whole import HyperLprColours, HyperLprNetwork
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import PlateReading

BRIGHT, DARK = (np.full((30, 100, 3), level, np.uint8) for level in (230, 20))
Stored = Callable[..., ModelStore]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """A store whose lock names the stand-in, which spells what the test says."""

    def make(bright: str = "宁A12345", dark: str = "宁A12345") -> ModelStore:
        file = tmp_path / HYPERLPR3_NETWORK
        write_recogniser(file, characters(), bright=bright, dark=dark)
        data = file.read_bytes()
        changed = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        locked = locked_models()
        known = locked | {HYPERLPR3_NETWORK: locked[HYPERLPR3_NETWORK].model_copy(update=changed)}
        monkeypatch.setattr(model_store, "locked_models", lambda: known)
        return ModelStore((tmp_path,), cache=ModelStore.default().cache)

    return make


def spelled(network: HyperLprNetwork, picture: np.ndarray, rows: int) -> list[str]:
    return [found.text for found in plates(network.probabilities(picture, rows), 1)]


def test_what_the_recogniser_spells_is_told_in_the_plate_alphabet(stored: Stored) -> None:
    network = HyperLprNetwork(stored(bright="鄂Z98X7领", dark="粤B12D4港"))
    assert spelled(network, BRIGHT, 1) == ["鄂Z98X7领"]
    assert spelled(network, DARK, 1) == ["粤B12D4港"]


def test_each_row_of_a_plate_of_two_is_read_by_itself_the_upper_one_first(stored: Stored) -> None:
    network = HyperLprNetwork(stored(bright="宁A", dark="5678挂"))
    both = np.vstack((BRIGHT[:20], DARK))
    assert spelled(network, both, 2) == ["宁A5678挂"]


def test_a_character_that_ends_one_row_and_starts_the_next_is_two(stored: Stored) -> None:
    network = HyperLprNetwork(stored(bright="·宁A", dark="A5678"))
    assert spelled(network, np.vstack((BRIGHT[:20], DARK)), 2) == ["宁AA5678"]


@pytest.mark.parametrize("height", [1, 2])
def test_a_plate_too_low_to_be_parted_is_read_as_it_is(height: int, stored: Stored) -> None:
    assert spelled(HyperLprNetwork(stored()), BRIGHT[:height], 2) == ["宁A12345"]


@pytest.mark.parametrize("missing", WHOLE_HYPERLPR3)
def test_without_one_of_its_files_hyperlpr3_is_not_whole(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_store, "SHARED", tmp_path)
    monkeypatch.setattr(model_store, "is_genuine", lambda *_: True)
    store = ModelStore((tmp_path,), cache=tmp_path)
    for name in WHOLE_HYPERLPR3:
        (tmp_path / name).touch()
    assert has_whole_hyperlpr3(store)
    (tmp_path / missing).unlink()
    assert not has_whole_hyperlpr3(store)
    assert models_of(Reader.HYPERLPR3, store) == MODELS[Reader.HYPERLPR3]


@pytest.mark.parametrize("ask", [has_whole_hyperlpr3, HyperLprNetwork])
def test_another_recogniser_than_the_locked_one_is_refused_not_passed_over(
    ask: Callable[[ModelStore], object], stored: Stored
) -> None:
    store = stored()
    (store.directories[0] / HYPERLPR3_NETWORK).write_bytes(b"another")
    with pytest.raises(ModelMissing, match="与锁定的文件不符"):
        ask(store)


def read_truck(store: ModelStore, colour: PlateColour) -> PlateReading:
    scene = Scene([Vehicle("宁A58D21", colour)])
    picture = scene.frame_at(scene.appearances[0].enters_at + 4)
    (reading,) = build_reader(Reader.HYPERLPR3, store).read(picture)
    return reading


def need_the_others(store: ModelStore) -> None:
    if any(store.find(name).path is None for name in WHOLE_HYPERLPR3 if name != HYPERLPR3_NETWORK):
        pytest.skip("HyperLPR3's other files are not on this machine (no ../shared)")


@pytest.mark.shared
@pytest.mark.parametrize(("text", "sure"), [("宁A58D21", True), ("宁A58D27", False)])
def test_with_all_its_files_its_recogniser_reads_and_a_second_network_checks_it(
    text: str, sure: bool, stored: Stored
) -> None:
    store = stored(bright=text, dark=text)
    need_the_others(store)
    assert has_whole_hyperlpr3(store)
    assert set(WHOLE_HYPERLPR3) < set(models_of(Reader.HYPERLPR3, store))
    reading = read_truck(store, PlateColour.YELLOW)
    assert (text in (reading.text, reading.second), reading.sure) == (True, sure)


@pytest.mark.shared
def test_a_colour_that_its_classifier_contradicts_is_not_known(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stored(bright="宁A58D21", dark="宁A58D21")
    need_the_others(store)
    for confirmed in (True, False):
        monkeypatch.setattr(HyperLprColours, "confirms", lambda *_, told=confirmed: told)
        reading = read_truck(store, PlateColour.YELLOW)
        assert (reading.colour, reading.colour_known) == (PlateColour.YELLOW, confirmed)


@pytest.mark.shared
def test_the_classifier_may_speak_against_a_blue_plate_only() -> None:
    store = ModelStore.default()
    if store.find(HYPERLPR3_CLASSIFIER).path is None:
        pytest.skip("HyperLPR3's classifier is not on this machine (no ../shared)")
    colours = HyperLprColours(store)
    blue, yellow = (np.full((30, 100, 3), ink, np.uint8) for ink in ((190, 70, 20), (20, 185, 245)))
    assert (colours.of(blue), colours.of(yellow)) == (PlateColour.BLUE, PlateColour.YELLOW)
    assert colours.confirms(blue, PlateColour.BLUE)
    assert not colours.confirms(yellow, PlateColour.BLUE)
    assert colours.confirms(blue, PlateColour.YELLOW)
