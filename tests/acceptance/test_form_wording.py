"""Rows, cells and wording of Tables 5 to 9 are the guideline's."""

import re
from pathlib import Path

import pytest

from acceptance_kit.forms import tables
from acceptance_kit.forms.judging import demands, ids
from acceptance_kit.forms.layout import Box, Cell, Row, Sheet, Text

from .form_cells import asked, tight

GUIDE = Path(__file__).parents[3] / "shared" / "guide"
LABELS = Path(__file__).with_name("form_labels.txt")
SHEETS = (tables.TABLE_5, tables.TABLE_6, tables.TABLE_7, tables.TABLE_8, tables.TABLE_9)


def wording(cell: Cell) -> str:
    """What a cell says before anything is filled in, without its tick boxes."""
    return tight(
        "".join(
            part.words if isinstance(part, Text) else part.word
            for line in cell.lines
            if not line.when
            for part in line.parts
            if isinstance(part, Text | Box)
        )
    )


def whole_wording(sheet: Sheet) -> str:
    cells = [wording(cell) for row in sheet.rows for cell in row.cells]
    return tight("".join((sheet.caption, *cells, *sheet.below)))


def labels() -> dict[str, list[str]]:
    """The labels that were read off the guideline: a line a row, cells between bars."""
    found: dict[str, list[str]] = {}
    for line in LABELS.read_text("utf-8").splitlines():
        if line.startswith("# "):
            rows = found.setdefault(line.removeprefix("# "), [])
        else:
            rows.append(line)
    return found


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_cell_is_labelled_as_it_was_read_off_the_guideline(sheet: Sheet) -> None:
    rows = [" | ".join(map(wording, row.cells)).rstrip() for row in sheet.rows]
    assert [*rows, *map(tight, sheet.below)] == labels()[sheet.caption]


@pytest.mark.shared
@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_form_says_what_the_guideline_prints_and_in_its_order(sheet: Sheet) -> None:
    if not GUIDE.is_dir():
        pytest.skip("the guideline lies in ../shared, which is absent")
    text = (GUIDE / "guide.txt").read_text("utf-8")
    printed = text[text.index(f"{sheet.caption}\n") :]
    printed = re.split(r"^9\.2\.\d", printed, flags=re.MULTILINE)[0]
    # The boxes of 是 and 否 are lost in the text but for Table 9's.
    printed = re.sub("[□\ue000-\uf8ff]", "", tight(printed))
    assert whole_wording(sheet) == printed


@pytest.mark.parametrize("sheet", [*SHEETS, tables.COVER], ids=lambda sheet: sheet.name)
def test_the_cells_of_a_row_span_all_columns(sheet: Sheet) -> None:
    for row in sheet.rows:
        assert sum(sheet.spans(row)) == len(sheet.columns())


def test_a_row_that_does_not_reach_the_edge_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 100 mm"):
        Row((Cell(100, ()),))


@pytest.mark.shared
def test_every_demand_of_the_guideline_is_asked_for_by_a_row() -> None:
    if not GUIDE.is_dir():
        pytest.skip("the list of demands lies in ../shared, which is absent")
    listed = re.findall(
        r"^\| ([4-9]\.[^ ]+) \|", (GUIDE / "clauses.md").read_text("utf-8"), re.MULTILINE
    )
    judged = {
        clause
        for form in ("table-6", "table-7", "table-9")
        for row in demands(form)
        for clause in (*row.clauses, *row.also)
    }
    assert len(listed) == 65
    # No form judges itself: 9.2 asks for the forms.
    assert {clause for clause in listed if not clause.startswith("9.2")} == judged


def test_a_clause_that_stands_for_several_is_found_under_each() -> None:
    assert ids("8.1–3") == {"8.1–3", "8.1", "8.2", "8.3"}
    assert ids("4.5.2-1…8") >= {"4.5.2-1", "4.5.2-8"}
    assert ids("4.5.1-10") == {"4.5.1-10"}


def test_every_judged_row_is_a_field_of_its_form() -> None:
    printed = {
        sheet.name: {part.path.split(".")[0] for part in sheet.parts() if isinstance(part, Box)}
        for sheet in SHEETS
    }
    for form in ("table-6", "table-7", "table-9"):
        assert set(asked(form)) <= printed[form]
