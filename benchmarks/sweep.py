"""A sweep's cost against what it deletes and against what there is, beside `find -delete`.

Run: python benchmarks/sweep.py [SIZE…]     (10000 100000; 1000000 needs some 5 GB of inodes)

Each archive holds SIZE empty fragments with their rows; the sweeper deletes the oldest DELETED of
them, the pauses between its batches turned off. `find -mtime +N -delete` then does the same to a
like tree in the same run: it has to look at every file. Last, the same SIZE with ten times as many
deleted shows that the cost follows what is deleted.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from loads import say_load

from appliance.clock import SystemClock
from appliance.guideline.retention import Kind
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.journal.shelves import ROOT
from appliance.runtime.journal.video import Fragment, fragment_path
from appliance.runtime.video import sweeper as sweeping
from appliance.runtime.video.sweeper import Sweeper
from appliance.runtime.video.trust import ClockTrust
from appliance.runtime.video.volumes import Volumes

DEMO = Path(__file__).parents[1] / "site_profiles" / "demo.yaml"
CAMERAS = 10
DELETED = 1000
CHUNK = 20_000


class FixedClock(SystemClock):
    """Now stands still, so that nothing more expires meanwhile; rests take no time."""

    def __init__(self) -> None:
        self._now = super().now()

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        del seconds


def fill(journal: Journal, root: Path, clock: FixedClock, size: int, expired: int) -> None:
    """SIZE fragments, a minute apart on each camera; `expired` of them are over their year."""
    end = clock.now() - timedelta(days=365)
    begin = end - timedelta(minutes=expired // CAMERAS)
    made: list[Fragment] = []
    folders: set[Path] = set()
    for number in range(size):
        camera = f"c{number % CAMERAS}"
        at = begin + timedelta(minutes=number // CAMERAS)
        path = fragment_path(camera, at)
        file = root / path
        if file.parent not in folders:
            file.parent.mkdir(parents=True, exist_ok=True)
            folders.add(file.parent)
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY))
        os.utime(file, (at.timestamp(), at.timestamp()))
        made.append(Fragment(camera, at, 60.0, ROOT, path, 0))
        if len(made) == CHUNK:
            journal.video().add_fragments(made)
            made.clear()
    last = Fragment("c0", clock.now(), 60.0, ROOT, "video/last", 0)
    (root / "video" / "last").touch()
    journal.video().add_fragments([*made, last])


def swept(profile: Profile, root: Path, clock: FixedClock, size: int, expired: int) -> float:
    """Seconds of one pass."""
    with Journal.open(root, clock) as journal:
        fill(journal, root, clock, size, expired)
        os.sync()
        trust = ClockTrust(journal, clock, lambda: True)
        sweeper = Sweeper(profile, journal, clock, Volumes(root, {}), trust)
        began = time.perf_counter()
        done = sweeper.sweep()
        took = time.perf_counter() - began
    if done.expired != {Kind.VIDEO: expired}:
        raise SystemExit(f"it deleted {done.expired}, {done.refusal}")
    return took


def found(root: Path, expired: int) -> float:
    """Seconds of find over what the sweep left, with as many files over age put back."""
    clock = FixedClock()
    for number in range(expired):
        at = clock.now() - timedelta(days=366, minutes=number)
        file = root / fragment_path(f"c{number % CAMERAS}", at)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, (at.timestamp(), at.timestamp()))
    os.sync()
    words = ["find", str(root / "video"), "-type", "f", "-mtime", "+364", "-delete"]
    began = time.perf_counter()
    subprocess.run(words, check=True)  # noqa: S603
    took = time.perf_counter() - began
    os.sync()
    return took


def main() -> None:
    """Print a line for each size and number deleted."""
    sizes = [int(word) for word in sys.argv[1:]] or [10_000, 100_000]
    profile = load_profile(DEMO)
    say_load()
    print(f"batch {sweeping.BATCH}, pauses of {sweeping.PAUSE_SECONDS} s not counted")
    for size in sizes:
        for expired in (DELETED, 10 * DELETED if size >= 100_000 else 4 * DELETED):
            folder = Path(tempfile.mkdtemp(prefix="sweep-"))
            try:
                took = swept(profile, folder, FixedClock(), size, expired)
                finds = found(folder, expired)
            finally:
                shutil.rmtree(folder)
            print(
                f"{size:>8} files, {expired:>6} deleted: sweeper {took:7.3f} s "
                f"({took / expired * 1e6:6.0f} µs each), find -delete {finds:7.3f} s"
            )


if __name__ == "__main__":
    main()
