"""The journal: the one place where the programs on the box meet."""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlite_utils import Database

from appliance.clock import Clock
from appliance.guideline.dictionaries import PlateColour, RaiseMethod
from appliance.profile.storage import ROOT
from appliance.runtime.journal import (
    chain,
    corrections,
    due,
    migrations,
    notes,
    outbox,
    owing,
    records,
    storage_state,
    vehicles,
    verification,
)
from appliance.runtime.journal.corrections import KEEP, Correction, Kept
from appliance.runtime.journal.database import (
    FILE_MODE,
    FILE_NAME,
    configure,
    connect,
    make_file,
    make_folder,
    sync_folder,
)
from appliance.runtime.journal.errors import JournalMissing, UnknownPassage, UnsafePath
from appliance.runtime.journal.facts import Facts
from appliance.runtime.journal.inventory import Inventory
from appliance.runtime.journal.outbox import Counts
from appliance.runtime.journal.photos import PhotoFiles
from appliance.runtime.journal.recording import Recorder
from appliance.runtime.journal.shelves import Shelves
from appliance.runtime.journal.statistics import Statistics
from appliance.runtime.journal.steps import StepHook, pass_by
from appliance.runtime.journal.storage_state import StorageState
from appliance.runtime.journal.values import (
    Due,
    Event,
    Heartbeat,
    History,
    OutboxItem,
    OutboxState,
    Passage,
    Receipt,
    RecordedPassage,
    StoredPhoto,
    Vehicle,
)
from appliance.runtime.journal.verification import Verification
from appliance.runtime.journal.video import VideoRows

LOCK_NAME = "journal.lock"


