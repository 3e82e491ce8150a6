"""How a form is laid out: rows of cells of lines, in millimetres; wording that never changes and
paths into the form's data. DOCX template and PDF are both drawn from this, so they cannot differ.

Rows of one table may be cut differently, as on the guideline's forms: the grid is the union of all
their cuts, and a cell spans the columns between its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from itertools import accumulate, pairwise
from typing import Any

WIDTH = 166
"""Millimetres of an A4 page, upright, between margins of 22."""


@dataclass(frozen=True, slots=True)
class Text:
    """Wording as it is printed."""

    words: str
    bold: bool = False
    size: float = 0  # points; 0: the form's own


@dataclass(frozen=True, slots=True)
class Field:
    """A text of the data. `called` names it on the cover sheet when it is empty.

    `key` is where the profile takes it from; without one, an empty text is nothing to tell.
    """

    path: str
    called: str = ""
    key: str = ""
    size: float = 0


@dataclass(frozen=True, slots=True)
class Box:
    """A tick box and its word; ticked when the text at `path` is `word`."""

    path: str
    word: str
    called: str = ""
    key: str = ""
    word_first: bool = False


Part = Text | Field | Box


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph; `when` is the path of a text without which it is left out."""

    parts: tuple[Part, ...]
    when: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """`width` in millimetres; `align` left, center or right."""

    width: int
    lines: tuple[Line, ...]
    align: str = "center"
    valign: str = "center"


@dataclass(frozen=True, slots=True)
class Row:
    """Cells from the left edge to the right one; `height` is the least, in millimetres.

    `each` is the path of a list: the row is printed once for each entry, known as `item`.
    """

    cells: tuple[Cell, ...]
    height: int = 8
    each: str = ""

    @property
    def breakable(self) -> bool:
        """Whether a page may end in it: an entry of a list can be longer than a page."""
        return bool(self.each)

    def __post_init__(self) -> None:
        if sum(cell.width for cell in self.cells) != WIDTH:
            raise ValueError(f"a row of {sum(cell.width for cell in self.cells)} mm: {self.cells}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form: what stands above its table, the table, what stands below."""

    name: str
    caption: str
    rows: tuple[Row, ...]
    below: tuple[str, ...] = field(default=())

    def cuts(self) -> tuple[int, ...]:
        """Where columns end, in millimetres from the left edge of the table."""
        return tuple(sorted({cut for row in self.rows for cut in _cuts(row)}))

    def columns(self) -> tuple[int, ...]:
        """The widths of the columns."""
        return tuple(right - left for left, right in _pairs((0, *self.cuts())))

    def spans(self, row: Row) -> tuple[int, ...]:
        """How many columns each cell of a row takes."""
        at = {cut: place for place, cut in enumerate((0, *self.cuts()))}
        return tuple(at[right] - at[left] for left, right in _pairs((0, *_cuts(row))))

    def parts(self) -> Iterator[Part]:
        """All parts of all rows, from top to bottom."""
        for row in self.rows:
            for cell in row.cells:
                for line in cell.lines:
                    yield from line.parts


def value(path: str, form: Any, item: Any = None) -> Any:
    """What stands at a dotted path of the form, or of the list's entry after `item`."""
    first, _, rest = path.partition(".")
    start, way = (item, rest) if first == "item" else (form, path)
    return reduce(getattr, filter(None, way.split(".")), start)


def _cuts(row: Row) -> tuple[int, ...]:
    return tuple(accumulate(cell.width for cell in row.cells))


def _pairs(cuts: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    return pairwise(cuts)
