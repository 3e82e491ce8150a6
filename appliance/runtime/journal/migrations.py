"""The schema, as the named steps that lead to it.

A later release appends a function here and never edits one that shipped. The chain's digests
cover every column of a record that is not NULL (see `chain`), so a migration may add nullable
columns to `passages`, `photos` and `corrections`, but never rename or rewrite one.
"""

import sqlite3
from collections.abc import Callable, Sequence

from sqlite_utils import Database

from appliance.clock import Clock
from appliance.runtime.journal.database import row, rows, writing
from appliance.runtime.journal.errors import JournalTooNew, JournalTooOld, NotAJournal
from appliance.runtime.journal.moments import to_text

# "gate" in ASCII: SQLite's header says whose file it is, even before a table is looked at.
APPLICATION_ID = 0x67617465

Migration = Callable[[Database], None]


def passages_and_photos(database: Database) -> None:
    """进出厂记录 as first written; corrections are laid over, these rows are never updated."""
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.executescript("""
        CREATE TABLE passages (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL UNIQUE,
            entrance TEXT NOT NULL,
            barrier TEXT NOT NULL,
            position TEXT NOT NULL,
            direction TEXT NOT NULL,
            passed_at TEXT NOT NULL,
            recorded_at TEXT NOT NULL,
            plate TEXT,
            plate_colour TEXT NOT NULL,
            confidence REAL NOT NULL,
            decision TEXT NOT NULL,
            rule TEXT NOT NULL,
            reason TEXT NOT NULL,
            raise_method TEXT NOT NULL,
            vehicle TEXT  -- JSON, as known when the vehicle passed
        ) STRICT;
        CREATE TABLE photos (
            passage_id INTEGER NOT NULL REFERENCES passages (id),
            number INTEGER NOT NULL,
            kind TEXT NOT NULL,
            path TEXT NOT NULL UNIQUE,
            sha256 TEXT NOT NULL,
            size INTEGER NOT NULL,
            PRIMARY KEY (passage_id, number)
        ) STRICT;
    """)


def corrections(database: Database) -> None:
    """Corrections by people (4.5.1-1, 4.5.1-10): only the fields that changed, before and after."""
    database.executescript("""
        CREATE TABLE corrections (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            passage_id INTEGER NOT NULL REFERENCES passages (id),
            corrected_at TEXT NOT NULL,
            corrected_by TEXT NOT NULL,
            why TEXT NOT NULL,
            before TEXT NOT NULL,  -- JSON
            after TEXT NOT NULL    -- JSON
        ) STRICT;
        CREATE INDEX corrections_of_passage ON corrections (passage_id);
    """)


def outbox(database: Database) -> None:
    """Messages owed to the platform, and its answers.

    The index holds unsent messages only: a year of sent ones costs the sender nothing. Queries
    must say `state <> 'done'` in so many words, or SQLite does not use it.
    """
    database.executescript("""
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            cn TEXT NOT NULL,
            qn TEXT NOT NULL UNIQUE,
            passage_id INTEGER REFERENCES passages (id),  -- NULL for messages of no passage
            payload TEXT,                                 -- JSON; NULL when a passage is the body
            state TEXT NOT NULL CHECK (state IN ('held', 'waiting', 'aside', 'done')),
            attempts INTEGER NOT NULL DEFAULT 0,
            queued_at TEXT NOT NULL,
            next_try_at TEXT NOT NULL,
            reason TEXT
        ) STRICT;
        CREATE INDEX outbox_unsent ON outbox (state, qn, next_try_at) WHERE state <> 'done';
        CREATE INDEX outbox_of_passage ON outbox (passage_id);
        CREATE TABLE receipts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            outbox_id INTEGER NOT NULL REFERENCES outbox (id),
            code INTEGER NOT NULL,
            raw TEXT NOT NULL,
            received_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX receipts_of_message ON receipts (outbox_id);
        CREATE TABLE last_qn (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            qn TEXT NOT NULL
        ) STRICT;
    """)


def chain(database: Database) -> None:
    """The chain of hashes over passages and corrections.

    AUTOINCREMENT keeps the highest number ever given apart, which shows a tail cut off.
    """
    database.executescript("""
        CREATE TABLE chain (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL CHECK (kind IN ('passage', 'correction')),
            ref INTEGER NOT NULL,
            record_digest TEXT NOT NULL,
            prev TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE,
            UNIQUE (kind, ref)
        ) STRICT;
    """)


def vehicles(database: Database) -> None:
    """车辆信息 (Table 2), by plate and colour."""
    database.executescript("""
        CREATE TABLE vehicles (
            plate TEXT NOT NULL,
            plate_colour TEXT NOT NULL,
            vin TEXT,
            registered_on TEXT,
            vehicle_type TEXT,
            model TEXT,
            fuel TEXT,
            emission_stage TEXT,
            networked INTEGER,
            use TEXT,
            fleet TEXT,
            terminal_ok INTEGER,
            PRIMARY KEY (plate, plate_colour)
        ) STRICT;
    """)


