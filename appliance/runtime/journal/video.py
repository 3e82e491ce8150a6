"""Rows of video: the fragments of a camera, and the clip of a passage (4.3-1, 4.5.3-3).

A file's place is its volume (`root` or a mount) and its path below it; the row is written when
the file is whole and synced. Neither is in the chain: a clip has its SHA-256, a fragment its size.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from sqlite_utils import Database

from appliance.clock import BEIJING
from appliance.guideline.retention import Kind
from appliance.runtime.journal.database import Row, insert, row, rows, writing
from appliance.runtime.journal.moments import from_text, to_text

FOLDER = "video"
LONGEST = timedelta(minutes=10)
"""No fragment is longer; it bounds how far back one that is still running can have begun."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """About a minute of one camera, as it lies on the disk. `kind` is VIDEO or SMOKE."""

    camera: str
    began_at: datetime
    seconds: float
    volume: str
    path: str
    bytes: int
    kind: Kind = Kind.VIDEO

    @property
    def ended_at(self) -> datetime:
        """When its last picture was taken."""
        return self.began_at + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Clip:
    """The video of one passage; `codec` is `h264` or `h265`."""

    passage_id: int
    camera: str
    began_at: datetime
    seconds: float
    volume: str
    path: str
    sha256: str
    bytes: int
    codec: str = "h264"


@dataclass(frozen=True, slots=True)
class Clipless:
    """A passage that has no clip."""

    passage_id: int
    entrance: str
    barrier: str
    passed_at: datetime


@dataclass(frozen=True, slots=True)
class Traffic:
    """Passages a day, and the mean bytes of a passage's photos and clips (None: none yet)."""

    passages_per_day: float
    photo_bytes: float | None
    clip_bytes: float | None


def fragment_path(camera: str, began_at: datetime) -> str:
    """`video/YYYY-MM-DD/CAMERA/HHMMSS.mp4`, in Beijing time (按日期保存, 4.4.5-2)."""
    at = began_at.astimezone(BEIJING)
    return f"{FOLDER}/{at:%Y-%m-%d}/{camera}/{at:%H%M%S}.mp4"


