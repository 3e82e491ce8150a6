"""A fragment on its way to the disk, so that a crash at any instant loses a few pictures at most.

The journal is told where a file will be before it is made, and has its row once it is synced
(docs/durability.md, "Recording"). Who starts again after a crash finds the one file that may be
without a row, cuts off what is not whole, and gives it its row.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath

from appliance.clock import Clock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.database import FILE_MODE, sync_folder
from appliance.runtime.journal.video import Fragment, fragment_path
from appliance.runtime.video.boxes import Head, Piece, look_into
from appliance.runtime.video.folders import Folders
from appliance.runtime.video.volumes import Volumes

log = logging.getLogger(__name__)

SYNC_SECONDS = 10.0
"""A power cut costs no more of the last fragment than this."""

NAMES_TRIED = 300


class RecordStep(StrEnum):
    """What has just been done; docs/durability.md argues over each gap."""

    INTENDED = "intended"
    FILE_MADE = "file made"
    FOLDER_SYNCED = "folder synced"
    PIECE_WRITTEN = "piece written"
    FILE_SYNCED = "file synced"
    ROW_ADDED = "row added"
    FORGOTTEN = "forgotten"


StepHook = Callable[[RecordStep], None]


def pass_by(_step: RecordStep) -> None:
    """The hook in service: nothing happens at any step."""


class NoName(OSError):
    """Every name of these minutes is taken."""


class Pen:
    """Writes one camera's fragments, one after the other.

    `slot` is the name under which the journal remembers the file that is open: who writes beside
    another needs one of his own.
    """

    def __init__(
        self, slot: str, camera: str, journal: Journal, clock: Clock, step: StepHook = pass_by
    ) -> None:
        self._slot = slot
        self._camera = camera
        self._journal = journal
        self._clock = clock
        self._step = step
        self._folders = Folders()

    def open(self, volume: str, at: datetime, head: Head, first: Piece) -> "OpenFragment":
        """Make a file named after `at`, under a name that nobody has, and write the first piece.

        Raises OSError, sqlite3.Error; what was made then waits for `adopt`.
        """
        base = self._journal.file_path(volume, "video").parent
        for later in range(NAMES_TRIED):  # a clock that stepped back meets its own names
            wall = at + timedelta(seconds=later)
            path = fragment_path(self._camera, wall)
            tomorrow = fragment_path(self._camera, wall + timedelta(days=1))
            for each in (path, tomorrow):
                self._folders.ready(base, PurePosixPath(each).parent)
            if (base / path).exists():
                continue
            self._intend({"volume": volume, "path": path, "began_at": at.isoformat()})
            try:
                file = os.open(base / path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)
            except FileExistsError:
                continue
            self._step(RecordStep.FILE_MADE)
            try:
                os.fchmod(file, FILE_MODE)
                sync_folder((base / path).parent)
                self._step(RecordStep.FOLDER_SYNCED)
                made = OpenFragment(
                    file,
                    volume=volume,
                    path=path,
                    head=head,
                    start=first.start,
                    clock=self._clock,
                    step=self._step,
                )
                made.begin(head, first)
            except BaseException:
                os.close(file)
                raise
            return made
        raise NoName(f"every name after {path} is taken")

    def close(self, fragment: "OpenFragment", began_at: datetime) -> Fragment:
        """Sync a file and make it known.

        Raises OSError, sqlite3.Error; the file then waits for `adopt`.
        """
        fragment.finish()
        self._step(RecordStep.FILE_SYNCED)
        known = Fragment(
            self._camera,
            began_at,
            fragment.seconds,
            fragment.volume,
            fragment.path,
            fragment.bytes,
        )
        self._know(known)
        return known

    def adopt(self, volumes: Volumes) -> Fragment | None:
        """Make known what an earlier run left behind; the fragment, if there was one that plays.

        Raises sqlite3.Error, and OSError when the disk fails. Then the file stays to be found by
        `gatehouse storage check`, for a dead disk must not keep the next one from a good disk.
        """
        text = self._journal.recall(self._slot)
        if text is None:
            return None
        said = json.loads(text)
        volume, path = said["volume"], said["path"]
        fragment = None
        try:
            trouble = volumes.trouble(volume)
            if trouble is None:
                fragment = self._mended(volume, path, datetime.fromisoformat(said["began_at"]))
            else:
                log.warning("%s:%s stays as it is: %s", volume, path, trouble)
        finally:
            if fragment is None:
                self._journal.remember(self._slot, None)
        if fragment is not None:
            self._know(fragment)
        return fragment

    def _mended(self, volume: str, path: str, began_at: datetime) -> Fragment | None:
        """The file with its true length. An empty one is taken away; one with a row is known: the
        crash came between the row and forgetting."""
        file = self._journal.file_path(volume, path)
        if not file.is_file() or self._journal.video().knows(volume, path):
            return None
        film = look_into(file)
        if film is None or not film.places:
            file.unlink()
            sync_folder(file.parent)
            return None
        with file.open("r+b") as opened:
            opened.truncate(film.whole)
            os.fsync(opened.fileno())
        sync_folder(file.parent)
        return Fragment(self._camera, began_at, film.seconds, volume, path, film.whole)

    def _intend(self, said: dict[str, str]) -> None:
        self._journal.remember(self._slot, json.dumps(said))
        self._step(RecordStep.INTENDED)

    def _know(self, fragment: Fragment) -> None:
        try:
            self._journal.video().add_fragment(fragment)
        except sqlite3.IntegrityError:
            # `storage check` took it up while it was being written; the next check mends its size.
            log.warning("%s:%s has a row already", fragment.volume, fragment.path)
        self._step(RecordStep.ROW_ADDED)
        self._journal.remember(self._slot, None)
        self._step(RecordStep.FORGOTTEN)


class OpenFragment:
    """A file that is being written, by a Pen."""

    def __init__(
        self,
        file: int,
        *,
        volume: str,
        path: str,
        head: Head,
        start: int,
        clock: Clock,
        step: StepHook,
    ) -> None:
        self.volume = volume
        self.path = path
        self.bytes = 0
        self._file = file
        self._timescale = head.timescale
        self.start = self._end = start
        self._clock = clock
        self._step = step
        self._synced = clock.monotonic()

    @property
    def seconds(self) -> float:
        """How long it plays so far."""
        return (self._end - self.start) / self._timescale

    def begin(self, head: Head, first: Piece) -> None:
        """Write the head and the first piece."""
        self._append(head.data)
        self.add(first)

    def add(self, piece: Piece) -> None:
        """Write a piece; raises OSError, and then it is no part of the file."""
        self._append(piece.at(max(0, piece.start - self.start)))
        self._end = piece.end
        self._step(RecordStep.PIECE_WRITTEN)
        if self._clock.monotonic() - self._synced > SYNC_SECONDS:
            os.fdatasync(self._file)
            self._synced = self._clock.monotonic()

    def finish(self) -> None:
        """Put it on the disk, and let go of it. Raises OSError."""
        try:
            os.ftruncate(self._file, self.bytes)  # what found no room whole is no part of it
            os.fsync(self._file)
        finally:
            os.close(self._file)

    def _append(self, data: bytes) -> None:
        view, done = memoryview(data), 0
        try:
            while done < len(view):
                done += os.pwrite(self._file, view[done:], self.bytes + done)
        except OSError as error:
            error.add_note(f"{self.volume}:{self.path}")  # the system does not say where
            raise
        self.bytes += done
