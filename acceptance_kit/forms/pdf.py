"""A form as PDF/A: typst draws the cells; the same data gives the same bytes."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import typst

from acceptance_kit.forms.layout import Box, Cell, Line, Part, Row, Sheet, Text, value
from acceptance_kit.forms.model import Form
from acceptance_kit.forms.typeface import BOX_FACE, EMPTY_BOX, FACE, TICKED_BOX, lay_out

STANDARD: Literal["a-2a"] = "a-2a"
"""PDF/A-2a: archivable, and tagged, so that its tables can be read aloud."""


@contextmanager
def typesetting() -> Iterator[typst.Fonts]:
    """The faces of the forms and no others, while forms are drawn: typst opens one when it first
    needs it. Raises FontMissing."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-forms-") as folder:
        lay_out(Path(folder))
        yield typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
        )


def pdf(sheet: Sheet, form: Form, at: datetime, faces: typst.Fonts) -> bytes:
    """Draw the form; `at` is the time that the document bears."""
    drawing = {
        "caption": sheet.caption,
        "face": FACE,
        "box_face": BOX_FACE,
        "columns": sheet.columns(),
        "cells": list(_cells(sheet, form)),
        "below": sheet.below,
    }
    source = resources.files("acceptance_kit.forms").joinpath("sheet.typ").read_bytes()
    compiler = typst.Compiler(font_paths=faces, ignore_system_fonts=True)
    made = compiler.compile(
        input=source,
        format="pdf",
        pdf_standards=[STANDARD],
        sys_inputs={"sheet": json.dumps(drawing, ensure_ascii=False)},
        timestamp=at,
    )
    if not isinstance(made, bytes):
        raise TypeError("typst gave no PDF")
    return made


def _cells(sheet: Sheet, form: Form) -> Iterator[dict[str, Any]]:
    for row in sheet.rows:
        items = value(row.each, form) if row.each else (None,)
        for item in items:
            for cell, span in zip(row.cells, sheet.spans(row), strict=True):
                yield _cell(row, cell, form, item) | {"span": span}


def _cell(row: Row, cell: Cell, form: Form, item: Any) -> dict[str, Any]:
    return {
        "height": row.height,
        "breakable": row.breakable,
        "align": cell.align,
        "valign": cell.valign,
        "lines": [
            [drawn for part in line.parts for drawn in _drawn(part, form, item)]
            for line in cell.lines
            if _shown(line, form, item)
        ],
    }


def _shown(line: Line, form: Form, item: Any) -> bool:
    return not line.when or bool(value(line.when, form, item))


def _drawn(part: Part, form: Form, item: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, Text):
        yield _words(part.words, bold=part.bold, size=part.size)
        return
    here = str(value(part.path, form, item))
    if isinstance(part, Box):
        box = {"kind": "box", "words": TICKED_BOX if here == part.word else EMPTY_BOX}
        word = [_words(f"{part.word} " if part.word_first else f" {part.word}")]
        yield from [*word, box] if part.word_first else [box, *word]
    else:
        yield _words(here, size=part.size)


def _words(words: str, *, bold: bool = False, size: float = 0) -> dict[str, Any]:
    return {"kind": "text", "words": words, "bold": bold, "size": size}
