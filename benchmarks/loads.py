"""What the benchmarks of journal and uplink share: a site, passages with photos of 60 KB, a load.

Every benchmark works in a temporary folder below TMPDIR, so that is the disk that is measured.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from appliance.clock import SystemClock
from appliance.guideline.dictionaries import Direction, EmissionStage, PlateColour, RaiseMethod
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import (
    Admission,
    Decision,
    Passage,
    Photo,
    PhotoKind,
    Vehicle,
)

DEMO = Path(__file__).parents[1] / "site_profiles" / "demo.yaml"
PHOTO_BYTES = 60_000


def photo(size: int, seed: int) -> bytes:
    """A JPEG of 1280 by 720 pixels and just under `size` bytes, as a camera's is."""
    dice = np.random.default_rng(seed)
    coarse = dice.integers(0, 255, (45, 80, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (1280, 720), interpolation=cv2.INTER_CUBIC)
    grain = dice.normal(0, 6, picture.shape)
    picture = np.clip(picture + grain, 0, 255).astype(np.uint8)
    for quality in range(95, 5, -1):
        encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(encoded) <= size:
            return encoded
    raise ValueError("no quality gives so small a photo")


def passages(size: int = PHOTO_BYTES) -> Callable[[int, datetime], Passage]:
    """Makes the n-th passage at a moment; its two photos are of `size` bytes each."""
    front, body = photo(size, 1), photo(size, 2)
    vehicle = Vehicle(
        plate="宁A12345",
        plate_colour=PlateColour.YELLOW,
        vin="LFWSRXSJ5M1F12345",
        emission_stage=EmissionStage.CHINA_6,
        fleet="宁夏某某运输有限公司",
    )

    def made(number: int, at: datetime) -> Passage:
        return Passage(
            key=f"A01-{number}",
            entrance="A",
            barrier="A01",
            position="东门进厂道",
            direction=Direction.IN,
            passed_at=at,
            plate=f"宁A{number:05d}",
            plate_colour=PlateColour.YELLOW,
            confidence=0.98,
            admission=Admission(Decision.ADMIT, "stage", "符合排放标准"),
            raise_method=RaiseMethod.AUTOMATIC,
            vehicle=vehicle,
            photos=(Photo(PhotoKind.FRONT, front), Photo(PhotoKind.BODY, body)),
        )

    return made


def profile_file(folder: Path, root: Path, port: int, *, layout: str = "front-only") -> Path:
    """The demo's site for a real `gatehouse run uplink`; photos are sent at most 60 KB large.

    Sent `front-only`, a stored photo goes as it is; `side-by-side` makes a new one of two.
    """
    text = DEMO.read_text("utf-8")
    for old, new in {
        "root: /var/lib/gatehouse": f"root: {root}",
        "port: 19212": f"port: {port}\n  photo_limit_bytes: {PHOTO_BYTES}\n"
        f"  dialect:\n    photos: {layout}",
    }.items():
        if old not in text:
            raise ValueError(f"{DEMO} has no {old}")
        text = text.replace(old, new)
    path = folder / "site.yaml"
    path.write_text(text, "utf-8")
    return path


class PastClock(SystemClock):
    """The clock as it was when a backlog was recorded: what queues now would count as live."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def record(root: Path, count: int, hours: float = 0) -> None:
    """Record passages, spread evenly over the last hours, each at its own moment."""
    make, now = passages(), SystemClock().now()
    began = now - timedelta(hours=hours)
    clock = PastClock(began)
    with Journal.open(root, clock) as journal:
        for number in range(count):
            clock.moment = began + (now - began) * (number / count)
            journal.record(make(number, clock.moment))


@contextlib.contextmanager
def uplink(profile: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The real uplink process, its log thrown away."""
    words = [sys.executable, "-m", "appliance", "run", "uplink", "--profile", str(profile)]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_until_sent(root: Path, every: float = 0.1) -> None:
    """Until no message waits."""
    with Journal.open(root, SystemClock(), readonly=True) as journal:
        while journal.outbox_counts().waiting:
            time.sleep(every)


def say_load() -> None:
    """Other work on the machine makes figures worse; say how much there is."""
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def rss(pid: int) -> float:
    """Resident memory of a process in MB."""
    with contextlib.suppress(FileNotFoundError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0.0
