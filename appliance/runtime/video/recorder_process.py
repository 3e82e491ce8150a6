"""The recorder as a program of the box: a thread a camera, and a heartbeat for all of them."""

import logging
import shutil
import threading
from pathlib import Path

from appliance.clock import Clock
from appliance.guideline.retention import Kind
from appliance.profile.capacity import places
from appliance.profile.model import Profile
from appliance.profile.secrets import SecretStore
from appliance.runtime.journal import Journal
from appliance.runtime.video.live import FfmpegMissing
from appliance.runtime.video.recorder import CameraRecorder, Shelf
from appliance.runtime.video.volumes import Volumes

log = logging.getLogger(__name__)

PROGRAM = "recorder"
BEAT_SECONDS = 5.0
END_SECONDS = 12.0
"""What a thread may take to end: a sync, and a call that is being hung up."""


class ThreadEnded(Exception):
    """A thread ended by itself, which none may; the supervisor starts the program anew."""


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
    threads = [
        threading.Thread(target=each.run, name=f"record-{each.camera.id}", daemon=True)
        for each in recorders
    ]
    with Journal.open(root, clock) as journal:  # migrated before many threads open it
        for thread in threads:
            thread.start()
        _watch(recorders, threads, journal, clock, stop)
    deadline = clock.monotonic() + END_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - clock.monotonic()))


def _watch(
    recorders: list[CameraRecorder],
    threads: list[threading.Thread],
    journal: Journal,
    clock: Clock,
    stop: threading.Event,
) -> None:
    """Beat for all until `stop`, and note which camera is not recorded any more."""
    told: set[str] = set()
    due = clock.monotonic()
    while not stop.is_set():
        for thread in threads:
            if not thread.is_alive() and not stop.is_set():
                raise ThreadEnded(thread.name)
        away = {each.camera.id for each in recorders if each.away}
        for recorder in recorders:
            camera = recorder.camera
            if camera.id in away - told:
                what = f"相机 {camera.position}（{camera.id}）没有录像：{recorder.trouble}。"
                journal.note("recording-stopped", what)
        told = away
        if clock.monotonic() >= due:
            due = clock.monotonic() + BEAT_SECONDS
            journal.beat(PROGRAM, *_standing(recorders))
        stop.wait(0.5)


def _standing(recorders: list[CameraRecorder]) -> tuple[bool, str]:
    """Whether all cameras are recorded, and a Chinese sentence."""
    troubled = [each for each in recorders if each.trouble is not None]
    if not troubled:
        return True, f"{len(recorders)} 台相机正在录像"
    words = "；".join(f"{each.camera.id} {each.trouble}" for each in troubled[:3])
    more = f" 等 {len(troubled)} 台" if len(troubled) > 3 else ""
    return False, f"没有录像：{words}{more}"
