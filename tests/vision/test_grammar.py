"""The numbering of plates, and decoding under it."""

import gc
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision import ctc
from appliance.runtime.vision.ctc import log_likelihood, plates
from appliance.runtime.vision.grammar import (
    ALPHABET,
    KINDS,
    PATTERNS,
    Kind,
    Pattern,
    is_plate,
    next_characters,
    patterns_of,
)
from appliance.runtime.vision.readers import agree

plate_texts = st.sampled_from(PATTERNS).flatmap(
    lambda pattern: st.tuples(*(st.sampled_from(allowed) for allowed in pattern)).map("".join)
)


kinds_and_texts = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.tuples(*(st.sampled_from(c) for c in kind.pattern)).map("".join)
    )
)


def spelled(text: str, certainty: float = 0.99, others: float = 0.0) -> np.ndarray:
    """An output that spells a text: each character, then a blank."""
    output = np.full((2 * len(text), len(ALPHABET) + 1), others, np.float32)
    for place, character in enumerate(text):
        output[2 * place, ALPHABET.index(character) + 1] = certainty
        output[2 * place, 0] = 1 - certainty
        output[2 * place + 1, 0] = 1.0
    return output


@pytest.mark.parametrize(
    "text",
    [
        "宁A58D21",
        "宁AD12345",
        "宁A12345D",
        "蒙B1234挂",
        "京A0001警",
        "粤Z1234港",
        "使123456",
        "KA12345",
    ],
)
def test_plates_that_pass_a_freight_gate_are_plates(text: str) -> None:
    assert is_plate(text)


@pytest.mark.parametrize(
    "text", ["", "宁", "A宁58D21", "宁A58D2", "宁A58D2I", "宁158D21", "13995551234"]
)
def test_other_texts_are_no_plates(text: str) -> None:
    assert not is_plate(text)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("蒙B1234挂", PlateColour.YELLOW),
        ("渝B3587学", PlateColour.YELLOW),
        ("宁AD1234警", None),
        ("京A0001警", PlateColour.WHITE),
        ("KA12345", PlateColour.WHITE),
        ("WJ宁1234X", PlateColour.WHITE),
        ("宁X1234应急", PlateColour.WHITE),
        ("粤Z1234澳", PlateColour.BLACK),
        ("沪A0023领", PlateColour.BLACK),
        ("使014578", PlateColour.BLACK),
        ("014578使", PlateColour.BLACK),
        ("宁AD12345", PlateColour.GREEN),
        ("宁A12345D", PlateColour.YELLOW_GREEN),
        ("民航A1234", PlateColour.OTHER),
    ],
)
def test_each_kind_is_numbered_in_its_own_colour_alone(
    text: str, colour: PlateColour | None
) -> None:
    fitting = {each for each in PlateColour if is_plate(text, patterns_of(each))}
    assert fitting == ({colour} if colour else set())


def test_an_ordinary_number_may_stand_on_blue_yellow_and_old_black() -> None:
    fitting = {each for each in PlateColour if is_plate("粤OA9112", patterns_of(each))}
    assert fitting == {PlateColour.BLUE, PlateColour.YELLOW, PlateColour.BLACK}


def test_the_armys_numbering_does_not_tempt_a_reader_of_a_blue_plate() -> None:
    dark = spelled("宁A58321", others=0.0)
    dark[0, [ALPHABET.index("宁") + 1, ALPHABET.index("K") + 1]] = 0.2, 0.7
    assert plates(dark, 1, patterns_of(PlateColour.BLUE))[0].text == "宁A58321"
    assert plates(dark, 1, patterns_of(PlateColour.WHITE))[0].text == "KA58321"


@given(kinds_and_texts)
def test_an_output_that_spells_a_kind_is_read_under_its_colour(pair: tuple[Kind, str]) -> None:
    kind, text = pair
    assert plates(spelled(text), 1, patterns_of(kind.colour))[0].text == text