class VideoRows:
    """What is known of video; a part of the journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_fragment(self, fragment: Fragment) -> int:
        """Know a fragment whose file is whole and synced; returns its number.

        Raises ValueError for a path that is not below its volume, sqlite3.IntegrityError for one
        that is known already.
        """
        return self._add("fragments", _fragment_row(fragment))

    def add_fragments(self, fragments: Iterable[Fragment]) -> None:
        """Several in one transaction; raises as `add_fragment`, and then adds none."""
        with writing(self._database):
            for fragment in fragments:
                self._insert("fragments", _fragment_row(fragment))

    def add_clip(self, clip: Clip) -> int:
        """Know a passage's clip whose file is whole and synced; raises as `add_fragment`."""
        return self._add(
            "clips",
            {
                "passage_id": clip.passage_id,
                "camera": clip.camera,
                "began_at": to_text(clip.began_at),
                "seconds": clip.seconds,
                "volume": clip.volume,
                "path": _below(clip.path),
                "sha256": clip.sha256,
                "bytes": clip.bytes,
                "codec": clip.codec,
            },
        )

    def _add(self, table: str, values: Row) -> int:
        with writing(self._database):
            return self._insert(table, values)

    def _insert(self, table: str, values: Row) -> int:
        # A file made anew under a name that is about to be unlinked must stay.
        self._database.execute(
            "DELETE FROM unlinking WHERE volume = :volume AND path = :path",
            {"volume": values["volume"], "path": values["path"]},
        )
        return insert(self._database, table, values)

    def fragments_between(
        self, camera: str, begin: datetime, end: datetime
    ) -> tuple[Fragment, ...]:
        """Every fragment of a camera that has a picture of that time, oldest first."""
        found = rows(
            self._database,
            "SELECT * FROM fragments WHERE camera = :camera AND began_at > :from_ "
            "AND began_at < :end ORDER BY began_at, id",
            {"camera": camera, "from_": to_text(begin - LONGEST), "end": to_text(end)},
        )
        return tuple(one for one in map(_fragment, found) if one.ended_at > begin)

    def knows(self, volume: str, path: str) -> bool:
        """Whether a fragment has its row."""
        return bool(
            row(
                self._database,
                "SELECT 1 FROM fragments WHERE volume = :volume AND path = :path",
                {"volume": volume, "path": path},
            )
        )

    def gaps(
        self, camera: str, begin: datetime, end: datetime, least: timedelta
    ) -> tuple[tuple[datetime, datetime], ...]:
        """The spans of that time, of at least `least`, of which there is no video; oldest first."""
        found, reached = [], begin
        for fragment in self.fragments_between(camera, begin, end):
            if fragment.began_at - reached >= least:
                found.append((reached, fragment.began_at))
            reached = max(reached, fragment.ended_at)
        if end - reached >= least:
            found.append((reached, end))
        return tuple(found)

    def newest_fragment(self, camera: str) -> Fragment | None:
        """The last fragment of a camera by time, or None."""
        found = row(
            self._database,
            "SELECT * FROM fragments WHERE camera = :camera "
            "ORDER BY began_at DESC, id DESC LIMIT 1",
            {"camera": camera},
        )
        return _fragment(found) if found else None

    def clips(self, passage_id: int) -> tuple[Clip, ...]:
        """A passage's clips, oldest first."""
        found = rows(
            self._database,
            "SELECT * FROM clips WHERE passage_id = :id ORDER BY began_at, id",
            {"id": passage_id},
        )
        return tuple(_clip(each) for each in found)

    def without_clip(self, since: datetime) -> tuple[Clipless, ...]:
        """Passages since then that have no clip, oldest first."""
        found = rows(
            self._database,
            "SELECT id, entrance, barrier, passed_at FROM passages WHERE passed_at >= :since "
            "AND NOT EXISTS (SELECT 1 FROM clips WHERE clips.passage_id = passages.id) "
            "ORDER BY passed_at, id",
            {"since": to_text(since)},
        )
        return tuple(
            Clipless(each["id"], each["entrance"], each["barrier"], from_text(each["passed_at"]))
            for each in found
        )

    def bitrates(self, since: datetime) -> dict[str, float]:
        """Mbit/s by camera over what was recorded since then; cameras of under an hour left out."""
        found = rows(
            self._database,
            "SELECT camera, sum(bytes) AS bytes, sum(seconds) AS seconds FROM fragments "
            "WHERE kind = 'video' AND began_at >= :since GROUP BY camera",
            {"since": to_text(since)},
        )
        return {
            each["camera"]: each["bytes"] * 8 / each["seconds"] / 1e6
            for each in found
            if each["seconds"] >= 3600
        }

    def traffic(self, since: datetime, now: datetime) -> Traffic | None:
        """What passages came to since then; None for less than a day's worth."""
        found = row(
            self._database,
            "SELECT count(*) AS n, min(passed_at) AS first, (SELECT avg(bytes) FROM photo_shelf "
            "WHERE passed_at >= :since) AS photo, (SELECT avg(bytes) FROM clips "
            "WHERE began_at >= :since) AS clip FROM passages WHERE passed_at >= :since",
            {"since": to_text(since)},
        )
        if not found or not found["n"]:
            return None
        days = (now - from_text(found["first"])) / timedelta(days=1)
        return Traffic(found["n"] / days, found["photo"], found["clip"]) if days >= 1 else None


def _fragment_row(fragment: Fragment) -> Row:
    return {
        "kind": fragment.kind.value,
        "camera": fragment.camera,
        "began_at": to_text(fragment.began_at),
        "seconds": fragment.seconds,
        "volume": fragment.volume,
        "path": _below(fragment.path),
        "bytes": fragment.bytes,
    }


def _below(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or str(pure) != path:
        raise ValueError(f"not a path below a volume: {path!r}")
    return path


def _fragment(found: Row) -> Fragment:
    return Fragment(
        camera=found["camera"],
        began_at=from_text(found["began_at"]),
        seconds=found["seconds"],
        volume=found["volume"],
        path=found["path"],
        bytes=found["bytes"],
        kind=Kind(found["kind"]),
    )


def _clip(found: Row) -> Clip:
    return Clip(
        passage_id=found["passage_id"],
        camera=found["camera"],
        began_at=from_text(found["began_at"]),
        seconds=found["seconds"],
        volume=found["volume"],
        path=found["path"],
        sha256=found["sha256"],
        bytes=found["bytes"],
        codec=found["codec"],
    )
