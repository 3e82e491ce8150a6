"""What a lane process must remember over its own death: an unfinished visit, the empty lane.

Neither is a record, so neither is in the journal. The visit's beginning makes the passage's key:
a process that is killed after the passage was committed finds the truck still standing, reads it
again under the same key, and the journal answers that it has it already.
"""

import contextlib
import io
import json
import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.runtime.vision.picture import OUTLINES
from appliance.runtime.vision.presence import HEIGHT, WIDTH

log = logging.getLogger(__name__)

STALE = timedelta(minutes=5)
"""A visit that began longer ago is not the vehicle that stands there now."""


def snapshot_path(root: Path, barrier: str) -> Path:
    """Where a lane's present picture lies."""
    return root / "lanes" / f"{barrier}.jpg"


class LaneMemory:
    """A few small files below `root/lanes`."""

    def __init__(self, root: Path, barrier: str) -> None:
        folder = root / "lanes"
        folder.mkdir(parents=True, exist_ok=True)
        self._visit = folder / f"{barrier}-visit.json"
        self._empty = folder / f"{barrier}-empty.npy"
        self._view = folder / f"{barrier}-view.npy"
        self._accepted = folder / f"{barrier}-view-accepted"
        self._raised = folder / f"{barrier}-raised"
        self._snapshot = snapshot_path(root, barrier)

    def remember_visit(self, began_at: datetime | None) -> None:
        """Keep the beginning of the visit under way; None when it has ended."""
        if began_at is None:
            with contextlib.suppress(OSError):
                self._visit.unlink(missing_ok=True)
        else:
            _replace(self._visit, json.dumps({"began_at": began_at.isoformat()}).encode())

    def unfinished_visit(self, now: datetime) -> datetime | None:
        """The beginning of the visit that an earlier run left, when it may still be going on."""
        try:
            began_at = datetime.fromisoformat(json.loads(self._visit.read_bytes())["began_at"])
            return began_at if timedelta(0) <= now - began_at <= STALE else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember_raised(self, passage_id: int) -> None:
        """Keep for which passage the bar last went up."""
        _replace(self._raised, str(passage_id).encode())

    def last_raised(self) -> int | None:
        """The passage for which the bar last went up, or None."""
        try:
            return int(self._raised.read_bytes())
        except (OSError, ValueError):
            return None

    def remember_snapshot(self, jpeg: bytes) -> None:
        """Keep the lane's present picture for the status page."""
        _replace(self._snapshot, jpeg)

    def remember_empty(self, empty: NDArray[np.float32]) -> None:
        """Keep how the empty lane looks."""
        _keep(self._empty, empty)

    def empty_lane(self) -> NDArray[np.float32] | None:
        """How the empty lane looked to an earlier run, or None."""
        return _kept(self._empty, (3, HEIGHT, WIDTH))

    def remember_view(self, outlines: NDArray[np.float32]) -> None:
        """Keep the outlines of the place that the camera shows."""
        _keep(self._view, outlines)

    def known_view(self) -> NDArray[np.float32] | None:
        """The outlines of the place that the camera showed to an earlier run, or None."""
        return _kept(self._view, OUTLINES[::-1])

    def accept_view(self) -> None:
        """Tell the running lane that the camera's present view is the right one; raises OSError."""
        self._accepted.touch()

    def view_accepted(self) -> bool:
        """Whether somebody said so since this was last asked."""
        try:
            self._accepted.unlink()
        except OSError:
            return False
        return True


def _keep(path: Path, array: NDArray[np.float32]) -> None:
    packed = io.BytesIO()
    np.save(packed, array, allow_pickle=False)
    _replace(path, packed.getvalue())


def _kept(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    try:
        kept = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return kept if kept.shape == shape and kept.dtype == np.float32 else None


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never half.

    A full disk is no reason to stop the gate: these files are a help, the journal is the record.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as trouble:
        log.warning("%s is not kept: %s", path.name, trouble)
