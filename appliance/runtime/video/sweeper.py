"""The sweeper: deletes what has been kept for its term, and keeps every disk from filling up.

One pass: finish what an earlier one began; judge the clock; delete what has expired, oldest first;
then see each volume: when it is full, overwrite or stop as the policy says. docs/storage.md argues
the order.
"""

import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from appliance.clock import Clock
from appliance.guideline.retention import Kind
from appliance.profile.model import Profile
from appliance.profile.storage import WhenFull
from appliance.runtime.journal import Journal
from appliance.runtime.journal.database import sync_folder
from appliance.runtime.journal.shelves import Place, Taken
from appliance.runtime.journal.storage_state import StorageState
from appliance.runtime.video.outlook import changes, look
from appliance.runtime.video.retention import SACRIFICED, Rule, rules
from appliance.runtime.video.trust import ClockTrust
from appliance.runtime.video.volumes import Volumes

log = logging.getLogger(__name__)

BATCH = 100
"""Items a transaction: some milliseconds of the journal's one write lock."""

PAUSE_SECONDS = 0.2
"""Between batches the disk belongs to the recorder."""

SLACK = 0.01
"""A full volume is freed by this share beyond its threshold, so that it is not full at once."""

LEAST_KEPT = timedelta(days=1)
"""Never overwritten: a disk filled by somebody else would otherwise cost us everything."""


class SweepStep(StrEnum):
    """What has just been done; the tests of the argument kill the sweeper there."""

    ROWS_DELETED = "rows deleted"
    FILE_UNLINKED = "file unlinked"
    FOLDERS_SYNCED = "folders synced"
    FOLDERS_REMOVED = "folders removed"
    FORGOTTEN = "forgotten"


@dataclass
class Swept:
    """What a pass did: items and bytes by kind, early deletions apart, and what it refused."""

    expired: dict[Kind, int] = field(default_factory=dict)
    early: dict[Kind, int] = field(default_factory=dict)
    bytes: int = 0
    refusal: str | None = None

    def add(self, kind: Kind, taken: Taken, *, early: bool) -> None:
        """Count a batch."""
        counts = self.early if early else self.expired
        counts[kind] = counts.get(kind, 0) + taken.items
        self.bytes += taken.bytes


