"""Putting a lane together: who reads its stream, and who reads a camera's own pictures."""

from pathlib import Path

import numpy as np
import pytest
from sites import demo_profile

from appliance.models import ModelStore
from appliance.profile.model import CameraReads
from appliance.runtime.lane.start import lane_readers
from appliance.runtime.vision.finder import Finder
from appliance.runtime.vision.reading import Image, PlateBox, PlateReader

EMPTY = np.full((90, 160, 3), 96, np.uint8)
PICTURES = 6


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the pictures in which the finder looks."""
    sides: list[int] = []
    look = Finder._offered

    def counted(self: Finder, image: Image, longer_side: int) -> list[PlateBox]:
        sides.append(longer_side)
        return look(self, image, longer_side)

    monkeypatch.setattr(Finder, "_offered", counted)
    return sides


def closer_looks(reader: PlateReader, looks: list[int]) -> int:
    looks.clear()
    for _ in range(PICTURES):
        reader.read(EMPTY)
    return (len(looks) - PICTURES) // 2  # a closer look is one from near and one from far


def test_a_lanes_stream_is_looked_at_closer_at_times_and_a_camera_s_own_photo_always(
    tmp_path: Path, looks: list[int]
) -> None:
    profile = demo_profile(tmp_path, recognition__frames_per_second=12)
    camera = profile.lane("A01").camera
    stream, none = lane_readers(profile, camera, ModelStore.default())
    assert none is None
    assert closer_looks(stream, looks) == PICTURES // 3
    pushing = camera.model_copy(update={"reads": CameraReads.PUSH})
    stream, photos = lane_readers(profile, pushing, ModelStore.default())
    assert closer_looks(stream, looks) == PICTURES // 3
    assert photos is not None
    assert closer_looks(photos, looks) == PICTURES
