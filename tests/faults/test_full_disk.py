"""A full disk: recording fails loudly and by halves never, and all goes on once there is room."""

import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import until

from acceptance_kit.peers.platform import ReferencePlatform

from .gate import Gate

MEGABYTES = 8


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that is soon full."""
    disk = tmp_path / "small"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(disk)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Take all the room there is left; the file that takes it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            return filler
    raise AssertionError


@pytest.mark.slow
def test_a_full_disk_fails_loudly_and_all_goes_on_when_there_is_room_again(
    small_disk: Path, platform: ReferencePlatform
) -> None:
    root = small_disk / "storage"
    with Gate(root, platform.address[1]) as gate:
        gate.records("before")
        gate.start()
        assert gate.sends_all()
        filler = fill(small_disk)
        for attempt in range(20):
            with pytest.raises((OSError, sqlite3.OperationalError)):
                gate.records(f"full-{attempt}")
        assert [one.key for one in gate.journal.latest_passages(9)] == ["before"]
        # The uplink cannot even say that it lives; it ends and is started again, over and over.
        until(lambda: gate.restarts > 2)
        assert gate.journal.verify().fault is None
        filler.unlink()
        gate.records(*[f"full-{attempt}" for attempt in range(20)])
        assert gate.sends_all()
        gate.agrees_with(platform)
        assert len(platform.records()) == 21
        assert not list(root.rglob(".*")), "half a photo"


def record_until_it_fails(gate: Gate, recorded: list[str]) -> None:
    for number in range(1000):
        gate.records(f"p{number}")
        recorded.append(f"p{number}")


@pytest.mark.parametrize("room", [0, 4, 12, 24, 40, 64, 120])
def test_room_that_ends_anywhere_within_a_passage_leaves_no_half_of_one(
    small_disk: Path, room: int, platform: ReferencePlatform
) -> None:
    """The disk has some KiB left: it is full in a photo, between two, or in the log."""
    with Gate(small_disk / "storage", platform.address[1]) as gate:
        gate.records("before")
        filler = fill(small_disk)
        with filler.open("r+b") as file:
            file.truncate(max(0, filler.stat().st_size - room * 1024))
        recorded = ["before"]
        with pytest.raises((OSError, sqlite3.OperationalError)):
            record_until_it_fails(gate, recorded)
        passages = gate.journal.passages_after(0, 2000)
        assert [one.key for one in passages] == recorded
        assert gate.journal.verify().fault is None
        assert len(gate.owed()) == len(recorded)
        filler.unlink()
        gate.records(f"p{len(recorded) - 1}", "after")
        assert gate.start().sends_all()
        gate.agrees_with(platform)
