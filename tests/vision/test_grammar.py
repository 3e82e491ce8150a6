"""The numbering of plates, and decoding under it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.runtime.vision.ctc import log_likelihood, plates
from appliance.runtime.vision.grammar import ALPHABET, PATTERNS, is_plate, next_characters
from appliance.runtime.vision.readers import agree

plate_texts = st.sampled_from(PATTERNS).flatmap(
    lambda pattern: st.tuples(*(st.sampled_from(allowed) for allowed in pattern)).map("".join)
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
    ["宁A58D21", "宁AD12345", "宁A12345D", "蒙B1234挂", "京A0001警", "粤Z1234港", "使123456"],
)
def test_plates_that_pass_a_freight_gate_are_plates(text: str) -> None:
    assert is_plate(text)


@pytest.mark.parametrize(
    "text", ["", "宁", "A宁58D21", "宁A58D2", "宁A58D2I", "宁158D21", "13995551234"]
)
def test_other_texts_are_no_plates(text: str) -> None:
    assert not is_plate(text)


@given(plate_texts)
def test_every_beginning_of_a_plate_may_be_followed_by_its_next_character(text: str) -> None:
    assert all(text[place] in next_characters(text[:place]) for place in range(len(text)))


@given(plate_texts)
def test_an_output_that_spells_a_plate_is_read_as_that_plate(text: str) -> None:
    best = plates(spelled(text))[0]
    assert best.text == text
    assert len(best.peaks) == len(text)
    assert min(best.peaks) == pytest.approx(0.99)


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
    text, confidence = agree([spelled("宁A58D21"), spelled("宁A58D21")])
    assert text == "宁A58D21"
    assert min(confidence) == pytest.approx(0.99)


def test_the_surer_network_wins_where_two_disagree_and_the_doubt_is_told() -> None:
    unsure = spelled("皖A58D21", certainty=0.99)
    unsure[0, ALPHABET.index("皖") + 1] = 0.5
    unsure[0, ALPHABET.index("宁") + 1] = 0.4
    text, confidence = agree([unsure, spelled("宁A58D21")])
    assert text == "宁A58D21"
    assert confidence[0] < 0.6 < min(confidence[1:])


def test_a_text_is_mixed_from_two_networks_that_each_see_one_part() -> None:
    left, right = spelled("宁A58D21"), spelled("皖A58D27")
    left[12, ALPHABET.index("1") + 1] = 0.3
    left[12, ALPHABET.index("7") + 1] = 0.29
    right[0, ALPHABET.index("皖") + 1] = 0.3
    right[0, ALPHABET.index("宁") + 1] = 0.29
    assert agree([left, right])[0] == "宁A58D27"