def heartbeats_and_events(database: Database) -> None:
    """What programs last said of themselves, and what else happened."""
    database.executescript("""
        CREATE TABLE heartbeats (
            program TEXT PRIMARY KEY,
            ok INTEGER NOT NULL,
            detail TEXT NOT NULL,
            beaten_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            noted_at TEXT NOT NULL,
            kind TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;
    """)


def uplink_statistics(database: Database) -> None:
    """Indexes for the books of the uplink (5.1.2, 5.1.3), which is all that they add.

    A day's passages, the positive receipts by time, and the newest event of a kind are found
    without walking through years.
    """
    database.executescript("""
        CREATE INDEX IF NOT EXISTS passages_by_time ON passages (passed_at);
        CREATE INDEX receipts_positive ON receipts (received_at) WHERE code = 1;
        CREATE INDEX events_of_kind ON events (kind);
    """)


def packet_qns(database: Database) -> None:
    """The QNs of a message's further packets; the first packet goes under the message's own."""
    database.executescript("""
        CREATE TABLE packet_qns (
            outbox_id INTEGER NOT NULL REFERENCES outbox (id),
            number INTEGER NOT NULL CHECK (number >= 2),
            qn TEXT NOT NULL UNIQUE,
            PRIMARY KEY (outbox_id, number)
        ) STRICT, WITHOUT ROWID;
    """)


def live_and_backfill(database: Database) -> None:
    """What the sender asks for: what is due, live apart from backfill, and history by its time.

    `outbox_due` gives the order as well; with `next_try_at` inside it, postponed messages are
    passed over without a look at their rows.
    """
    database.executescript("""
        ALTER TABLE outbox ADD COLUMN history INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX outbox_due ON outbox (history, queued_at, id, next_try_at)
            WHERE state = 'waiting';
        CREATE INDEX outbox_of_no_passage ON outbox (cn, payload) WHERE passage_id IS NULL;
    """)


def remembered(database: Database) -> None:
    """What a program must know again after a restart: a name and a text."""
    database.executescript("""
        CREATE TABLE remembered (
            name TEXT PRIMARY KEY,
            text TEXT NOT NULL
        ) STRICT;
    """)


def seen_and_review(database: Database) -> None:
    """What was seen of a plate that nobody read surely (待复核), and the queue of such passages."""
    database.executescript("""
        ALTER TABLE passages ADD COLUMN seen TEXT;  -- JSON
        CREATE INDEX passages_without_plate ON passages (id) WHERE plate IS NULL;
        CREATE VIEW awaiting_entry AS SELECT id FROM passages WHERE plate IS NULL AND NOT EXISTS (
            SELECT 1 FROM corrections WHERE passage_id = passages.id AND coalesce(
                json_extract(after, '$.plate'), json_extract(after, '$.review')) IS NOT NULL);
    """)


def files_on_disk(database: Database) -> None:
    """Which files there are, by time, so that the oldest of a kind is found at once.

    `photo_shelf` holds the passages whose photos are still there; a trigger fills it, so nobody
    can forget to. `unlinking` holds files whose rows are gone and that are about to go.
    """
    database.executescript("""
        CREATE TABLE fragments (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL CHECK (kind IN ('video', 'smoke')),
            camera TEXT NOT NULL,
            began_at TEXT NOT NULL,
            seconds REAL NOT NULL,
            volume TEXT NOT NULL,  -- 'root' or a mount
            path TEXT NOT NULL,    -- below the volume
            bytes INTEGER NOT NULL,
            UNIQUE (volume, path)
        ) STRICT;
        CREATE INDEX fragments_of_camera ON fragments (camera, began_at);
        CREATE INDEX fragments_by_time ON fragments (kind, began_at, id);
        CREATE INDEX fragments_of_volume ON fragments (kind, volume, began_at, id, bytes);
        CREATE TABLE clips (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            passage_id INTEGER NOT NULL REFERENCES passages (id),
            camera TEXT NOT NULL,
            began_at TEXT NOT NULL,
            seconds REAL NOT NULL,
            volume TEXT NOT NULL,
            path TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            UNIQUE (volume, path)
        ) STRICT;
        CREATE INDEX clips_of_passage ON clips (passage_id);
        CREATE INDEX clips_by_time ON clips (began_at, id);
        CREATE INDEX clips_of_volume ON clips (volume, began_at, id, bytes);
        CREATE TABLE photo_shelf (
            passage_id INTEGER PRIMARY KEY REFERENCES passages (id),
            passed_at TEXT NOT NULL,
            bytes INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX photo_shelf_by_time ON photo_shelf (passed_at, passage_id, bytes);
        INSERT INTO photo_shelf SELECT passages.id, passed_at, sum(size)
            FROM photos JOIN passages ON passages.id = passage_id GROUP BY passage_id;
        CREATE TRIGGER photo_shelved AFTER INSERT ON photos BEGIN
            INSERT INTO photo_shelf
                SELECT id, passed_at, new.size FROM passages WHERE id = new.passage_id
                ON CONFLICT (passage_id) DO UPDATE SET bytes = bytes + excluded.bytes;
        END;
        CREATE TABLE unlinking (
            volume TEXT NOT NULL,
            path TEXT NOT NULL,
            PRIMARY KEY (volume, path)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE early_deletions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            deleted_at TEXT NOT NULL,
            kind TEXT NOT NULL,
            volume TEXT NOT NULL,
            items INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            oldest_at TEXT NOT NULL,
            newest_at TEXT NOT NULL,
            kept_days INTEGER NOT NULL  -- what the policy had promised
        ) STRICT;
    """)


