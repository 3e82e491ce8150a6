"""Files by kind and age, and taking the oldest away: rows first, files after (docs/durability.md).

A row's deletion and the note that its file is to be unlinked are one transaction. The file goes
afterwards, and the note last, so a crash anywhere leaves either the row, or the note, or neither
row nor file. Passages are never deleted: of a passage only the photos go, and a removal in the
chain says so.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlite_utils import Database

from appliance.clock import Clock
from appliance.guideline.retention import Kind
from appliance.profile.storage import ROOT
from appliance.runtime.journal.chain import add_link, photo_rows
from appliance.runtime.journal.database import Row, insert, row, rows, writing
from appliance.runtime.journal.moments import from_text, to_text
from appliance.runtime.journal.notes import add_note

Place = tuple[str, str]
"""A file: its volume and its path below it."""


@dataclass(frozen=True, slots=True)
class _Shelf:
    """How a kind lies in its table; `free` is which rows may be taken, of those that are `its`."""

    table: str
    key: str
    moment: str
    volume: str
    its: str = "1"
    free: str = "1"


# A photo that the platform still waits for is kept, however old (nothing is given up).
_UNSENT = (
    "NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.passage_id = photo_shelf.passage_id "
    "AND outbox.state IN ('waiting', 'aside'))"
)
_SHELVES = {
    Kind.PHOTOS: _Shelf("photo_shelf", "passage_id", "passed_at", f"'{ROOT}'", free=_UNSENT),
    Kind.CLIPS: _Shelf("clips", "id", "began_at", "volume"),
    Kind.VIDEO: _Shelf("fragments", "id", "began_at", "volume", "kind = 'video'"),
    Kind.SMOKE: _Shelf("fragments", "id", "began_at", "volume", "kind = 'smoke'"),
}
SWEPT = tuple(_SHELVES)
"""The kinds that are ever deleted."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch whose rows are gone: how much, of when, and the files that must go now."""

    items: int
    bytes: int
    oldest: datetime
    newest: datetime
    files: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class EarlyDeletion:
    """满覆盖 within the term: a compliance event (4.4.1-5)."""

    at: datetime
    kind: Kind
    volume: str
    items: int
    bytes: int
    oldest: datetime
    newest: datetime
    kept_days: int


@dataclass(frozen=True, slots=True)
class Removal:
    """Why and when the policy deleted a passage's photos."""

    at: datetime
    why: Literal["term", "overwrite"]
    kept_days: int


