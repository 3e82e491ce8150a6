"""The whole chain of models on pictures: drawn trucks everywhere, real photos where they are."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from acceptance_kit.demo.script import DRAWN
from acceptance_kit.peers.camera.scene import Scene, Vehicle
from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelMissing, ModelStore
from appliance.profile.model import Reader
from appliance.runtime.vision.grammar import ALPHABET
from appliance.runtime.vision.photo_files import read_photo_files
from appliance.runtime.vision.readers import ChainReader, build_reader, closer_every
from appliance.runtime.vision.reading import Image

PLATES = Path(__file__).parents[3] / "shared" / "data" / "plates"
SCRIPTED = [vehicle for vehicles in DRAWN.values() for vehicle in vehicles]


@pytest.fixture(scope="module")
def ocr() -> ChainReader:
    return build_reader(Reader.OCR, ModelStore.default())


@pytest.mark.parametrize("vehicle", SCRIPTED, ids=lambda vehicle: vehicle.plate)
def test_every_scripted_truck_is_read_where_it_stands(vehicle: Vehicle, ocr: ChainReader) -> None:
    scene = Scene([vehicle])
    standing = scene.frame_at(scene.appearances[0].enters_at + 4)
    assert [(r.text, r.colour) for r in ocr.read(standing)] == [(vehicle.plate, vehicle.colour)]


@pytest.mark.parametrize("other", ["宁A58D27", ""])
def test_a_plate_that_only_one_of_two_networks_spells_is_not_sure(
    other: str, ocr: ChainReader
) -> None:
    class Deaf:
        """A second network that spells something else."""

        def probabilities(self, _plate: Image, _rows: int) -> np.ndarray:
            output = np.full((max(2 * len(other), 1), len(ALPHABET) + 1), 0.0, np.float32)
            output[:, 0] = 1.0
            for place, character in enumerate(other):
                output[2 * place, ALPHABET.index(character) + 1] = 0.6
                output[2 * place, 0] = 0.4
            return output

    scene = Scene([Vehicle("宁A58D21", PlateColour.YELLOW)])
    standing = scene.frame_at(scene.appearances[0].enters_at + 4)
    (sure,) = ocr.read(standing)
    first, _ = ocr._networks
    (unsure,) = ChainReader(ocr._detector, (first, Deaf())).read(standing)  # type: ignore[arg-type]
    assert (sure.text, sure.sure, sure.second) == ("宁A58D21", True, "宁A58D21")
    assert not unsure.sure
    assert {unsure.text, unsure.second} == {"宁A58D21", other}


def test_what_a_single_network_spells_is_never_sure(ocr: ChainReader) -> None:
    scene = Scene([Vehicle("宁A58D21", PlateColour.YELLOW)])
    standing = scene.frame_at(scene.appearances[0].enters_at + 4)
    (reading,) = ChainReader(ocr._detector, ocr._networks[:1]).read(standing)
    assert (reading.text, reading.sure) == ("宁A58D21", False)


def test_the_empty_gate_holds_no_plate(ocr: ChainReader) -> None:
    assert ocr.read(Scene(SCRIPTED).frame_at(0)) == []


def test_a_picture_smaller_than_a_plate_is_no_trouble(ocr: ChainReader) -> None:
    assert ocr.read(np.zeros((3, 3, 3), np.uint8)) == []


def test_a_file_that_is_no_picture_is_told_and_the_next_one_is_read(
    ocr: ChainReader, tmp_path: Path
) -> None:
    broken, good = tmp_path / "broken.jpg", tmp_path / "好.png"
    broken.write_bytes(b"\xff\xd8 no picture")
    scene = Scene(SCRIPTED[:1])
    cv2.imencode(".png", scene.frame_at(scene.appearances[0].enters_at + 4))[1].tofile(good)
    first, second, third = read_photo_files(ocr, [broken, good, tmp_path / "absent.jpg"])
    assert first.trouble
    assert third.trouble
    assert second.as_dict()["plates"][0]["text"] == SCRIPTED[0].plate


def test_a_reader_whose_weights_are_missing_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="gatehouse models fetch"):
        build_reader(Reader.OCR, ModelStore((), cache=tmp_path))


@pytest.mark.shared
def test_hyperlpr3_is_imported_without_a_download_and_finds_plates(tmp_path: Path) -> None:
    if ModelStore.default().find("y5fu_640x_sim.onnx").path is None:
        pytest.skip("HyperLPR3's detector is not on this machine (no ../shared)")
    photo = next(iter(sorted((PLATES / "photos").iterdir())))
    # HOME is a new folder and every connection is refused: an import that downloads would fail.
    code = f"""
import socket
def refuse(*_): raise AssertionError("a connection was tried")
socket.socket.connect = refuse
import cv2
from appliance.models import ModelStore
from appliance.runtime.vision.detect import HyperLprDetector
print(len(HyperLprDetector(ModelStore.default()).detect(cv2.imread({str(photo)!r}))))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout) >= 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.shared
def test_most_real_plates_are_read_with_weights_from_the_registry_alone(ocr: ChainReader) -> None:
    if not PLATES.is_dir():
        pytest.skip("the real photos lie in ../shared, which is absent")
    with (PLATES / "truth.tsv").open(encoding="utf-8") as table:
        rows = [r for r in csv.DictReader(table, delimiter="\t") if r["file"].startswith("photos")]
    sample = rows[::5]
    read = 0
    for row in sample:
        image = cv2.imread(str(PLATES / row["file"]))
        assert image is not None
        read += row["plate"] in {reading.text for reading in ocr.read(np.asarray(image, np.uint8))}
    # 86 % of all were read when this was written; a broken chain reads none.
    assert read >= 0.7 * len(sample)


@pytest.mark.parametrize(
    ("frames_per_second", "every"), [(None, 1), (1, 1), (5, 1), (8, 2), (12, 3), (25, 6)]
)
def test_a_lane_looks_closer_four_times_a_second_and_a_photo_always_is(
    frames_per_second: float | None, every: int
) -> None:
    assert closer_every(frames_per_second) == every