def removals(database: Database) -> None:
    """Photos deleted by the policy, as records of their own in the chain.

    SQLite cannot widen a CHECK, so the links are copied, their numbers and SQLite's high-water
    mark with them.
    """
    database.executescript("""
        CREATE TABLE removals (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            removed_at TEXT NOT NULL,
            why TEXT NOT NULL CHECK (why IN ('term', 'overwrite')),
            kept_days INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE removed_photos (
            passage_id INTEGER PRIMARY KEY REFERENCES passages (id),
            removal_id INTEGER NOT NULL REFERENCES removals (id)
        ) STRICT;
        CREATE INDEX removed_photos_of_removal ON removed_photos (removal_id);
        CREATE TABLE wider_chain (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL CHECK (kind IN ('passage', 'correction', 'removal')),
            ref INTEGER NOT NULL,
            record_digest TEXT NOT NULL,
            prev TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE,
            UNIQUE (kind, ref)
        ) STRICT;
        INSERT INTO wider_chain SELECT * FROM chain ORDER BY seq;
        DELETE FROM sqlite_sequence WHERE name = 'wider_chain';
        INSERT INTO sqlite_sequence
            SELECT 'wider_chain', seq FROM sqlite_sequence WHERE name = 'chain';
        DROP TABLE chain;
        ALTER TABLE wider_chain RENAME TO chain;
    """)


def clip_codec(database: Database) -> None:
    """How a clip is coded: not every browser plays H.265."""
    database.executescript("""
        ALTER TABLE clips ADD COLUMN codec TEXT NOT NULL DEFAULT 'h264';
    """)


MIGRATIONS: tuple[Migration, ...] = (
    passages_and_photos,
    corrections,
    outbox,
    chain,
    vehicles,
    heartbeats_and_events,
    uplink_statistics,
    packet_qns,
    live_and_backfill,
    remembered,
    seen_and_review,
    files_on_disk,
    removals,
    clip_codec,
)


def migrate(database: Database, clock: Clock, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a new or older journal up to `steps`, each step whole or not at all.

    The caller keeps other openers out meanwhile. Raises what `check` raises.
    """
    for step in check(database, steps):
        with writing(database):
            database.execute(
                "CREATE TABLE IF NOT EXISTS migrations "
                "(name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT"
            )
            step(database)
            database.table("migrations").insert(
                {"name": step.__name__, "applied_at": to_text(clock.now())}
            )


def check(database: Database, steps: Sequence[Migration] = MIGRATIONS) -> list[Migration]:
    """The steps this file still lacks (all of them for an empty file).

    Raises NotAJournal, JournalTooOld (tables of a journal, but no first migration) or
    JournalTooNew (migrations unknown to this release).
    """
    try:
        tables = set(database.table_names())
        found = row(database, "PRAGMA application_id")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise NotAJournal(_not_ours()) from error
        raise
    if not tables:
        return list(steps)
    ours = found is not None and found["application_id"] == APPLICATION_ID
    if "migrations" not in tables:
        if ours or "passages" in tables:
            raise JournalTooOld(_before_the_first())
        raise NotAJournal(_not_ours())
    if not ours:
        raise NotAJournal(_not_ours())
    applied = [r["name"] for r in rows(database, "SELECT name FROM migrations ORDER BY rowid")]
    known = [step.__name__ for step in steps]
    unknown = [name for name in applied if name not in known]
    if unknown:
        raise JournalTooNew(
            f"记录库由更新版本的 gatehouse 写成（未知的升级步骤：{'、'.join(unknown)}）。"
            "请安装该版本或更新的版本；切勿用旧版本继续写入。"
        )
    if applied != known[: len(applied)] or not applied:
        raise JournalTooOld(_before_the_first())
    return list(steps[len(applied) :])


def refuse_pending(pending: Sequence[Migration]) -> None:
    """For readers: raises JournalTooOld when steps are missing, for readers change nothing."""
    if pending:
        names = "、".join(step.__name__ for step in pending)
        raise JournalTooOld(
            f"记录库尚未升级（缺少步骤：{names}），只读方式不会升级它。"
            "请先启动 gatehouse 的服务，服务启动时会自动升级，然后再试。"
        )


def _not_ours() -> str:
    return (
        "该位置的文件不是 gatehouse 的记录库。请核对站点配置中的数据目录；"
        "若是误放的文件，请将其移走后重试，程序不会覆盖它。"
    )


def _before_the_first() -> str:
    return (
        "记录库早于 gatehouse 的第一个正式版本，无法升级。"
        "请将该文件移到别处妥善保存，再启动服务以建立新的记录库。"
    )