class Shelves:
    """A part of the journal: what the sweeper asks and does."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def count_before(self, kind: Kind, before: datetime) -> int:
        """How many items of a kind are older; costs what it counts."""
        return self._number(
            "SELECT count(*) AS n FROM {table} WHERE {moment} < :before AND {its} AND {free}",
            kind,
            {"before": to_text(before)},
        )

    def has_as_many_since(self, kind: Kind, since: datetime, count: int) -> bool:
        """Whether at least `count` items of a kind are not older; looks at no more than those."""
        found = self._number(
            "SELECT count(*) AS n FROM (SELECT 1 FROM {table} WHERE {moment} >= :since "
            "AND {its} LIMIT :count)",
            kind,
            {"since": to_text(since), "count": count},
        )
        return found >= count

    def oldest(self, kind: Kind, volume: str | None = None) -> datetime | None:
        """Of when the oldest item is, on one volume or anywhere."""
        return self._end("min", kind, volume)

    def newest(self, kind: Kind, volume: str | None = None) -> datetime | None:
        """Of when the newest item is."""
        return self._end("max", kind, volume)

    def bytes_since(self, kind: Kind, volume: str, since: datetime) -> int:
        """How many bytes of a kind came to a volume since then."""
        return self._number(
            "SELECT coalesce(sum(bytes), 0) AS n FROM {table} WHERE {volume} = :volume "
            "AND {moment} >= :since AND {its}",
            kind,
            {"since": to_text(since), "volume": volume},
        )

    def volumes(self) -> frozenset[str]:
        """Every volume that a row names."""
        found: set[str] = {ROOT} if self.oldest(Kind.PHOTOS) else set()
        for table in ("fragments WHERE kind = 'video'", "fragments WHERE kind = 'smoke'", "clips"):
            joint = "AND" if "WHERE" in table else "WHERE"
            volume = ""
            while nearest := row(
                self._database,
                f"SELECT min(volume) AS v FROM {table} {joint} volume > :v",  # noqa: S608
                {"v": volume},
            ):
                if nearest["v"] is None:
                    break
                volume = nearest["v"]
                found.add(volume)
        return frozenset(found)

    def last_written(self) -> datetime | None:
        """When the passage or fragment that was written last was written: the journal's own
        witness of the time. By order of writing, not by time, so that rows from a wrong future
        count no longer once the clock is right."""
        found = row(
            self._database,
            "SELECT max(at) AS at FROM (SELECT recorded_at AS at FROM passages WHERE id = "
            "(SELECT max(id) FROM passages) UNION ALL SELECT began_at FROM fragments WHERE id = "
            "(SELECT max(id) FROM fragments))",
        )
        return from_text(found["at"]) if found and found["at"] else None

    def take(
        self,
        kind: Kind,
        *,
        before: datetime,
        volumes: Collection[str],
        limit: int,
        kept_days: int,
        early: bool = False,
        bytes_wanted: int | None = None,
    ) -> Taken | None:
        """Delete the rows of the oldest items and note their files as to be unlinked; None when
        there are none. One transaction.

        At most `limit` items older than `before` on `volumes`, and no more than it takes to free
        `bytes_wanted`. `early` says that `kept_days` are not over: each such batch is kept as an
        EarlyDeletion and an event.
        """
        chosen: list[Row] = []
        with writing(self._database):
            chosen = self._choose(kind, before, volumes, limit, bytes_wanted)
            if not chosen:
                return None
            taken = self._unshelve(kind, chosen, kept_days, early)
            for volume, path in taken.files:
                self._database.execute(
                    "INSERT OR IGNORE INTO unlinking VALUES (:volume, :path)",
                    {"volume": volume, "path": path},
                )
            if early:
                self._confess(kind, chosen[0]["volume"], taken, kept_days)
        return taken

    def unlinking(
        self, volumes: Collection[str], limit: int, after: Place = ("", "")
    ) -> tuple[Place, ...]:
        """Files whose rows are gone and that are yet to go, in order; never one that a row
        names. `after` goes on behind one that would not go."""
        on, values = _on("volume", volumes)
        found = rows(
            self._database,
            f"SELECT volume, path FROM unlinking AS u WHERE {on} "  # noqa: S608
            "AND NOT EXISTS (SELECT 1 FROM fragments f WHERE f.volume = u.volume "
            "AND f.path = u.path) AND NOT EXISTS (SELECT 1 FROM clips c "
            "WHERE c.volume = u.volume AND c.path = u.path) "
            "AND (volume, path) > (:after_volume, :after_path) "
            "ORDER BY volume, path LIMIT :limit",
            {**values, "limit": limit, "after_volume": after[0], "after_path": after[1]},
        )
        return tuple((each["volume"], each["path"]) for each in found)

    def is_unlinking(self, volume: str, path: str) -> bool:
        """Whether a file's row is gone and the file about to go."""
        found = row(
            self._database,
            "SELECT 1 AS yes FROM unlinking WHERE volume = :volume AND path = :path",
            {"volume": volume, "path": path},
        )
        return found is not None

    def forget(self, files: Iterable[Place]) -> None:
        """These files are gone, and their folders synced."""
        with writing(self._database):
            for volume, path in files:
                self._database.execute(
                    "DELETE FROM unlinking WHERE volume = :volume AND path = :path",
                    {"volume": volume, "path": path},
                )

    def early_deletions(self, limit: int) -> tuple[EarlyDeletion, ...]:
        """At most `limit` early deletions, newest first (status page, acceptance kit)."""
        found = rows(
            self._database,
            "SELECT * FROM early_deletions ORDER BY id DESC LIMIT :n",
            {"n": limit},
        )
        return tuple(
            EarlyDeletion(
                at=from_text(each["deleted_at"]),
                kind=Kind(each["kind"]),
                volume=each["volume"],
                items=each["items"],
                bytes=each["bytes"],
                oldest=from_text(each["oldest_at"]),
                newest=from_text(each["newest_at"]),
                kept_days=each["kept_days"],
            )
            for each in found
        )

    def count_early(self, since: datetime) -> int:
        """How many early deletions there were since then."""
        found = row(
            self._database,
            "SELECT count(*) AS n FROM early_deletions WHERE deleted_at > :since",
            {"since": to_text(since)},
        )
        return int(found["n"]) if found else 0

    def removal(self, passage_id: int) -> Removal | None:
        """Why a passage's photos were deleted, or None when they were not."""
        found = row(
            self._database,
            "SELECT removals.* FROM removed_photos JOIN removals ON removals.id = removal_id "
            "WHERE passage_id = :id",
            {"id": passage_id},
        )
        if found is None:
            return None
        return Removal(from_text(found["removed_at"]), found["why"], found["kept_days"])

    # How it is done

    def _choose(
        self,
        kind: Kind,
        before: datetime,
        volumes: Collection[str],
        limit: int,
        bytes_wanted: int | None,
    ) -> list[Row]:
        shelf = _SHELVES[kind]
        on, values = _on(shelf.volume, volumes)
        found = rows(
            self._database,
            f"SELECT *, {shelf.key} AS key, {shelf.moment} AS moment, {shelf.volume} AS volume "  # noqa: S608
            f"FROM {shelf.table} WHERE {on} AND {shelf.moment} < :before "
            f"AND {shelf.its} AND {shelf.free} "
            f"ORDER BY {shelf.moment}, {shelf.key} LIMIT :limit",
            {**values, "before": to_text(before), "limit": limit},
        )
        if bytes_wanted is None:
            return found
        chosen, freed = [], 0
        for each in found:
            if freed >= bytes_wanted:
                break
            chosen.append(each)
            freed += each["bytes"]
        return chosen

    def _unshelve(self, kind: Kind, chosen: list[Row], kept_days: int, early: bool) -> Taken:
        shelf = _SHELVES[kind]
        keys = [each["key"] for each in chosen]
        if kind is Kind.PHOTOS:
            files = self._remove_photos(keys, kept_days, early)
        else:
            files = [(each["volume"], each["path"]) for each in chosen]
        for key in keys:
            self._database.execute(
                f"DELETE FROM {shelf.table} WHERE {shelf.key} = :key",  # noqa: S608
                {"key": key},
            )
        return Taken(
            items=len(chosen),
            bytes=sum(each["bytes"] for each in chosen),
            oldest=from_text(chosen[0]["moment"]),
            newest=from_text(chosen[-1]["moment"]),
            files=tuple(files),
        )

    def _remove_photos(self, passages: list[int], kept_days: int, early: bool) -> list[Place]:
        """Say in the chain that these passages' photos are gone; their rows stay."""
        removal = {
            "removed_at": to_text(self._clock.now()),
            "why": "overwrite" if early else "term",
            "kept_days": kept_days,
        }
        removal_id = insert(self._database, "removals", removal)
        files: list[Place] = []
        for passage_id in passages:
            self._database.execute(
                "INSERT INTO removed_photos VALUES (:passage, :removal)",
                {"passage": passage_id, "removal": removal_id},
            )
            files += [(ROOT, photo["path"]) for photo in photo_rows(self._database, passage_id)]
        add_link(self._database, "removal", removal_id)
        return files

    def _confess(self, kind: Kind, volume: str, taken: Taken, kept_days: int) -> None:
        now = self._clock.now()
        insert(
            self._database,
            "early_deletions",
            {
                "deleted_at": to_text(now),
                "kind": kind.value,
                "volume": volume,
                "items": taken.items,
                "bytes": taken.bytes,
                "oldest_at": to_text(taken.oldest),
                "newest_at": to_text(taken.newest),
                "kept_days": kept_days,
            },
        )
        age = (now - taken.newest) // timedelta(days=1)
        add_note(
            self._database,
            now,
            "storage-early-deletion",
            f"盘满，提前删除{kind.called} {taken.items} 份（{taken.oldest:%Y-%m-%d %H:%M} 至 "
            f"{taken.newest:%Y-%m-%d %H:%M}，{taken.bytes / 1e9:.1f} GB）：只存了 {age} 天，"
            f"应存 {kept_days} 天（{kind.clause}）。",
        )

    def _end(self, which: Literal["min", "max"], kind: Kind, volume: str | None) -> datetime | None:
        shelf = _SHELVES[kind]
        order = "" if which == "min" else "DESC"
        found = row(
            self._database,
            f"SELECT {shelf.moment} AS at FROM {shelf.table} WHERE {shelf.its}"  # noqa: S608
            + (f" AND {shelf.volume} = :volume" if volume else "")
            + f" ORDER BY {shelf.moment} {order}, {shelf.key} {order} LIMIT 1",
            {"volume": volume} if volume else {},
        )
        return from_text(found["at"]) if found else None

    def _number(self, sql: str, kind: Kind, values: dict[str, object]) -> int:
        shelf = _SHELVES[kind]
        text = sql.format(
            table=shelf.table,
            moment=shelf.moment,
            volume=shelf.volume,
            its=shelf.its,
            free=shelf.free,
        )
        found = row(self._database, text, values)
        return int(found["n"]) if found else 0


def _on(column: str, volumes: Collection[str]) -> tuple[str, dict[str, object]]:
    """Which volumes, as SQL with its values; one alone is what an index can begin with."""
    if len(volumes) == 1:
        return f"{column} = :volume", {"volume": next(iter(volumes))}
    listed = json.dumps(sorted(volumes))
    return f"{column} IN (SELECT value FROM json_each(:volumes))", {"volumes": listed}  # noqa: S608
