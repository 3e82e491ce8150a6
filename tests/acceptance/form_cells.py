"""Reads forms back, cell by cell, and makes findings for them."""

import re
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from lxml import etree

from acceptance_kit.findings import Finding, Means, Verdict
from acceptance_kit.forms.layout import Box, Field, Line, Sheet, Text, value
from acceptance_kit.forms.package import W
from appliance.clock import BEIJING

NOON = datetime(2026, 11, 25, 12, tzinfo=BEIJING)
TICKS = {True: "☑", False: "☐"}


def finding(clause: str, verdict: Verdict = Verdict.YES, **other: Any) -> Finding:
    """One that names a clause, or the item `other["item"]`."""
    told: dict[str, Any] = {
        "item": f"check.c{re.sub('[^0-9]+', '-', clause).strip('-')}",
        "clauses": (clause,) if clause else (),
        "title": f"{clause} 已满足",
        "verdict": verdict,
        "means": Means.CHECK,
        "by": "gatehouse 0.1.0",
        "at": NOON,
        "reason": "" if verdict is Verdict.YES else f"{clause} 这里不行，请改正。",
    }
    return Finding(**told | other)


@cache
def asked(form: str) -> dict[str, dict[str, Any]]:
    """The rows of a form as rows.toml writes them."""
    text = resources.files("acceptance_kit.forms").joinpath("rows.toml").read_text("utf-8")
    rows: dict[str, dict[str, Any]] = tomllib.loads(text)[form]
    return rows


def all_shown() -> tuple[Finding, ...]:
    """是 for everything that any row asks for."""
    rows = [row for form in ("table-6", "table-7", "table-9") for row in asked(form).values()]
    clauses = dict.fromkeys(clause for row in rows for clause in row.get("clauses", ()))
    items = dict.fromkeys(item for row in rows for item in row.get("items", {}))
    return (*map(finding, clauses), *(finding("", item=item, title=item) for item in items))


def expected_cells(sheet: Sheet, form: Any) -> list[str]:
    """What each cell must say, from the layout and the data alone, without white space."""
    cells = []
    for row in sheet.rows:
        for item in value(row.each, form) if row.each else (None,):
            for cell in row.cells:
                lines = [
                    "".join(_said(line, form, item))
                    for line in cell.lines
                    if not line.when or value(line.when, form, item)
                ]
                cells.append(tight("".join(lines)))
    return cells


def _said(line: Line, form: Any, item: Any) -> Iterator[str]:
    for part in line.parts:
        match part:
            case Text():
                yield part.words
            case Field():
                yield str(value(part.path, form, item))
            case Box():
                box = TICKS[value(part.path, form, item) == part.word]
                yield part.word + box if part.word_first else box + part.word


def docx_cells(content: Path) -> list[str]:
    """What each cell of a DOCX's table says, tick boxes included."""
    with zipfile.ZipFile(content) as archive:
        document = etree.fromstring(archive.read("word/document.xml"))
    return [
        tight("".join(text.text or "" for text in cell.iter(f"{{{W}}}t")))
        for cell in document.iter(f"{{{W}}}tc")
    ]


def pdf_text(file: Path, *options: str) -> str:
    """A PDF's text in the order it was drawn, or as the options of pdftotext say."""
    run = subprocess.run(
        ["pdftotext", *(options or ("-raw", "-nopgbrk")), str(file), "-"],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return run.stdout


def pdf_words(file: Path) -> list[tuple[int, float, float, float, float]]:
    """Page number and box (left, top, right, bottom, in points) of every word."""
    words, page = [], 0
    for line in pdf_text(file, "-bbox").splitlines():
        if "<page " in line:
            page += 1
        elif found := re.findall(r'(?:xMin|yMin|xMax|yMax)="([-0-9.]+)"', line):
            left, top, right, bottom = map(float, found)
            words.append((page, left, top, right, bottom))
    return words


def tight(text: str) -> str:
    """Without white space: typesetters set blanks of their own between scripts."""
    return "".join(text.split())
