"""Photo files: on the disk, whole and under their final name, before any row speaks of them.

A photo lies at `photos/YYYY-MM-DD/BARRIER/HHMMSSmmm-KEY-SHA-KIND.jpg` below the root. KEY and
SHA begin the SHA-256 of the passage's key and of the JPEG: a repeated write meets the same file,
two passages never do, and no write ever puts other bytes under a name that a row may hold.
"""

import hashlib
import os
import re
import secrets
from pathlib import Path

from appliance.clock import BEIJING
from appliance.runtime.journal.database import FILE_MODE, make_folder, sync_folder
from appliance.runtime.journal.errors import UnsafePath
from appliance.runtime.journal.steps import Step, StepHook
from appliance.runtime.journal.values import Passage, Photo, StoredPhoto

FOLDER = "photos"


class PhotoFiles:
    """The photos below one root."""

    def __init__(self, root: Path, step: StepHook) -> None:
        self._root = root
        self._step = step
        self._synced: set[Path] = set()

    def store(self, passage: Passage) -> tuple[StoredPhoto, ...]:
        """Write a passage's photos so that they outlive a power cut.

        Raises ValueError for a barrier that is no barrier number or two photos of one kind, OSError
        when the disk fails.
        A crash leaves at most files that no row names.
        """
        if not passage.photos:
            return ()
        # The barrier becomes a folder's name; the profile allows one letter and two digits.
        if not re.fullmatch(r"[A-Z][0-9]{2}", passage.barrier):
            raise ValueError(f"not a barrier number: {passage.barrier!r}")
        if len({photo.kind for photo in passage.photos}) != len(passage.photos):
            raise ValueError("a passage has one photo of a kind")
        passed_at = passage.passed_at.astimezone(BEIJING)
        folder = self._folder(f"{passed_at:%Y-%m-%d}", passage.barrier)
        moment = f"{passed_at:%H%M%S}{passed_at.microsecond // 1000:03d}"
        key = hashlib.sha256(passage.key.encode()).hexdigest()[:16]
        stored = tuple(self._write(folder, f"{moment}-{key}", photo) for photo in passage.photos)
        sync_folder(folder)
        self._step(Step.PHOTOS_SYNCED)
        return stored

    def path(self, stored: StoredPhoto) -> Path:
        """Where a photo lies, as an absolute path; raises UnsafePath when that is elsewhere."""
        path = (self._root / stored.path).resolve()
        if not path.is_relative_to((self._root / FOLDER).resolve()):
            raise UnsafePath(f"照片路径超出照片目录：{stored.path}")
        return path

    def remove(self, stored: StoredPhoto) -> None:
        """Take a file away that no row names, nor ever will."""
        self.path(stored).unlink(missing_ok=True)

    def _folder(self, day: str, barrier: str) -> Path:
        """The folder of a day and barrier, its whole ancestry on the disk.

        A folder that is already there may have been made by a process that died before syncing
        the parent, so each process syncs the ancestry once, new or not.
        """
        folder = self._root
        parents = []
        for name in (FOLDER, day, barrier):
            parents.append(folder)
            folder /= name
            make_folder(folder)
        if folder not in self._synced:
            for parent in parents:
                sync_folder(parent)
            self._synced.add(folder)
        self._step(Step.FOLDERS_SYNCED)
        return folder

    def _write(self, folder: Path, stem: str, photo: Photo) -> StoredPhoto:
        sha256 = hashlib.sha256(photo.jpeg).hexdigest()
        final = folder / f"{stem}-{sha256[:16]}-{photo.kind}.jpg"
        # Under a name of its own, since two processes may be writing the same passage.
        temporary = folder / f".{final.name}.{os.getpid()}-{secrets.token_hex(4)}"
        try:
            with temporary.open("xb") as file:
                os.fchmod(file.fileno(), FILE_MODE)
                file.write(photo.jpeg)
                file.flush()
                self._step(Step.PHOTO_WRITTEN)
                os.fsync(file.fileno())
            self._step(Step.PHOTO_SYNCED)
            os.replace(temporary, final)  # noqa: PTH105  # the seam where tests watch the order
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._step(Step.PHOTO_RENAMED)
        return StoredPhoto(
            kind=photo.kind,
            path=final.relative_to(self._root).as_posix(),
            sha256=sha256,
            size=len(photo.jpeg),
        )
