"""The sweeper: what is over goes, what is kept stays, and a full disk does what the policy says."""

import os
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from waiting import until

from appliance.guideline.retention import Kind
from appliance.profile.storage import ROOT, WhenFull
from appliance.runtime.journal.video import Clip
from appliance.runtime.video import sweeper as sweeping
from appliance.runtime.video.sweeper import SweepStep
from appliance.runtime.video.volumes import Volumes

from .archive import DAY, NOW, Archive, open_archive
from .conftest import Disk

TESTS = Path(__file__).parents[1]


def fill(archive: Archive, expired: int = 3, kept: int = 5) -> None:
    """Passages and minutes of video, some of them over."""
    for number in range(expired):
        archive.passage(number, 731 * DAY + timedelta(hours=number))
        archive.film(366 * DAY + timedelta(hours=number))
    for number in range(expired, expired + kept):
        archive.passage(number, 729 * DAY - timedelta(hours=number))
        archive.film(364 * DAY - timedelta(hours=number))
    archive.film(timedelta(minutes=1))


def test_what_has_been_kept_for_its_term_goes_and_nothing_else(archive):
    fill(archive)
    before = archive.files()
    swept = archive.sweeper().sweep()
    assert swept.expired == {Kind.PHOTOS: 3, Kind.CLIPS: 3, Kind.VIDEO: 3}
    assert swept.early == {}
    assert archive.files() == archive.named()
    assert len(before - archive.files()) == 3 * 2 + 3 + 3
    assert archive.journal.shelves().oldest(Kind.VIDEO) > NOW - 365 * DAY
    assert archive.journal.verify().fault is None
    assert len(archive.journal.passages_after(0, 99)) == 8
    assert archive.sweeper().sweep().expired == {}


def test_emptied_folders_of_days_gone_by_go_and_those_of_today_stay(archive):
    fill(archive)
    today = archive.root / "video" / f"{NOW:%Y-%m-%d}" / "a02-plate"
    today.mkdir(parents=True)
    archive.sweeper().sweep()
    assert today.is_dir()
    empty = [f for f in archive.root.rglob("*") if f.is_dir() and not any(f.iterdir())]
    assert set(empty) <= {today, archive.root / "run", archive.root / "log"}


def test_small_steps_with_a_rest_between_them(archive, monkeypatch):
    monkeypatch.setattr(sweeping, "BATCH", 2)
    fill(archive)
    began = archive.clock.monotonic()
    rows, largest = [], 0

    def step(now: SweepStep) -> None:
        nonlocal largest
        if now is SweepStep.ROWS_DELETED:
            rows.append(now)
            largest = max(largest, len(archive.journal.shelves().unlinking({ROOT}, 99)))

    archive.sweeper(step=step).sweep()
    assert len(rows) == 6  # three of each of three kinds, two at a time
    assert largest <= 4  # files of two passages
    assert archive.clock.monotonic() - began == pytest.approx(6 * sweeping.PAUSE_SECONDS)


def test_a_sweeper_that_is_told_to_end_does_so_between_two_batches(archive, monkeypatch):
    monkeypatch.setattr(sweeping, "BATCH", 1)
    fill(archive)
    archive.sweeper(between=lambda: False).sweep()
    assert archive.files() == archive.named()
    assert archive.sweeper().sweep().expired[Kind.VIDEO] == 2


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("step", list(SweepStep))
def test_killed_at_any_step_it_loses_nothing_kept_and_leaves_no_orphan(tmp_path, step, number):
    archive = open_archive(tmp_path / "root")
    fill(archive, expired=4, kept=5)
    kept = archive.sweeper().look()[0]
    assert kept == {Kind.PHOTOS: 4, Kind.CLIPS: 4, Kind.VIDEO: 4, Kind.SMOKE: 0}
    words = [sys.executable, "-m", "video.archive", str(archive.root), NOW.isoformat()]
    killed = subprocess.run([*words, step.value, str(number)], cwd=TESTS, check=False)
    assert killed.returncode == -9
    # Row before file: every file that a row names is there.
    assert archive.named() <= archive.files()
    assert archive.journal.verify().fault is None
    assert subprocess.run(words, cwd=TESTS, check=False).returncode == 0
    assert archive.named() == archive.files()
    assert len(archive.named()) == 5 * 2 + 5 + 6
    assert archive.sweeper().look()[0][Kind.VIDEO] == 0
    assert archive.journal.verify().fault is None
    archive.journal.close()