class Sweeper:
    """Sweeps one storage root and the volumes that are mounted here."""

    def __init__(
        self,
        profile: Profile,
        journal: Journal,
        clock: Clock,
        volumes: Volumes,
        trust: ClockTrust,
        *,
        step: Callable[[SweepStep], None] = lambda _: None,
        between: Callable[[], bool] = lambda: True,
    ) -> None:
        """`between` is called between batches; False ends the pass early."""
        self._profile = profile
        self._rules = rules(profile)
        self._journal = journal
        self._shelves = journal.shelves()
        self._clock = clock
        self._volumes = volumes
        self._trust = trust
        self._step = step
        self._between = between
        self._stuck: set[str] = set()
        """Volumes that keep what is unlinked, in this pass: no more rows go there."""

    def look(self, *, more_than_half: bool = False) -> tuple[dict[Kind, int], str | None]:
        """What a pass would delete as expired, and why it would refuse; changes nothing."""
        now = self._clock.now()
        counts = {
            rule.kind: self._shelves.count_before(rule.kind, rule.expires(now))
            for rule in self._rules
        }
        refusals = [self._trust.doubt(remember=False)]
        if not more_than_half:
            refusals += [self._too_much(rule, now) for rule in self._rules]
        return counts, "；".join(each for each in refusals if each) or None

    def sweep(self, *, trust_clock: bool = False, more_than_half: bool = False) -> Swept:
        """One pass. Deletes nothing while the clock is not believed, and of a kind nothing when
        more than half of it would go at once, unless told. Raises OSError, sqlite3.Error."""
        swept = Swept()
        present = self._present()
        kept = self._clear(present)
        # A single file that stays is no reason to let its disk run full; a batch of them is.
        self._stuck = {volume for volume, files in kept.items() if files >= BATCH}
        if trust_clock:
            self._trust.believe()
        doubt = self._trust.doubt()
        refusals = [doubt] if doubt else []
        if not doubt:
            for rule in self._rules:
                too_much = None if more_than_half else self._too_much(rule, self._clock.now())
                if too_much:
                    refusals.append(too_much)
                else:
                    self._expire(rule, present, swept)
            for volume in sorted(present - self._stuck):
                self._make_room(volume, swept)
        refusals += [
            f"{self._volumes.path(volume)} 上的文件删不掉，请检查磁盘和权限"
            for volume in sorted(self._stuck)
        ]
        swept.refusal = "；".join(refusals) or None
        self._say(swept.refusal)
        return swept

    def _present(self) -> frozenset[str]:
        return frozenset(
            name for name in self._volumes.names() if self._volumes.trouble(name) is None
        )

    def _too_much(self, rule: Rule, now: datetime) -> str | None:
        """Why a kind is left alone: more than half of it would go, so something is wrong."""
        cutoff = rule.expires(now)
        count = self._shelves.count_before(rule.kind, cutoff)
        if not count or self._shelves.has_as_many_since(rule.kind, cutoff, count):
            return None
        return f"{rule.kind.called}将有 {count} 份到期，超过全部的一半，请核对时钟和保存期限"

    # Deleting

    def _expire(self, rule: Rule, present: Collection[str], swept: Swept) -> None:
        """Delete what has been kept for its term."""
        # Also where the policy kept them once: rows say where their files are.
        named = self._shelves.volumes() & set(present)
        while volumes := named - self._stuck:
            taken = self._shelves.take(
                rule.kind,
                before=rule.expires(self._clock.now()),
                volumes=volumes,
                limit=BATCH,
                kept_days=rule.kept_days,
            )
            if taken is None:
                return
            swept.add(rule.kind, taken, early=False)
            self._finish(taken)
            if not self._rest():
                return

    def _finish(self, taken: Taken) -> None:
        """Unlink a batch; a disk that kept all of it is stuck."""
        self._step(SweepStep.ROWS_DELETED)
        volumes = {volume for volume, _ in taken.files}
        self._clear(volumes)
        freed = {file[0] for file in taken.files if not self._shelves.is_unlinking(*file)}
        self._stuck |= volumes - freed

    def _clear(self, volumes: Collection[str]) -> dict[str, int]:
        """Unlink the files whose rows are gone, sync their folders, and only then forget them.

        Returns how many stay, by volume: a disk that answers with errors, or that went away; the
        next pass tries again.
        """
        kept: dict[str, int] = {}
        behind: Place = ("", "")
        while files := self._shelves.unlinking(volumes, BATCH, behind):
            behind = files[-1]
            gone = [file for file in files if self._unlink(file)]
            # On a disk that went away meanwhile every file looks gone.
            lost = {volume for volume, _ in gone if self._volumes.trouble(volume)}
            gone = [file for file in gone if file[0] not in lost]
            folders = {self._journal.file_path(*file).parent for file in gone}
            for folder in folders:
                with suppress(FileNotFoundError):
                    sync_folder(folder)
            self._step(SweepStep.FOLDERS_SYNCED)
            self._remove_empty(folders)
            self._shelves.forget(gone)
            self._step(SweepStep.FORGOTTEN)
            for volume, _ in set(files) - set(gone):
                kept[volume] = kept.get(volume, 0) + 1
        return kept

    def _unlink(self, file: Place) -> bool:
        try:
            self._journal.file_path(*file).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s:%s stays: %s", *file, error)
            return False
        self._step(SweepStep.FILE_UNLINKED)
        return True

    def _remove_empty(self, folders: Collection[Path]) -> None:
        """Take away emptied folders of days gone by: CAMERA or BARRIER, then the date's."""
        today = f"{self._clock.now():%Y-%m-%d}"
        for folder in folders:
            for empty in (folder, folder.parent):
                names = (empty.name, empty.parent.name)
                day = next((name for name in names if _is_day(name)), today)
                if day >= today:
                    break
                try:
                    empty.rmdir()
                    sync_folder(empty.parent)
                except OSError:
                    break  # not empty, or gone already
        self._step(SweepStep.FOLDERS_REMOVED)

    # A full disk

    def _make_room(self, volume: str, swept: Swept) -> None:
        """Overwrite on a full volume; whether to stop is judged from what room there is then."""
        threshold = self._profile.storage.keep_free_percent / 100
        space = self._volumes.space(volume)
        if space.free >= threshold * space.size:
            return
        wanted = int((threshold + SLACK) * space.size) - space.free
        by_kind = {rule.kind: rule for rule in self._rules if rule.when_full is WhenFull.OVERWRITE}
        # What is past the law's term goes first, of whatever kind, and is nobody's offence.
        for early in (False, True):
            for kind in SACRIFICED:
                if kind not in by_kind:
                    continue
                wanted -= self._overwrite(by_kind[kind], volume, wanted, swept, early=early)
                if wanted <= 0 or volume in self._stuck or not self._between():
                    return

    def _overwrite(self, rule: Rule, volume: str, wanted: int, swept: Swept, *, early: bool) -> int:
        """Delete the oldest of a kind until `wanted` bytes are freed; returns how many were.

        Counted from the rows: XFS gives back the room of a file some time after it is gone, and
        who asks the disk between two batches deletes too much.
        """
        freed = 0
        while freed < wanted:
            now = self._clock.now()
            taken = self._shelves.take(
                rule.kind,
                before=now - LEAST_KEPT if early else rule.lawful(now),
                volumes={volume},
                limit=BATCH,
                kept_days=rule.kept_days if early else rule.kind.legal_days,
                early=early,
                bytes_wanted=wanted - freed,
            )
            if taken is None:
                break
            log.warning("%s is full: %d of %s go", volume, taken.items, rule.kind)
            freed += taken.bytes
            swept.add(rule.kind, taken, early=early)
            self._finish(taken)
            if volume in self._stuck or not self._rest():
                break
        return freed

    def _rest(self) -> bool:
        self._clock.sleep(PAUSE_SECONDS)
        return self._between()

    def _say(self, refusal: str | None) -> StorageState:
        """Keep how the storage is, and note what has changed since the last look."""
        before = self._journal.storage()
        state = look(
            self._profile,
            self._rules,
            self._journal,
            now=self._clock.now(),
            volumes=self._volumes,
            refusal=refusal,
        )
        for kind, sentence in changes(before, state, self._profile.storage.alarm_days):
            self._journal.note(kind, sentence)
        self._journal.say_storage(state)
        return state


def _is_day(name: str) -> bool:
    with suppress(ValueError):
        return bool(datetime.strptime(name, "%Y-%m-%d"))  # noqa: DTZ007  # a name, no moment
    return False
