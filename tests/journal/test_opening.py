"""Opening: new, older, newer and foreign files; settings; permissions."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.runtime.journal import (
    Journal,
    JournalMissing,
    JournalTooNew,
    JournalTooOld,
    NotAJournal,
)
from appliance.runtime.journal.database import configure, connect
from appliance.runtime.journal.migrations import APPLICATION_ID, MIGRATIONS, check, migrate

from .samples import HandClock, passage


def raw(root: Path) -> sqlite3.Connection:
    return sqlite3.connect(root / "journal.sqlite3", isolation_level=None)


def applied(root: Path) -> list[tuple[str, str]]:
    connection = raw(root)
    try:
        return connection.execute("SELECT name, applied_at FROM migrations").fetchall()
    finally:
        connection.close()


def test_a_new_journal_records_each_migration_with_its_moment(root, journal):
    assert applied(root) == [
        (name, "2026-11-24T12:00:00.123000+08:00")
        for name in (
            "passages_and_photos",
            "corrections",
            "outbox",
            "chain",
            "vehicles",
            "heartbeats_and_events",
            "uplink_statistics",
            "packet_qns",
            "live_and_backfill",
            "remembered",
            "seen_and_review",
            "files_on_disk",
            "removals",
            "clip_codec",
        )
    ]


def test_opening_again_changes_nothing_and_keeps_what_was_recorded(root, clock):
    with Journal.open(root, clock) as journal:
        recorded, _ = journal.record(passage())
    before = applied(root)
    clock.sleep(60)
    with Journal.open(root, clock) as journal:
        assert journal.passage(recorded.id) == recorded
    assert applied(root) == before


@pytest.mark.parametrize("stage", range(len(MIGRATIONS)))
def test_a_journal_of_any_earlier_stage_is_brought_up_to_date(root, clock, stage):
    root.mkdir()
    (root / "journal.sqlite3").touch()
    database = connect(root / "journal.sqlite3", readonly=False)
    migrate(database, clock, MIGRATIONS[:stage])
    database.close()
    with Journal.open(root, clock) as journal:
        assert journal.record(passage())[1]
    assert len(applied(root)) == len(MIGRATIONS)


def test_a_migration_that_fails_leaves_nothing_of_itself(root, clock):
    def half_a_step(database):
        database.execute("CREATE TABLE half (id INTEGER)")
        raise RuntimeError("power cut")

    root.mkdir()
    (root / "journal.sqlite3").touch()
    database = connect(root / "journal.sqlite3", readonly=False)
    with pytest.raises(RuntimeError, match="power cut"):
        migrate(database, clock, (*MIGRATIONS, half_a_step))
    assert "half" not in database.table_names()
    assert check(database) == []
    database.close()


def test_a_journal_of_a_newer_release_is_refused_with_what_to_do(root, clock):
    Journal.open(root, clock).close()
    connection = raw(root)
    connection.execute("INSERT INTO migrations VALUES ('ledgers', '2027-01-01')")
    connection.close()
    for readonly in (False, True):
        with pytest.raises(JournalTooNew, match=r"ledgers.*请安装该版本或更新的版本"):
            Journal.open(root, clock, readonly=readonly)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE passages (id INTEGER)",
        f"PRAGMA application_id = {APPLICATION_ID}; CREATE TABLE gate (id INTEGER)",
        f"PRAGMA application_id = {APPLICATION_ID};"
        "CREATE TABLE migrations (name TEXT, applied_at TEXT)",
    ],
    ids=["passages without migrations", "ours without migrations", "no migration applied"],
)
def test_a_journal_before_the_first_migration_is_refused_and_left_alone(root, clock, sql):
    root.mkdir()
    connection = raw(root)
    connection.executescript(sql)
    connection.close()
    before = (root / "journal.sqlite3").read_bytes()
    with pytest.raises(JournalTooOld, match=r"早于.*妥善保存"):
        Journal.open(root, clock)
    assert (root / "journal.sqlite3").read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(root, clock):
    root.mkdir()
    (root / "journal.sqlite3").write_bytes(b"notes about the gate\n" * 100)
    with pytest.raises(NotAJournal, match="不是 gatehouse 的记录库"):
        Journal.open(root, clock)
    assert (root / "journal.sqlite3").read_bytes() == b"notes about the gate\n" * 100


@pytest.mark.parametrize("table", ["bookmarks", "migrations"])
def test_the_database_of_another_program_is_refused_and_left_alone(root, clock, table):
    root.mkdir()
    connection = raw(root)
    connection.execute(f"CREATE TABLE {table} (name TEXT, applied_at TEXT)")
    connection.close()
    before = (root / "journal.sqlite3").read_bytes()
    with pytest.raises(NotAJournal, match="请核对站点配置中的数据目录"):
        Journal.open(root, clock)
    assert (root / "journal.sqlite3").read_bytes() == before


def test_a_reader_makes_no_journal(root, clock):
    with pytest.raises(JournalMissing, match="还没有记录库"):
        Journal.open(root, clock, readonly=True)
    assert not root.exists()


def test_a_reader_raises_rather_than_migrates(root, clock):
    root.mkdir()
    (root / "journal.sqlite3").touch()
    database = connect(root / "journal.sqlite3", readonly=False)
    migrate(database, clock, MIGRATIONS[:2])
    database.close()
    with pytest.raises(JournalTooOld, match=r"尚未升级.*outbox.*请先启动"):
        Journal.open(root, clock, readonly=True)
    assert len(applied(root)) == 2


def test_a_reader_reads_and_cannot_write(root, clock, journal):
    recorded, _ = journal.record(passage())
    with Journal.open(root, clock, readonly=True) as reader:
        assert reader.passage(recorded.id) == recorded
        assert reader.verify().fault is None
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.note("test", "写入")


def test_every_connection_syncs_each_commit_and_heeds_foreign_keys(root, clock, journal):
    database = connect(root / "journal.sqlite3", readonly=False)
    configure(database)
    for pragma, value in (("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 15_000)):
        assert database.execute(f"PRAGMA {pragma}").fetchone() == (value,)
    assert database.journal_mode == "wal"
    database.close()
    assert journal._database.execute("PRAGMA synchronous").fetchone() == (2,)
    assert journal._database.execute("PRAGMA foreign_keys").fetchone() == (1,)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_others_may_read_neither_journal_nor_photos_whatever_the_umask(root, clock, umask):
    earlier = os.umask(umask)
    try:
        with Journal.open(root, clock) as journal:
            recorded, _ = journal.record(passage())
            photo = journal.photo_path(recorded.photos[0])
            files = [*root.glob("journal.sqlite3*"), photo]
            folders = [root, *list(photo.parents)[:3]]
            assert len(files) == 4
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o640}
            assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o750}
    finally:
        os.umask(earlier)


@pytest.mark.slow
def test_processes_that_open_a_new_journal_at_once_all_succeed(root):
    program = (
        "import sys; from pathlib import Path; from appliance.clock import SystemClock;"
        "from appliance.runtime.journal import Journal; sys.stdin.read(1);"
        "[Journal.open(Path(sys.argv[1]) / str(n), SystemClock()).close() for n in range(5)]"
    )
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", program, root], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for opener in openers:
        opener.stdin.write(b"\n")
        opener.stdin.close()
        opener.stdin = None
    for opener in openers:
        assert opener.communicate(timeout=30) == (None, b"")
        assert opener.returncode == 0
    for number in range(5):
        assert len(applied(root / str(number))) == len(MIGRATIONS)


def test_a_closed_journal_may_be_closed_again(root):
    with Journal.open(root, HandClock()) as journal:
        pass
    journal.close()
