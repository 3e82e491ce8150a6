"""How the storage is, as the sweeper last said: for the status page, the lane and the recorder.

One small JSON text among what programs remember.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlite_utils import Database

from appliance.guideline.retention import Kind
from appliance.runtime.journal.moments import from_text, to_text
from appliance.runtime.journal.notes import recall, remember

NAME = "storage"


@dataclass(frozen=True, slots=True)
class VolumeState:
    """One volume. `days_left` is when it will be full (None: not to be seen, or never); `short`
    tells in Chinese what will then not have been kept long enough."""

    volume: str
    present: bool
    size: int
    free: int
    days_left: float | None = None
    short: str | None = None


@dataclass(frozen=True, slots=True)
class StorageState:
    """The sweeper's last look. `stopped` are the kinds that take nothing more in (满即停);
    `refusal` is why nothing is deleted now, in Chinese; `early` counts early deletions of the
    last 30 days."""

    at: datetime
    volumes: tuple[VolumeState, ...] = ()
    stopped: tuple[Kind, ...] = ()
    refusal: str | None = None
    early: int = 0


def read(database: Database) -> StorageState | None:
    """See `Journal.storage`."""
    text = recall(database, NAME)
    if text is None:
        return None
    said = json.loads(text)
    return StorageState(
        at=from_text(said["at"]),
        volumes=tuple(VolumeState(**each) for each in said["volumes"]),
        stopped=tuple(Kind(each) for each in said["stopped"]),
        refusal=said["refusal"],
        early=said["early"],
    )


def write(database: Database, state: StorageState) -> None:
    """See `Journal.say_storage`."""
    said = {**asdict(state), "at": to_text(state.at)}
    remember(database, NAME, json.dumps(said, ensure_ascii=False))
