"""The split between what trains the reader and what measures it (held_out.toml)."""

import csv
import hashlib
import tomllib
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

PLATES = Path(__file__).parents[2] / "shared" / "data" / "plates"
RULES = Path(__file__).with_name("held_out.toml")

Row = dict[str, str]
"""A line of truth.tsv: file, plate, colour, source, licence."""


def rows() -> list[Row]:
    """Every labelled plate; raises FileNotFoundError when ../shared is absent."""
    with (PLATES / "truth.tsv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def photos() -> list[Row]:
    """The labelled plates in whole photos that only measure."""
    return [row for row in rows() if row["file"].startswith("photos") and is_held_out(row)]


def picture(row: Row) -> NDArray[np.uint8]:
    """The picture of a labelled plate (H x W x 3, blue first)."""
    return np.asarray(cv2.imread(str(PLATES / row["file"])), np.uint8)


def is_held_out(row: Row) -> bool:
    """Whether a plate is kept apart from training."""
    trained = next(share for source, share in _rules() if fnmatch(row["source"], source))
    return _place(row["file"]) >= trained


def _place(file: str) -> float:
    """A file's fixed place between 0 and 1."""
    return int.from_bytes(hashlib.sha256(file.encode()).digest()[:4]) / 2**32


@cache
def _rules() -> list[tuple[str, float]]:
    rules = tomllib.loads(RULES.read_text("utf-8"))["rule"]
    return [(rule["source"], rule["trained"]) for rule in rules]
