"""The field tables against the guideline's own text."""

import re
from pathlib import Path

import pytest

from appliance.guideline.dictionaries import EmissionStage, PlateColour
from appliance.guideline.messages import (
    CAMERA_FIELDS,
    FORBIDDEN_WORDS,
    PASSAGE_FIELDS,
    STATUS_FIELDS,
    TABLES,
    FieldKind,
    FieldSpec,
    Result,
    forbidden_word,
)

GUIDE = Path(__file__).parents[3] / "shared" / "guide" / "guide.txt"
SECTIONS = {"60001": ("7.3.1", "7.3.2"), "60002": ("7.3.2", "7.3.3"), "60003": ("7.3.3", "7.4")}

ROW = re.compile(
    r"\b(?P<name>F_[A-Z]+|QN|ST|CN|MN|DATE|Flag|CP|RtdInterval) +"
    r"(?P<kind>Varchar|DateTime|Date|text|int|float) *(?:\((?P<length>\d+)\))? +(?P<empty>[是否])",
    re.IGNORECASE,
)


def by_name(table: tuple[FieldSpec, ...]) -> dict[str, FieldSpec]:
    return {spec.name: spec for spec in table}


def section_of(guide: str, cn: str) -> str:
    start, end = SECTIONS[cn]
    lines = guide.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(start + " "))
    last = next(i for i, line in enumerate(lines) if i > first and line.startswith(end + " "))
    return "\n".join(lines[first:last])


@pytest.mark.shared
@pytest.mark.parametrize("cn", sorted(TABLES))
def test_every_row_of_the_guideline_stands_in_the_table_in_its_order(cn: str) -> None:
    if not GUIDE.exists():
        pytest.skip("the guideline's text is not beside the clone")
    section = section_of(GUIDE.read_text(encoding="utf-8"), cn)
    said = [
        (
            row["name"],
            row["kind"].lower(),
            int(row["length"]) if row["length"] else None,
            row["empty"] == "否",
        )
        for row in ROW.finditer(section)
    ]
    kept = [(spec.name, spec.kind.lower(), spec.max_length, spec.required) for spec in TABLES[cn]]
    assert said == kept


@pytest.mark.shared
def test_the_results_are_those_of_the_guideline() -> None:
    if not GUIDE.exists():
        pytest.skip("the guideline's text is not beside the clone")
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    for result in Result:
        assert f"{result.value} {result.text} {result.note}".rstrip() in lines


@pytest.mark.shared
def test_the_forbidden_words_are_those_of_the_guideline() -> None:
    if not GUIDE.exists():
        pytest.skip("the guideline's text is not beside the clone")
    text = GUIDE.read_text(encoding="utf-8").replace("\n", "")
    assert "、".join(FORBIDDEN_WORDS) + "等特殊高危字符" in text


def test_a_passage_message_has_its_29_fields_from_qn_to_rtdinterval() -> None:
    names = [spec.name for spec in PASSAGE_FIELDS]
    assert len(names) == len(set(names)) == 29
    assert names[:6] == ["QN", "ST", "CN", "MN", "DATE", "F_JCZP"]
    assert names[-3:] == ["Flag", "CP", "RtdInterval"]


def test_fleet_and_photo_are_mandatory_and_the_vin_is_not() -> None:
    fields = by_name(PASSAGE_FIELDS)
    assert fields["F_CDMC"].required
    assert fields["F_JCZP"].required
    assert not fields["F_VIN"].required
    assert fields["F_VIN"].max_length == 20
    assert fields["F_JCZP"].kind is FieldKind.TEXT


def test_closed_lists_are_the_dictionaries_of_the_guideline() -> None:
    fields = by_name(PASSAGE_FIELDS)
    assert fields["F_CPYS"].words == tuple(PlateColour)
    assert fields["F_PFBZ"].words == tuple(EmissionStage)
    assert by_name(STATUS_FIELDS)["F_SCQK"].words == ("正常", "停产", "限产")
    assert by_name(CAMERA_FIELDS)["F_PSD"].max_length == 20


def test_a_forbidden_word_is_found_in_any_case_and_inside_other_words() -> None:
    assert forbidden_word("Land Rover") == "and"
    assert forbidden_word("UPDATE") == "update"
    assert forbidden_word("一汽大众_速腾") is None


def test_a_result_is_its_number_and_carries_its_words() -> None:
    assert Result(100) is Result.NOT_FILED
    assert Result.NOT_FILED.text == "当前企业还未备案"
    assert [int(result) for result in Result] == [1, 2, 3, 4, 10, 100]
