"""Two readers, one honest answer: when a reading may be passed on as certain."""

import numpy as np
import pytest

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.checked import CheckedReader, Opinion, Sureness
from appliance.runtime.vision.reading import Image, PlateReading

SURENESS = Sureness(alone=0.97, province=0.8)
PICTURE: Image = np.zeros((90, 160, 3), np.uint8)
CORNERS = np.array([(40, 60), (120, 60), (120, 85), (40, 85)], np.float32)


class FirstReader:
    """Always reads the same plate, with the confidence the test says."""

    def __init__(self, confidence: float) -> None:
        self.peaks = (0.999,) * 6 + (confidence,)

    def read(self, image: Image) -> list[PlateReading]:
        return [PlateReading("宁A12345", PlateColour.YELLOW, self.peaks, CORNERS, 2)]


class Second:
    """Spells what the test says, and remembers what it was shown."""

    def __init__(self, text: str, both: str = "") -> None:
        self.text, self.both = text, both
        self.shown: list[tuple[tuple[int, ...], int]] = []

    def __call__(self, plate: Image, rows: int) -> Opinion:
        self.shown.append((plate.shape, rows))
        return Opinion(self.text, lambda: (self.both, (0.5,) * len(self.both)))


def read(confidence: float, second: Second) -> PlateReading:
    (reading,) = CheckedReader(FirstReader(confidence), second, SURENESS).read(PICTURE)
    return reading


def test_a_very_confident_reading_is_sure_and_nobody_else_is_asked() -> None:
    second = Second("宁A12346")
    reading = read(0.97, second)
    assert (reading.sure, reading.second, second.shown) == (True, None, [])


def test_the_weakest_character_decides_whether_a_second_is_asked() -> None:
    second = Second("宁A12345")
    read(0.96, second)
    assert second.shown == [((25, 80, 3), 2)]


def test_two_that_agree_are_sure() -> None:
    assert read(0.5, Second("宁A12345")).sure


@pytest.mark.parametrize(
    ("confidence", "second", "sure"),
    [
        (0.8, "新A12345", True),
        (0.79, "新A12345", False),
        (0.96, "新A12346", False),  # another character is another too
        (0.96, "A12345", False),
        (0.96, "0A12345", False),
    ],
)
def test_a_second_that_reads_all_but_the_province_the_same_leaves_that_to_a_first_that_is_sure(
    confidence: float, second: str, sure: bool
) -> None:
    reading = read(confidence, Second(second))
    assert (reading.text, reading.sure, reading.second) == ("宁A12345", sure, second)


def test_a_lane_asks_again_for_a_plate_whose_province_the_second_read_otherwise() -> None:
    second = Second("新A12345")
    reader = CheckedReader(FirstReader(0.9), second, SURENESS, live=True)
    assert [reader.read(PICTURE)[0].sure for _ in range(3)] == [True] * 3
    assert len(second.shown) == 3


@pytest.mark.parametrize(("live", "asked"), [(True, 1), (False, 3)])
def test_a_lane_asks_once_for_a_plate_that_stays_and_single_photos_each_time(
    live: bool, asked: int
) -> None:
    second = Second("宁A12345")
    reader = CheckedReader(FirstReader(0.5), second, SURENESS, live=live)
    assert [reader.read(PICTURE)[0].sure for _ in range(3)] == [True] * 3
    assert len(second.shown) == asked


def test_what_the_first_reader_alone_was_sure_of_once_is_asked_for_in_the_next_picture() -> None:
    first, second = FirstReader(0.99), Second("宁A12346")
    reader = CheckedReader(first, second, SURENESS, live=True)
    assert reader.read(PICTURE)[0].sure
    first.peaks = (0.999,) * 6 + (0.96,)
    assert [reader.read(PICTURE)[0].sure for _ in range(3)] == [False] * 3


def test_what_was_not_sure_in_the_picture_before_is_asked_for_again() -> None:
    second = Second("宁A12346")
    reader = CheckedReader(FirstReader(0.5), second, SURENESS, live=True)
    assert [reader.read(PICTURE)[0].sure for _ in range(3)] == [False] * 3
    assert len(second.shown) == 3


@pytest.mark.parametrize("text", ["宁A12346", "", "宁A1234"])
def test_where_they_differ_the_reading_is_unsure_and_both_are_told(text: str) -> None:
    reading = read(0.9, Second(text))
    assert (reading.sure, reading.second, reading.text) == (False, text, "宁A12345")


@pytest.mark.parametrize(
    ("second", "both", "text", "lost"),
    [
        ("宁A12346", "宁A12346", "宁A12346", "宁A12345"),
        ("宁A12346", "宁A12345", "宁A12345", "宁A12346"),
        ("宁A12346", "宁A12348", "宁A12348", "宁A12346"),
    ],
)
def test_where_they_differ_the_likeliest_of_both_is_told_with_the_one_that_lost(
    second: str, both: str, text: str, lost: str
) -> None:
    reading = read(0.9, Second(second, both))
    assert (reading.text, reading.second, reading.sure) == (text, lost, False)
    assert len(reading.character_confidence) == len(text)
