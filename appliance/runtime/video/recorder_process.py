"""The recorder as a program of the box: a thread a camera, one that cuts clips, one heartbeat."""

import logging
import shutil
import sqlite3
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from appliance.clock import Clock
from appliance.guideline.retention import Kind
from appliance.profile.capacity import places
from appliance.profile.model import Profile
from appliance.profile.secrets import SecretStore
from appliance.runtime.journal import Journal, JournalError
from appliance.runtime.video.clips import FRESH, LOOKED_BACK, Clipper
from appliance.runtime.video.edge import EdgeFetcher
from appliance.runtime.video.live import FfmpegMissing
from appliance.runtime.video.recorder import CameraRecorder
from appliance.runtime.video.shelf import NoPlace, Shelf
from appliance.runtime.video.volumes import Volumes
from appliance.trouble import Trouble, failure_sentence

log = logging.getLogger(__name__)

PROGRAM = "recorder"
BEAT_SECONDS = 5.0
END_SECONDS = 12.0
"""What a thread may take to end: a sync, and a call that is being hung up."""

CUT_EVERY = 2.0
LOOK_BACK_EVERY = 300.0


class ThreadEnded(Exception):
    """A thread ended by itself, which none may; the supervisor starts the program anew."""


class Worker(Protocol):
    """What works in a thread of its own until the program is to stop."""

    @property
    def name(self) -> str:
        """For people (Chinese) and for the log."""

    @property
    def trouble(self) -> str | None:
        """What keeps it from its work (Chinese), or None."""

    def run(self) -> None:
        """Work until told to stop."""


class ClipWorker:
    """Cuts the clips that wait; fresh ones every few seconds, those of the last day at times."""

    name = "片段"

    def __init__(self, profile: Profile, shelf: Shelf, clock: Clock, stop: threading.Event) -> None:
        self._profile = profile
        self._shelf = shelf
        self._clock = clock
        self._stop = stop
        self.trouble: str | None = None

    def run(self) -> None:
        """Cut until stopped; a disk that fails is tried again."""
        root = Path(self._profile.storage.root)
        while not self._stop.is_set():
            try:
                with Journal.open(root, self._clock) as journal:
                    self._cut(Clipper(self._profile, journal, self._clock, self._shelf))
            except (NoPlace, JournalError, Trouble) as trouble:
                self.trouble = str(trouble).rstrip("。")
            except (OSError, sqlite3.OperationalError) as error:
                self.trouble = failure_sentence(error).rstrip("。")
            if self.trouble is not None:
                log.warning("no clips are cut: %s", self.trouble)
            self._stop.wait(BEAT_SECONDS)

    def _cut(self, clipper: Clipper) -> None:
        looked_back = float("-inf")
        while not self._stop.is_set():
            span: timedelta = FRESH
            if self._clock.monotonic() - looked_back >= LOOK_BACK_EVERY:
                looked_back, span = self._clock.monotonic(), LOOKED_BACK
            clipper.cut_waiting(span, lambda: not self._stop.is_set())
            self.trouble = None
            self._stop.wait(CUT_EVERY)


def run_recorder(
    profile: Profile, secrets: SecretStore, clock: Clock, stop: threading.Event
) -> None:
    """Record every camera of `profile` (a machine's part of it) until `stop` is set.

    Raises FfmpegMissing, JournalError, OSError, sqlite3.Error, ThreadEnded.
    """
    if shutil.which("ffmpeg") is None:
        raise FfmpegMissing("缺少 ffmpeg，请安装系统软件包 ffmpeg。")
    root = Path(profile.storage.root)
    where = places(profile, profile.machines[0])
    volumes = Volumes.of(profile)
    shelf = Shelf(Kind.VIDEO, where[Kind.VIDEO], volumes)
    recorders = [
        CameraRecorder(camera, root, shelf=shelf, secrets=secrets, clock=clock, stop=stop)
        for camera in profile.cameras
    ]
    clips = ClipWorker(profile, Shelf(Kind.CLIPS, where[Kind.CLIPS], volumes), clock, stop)
    fetcher = EdgeFetcher(
        profile.cameras, root, shelf=shelf, secrets=secrets, clock=clock, stop=stop
    )
    workers: list[Worker] = [*recorders, clips, fetcher]
    threads = [threading.Thread(target=each.run, name=each.name, daemon=True) for each in workers]
    with Journal.open(root, clock) as journal:  # migrated before many threads open it
        for thread in threads:
            thread.start()
        heart = _Heart(recorders, workers, journal, clock)
        while not stop.wait(0.5):
            for thread in threads:
                if not thread.is_alive() and not stop.is_set():
                    raise ThreadEnded(thread.name)
            heart.look()
    deadline = clock.monotonic() + END_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - clock.monotonic()))


class _Heart:
    """Beats for all, and notes which camera is not recorded any more."""

    def __init__(
        self,
        recorders: Sequence[CameraRecorder],
        workers: Sequence[Worker],
        journal: Journal,
        clock: Clock,
    ) -> None:
        self._recorders = recorders
        self._workers = workers
        self._journal = journal
        self._clock = clock
        self._told: set[str] = set()
        self._due = clock.monotonic()

    def look(self) -> None:
        """Tell what has changed; beat when it is time."""
        away = {each.camera.id for each in self._recorders if each.away}
        for recorder in self._recorders:
            camera = recorder.camera
            if camera.id in away - self._told:
                what = f"相机 {camera.position}（{camera.id}）没有录像：{recorder.trouble}。"
                self._journal.note("recording-stopped", what)
        self._told = away
        if self._clock.monotonic() >= self._due:
            self._due = self._clock.monotonic() + BEAT_SECONDS
            self._journal.beat(PROGRAM, *self._standing())

    def _standing(self) -> tuple[bool, str]:
        """Whether all do their work, and a Chinese sentence."""
        troubles = [f"{each.name} {each.trouble}" for each in self._workers if each.trouble]
        if not troubles:
            return True, f"{len(self._recorders)} 台相机正在录像"
        more = f" 等 {len(troubles)} 处" if len(troubles) > 3 else ""
        return False, f"录像不完整：{'；'.join(troubles[:3])}{more}"