def test_the_row_is_deleted_before_the_file_and_the_note_after_the_folder_is_synced(
    archive, monkeypatch
):
    fill(archive, expired=1, kept=3)
    order: list[str] = []
    fsync, forget = os.fsync, type(archive.journal.shelves()).forget

    def seen(descriptor: int) -> None:
        fsync(descriptor)
        order.append("fsync")

    def forgotten(shelves, files) -> None:
        order.append("forget")
        forget(shelves, files)

    monkeypatch.setattr(os, "fsync", seen)
    monkeypatch.setattr(type(archive.journal.shelves()), "forget", forgotten)
    archive.sweeper(step=lambda step: order.append(step.value)).sweep()
    last = len(order) - order[::-1].index("rows deleted") - 1
    assert [step for step in order[last:] if step != "folders removed"] == [
        "rows deleted",
        "file unlinked",
        "fsync",  # CAMERA
        "folders synced",
        "fsync",  # the date, which has lost CAMERA
        "fsync",  # video, which has lost the date
        "forget",
        "forgotten",
    ]


def test_a_disk_that_will_not_unlink_keeps_the_note_and_the_next_pass_tries_again(
    archive, monkeypatch
):
    fill(archive)

    def fail(self, missing_ok: bool = False) -> None:
        raise OSError(5, "I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", fail)
        archive.sweeper().sweep()
    assert archive.journal.shelves().unlinking({ROOT}, 99)
    archive.sweeper().sweep()
    assert archive.files() == archive.named()


