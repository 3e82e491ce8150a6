"""Many readings of one plate, each character voted for on its own."""

from dataclasses import replace

import numpy as np
import pytest

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.reading import PlateReading
from appliance.runtime.vision.vote import PlateVote, Verdict

BOX = np.array([(0, 0), (100, 0), (100, 30), (0, 30)], np.float32)
YELLOW, GREEN, BLUE = PlateColour.YELLOW, PlateColour.GREEN, PlateColour.BLUE


def voted(*said: tuple[str, float] | tuple[str, float, PlateColour]) -> Verdict:
    """The verdict on texts, each with the confidence of all its characters."""
    vote = PlateVote()
    for text, confidence, *colour in said:
        peaks = (confidence,) * len(text)
        vote.add(PlateReading(text, colour[0] if colour else YELLOW, peaks, BOX, 1))
    verdict = vote.verdict()
    assert verdict is not None
    return verdict


def test_frames_that_each_misread_another_character_agree_on_the_plate() -> None:
    verdict = voted(
        ("宁A58D27", 0.8),
        ("宁A5BD21", 0.8),
        ("宁A58021", 0.8),
        ("宁A68D21", 0.8),
        ("陕A58D21", 0.8),
    )
    assert verdict.text == "宁A58D21"
    assert verdict.agreed
    assert verdict.support == 4


@pytest.mark.parametrize(("sure", "second"), [(2, None), (0, "宁A58D27")])
def test_what_the_second_reader_read_counts_where_the_plate_is_not_sure(
    sure: int, second: str | None
) -> None:
    vote = PlateVote()
    peaks = (0.9,) * 7
    for number in range(3):
        reading = PlateReading("宁A58D21", YELLOW, peaks, BOX, 1)
        if number >= sure:
            reading = replace(reading, second="宁A58D27", sure=False)
        vote.add(reading)
    verdict = vote.verdict()
    assert verdict is not None
    assert (verdict.sure, verdict.second) == (second is None, second)


def test_a_sure_frame_outweighs_an_unsure_one() -> None:
    assert voted(("宁A58D27", 0.1), ("宁A58D21", 0.95)).text == "宁A58D21"


def test_a_character_that_half_the_frames_deny_is_not_agreed_on() -> None:
    verdict = voted(("宁A58D27", 0.9), ("宁A58D21", 0.9), ("宁A58D27", 0.9), ("宁A58D21", 0.9))
    assert not verdict.agreed
    assert verdict.confidence == pytest.approx(0.45)


def test_the_winning_characters_together_are_always_a_plate() -> None:
    # By places alone 宁AD1234 with a letter last would win: no kind of plate has that in eight.
    verdict = voted(("宁AD12345", 0.7, GREEN), ("宁AD12345", 0.7, GREEN), ("宁A12345D", 0.9, GREEN))
    assert verdict.text == "宁AD12345"


def test_a_cut_off_reading_of_another_length_does_not_shift_the_characters() -> None:
    verdict = voted(
        ("宁AD12345", 0.9, GREEN), ("宁AD1234", 0.6, BLUE), ("宁AD12345", 0.9, GREEN),
        ("宁AD12345", 0.9, GREEN),
    )  # fmt: skip
    assert verdict.text == "宁AD12345"
    assert verdict.agreed


def test_the_colour_is_one_that_plates_of_this_kind_have() -> None:
    assert voted(("宁A12345", 0.9, GREEN), ("宁A12345", 0.5, BLUE)).colour is BLUE
    assert voted(("宁AD12345", 0.9, BLUE), ("宁AD12345", 0.5, GREEN)).colour is GREEN
    assert voted(("宁A1234挂", 0.9, BLUE), ("宁A1234挂", 0.5, YELLOW)).colour is YELLOW
    # Eight characters too, but no new-energy plate.
    white = PlateColour.WHITE
    assert voted(("宁S1234应急", 0.9, GREEN), ("宁S1234应急", 0.5, white)).colour is white


def test_what_was_never_numbered_as_a_plate_has_no_verdict() -> None:
    vote = PlateVote()
    vote.add(PlateReading("138950123", YELLOW, (0.9,) * 9, BOX, 1))
    assert vote.verdict() is None


@pytest.mark.parametrize(
    ("text", "coloured", "known"),
    [("宁A58D21", 0, False), ("宁A58D21", 1, False), ("宁A58D21", 2, True), ("宁AD12345", 0, True)],
)
def test_a_colour_is_known_where_most_pictures_had_any_or_the_number_leaves_no_choice(
    text: str, coloured: int, known: bool
) -> None:
    vote = PlateVote()
    for number in range(3):
        peaks = (0.9,) * len(text)
        vote.add(PlateReading(text, BLUE, peaks, BOX, 1, colour_known=number < coloured))
    verdict = vote.verdict()
    assert verdict is not None
    assert verdict.colour_known is known


def test_a_colour_is_not_known_where_the_readings_that_know_one_know_another() -> None:
    vote = PlateVote()
    for colour, confidence in (
        (BLUE, 0.9),
        (BLUE, 0.9),
        (YELLOW, 0.5),
        (YELLOW, 0.5),
        (GREEN, 0.5),
    ):
        vote.add(PlateReading("宁A58D21", colour, (confidence,) * 7, BOX, 1))
    verdict = vote.verdict()
    assert verdict is not None
    assert (verdict.colour, verdict.colour_known) == (BLUE, False)
