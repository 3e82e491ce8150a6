"""Films that ffmpeg makes, cameras that play, and a recorder to be watched and killed.

`python -m video.filming ROOT FILM STEP NUMBER`, in the folder of the tests, writes a film's pieces
as fragments and kills itself at the NUMBER-th time of that step.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sites import demo_profile

from acceptance_kit.peers.camera import Scene, SimulatedCamera
from appliance.clock import BEIJING, SystemClock
from appliance.profile.model import Profile
from appliance.profile.secrets import SecretStore
from appliance.runtime.journal import Journal
from appliance.runtime.journal.shelves import ROOT
from appliance.runtime.journal.video import Fragment
from appliance.runtime.video.boxes import Head, Piece, Reader
from appliance.runtime.video.live import WORDS
from appliance.runtime.video.recorder_process import run_recorder
from appliance.runtime.video.volumes import Volumes
from appliance.runtime.video.writing import Pen, RecordStep

PASSWORD = "p'ss w:ö@rd"
PATIENCE = 30.0

needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="ffmpeg is not installed"
)


class ShiftedClock(SystemClock):
    """The machine's clock, set to another moment; it may be set again."""

    def __init__(self, now: datetime | None = None) -> None:
        self.shift = (now - super().now()) if now else timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.shift


def film(file: Path, seconds: int = 6, size: str = "320x180", codec: str = "libx264") -> Path:
    """Fragmented MP4 as the recorder gets it from ffmpeg: a whole picture a second."""
    pictures = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate=10", "-t", str(seconds)]
    how = ["-c:v", codec, "-g", "10", "-preset", "ultrafast", "-bf", "0", "-pix_fmt", "yuv420p"]
    movflags = WORDS[WORDS.index("-movflags") + 1]
    words = ["ffmpeg", "-v", "error", "-y", *pictures, *how, "-f", "mp4", "-movflags", movflags]
    subprocess.run([*words, str(file)], check=True, capture_output=True)
    return file


def pieces_of(file: Path) -> tuple[Head, list[Piece]]:
    """A film's head and pieces."""
    reader = Reader()
    found = list(reader.feed(file.read_bytes()))
    assert reader.head is not None
    return reader.head, found


def pictures_in(file: Path) -> int:
    """How many pictures a film decodes to; fails when it does not play without an error."""
    words = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0"]
    words += ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    return int(done.stdout.strip().split("\n")[0].strip(","))


def wait_until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Look ten times a second; fails when it takes too long."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


@contextmanager
def camera_on(port: int = 0, password: str = PASSWORD) -> Iterator[SimulatedCamera]:
    """A gate's camera at work."""
    camera = SimulatedCamera(Scene(()), user="gatehouse", password=password, port=port, fps=5)
    camera.start()
    try:
        yield camera
    finally:
        camera.stop()


def secrets_in(folder: Path) -> SecretStore:
    """The password of the demo's cameras, in files."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("camera-a01", "camera-a02"):
        (folder / name).write_text(PASSWORD)
        (folder / name).chmod(0o600)
    return SecretStore(folder)


def one_camera(root: Path, port: int, *disks: dict[str, str], **changes) -> Profile:
    """The demo's site as a machine of one lane runs it, whose camera is at that port."""
    machine = {"name": "gate", "barriers": ["A01"], "video_disks": list(disks)}
    profile = demo_profile(root, cameras__0__rtsp_port=port, machines=[machine], **changes)
    return profile.part_of(profile.machines[0])


@contextmanager
def recording(profile: Profile, clock: SystemClock, folder: Path) -> Iterator[threading.Thread]:
    """The recorder at work in a thread."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            run_recorder(profile, secrets_in(folder), clock, stop)
        except BaseException as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()
    assert not failed


def fragments(journal: Journal) -> list[Fragment]:
    """All there are, in the order in which they were written."""
    rows = list(journal._database.query("SELECT volume, path FROM fragments ORDER BY id"))
    every = {
        (each.volume, each.path): each
        for camera in ("a01-plate", "a02-plate")
        for each in journal.video().fragments_between(
            camera, datetime(2000, 1, 1, tzinfo=BEIJING), datetime(2100, 1, 1, tzinfo=BEIJING)
        )
    }
    return [every[row["volume"], row["path"]] for row in rows]


def assert_in_order(journal: Journal, profile: Profile) -> list[Fragment]:
    """Each row has its file, each file its row, and each plays as long as its row says."""
    known = fragments(journal)
    named = {journal.file_path(each.volume, each.path) for each in known}
    places = [Path(profile.storage.root), *(Path(volume) for volume in {k.volume for k in known})]
    there = {file.resolve() for place in places for file in (place / "video").rglob("*.mp4")}
    assert there == {path.resolve() for path in named}
    for fragment in known:
        file = journal.file_path(fragment.volume, fragment.path)
        assert file.stat().st_size == fragment.bytes
        assert pictures_in(file) > 0
    return known


def write_and_die(root: Path, source: Path, die_at: str, number: int) -> None:
    """Write a film's pieces as fragments of two, and be killed."""
    seen = 0

    def step(now: RecordStep) -> None:
        nonlocal seen
        seen += now == die_at
        if now == die_at and seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    clock = SystemClock()
    head, pieces = pieces_of(source)
    with Journal.open(root, clock) as journal:
        pen = Pen("recording:a01-plate", "a01-plate", journal, clock, step)
        pen.adopt(Volumes(root, {}))
        for first, second in zip(pieces[::2], pieces[1::2], strict=True):
            at = clock.now()
            fragment = pen.open(ROOT, at, head, first)
            fragment.add(second)
            pen.close(fragment, at)


if __name__ == "__main__":
    write_and_die(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
