"""Pictures without colour, as a camera makes them in infrared light: the colour is no reader's to
tell."""

import cv2
import numpy as np
import pytest

from acceptance_kit.peers.camera.scene import Scene, Vehicle
from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.profile.model import Reader
from appliance.runtime.vision.colour import colourless
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import Image
from training import held_out


def grey(picture: Image, noise: int = 6) -> Image:
    """In infrared light, with a camera's noise and the coder's: brightness only."""
    brightness = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.int16)
    loud = brightness + np.random.default_rng(0).integers(-noise, noise + 1, brightness.shape)
    same = np.repeat(np.clip(loud, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    coded = cv2.imencode(".jpg", same, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def standing(plate: str, colour: PlateColour, light: str = "day") -> Image:
    scene = Scene([Vehicle(plate, colour, light)])
    return np.asarray(scene.frame_at(scene.appearances[0].enters_at + 4), np.uint8)


@pytest.mark.parametrize("light", ["day", "dusk"])
def test_a_gate_by_day_and_at_dusk_has_colour_and_in_infrared_light_none(light: str) -> None:
    picture = standing("宁A58D21", PlateColour.YELLOW, light)
    assert not colourless(picture)
    assert colourless(grey(picture))


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 5000)])
def test_a_picture_of_any_size_has_colour_or_none(size: tuple[int, int]) -> None:
    assert colourless(np.full((*size, 3), 96, np.uint8))
    assert not colourless(np.full((*size, 3), (0, 200, 255), np.uint8))


@pytest.mark.parametrize("kind", [Reader.OWN, Reader.OCR])
@pytest.mark.parametrize(
    ("plate", "colour", "known"),
    [
        ("蒙B72F83", PlateColour.BLUE, False),
        ("宁AD12345", PlateColour.GREEN, True),  # its number has no other colour
    ],
)
def test_in_a_grey_picture_a_plate_is_read_and_its_colour_left_open(
    kind: Reader, plate: str, colour: PlateColour, known: bool
) -> None:
    reader = build_reader(kind, ModelStore.default())
    (coloured, *_) = reader.read(standing(plate, colour))
    (uncoloured, *_) = reader.read(grey(standing(plate, colour)))
    assert (coloured.text, uncoloured.text) == (plate, plate)
    assert coloured.colour_known
    assert uncoloured.colour_known is known


@pytest.mark.shared
def test_no_real_photo_is_taken_for_a_grey_one() -> None:
    if not held_out.PLATES.is_dir():
        pytest.skip("the real photos lie in ../shared, which is absent")
    photos = sorted((held_out.PLATES / "photos").iterdir())
    taken = [each for each in photos if colourless(np.asarray(cv2.imread(str(each)), np.uint8))]
    assert taken == []