def keep_all_below(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A disk that answers each unlink there with an error."""
    unlink = Path.unlink

    def fail(self: Path, missing_ok: bool = False) -> None:
        if self.is_relative_to(folder):
            raise OSError(30, "Read-only file system")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", fail)


def test_a_disk_that_keeps_every_file_costs_no_more_rows_than_a_batch(archive, monkeypatch):
    monkeypatch.setattr(sweeping, "BATCH", 4)
    archive.film(366 * DAY, minutes=20)
    archive.film(DAY, minutes=30)
    keep_all_below(monkeypatch, archive.root)
    for _ in range(5):
        swept = archive.sweeper().sweep()
        archive.clock.sleep(60)
    assert len(archive.named()) == 50 - 4
    assert "删不掉" in swept.refusal


def test_a_single_file_that_stays_keeps_no_other_from_going(archive, monkeypatch):
    monkeypatch.setattr(sweeping, "BATCH", 4)
    archive.film(366 * DAY, minutes=20)
    archive.film(DAY, minutes=30)
    stubborn = min(archive.files())
    keep_all_below(monkeypatch, archive.root / stubborn)
    archive.sweeper().sweep()
    assert archive.files() - archive.named() == {stubborn}
    assert len(archive.named()) == 30
    archive.film(366 * DAY, minutes=1)
    assert archive.sweeper().sweep().refusal is None
    assert len(archive.named()) == 30


# More than half, and the clock


def test_it_refuses_when_more_than_half_would_go_at_once(archive):
    for number in range(6):
        archive.film(366 * DAY + timedelta(hours=number))
    for number in range(5):
        archive.film(timedelta(hours=number))
    swept = archive.sweeper().sweep()
    assert swept.expired == {}
    assert "一半" in swept.refusal
    assert archive.journal.storage().refusal == swept.refusal
    assert archive.journal.latest_events(1)[0].kind == "storage-refusal"
    archive.film(timedelta(hours=6))  # half, and not more
    assert archive.sweeper().sweep().expired == {Kind.VIDEO: 6}


def test_an_operator_may_say_that_more_than_half_is_right(archive):
    for number in range(6):
        archive.film(366 * DAY + timedelta(hours=number))
    archive.film(timedelta(hours=1))
    assert archive.sweeper().sweep(more_than_half=True).expired == {Kind.VIDEO: 6}


def test_a_clock_that_jumped_ahead_deletes_nothing_until_it_is_synchronised(archive):
    fill(archive, expired=0, kept=5)
    archive.agreed = False
    sweeper = archive.sweeper()
    assert sweeper.sweep().refusal is None
    archive.clock.step(2 * DAY)  # the two oldest days would go, which is less than half
    refused = sweeper.sweep()
    assert "跳变" in refused.refusal
    assert refused.expired == {}
    assert sweeper.sweep().refusal  # the doubt stays
    archive.clock.step(-2 * DAY)
    archive.agreed = True
    assert sweeper.sweep().refusal is None


def test_after_a_restart_a_gap_of_days_needs_a_synchronised_clock(archive):
    archive.film(364 * DAY)
    for hours in range(6):
        archive.film(timedelta(hours=7 - hours))
    archive.agreed = False
    archive.clock.step(3 * DAY)
    assert "天前" in archive.sweeper().sweep().refusal
    assert archive.sweeper().sweep().refusal, "another restart does not make it true"
    archive.agreed = True
    assert archive.sweeper().sweep().refusal is None
    archive.agreed = False
    assert archive.sweeper().sweep().refusal is None, "it was believed a moment ago"


def test_an_operator_who_checked_the_clock_is_believed_by_the_running_sweeper_too(archive):
    archive.film(timedelta(hours=1))
    archive.agreed = False
    sweeper = archive.sweeper()
    sweeper.sweep()
    archive.clock.step(timedelta(hours=1))
    assert "跳变" in sweeper.sweep().refusal
    archive.clock.sleep(5)
    assert archive.sweeper().sweep(trust_clock=True).refusal is None
    archive.clock.sleep(5)
    assert sweeper.sweep().refusal is None


def test_a_dry_run_tells_of_a_clock_that_is_not_believed_and_remembers_nothing(archive):
    fill(archive)
    archive.sweeper().sweep()
    archive.film(DAY, minutes=9)
    archive.clock.step(-2 * DAY)
    assert "早于" in archive.sweeper().look()[1]
    archive.clock.step(2 * DAY)
    assert archive.sweeper().look()[1] is None


def test_a_clock_before_the_newest_record_is_not_believed(archive):
    fill(archive)
    archive.clock.step(-1 * DAY)
    swept = archive.sweeper().sweep()
    assert "早于" in swept.refusal
    assert swept.expired == {}


def test_a_record_from_a_wrong_future_blocks_only_until_the_next_record(archive):
    fill(archive)
    archive.film(-900 * DAY)
    assert "早于" in archive.sweeper().sweep().refusal
    archive.film(timedelta(seconds=1))
    assert archive.sweeper().sweep().refusal is None


# A full disk


def with_disk(tmp_path: Path, disk: Disk, when_full: WhenFull) -> Archive:
    """An archive whose video lies on a small XFS."""
    table = {kind.value: {"kept_days": 365} for kind in (Kind.VIDEO, Kind.SMOKE)}
    table["video"]["when_full"] = when_full.value
    table |= {"passages": {}, "photos": {}, "clips": {"volume": "root"}}
    table["smoke"]["volume"] = "root"
    machine = {"name": "gate", "video_disks": [{"uuid": disk.uuid, "mount": str(disk.mount)}]}
    archive = open_archive(
        tmp_path / "root",
        machines=[machine],
        storage={"root": str(tmp_path / "root"), "retention": table},
    )
    uuids = {str(disk.mount): disk.uuid}
    archive.volumes = Volumes(archive.root, uuids, disk.by_uuid)
    return archive


def fill_disk(archive: Archive, disk: Disk, days: int) -> None:
    """Megabytes of video, the oldest so many days old, until the disk is all but full."""
    age, half_a_day = days * DAY, timedelta(hours=12)
    while archive.volumes.space(str(disk.mount)).free > 8 << 20:
        archive.film(age, volume=str(disk.mount), size=4 << 20)
        age -= half_a_day
    archive.film(timedelta(minutes=2), volume=str(disk.mount), size=1 << 20)


@pytest.mark.slow
def test_a_full_disk_overwrites_the_oldest_and_each_early_deletion_is_a_compliance_event(
    tmp_path, xfs
):
    archive = with_disk(tmp_path, xfs, WhenFull.OVERWRITE)
    fill_disk(archive, xfs, days=100)
    oldest = archive.journal.shelves().oldest(Kind.VIDEO)
    swept = archive.sweeper().sweep()
    volume = str(xfs.mount)
    space = archive.volumes.space(volume)
    until(lambda: archive.volumes.space(volume).free >= 0.05 * space.size)
    assert swept.early[Kind.VIDEO] >= 1
    assert swept.expired == {}
    assert archive.journal.shelves().oldest(Kind.VIDEO) > oldest
    (kept, *_) = archive.journal.shelves().early_deletions(9)
    assert (kept.kind, kept.volume, kept.kept_days) == (Kind.VIDEO, volume, 365)
    assert archive.journal.latest_events(9)[-1].kind == "storage-early-deletion"
    state = archive.journal.storage()
    assert state.stopped == ()
    assert state.early >= 1
    # It frees little more than it must: the rest of the archive stays.
    assert swept.bytes < 0.09 * space.size
    assert archive.sweeper().sweep().early == {}
    names = {f.relative_to(xfs.mount).as_posix() for f in xfs.mount.rglob("*.mp4")}
    assert names == archive.named()
    archive.journal.close()


@pytest.mark.slow
def test_what_is_past_the_laws_term_is_overwritten_before_anything_within_it(tmp_path, xfs):
    machine = {"name": "gate", "video_disks": [{"uuid": xfs.uuid, "mount": str(xfs.mount)}]}
    table = {"video": {"kept_days": 365}, "clips": {"kept_days": 1500}}
    table |= {"passages": {}, "photos": {}, "smoke": {"volume": "root"}}
    archive = open_archive(
        tmp_path / "root",
        machines=[machine],
        storage={"root": str(tmp_path / "root"), "retention": table},
    )
    volume = str(xfs.mount)
    archive.volumes = Volumes(archive.root, {volume: xfs.uuid}, xfs.by_uuid)
    number = archive.passage(1, 900 * DAY)
    for again in range(6):  # beyond the law's 730 days, within the policy's 1500
        path = f"clips/2024-06-01/{again}.mp4"
        file = xfs.mount / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(4 << 20))
        at = NOW - 900 * DAY + timedelta(minutes=again)
        clip = Clip(number, "a01-plate", at, 12.0, volume, path, "0" * 64, 4 << 20)
        archive.journal.video().add_clip(clip)
    fill_disk(archive, xfs, days=100)
    swept = archive.sweeper().sweep()
    assert swept.expired[Kind.CLIPS] >= 1
    assert swept.early == {}
    archive.journal.close()


@pytest.mark.slow
def test_a_full_disk_stops_where_the_policy_says_so_and_goes_on_when_there_is_room(tmp_path, xfs):
    archive = with_disk(tmp_path, xfs, WhenFull.STOP)
    fill_disk(archive, xfs, days=100)
    before = archive.named()
    assert archive.sweeper().sweep().early == {}
    assert archive.named() == before
    assert archive.journal.storage().stopped == (Kind.VIDEO,)
    archive.sweeper().sweep()
    assert [event.kind for event in archive.journal.latest_events(9)].count("storage-stopped") == 1
    for file in list(xfs.mount.rglob("*.mp4"))[:10]:
        file.unlink()
    # XFS gives the room back a little later.
    until(lambda: archive.volumes.space(str(xfs.mount)).free > 24 << 20)
    archive.sweeper().sweep()
    assert archive.journal.storage().stopped == ()
    assert archive.journal.latest_events(1)[0].kind == "storage-resumed"
    archive.journal.close()


def test_what_a_stranger_filled_does_not_cost_the_newest_day(tmp_path, xfs):
    archive = with_disk(tmp_path, xfs, WhenFull.OVERWRITE)
    archive.film(40 * DAY, minutes=3, volume=str(xfs.mount), size=4096)
    archive.film(timedelta(hours=2), minutes=3, volume=str(xfs.mount), size=4096)
    room = archive.volumes.space(str(xfs.mount)).free
    with (xfs.mount / "stranger").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room - (1 << 20))
    assert archive.sweeper().sweep().early == {Kind.VIDEO: 3}
    assert archive.journal.shelves().count_before(Kind.VIDEO, NOW) == 3
    assert archive.journal.storage().stopped == (Kind.VIDEO,)
    archive.journal.close()


def test_a_disk_that_is_not_mounted_or_another_one_is_left_alone(tmp_path, xfs):
    archive = with_disk(tmp_path, xfs, WhenFull.OVERWRITE)
    volume = str(xfs.mount)
    archive.film(366 * DAY, volume=volume)
    archive.film(timedelta(hours=1), volume=volume)
    archive.volumes = Volumes(archive.root, {volume: xfs.uuid}, tmp_path / "no", tmp_path / "no")
    assert xfs.uuid in archive.volumes.trouble(volume)
    assert archive.sweeper().sweep().expired == {}
    state = archive.journal.storage()
    assert [(one.volume, one.present) for one in state.volumes] == [(ROOT, True), (volume, False)]
    assert archive.journal.latest_events(1)[0].kind == "storage-volume-missing"
    archive.volumes = Volumes(archive.root, {volume: xfs.uuid}, xfs.by_uuid)
    assert archive.sweeper().sweep().expired == {Kind.VIDEO: 1}
    (tmp_path / "plain").mkdir()
    plain = str(tmp_path / "plain")
    assert "没有挂载" in Volumes(archive.root, {plain: xfs.uuid}).trouble(plain)
    archive.journal.close()


def test_a_disk_that_goes_away_during_a_pass_keeps_its_notes(tmp_path, xfs):
    archive = with_disk(tmp_path, xfs, WhenFull.OVERWRITE)
    volume = str(xfs.mount)
    archive.film(366 * DAY, volume=volume)
    archive.film(timedelta(hours=1), volume=volume)

    def unmount(step: SweepStep) -> None:
        if step is SweepStep.ROWS_DELETED:
            subprocess.run(["umount", volume], check=True)

    archive.sweeper(step=unmount).sweep()
    assert len(archive.journal.shelves().unlinking({volume}, 9)) == 1
    image = str(tmp_path / "disk.img")
    subprocess.run(["mount", "-o", "loop", image, volume], check=True)
    source = subprocess.run(
        ["findmnt", "-n", "-o", "SOURCE", volume],
        capture_output=True,
        text=True,
        check=True,
    )
    (xfs.by_uuid / xfs.uuid).unlink()
    (xfs.by_uuid / xfs.uuid).symlink_to(source.stdout.strip())
    archive.sweeper().sweep()
    assert archive.journal.shelves().unlinking({volume}, 9) == ()
    assert len(list(xfs.mount.rglob("*.mp4"))) == 1
    archive.journal.close()


@pytest.mark.slow
def test_a_disk_that_will_be_full_too_soon_is_an_alarm_by_days_left(tmp_path, xfs):
    archive = with_disk(tmp_path, xfs, WhenFull.OVERWRITE)
    for day in range(8, 0, -1):
        archive.film(day * DAY, volume=str(xfs.mount), size=16 << 20)
    archive.sweeper().sweep()
    state = next(one for one in archive.journal.storage().volumes if one.volume != ROOT)
    left = (state.free - 0.05 * state.size) / (16 << 20)
    assert state.days_left == pytest.approx(left, rel=0.2)
    assert "应存 365 天" in state.short
    assert archive.journal.latest_events(1)[0].kind == "storage-days-left"
    archive.journal.close()


def test_a_disk_in_balance_is_no_alarm(tmp_path, xfs):
    archive = with_disk(tmp_path, xfs, WhenFull.OVERWRITE)
    archive.film(364 * DAY, volume=str(xfs.mount), size=1 << 20)
    for day in range(8, 0, -1):
        archive.film(day * DAY, volume=str(xfs.mount), size=1 << 20)
    archive.sweeper().sweep()
    assert all(one.days_left is None for one in archive.journal.storage().volumes)
    archive.journal.close()


def test_a_locked_journal_is_an_error_that_the_supervisor_cures(archive, monkeypatch):
    fill(archive)
    archive.journal._database.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(archive.root / "journal.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError):
        archive.sweeper().sweep()
    other.close()
    assert archive.sweeper().sweep().expired
