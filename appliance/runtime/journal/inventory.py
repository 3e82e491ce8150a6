"""Which files a day should have, by what the rows say; for `gatehouse storage check`."""

from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database

from appliance.clock import Clock
from appliance.profile.storage import ROOT
from appliance.runtime.journal.database import row, rows, writing
from appliance.runtime.journal.notes import add_note

Table = Literal["photos", "clips", "fragments"]


@dataclass(frozen=True, slots=True)
class Known:
    """A file that a row names. `expected` is False for a photo that the policy deleted."""

    table: Table
    volume: str
    path: str
    bytes: int
    expected: bool = True

    @property
    def mendable(self) -> bool:
        """Whether its row may be changed: those of photos are in the chain, and a clip has the
        hash of what it was."""
        return self.table == "fragments"


class Inventory:
    """A part of the journal."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def days(self, volume: str, folder: str) -> list[str]:
        """The days (YYYY-MM-DD) of which rows name files below a folder of a volume."""
        found, after = [], f"{folder}/"
        while (nearest := self._next(volume, folder, after)) is not None:
            day = nearest[len(folder) + 1 :].split("/", 1)[0]
            found.append(day)
            after = f"{folder}/{day}0"  # "0" is what follows "/"
        return found

    def files(self, volume: str, day: str) -> list[Known]:
        """What rows name below `FOLDER/DAY/`."""
        span = {"from_": f"{day}/", "end": f"{day}0", "volume": volume}
        table = _table(day)
        if table == "photos":
            if volume != ROOT:
                return []
            found = rows(
                self._database,
                "SELECT path, size AS bytes, NOT EXISTS (SELECT 1 FROM removed_photos r WHERE "
                "r.passage_id = photos.passage_id) AS expected FROM photos "
                "WHERE path >= :from_ AND path < :end",
                span,
            )
        else:
            found = rows(
                self._database,
                f"SELECT path, bytes, 1 AS expected FROM {table} "  # noqa: S608
                "WHERE volume = :volume AND path >= :from_ AND path < :end",
                span,
            )
        return [
            Known(table, volume, each["path"], each["bytes"], bool(each["expected"]))
            for each in found
        ]

    def drop(self, known: Known, why: str) -> None:
        """Forget a fragment whose file is lost; an event says so. Raises ValueError for others."""
        _must_be_mendable(known)
        with writing(self._database):
            self._database.execute(
                "DELETE FROM fragments WHERE volume = :volume AND path = :path",
                {"volume": known.volume, "path": known.path},
            )
            add_note(self._database, self._clock.now(), "storage-fragment-lost", why)

    def resize(self, known: Known, size: int, seconds: float) -> None:
        """Take a fragment as it is found. Raises ValueError for other files."""
        _must_be_mendable(known)
        with writing(self._database):
            self._database.execute(
                "UPDATE fragments SET bytes = :size, seconds = :seconds "
                "WHERE volume = :volume AND path = :path",
                {"size": size, "seconds": seconds, "volume": known.volume, "path": known.path},
            )

    def _next(self, volume: str, folder: str, after: str) -> str | None:
        values = {"after": after, "end": f"{folder}0", "volume": volume}
        table = _table(folder)
        if table == "photos":
            found = row(
                self._database,
                "SELECT min(path) AS path FROM photos WHERE path > :after AND path < :end "
                "AND :volume = 'root'",
                values,
            )
        else:
            found = row(
                self._database,
                f"SELECT min(path) AS path FROM {table} "  # noqa: S608
                "WHERE volume = :volume AND path > :after AND path < :end",
                values,
            )
        return found["path"] if found else None


def _table(path: str) -> Table:
    match path.split("/", 1)[0]:
        case "photos":
            return "photos"
        case "clips":
            return "clips"
    return "fragments"


def _must_be_mendable(known: Known) -> None:
    if not known.mendable:
        raise ValueError(f"rows of {known.table} are not changed")
