"""The lane in the picture."""

import numpy as np
import pytest

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.reading import Image, PlateReading
from appliance.runtime.vision.region import LaneArea, LaneReader

TRIANGLE = LaneArea(((0.5, 0.0), (1.0, 1.0), (0.0, 1.0)))
RIGHT_HALF = LaneArea(((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))


class Looking:
    """A reader that keeps what it was shown and answers with a plate at its left upper corner."""

    def __init__(self) -> None:
        self.shown: list[Image] = []

    def read(self, image: Image) -> list[PlateReading]:
        self.shown.append(image)
        corners = np.array([(10, 10), (50, 10), (50, 22), (10, 22)], np.float32)
        return [PlateReading("宁A58D21", PlateColour.YELLOW, (0.9,) * 7, corners, 1)]


def test_the_reader_sees_only_the_region_and_its_plates_stand_where_they_are() -> None:
    image: Image = np.zeros((100, 200, 3), np.uint8)
    image[:, :99] = 255
    reader = Looking()
    (reading,) = LaneReader(reader, RIGHT_HALF).read(image)
    assert reader.shown[0].shape[1] <= 101
    assert reader.shown[0].max() == 0
    assert reading.corners[0].tolist() == pytest.approx([110, 10], abs=1)


def test_outside_a_slanted_region_there_is_nothing_to_read() -> None:
    image: Image = np.full((100, 200, 3), 255, np.uint8)
    reader = Looking()
    LaneReader(reader, TRIANGLE).read(image)
    assert reader.shown[0][2, 2].tolist() == [114, 114, 114]
    assert reader.shown[0][95, 100].tolist() == [255, 255, 255]


def test_a_plate_that_the_detector_finds_outside_the_polygon_is_left_out() -> None:
    image: Image = np.full((100, 200, 3), 255, np.uint8)
    assert LaneReader(Looking(), TRIANGLE).read(image) == []


def test_without_a_region_the_picture_is_not_copied() -> None:
    image: Image = np.zeros((100, 200, 3), np.uint8)
    reader = Looking()
    LaneReader(reader, LaneArea()).read(image)
    assert reader.shown[0] is image


def test_widths_are_shares_so_that_main_and_sub_stream_are_judged_alike() -> None:
    area = LaneArea(least_width=0.1, greatest_width=0.2)
    for scale in (1, 3):
        wide = np.array([(0, 0), (30, 0), (30, 9), (0, 9)], np.float32) * scale
        assert area.objection(wide.astype(np.float32), 200 * scale, 100 * scale) is None
        assert area.objection((wide / 2).astype(np.float32), 200 * scale, 100 * scale)
        assert area.objection((wide * 2).astype(np.float32), 200 * scale, 100 * scale)