class Journal:
    """Passages, messages, vehicles and notes of one site, shared by several processes.

    Every write is one transaction that is on the disk when the call returns. Moments go in
    aware and come out in Beijing time. A Journal belongs to the thread that opened it; opening
    is cheap, so a thread opens its own. Besides what each method says, sqlite3.OperationalError
    means that the disk failed or that others kept the file locked for 15 s.
    """

    def __init__(self, root: Path, clock: Clock, database: Database, step: StepHook) -> None:
        self._root = root
        self._clock = clock
        self._database = database
        self._files = PhotoFiles(root, step)
        self._recorder = Recorder(database, clock, self._files, step)

    @classmethod
    def open(
        cls, root: Path, clock: Clock, *, readonly: bool = False, step: StepHook = pass_by
    ) -> Self:
        """Open the journal below `root`, making or migrating it unless `readonly`.

        `step` is told each step of `record`; it is there for the tests of docs/durability.md.
        Raises JournalMissing (readonly only), NotAJournal, JournalTooOld (also: readonly, and
        not yet migrated) or JournalTooNew, each with what to do in Chinese.
        """
        root = root.absolute()
        path = root / FILE_NAME
        if readonly:
            if not path.exists():
                raise JournalMissing(
                    f"{root} 下还没有记录库。请核对站点配置中的数据目录，"
                    "并先启动 gatehouse 的服务。"
                )
            return cls._open(root, clock, step, readonly=True)
        _make_root(root)
        with _alone(root):
            make_file(path)
            return cls._open(root, clock, step, readonly=False)

    @classmethod
    def _open(cls, root: Path, clock: Clock, step: StepHook, *, readonly: bool) -> Self:
        database = connect(root / FILE_NAME, readonly=readonly)
        try:
            pending = migrations.check(database)  # before anything is written to the file
            configure(database)
            if readonly:
                migrations.refuse_pending(pending)
            else:
                database.enable_wal()
                migrations.migrate(database, clock)
        except BaseException:
            database.close()
            raise
        return cls(root, clock, database, step)

    def close(self) -> None:
        """Let go of the file; closing twice does no harm."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Passages

    def record(self, passage: Passage, *, hold: str | None = None) -> tuple[RecordedPassage, bool]:
        """Write a passage with its photos, chain link and 60001 message (4.5.1-2, 4.5.1-5).

        Returns the passage as it stands and whether this call wrote it: a second write of the
        same key changes nothing. When the call returns, all of it is on the disk. With `hold`
        the message is held for that reason (Chinese), until a correction releases it. A message
        that the platform must refuse is aside from its birth, and its reason names the field.

        Raises ValueError for a moment without a zone, a barrier that is no barrier number or two
        photos of one kind; StorageStopped while photos are stopped (满即停); OSError when the disk
        fails. Then nothing was recorded.
        """
        return self._recorder.record(passage, hold)

    def correct(
        self,
        passage_id: int,
        *,
        plate: str | Kept | None = KEEP,
        plate_colour: PlateColour | Kept = KEEP,
        raise_method: RaiseMethod | Kept = KEEP,
        vehicle: Vehicle | Kept | None = KEEP,
        review: str | Kept | None = KEEP,
        by: str,
        why: str,
        release: bool = True,
    ) -> RecordedPassage:
        """Lay a correction over a passage (4.5.1-1 entry by hand, 4.5.1-10 raised by hand).

        Only the fields given change; what was first written stays. If no byte of the passage's
        newest message ever left, that message will carry the correction: it waits if it was held
        or aside, or is set aside when the platform must refuse what the passage now says; without
        `release` it stays held, since a plate entered lets nobody in. Otherwise a new message with
        a QN of its own is queued. A `review` alone changes no message.

        Raises UnknownPassage; NothingToCorrect when no value differs; ValueError when `by` or
        `why` is blank.
        """
        given = {
            "plate": plate,
            "plate_colour": plate_colour,
            "raise_method": raise_method,
            "vehicle": vehicle,
            "review": review,
        }
        corrections.correct(
            self._database, self._clock, passage_id, given, by=by, why=why, release=release
        )
        return self.passage(passage_id)

    def corrections(self, passage_id: int) -> tuple[Correction, ...]:
        """A passage's corrections, oldest first."""
        return corrections.of_passage(self._database, passage_id)

    def passage(self, passage_id: int) -> RecordedPassage:
        """One passage, corrections applied; raises UnknownPassage."""
        found = records.passage_of_id(self._database, passage_id)
        if found is None:
            raise UnknownPassage(f"没有编号为 {passage_id} 的进出厂记录。")
        return found

    def passage_by_key(self, key: str) -> RecordedPassage | None:
        """The passage recorded under a key, or None."""
        return records.passage_of_key(self._database, key)

    def latest_passages(
        self, limit: int, before_id: int | None = None
    ) -> tuple[RecordedPassage, ...]:
        """At most `limit` passages, newest first; `before_id` turns the page."""
        return records.latest(self._database, limit, before_id)

    def passages_after(self, passage_id: int, limit: int) -> tuple[RecordedPassage, ...]:
        """At most `limit` passages recorded after one (0: from the first), oldest first."""
        return records.after(self._database, passage_id, limit)

    def awaiting_entry(self, limit: int, after_id: int = 0) -> tuple[RecordedPassage, ...]:
        """Passages whose plate a person is to enter (人工补录, 4.5.1-1), oldest first."""
        return records.awaiting_entry(self._database, limit, after_id)

    def count_awaiting_entry(self) -> int:
        """How many such passages there are."""
        return records.count_awaiting_entry(self._database)

    def photo_path(self, stored: StoredPhoto) -> Path:
        """Where a photo lies, absolute; raises UnsafePath when that is not a photo's place."""
        return self._files.path(stored)

    # Outbox

    def messages(self, passage_id: int) -> tuple[OutboxItem, ...]:
        """A passage's messages, oldest first."""
        return outbox.of_passage(self._database, passage_id)

    def message(self, item_id: int) -> OutboxItem:
        """One message; raises UnknownMessage."""
        return outbox.of_id(self._database, item_id)

    def receipts(self, outbox_id: int) -> tuple[Receipt, ...]:
        """The platform's answers to one message, in the order they came."""
        return outbox.receipts(self._database, outbox_id)

    def last_receipt_at(self) -> datetime | None:
        """When the platform last answered anything, or None."""
        return outbox.last_receipt_at(self._database)

    def due(self, now: datetime, *, since: datetime, limit: int) -> Due:
        """Waiting messages whose time to try has come, at most `limit` of each kind, oldest first.

        Live are those queued at `since` or later; backfill are older ones, then history. A time
        to try more than two hours ahead counts as come: pauses are an hour at most, so it was
        set before the clock stepped back.
        """
        return due.due(self._database, now, since, limit)

    def owe_news(self, cn: str, payload: str, *, refusal: str | None = None) -> OutboxItem:
        """Owe a message of no passage (60002, 60003); `payload` is JSON and holds no secret.

        `refusal` is why the platform must refuse it (Chinese): then it is set aside. A message with
        the very same payload of which no byte ever left carries the news itself, and is released if
        it was aside; otherwise a new one is queued.
        """
        return owing.owe_news(self._database, self._clock.now(), cn, payload, refusal)

    def owe_history(self, begin: datetime, end: datetime, limit: int) -> History:
        """Queue the delivered passages of that time once more, as new messages marked history.

        Passages whose message waits are on the way already; held ones and those aside stay where
        they are. More than `limit` passages queue none: the platform has to ask for less.
        """
        return owing.owe_history(self._database, self._clock.now(), begin, end, limit)

    def packet_qns(self, item: OutboxItem, count: int) -> tuple[str, ...]:
        """`count` QNs for the packets of a message, the same on every call; the first is its own.

        A greater `count` later gives the same ones first. Raises UnknownMessage, and ValueError
        for less than one packet.
        """
        return owing.packet_qns(self._database, self._clock.now(), item.id, count)

    def begin_attempt(self, item: OutboxItem) -> OutboxItem:
        """Count an attempt, on the disk, before any byte leaves (4.5.1-7).

        Read the passage only *after* this call: a correction then either is in what is read, or
        sees the attempt and queues a message of its own. Raises NotWaiting, UnknownMessage.
        """
        return outbox.begin_attempt(self._database, item.id)

    def receive(
        self,
        item: OutboxItem,
        receipt: Receipt,
        *,
        state: OutboxState,
        reason: str | None = None,
        next_try_at: datetime | None = None,
    ) -> OutboxItem:
        """Keep an answer of the platform (7.4) together with the state it leads to.

        `state` is DONE, ASIDE or WAITING (then with `next_try_at`, unless at once). A message
        that is done stays done, and the late receipt is kept all the same. Raises ValueError for
        HELD, UnknownMessage.
        """
        return outbox.receive(
            self._database,
            item.id,
            receipt,
            state=state,
            reason=reason,
            next_try_at=next_try_at,
        )

    def postpone(self, item: OutboxItem, next_try_at: datetime, reason: str) -> OutboxItem:
        """Let a waiting message wait longer, after a fault of the line; others are left alone.

        `reason` is a Chinese sentence for the status page. Raises UnknownMessage.
        """
        return outbox.postpone(self._database, item.id, next_try_at, reason)

    def set_aside(self, item: OutboxItem, reason: str) -> OutboxItem:
        """Put a message aside that could not even be sent; a done one is left alone."""
        return outbox.set_aside(self._database, item.id, reason)

    def aside(self) -> tuple[OutboxItem, ...]:
        """The messages that are aside, oldest first."""
        return outbox.aside(self._database)

    def retry_aside(self, item_id: int | None = None) -> int:
        """Let one message that is aside, or all of them, wait again; returns how many.

        A passage that the platform must still refuse stays aside, and its reason says why.
        """
        return owing.retry_aside(self._database, item_id, self._clock.now())

    def outbox_counts(self) -> Counts:
        """How many messages are in each state, and since when the oldest waits."""
        return outbox.counts(self._database)

    # Vehicles

    def put_vehicles(self, known: Iterable[Vehicle]) -> int:
        """Add vehicles (Table 2) or replace what was known of them; returns how many.

        Passages keep what was known when the vehicle passed. Only where that could not be sent and
        the register is now right are they corrected by it, and their messages wait.
        """
        count = vehicles.put(self._database, known)
        corrections.mend_by_register(self._database, self._clock)
        return count

    def find_vehicle(self, plate: str, plate_colour: PlateColour) -> Vehicle | None:
        """What is known of a vehicle, or None."""
        return vehicles.find(self._database, plate, plate_colour)

    def vehicles_of_plate(self, plate: str) -> tuple[Vehicle, ...]:
        """All vehicles of a number, whatever their plates' colour."""
        return vehicles.of_plate(self._database, plate)

    def count_vehicles(self) -> int:
        """How many vehicles are known."""
        return vehicles.count(self._database)

    # Heartbeats and events

    def beat(self, program: str, ok: bool, detail: str) -> None:
        """Say how a program is; only its last word is kept. `detail` is Chinese."""
        notes.beat(self._database, self._clock.now(), program, ok, detail)

    def heartbeats(self) -> tuple[Heartbeat, ...]:
        """Each program's last word, by name."""
        return notes.heartbeats(self._database)

    def note(self, kind: str, detail: str) -> Event:
        """Keep an event; `kind` is English, `detail` Chinese."""
        return notes.note(self._database, self._clock.now(), kind, detail)

    def latest_events(self, limit: int) -> tuple[Event, ...]:
        """At most `limit` events, newest first."""
        return notes.latest_events(self._database, limit)

    # Books

    def statistics(self) -> Statistics:
        """Read-only queries for the books of the uplink (5.1.2, 5.1.3)."""
        return Statistics(self._database)

    def facts(self) -> Facts:
        """What the box tells of itself to whoever looks at it from outside."""
        return Facts(self._database, self._clock)

    def remember(self, name: str, text: str | None) -> None:
        """Keep a text under a name for after a restart, or forget it (None). Never a secret."""
        notes.remember(self._database, name, text)

    def recall(self, name: str) -> str | None:
        """The text kept under a name, or None."""
        return notes.recall(self._database, name)

    # Video and the room for it

    def video(self) -> VideoRows:
        """The rows of fragments and clips: for the recorder, the pages, the exports."""
        return VideoRows(self._database)

    def shelves(self) -> Shelves:
        """Files by kind and age: for the sweeper."""
        return Shelves(self._database, self._clock)

    def inventory(self) -> Inventory:
        """Which files each day should have: for the check of the storage."""
        return Inventory(self._database, self._clock)

    def storage(self) -> StorageState | None:
        """How the storage was at the sweeper's last look; None before the first."""
        return storage_state.read(self._database)

    def say_storage(self, state: StorageState) -> None:
        """Keep how the storage is."""
        storage_state.write(self._database, state)

    def file_path(self, volume: str, path: str) -> Path:
        """Where a file of a volume lies, absolute; raises UnsafePath when that is elsewhere."""
        base = (self._root if volume == ROOT else Path(volume)).resolve()
        whole = (base / path).resolve()
        if not whole.is_relative_to(base) or whole == base:
            raise UnsafePath(f"文件路径超出存放目录：{path}")
        return whole

    # Tamper evidence

    def head(self) -> str:
        """The newest link's hash, to be noted elsewhere and given to `verify` later."""
        return chain.head(self._database)

    def link_of_passage(self, passage_id: int) -> dict[str, object] | None:
        """The link of the chain that speaks of a passage, as its columns, for an inspector."""
        return chain.link_of(self._database, "passage", passage_id)

    def verify(
        self,
        *,
        check_photos: bool = True,
        expect_head: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Verification:
        """Compute the chain again from the rows and photo files, up to its present end.

        `expect_head` is a head noted earlier, which must still occur. `progress` is told links
        done and links in all. What this cannot see stands in docs/durability.md.
        """
        return verification.verify(
            self._database,
            self._files,
            check_photos=check_photos,
            expect_head=expect_head,
            progress=progress,
        )


def _make_root(root: Path) -> None:
    """Make the root and any folder above it that is missing, all on the disk."""
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    for folder in reversed(missing):
        make_folder(folder)
        sync_folder(folder.parent)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep other openers out while the file is made, switched to WAL and migrated.

    SQLite's own locks do not cover the switch to WAL, which fails at once when another
    connection is in the way. The lock dies with the process, so a crash leaves none behind.
    """
    descriptor = os.open(root / LOCK_NAME, os.O_CREAT | os.O_RDWR, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
