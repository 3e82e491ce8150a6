"""The clip of each passage (4.5.3-3), cut once the fragments that show it are closed.

There is no queue but the journal: a passage without a clip waits for one. A clip's name is made
of its passage, so a cut that was broken off is done again under the same name, and leaves nothing.
"""

import contextlib
import hashlib
import logging
import os
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path, PurePosixPath

from appliance.clock import BEIJING, Clock
from appliance.profile.model import Caption, Lane, Profile
from appliance.runtime.journal import Journal
from appliance.runtime.journal.database import FILE_MODE, sync_folder
from appliance.runtime.journal.video import Clip, Clipless, Fragment
from appliance.runtime.video.cutting import CutFailed, Shot, Source, choose, cut
from appliance.runtime.video.folders import Folders
from appliance.runtime.video.shelf import Shelf

log = logging.getLogger(__name__)

FOLDER = "clips"
FRESH = timedelta(minutes=10)
LOOKED_BACK = timedelta(days=1)
"""How long a passage waits for video that comes late; what the sweeper overwrites is older."""

PATIENCE = timedelta(minutes=3)
"""After that a clip is made of what there is: the rest is not coming."""

EDGE_PATIENCE = timedelta(minutes=20)
"""The same for a camera that may have kept the rest itself."""

JOINED = timedelta(seconds=1)


class ClipStep(StrEnum):
    """What has just been done; docs/durability.md argues over each gap."""

    WRITTEN = "written"
    SYNCED = "synced"
    RENAMED = "renamed"
    ROW_ADDED = "row added"


class Clipper:
    """Cuts what waits."""

    def __init__(
        self,
        profile: Profile,
        journal: Journal,
        clock: Clock,
        shelf: Shelf,
        step: Callable[[ClipStep], None] = lambda _: None,
    ) -> None:
        self._lanes = {lane.barrier.id: lane for lane in profile.lanes()}
        self._before = timedelta(seconds=profile.recording.before_seconds)
        self._after = timedelta(seconds=profile.recording.after_seconds)
        self._journal = journal
        self._clock = clock
        self._shelf = shelf
        self._step = step
        self._folders = Folders()
        self._failed: set[int] = set()

    def cut_waiting(
        self, looked_back: timedelta, keep_on: Callable[[], bool] = lambda: True
    ) -> int:
        """Cut for the passages of that time that wait and are due; returns how many.

        A film that ffmpeg will not cut is noted once, and tried again at a later call. Raises
        NoPlace, OSError, sqlite3.Error.
        """
        made = 0
        for passage in self._journal.video().without_clip(self._clock.now() - looked_back):
            lane = self._lanes.get(passage.barrier)
            if not keep_on():
                break
            if lane is not None and self._cut_one(passage, lane):
                made += 1
        return made

    def _cut_one(self, passage: Clipless, lane: Lane) -> bool:
        begin, end = passage.passed_at - self._before, passage.passed_at + self._after
        video, camera = self._journal.video(), lane.camera
        if video.gaps(camera.id, begin, end, JOINED):
            patience = PATIENCE if camera.onvif_port is None else EDGE_PATIENCE
            if self._clock.now() - end < patience:
                return False
        sources = [
            Source(path, each.began_at)
            for each in video.fragments_between(camera.id, begin, end)
            if (path := self._file_of(each)) is not None
        ]
        shot = choose(sources, begin, end)
        if shot is None:
            return False
        words = None
        if camera.caption is Caption.CLIP:
            words = f"出入口{passage.entrance} 道闸{passage.barrier}"
        try:
            self._keep(passage, camera.id, shot, words)
        except CutFailed as failed:
            self._tell(passage, str(failed))
            return False
        return True

    def _file_of(self, fragment: Fragment) -> Path | None:
        if self._shelf.volumes.trouble(fragment.volume) is not None:
            return None
        path = self._journal.file_path(fragment.volume, fragment.path)
        return path if path.is_file() else None

    def _keep(self, passage: Clipless, camera: str, shot: Shot, words: str | None) -> None:
        volume = self._shelf.choose(self._journal)
        base = self._journal.file_path(volume, FOLDER).parent
        path = _path_of(passage, camera)
        folder = self._folders.ready(base, path.parent)
        final, temporary = base / path, folder / f".{path.name}"
        try:
            codec = cut(shot, temporary, words)
            self._step(ClipStep.WRITTEN)
            sha256, size = _synced(temporary)
            self._step(ClipStep.SYNCED)
            temporary.rename(final)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(folder)
        self._step(ClipStep.RENAMED)
        clip = Clip(
            passage_id=passage.passage_id,
            camera=camera,
            began_at=shot.began_at,
            seconds=shot.seconds,
            volume=volume,
            path=str(path),
            sha256=sha256,
            bytes=size,
            codec=codec,
        )
        self._journal.video().add_clip(clip)
        self._step(ClipStep.ROW_ADDED)

    def _tell(self, passage: Clipless, said: str) -> None:
        log.warning("no clip of passage %d: %s", passage.passage_id, said)
        if passage.passage_id not in self._failed:
            self._failed.add(passage.passage_id)
            what = f"第 {passage.passage_id} 号记录（道闸 {passage.barrier}）的片段没有剪成。"
            self._journal.note("clip-failed", what)


def _path_of(passage: Clipless, camera: str) -> PurePosixPath:
    """`clips/YYYY-MM-DD/PASSAGE-CAMERA.mp4`, in Beijing time."""
    day = f"{passage.passed_at.astimezone(BEIJING):%Y-%m-%d}"
    return PurePosixPath(FOLDER, day, f"{passage.passage_id:08d}-{camera}.mp4")


def _synced(path: Path) -> tuple[str, int]:
    """Put a file on the disk; its SHA-256 and bytes."""
    with path.open("rb") as file:
        os.fchmod(file.fileno(), FILE_MODE)
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size
