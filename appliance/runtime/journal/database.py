"""One connection to the journal's file: its settings, and how every write takes its turn.

Lanes, uplink, web and command line share the file. WAL lets readers go on while one writes;
`synchronous=FULL` makes a commit mean "on the disk"; the busy time-out is how long a writer
queues behind the others before `sqlite3.OperationalError: database is locked`.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlite_utils import Database

Row = dict[str, Any]

FILE_NAME = "journal.sqlite3"
FILE_MODE = 0o640
FOLDER_MODE = 0o750
BUSY_SECONDS = 15


def connect(path: Path, *, readonly: bool) -> Database:
    """Connect to an existing file, reading nothing yet, for it may be anybody's.

    Raises sqlite3.OperationalError when it cannot be opened.
    """
    mode = "ro" if readonly else "rw"
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        # The driver would begin transactions of its own, and deferred ones; see `writing`.
        isolation_level=None,
        timeout=BUSY_SECONDS,
    )
    return Database(connection, recursive_triggers=False, execute_plugins=False)


def configure(database: Database) -> None:
    """Set what SQLite keeps by connection, not in the file."""
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA foreign_keys = ON")


@contextmanager
def writing(database: Database) -> Iterator[None]:
    """One write transaction: committed whole at the end, or rolled back by any exception.

    BEGIN IMMEDIATE, because a deferred transaction that reads first and writes later is refused
    at once (SQLITE_BUSY_SNAPSHOT) when another process wrote in between; this one queues.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.rollback()
        raise
    try:
        database.commit()
    except BaseException:
        database.rollback()
        raise


@contextmanager
def reading(database: Database) -> Iterator[None]:
    """Several reads that see one and the same state of the file."""
    database.execute("BEGIN")
    try:
        yield
    finally:
        database.rollback()


def rows(database: Database, sql: str, values: Mapping[str, object] | None = None) -> list[Row]:
    """All rows a query gives."""
    return list(database.query(sql, dict(values or {})))


def row(database: Database, sql: str, values: Mapping[str, object] | None = None) -> Row | None:
    """The first row a query gives, or None."""
    found = rows(database, sql, values)
    return found[0] if found else None


def insert(database: Database, table: str, values: Mapping[str, object]) -> int:
    """Insert a row into a table with an integer key; returns the key."""
    key = database.table(table).insert(dict(values)).last_pk
    if key is None:
        raise LookupError(f"no key for a row of {table}")
    return int(key)


def make_file(path: Path) -> None:
    """Make an empty database file (0640) if there is none, so that it survives a power cut.

    SQLite gives its -wal and -shm files the mode of the database file.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)
    except FileExistsError:
        return
    try:
        os.fchmod(descriptor, FILE_MODE)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder (0750) unless it is there; two processes may do so at once."""
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        return
    folder.chmod(FOLDER_MODE)  # whatever the umask took away


def sync_folder(folder: Path) -> None:
    """Put a folder's list of names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
