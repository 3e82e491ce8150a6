"""Passages a second recorded durably, beside bare sqlite3 and files with the same syncs.

Run: python benchmarks/journal.py [COUNT]
"""

import os
import sqlite3
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from loads import passages, say_load

from appliance.clock import SystemClock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import Passage

ROUNDS = 3


def journalled(root: Path, made: list[Passage]) -> None:
    """What the lane does."""
    with Journal.open(root, SystemClock()) as journal:
        for passage in made:
            journal.record(passage)


def bare(root: Path, made: list[Passage]) -> None:
    """The same bytes and the same syncs, and nothing else."""
    root.mkdir()
    connection = sqlite3.connect(root / "bare.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE passages (id INTEGER PRIMARY KEY, key TEXT UNIQUE, rest TEXT)")
    connection.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, qn TEXT UNIQUE)")
    for number, passage in enumerate(made):
        for photo in passage.photos:
            name = root / f"{passage.key}-{photo.kind}.jpg"
            with (root / "temporary").open("wb") as file:
                file.write(photo.jpeg)
                file.flush()
                os.fsync(file.fileno())
            (root / "temporary").rename(name)
        folder = os.open(root, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO passages VALUES (?, ?, ?)", (number, passage.key, "x" * 600)
        )
        connection.execute("INSERT INTO outbox VALUES (?, ?)", (number, f"{number:017d}"))
        connection.execute("COMMIT")
    connection.close()


def main() -> None:
    """Print one line a round and way."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    make, clock = passages(), SystemClock()
    with_photos = [make(number, clock.now()) for number in range(count)]
    say_load()
    for what in ("two photos of 60 KB", "no photo"):
        made = with_photos
        if what == "no photo":
            made = [_without_photos(passage) for passage in with_photos]
        for _ in range(ROUNDS):
            rates = []
            for way in (journalled, bare):
                with tempfile.TemporaryDirectory() as folder:
                    began = time.perf_counter()
                    way(Path(folder) / "root", made)
                    rates.append(count / (time.perf_counter() - began))
            print(
                f"{what}: {rates[0]:.0f} passages/s, bare {rates[1]:.0f}/s, "
                f"ratio {rates[0] / rates[1]:.2f}"
            )


def _without_photos(passage: Passage) -> Passage:

    return replace(passage, photos=())


if __name__ == "__main__":
    main()