@given(plate_texts)
def test_every_beginning_of_a_plate_may_be_followed_by_its_next_character(text: str) -> None:
    assert all(text[place] in next_characters(text[:place]) for place in range(len(text)))


@given(plate_texts)
def test_an_output_that_spells_a_plate_is_read_as_that_plate(text: str) -> None:
    best = plates(spelled(text))[0]
    assert best.text == text
    assert len(best.peaks) == len(text)
    assert min(best.peaks) == pytest.approx(0.99)


def test_a_lane_that_has_read_thousands_of_plates_remembers_none_of_them() -> None:
    def read(numbers: range) -> None:
        for number in numbers:
            plates(spelled(f"宁A{number:05}"))

    read(range(100))
    tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        read(range(10_000, 90_000, 163))
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 20_000


@given(plate_texts)
def test_the_likelihood_of_a_text_is_the_product_of_its_steps(text: str) -> None:
    # Only one path spells the text when every step is one character or blank.
    assert log_likelihood(spelled(text), text) == pytest.approx(len(text) * np.log(0.99), abs=1e-3)


def test_a_character_that_cannot_stand_there_gives_way_to_one_that_can() -> None:
    output = spelled("宁A58D21")
    # A digit is likelier in second place, but no plate has one there.
    output[2] = 0.0
    output[2, [ALPHABET.index("A") + 1, ALPHABET.index("8") + 1]] = 0.4, 0.6
    assert plates(output)[0].text == "宁A58D21"


def test_an_output_that_spells_no_plate_is_read_as_nothing() -> None:
    assert plates(spelled("58D21")) == []


def test_two_networks_that_agree_are_believed() -> None:
    both = agree([spelled("宁A58D21"), spelled("宁A58D21")])
    assert (both.text, both.lost) == ("宁A58D21", None)
    assert min(both.confidence) == pytest.approx(0.99)


def test_the_surer_network_wins_where_two_disagree_and_the_doubt_is_told() -> None:
    unsure = spelled("皖A58D21", certainty=0.99)
    unsure[0, ALPHABET.index("皖") + 1] = 0.5
    unsure[0, ALPHABET.index("宁") + 1] = 0.4
    both = agree([unsure, spelled("宁A58D21")])
    assert (both.text, both.lost) == ("宁A58D21", "皖A58D21")
    assert both.confidence[0] < 0.6 < min(both.confidence[1:])


def test_a_network_that_spells_nothing_agrees_with_nobody() -> None:
    both = agree([spelled("宁A58D21"), spelled("58D21")])
    assert (both.text, both.lost) == ("宁A58D21", "")


def test_a_text_is_mixed_from_two_networks_that_each_see_one_part() -> None:
    left, right = spelled("宁A58D21"), spelled("皖A58D27")
    left[12, ALPHABET.index("1") + 1] = 0.3
    left[12, ALPHABET.index("7") + 1] = 0.29
    right[0, ALPHABET.index("皖") + 1] = 0.3
    right[0, ALPHABET.index("宁") + 1] = 0.29
    assert agree([left, right]).text == "宁A58D27"


@pytest.mark.parametrize("seed", range(8))
def test_what_could_not_be_kept_is_left_out_without_any_plate_being_another(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = np.random.default_rng(seed)
    # Sharp and blurred steps by turns, as lettering gives them; doubled characters among them.
    blurred = chance.random((24, len(ALPHABET) + 1)) ** chance.integers(3, 40, (24, 1))
    output = (blurred / blurred.sum(axis=1, keepdims=True)).astype(np.float32)
    quick = plates(output)
    new = ctc._new

    def all_new(
        beams: dict[str, ctc._Beam],
        likely: dict[str, float],
        patterns: tuple[Pattern, ...],
        least: float,
    ) -> dict[str, ctc._Beam]:
        return new(beams, likely, patterns, -np.inf)

    monkeypatch.setattr(ctc, "_new", all_new)
    assert quick
    assert plates(output) == quick
