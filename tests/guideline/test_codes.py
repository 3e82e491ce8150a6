"""The dictionaries of chapter 8 against the guideline's own text."""

import re
from pathlib import Path

import pytest

from appliance.guideline.codes import FUELS, USES, VEHICLE_TYPES, Codes

GUIDE = Path(__file__).parents[3] / "shared" / "guide" / "guide.txt"
ALL = [FUELS, USES, VEHICLE_TYPES]


def section_of(guide: str, codes: Codes) -> list[str]:
    """The lines of a dictionary's own section."""
    lines = guide.splitlines()
    first = lines.index(f"{codes.clause} {codes.title}")
    rest = lines[first + 1 :]
    end = next(at for at, line in enumerate(rest) if re.match(r"8\.\d |第 9 章", line))
    return rest[:end]


@pytest.mark.shared
@pytest.mark.parametrize("codes", ALL, ids=lambda codes: codes.title)
def test_every_line_of_the_guideline_stands_in_the_dictionary_in_its_order(codes: Codes) -> None:
    if not GUIDE.exists():
        pytest.skip("the guideline's text is not beside the clone")
    lines = section_of(GUIDE.read_text(encoding="utf-8"), codes)
    said = [line for line in lines if line != "值 名称 描述"]  # repeated on every page
    assert said == [f"{code} {name}" for code, name in codes.names.items()]


@pytest.mark.parametrize(("codes", "count"), list(zip(ALL, [12, 22, 282], strict=True)))
def test_a_dictionary_has_as_many_codes_as_the_guideline_and_no_name_twice(
    codes: Codes, count: int
) -> None:
    assert len(codes.names) == len(set(codes.names.values())) == count


def test_a_code_is_found_by_itself_and_by_its_name() -> None:
    assert VEHICLE_TYPES.code_of("Q11") == "Q11"
    assert VEHICLE_TYPES.code_of("重型半挂牵引车") == "Q11"
    assert FUELS.code_of("柴油") == "B"
    assert USES.code_of("b") is None
