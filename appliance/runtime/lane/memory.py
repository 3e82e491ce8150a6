"""What a lane process must remember over its own death: an unfinished visit, the empty lane.

Neither is a record, so neither is in the journal. The visit's beginning makes the passage's key:
a process that is killed after the passage was committed finds the truck still standing, reads it
again under the same key, and the journal answers that it has it already.
"""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
        self._snapshot = snapshot_path(root, barrier)

    def remember_visit(self, began_at: datetime | None) -> None:
        """Keep the beginning of the visit under way; None when it has ended."""
        if began_at is None:
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

    def remember_snapshot(self, jpeg: bytes) -> None:
        """Keep the lane's present picture for the status page."""
        _replace(self._snapshot, jpeg)

    def remember_empty(self, empty: NDArray[np.float32]) -> None:
        """Keep how the empty lane looks."""
        part = self._empty.with_suffix(".part.npy")
        np.save(part, empty, allow_pickle=False)
        part.replace(self._empty)

    def empty_lane(self) -> NDArray[np.float32] | None:
        """How the empty lane looked to an earlier run, or None."""
        try:
            kept = np.load(self._empty, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return kept if kept.ndim == 2 and kept.dtype == np.float32 else None


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never half."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)
