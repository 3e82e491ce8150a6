"""Recording a passage: what is kept, what a repeat does, what the order on disk is."""

import hashlib
import os
import re
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.journal import Journal, UnknownPassage, UnsafePath
from appliance.runtime.journal.steps import Step
from appliance.runtime.journal.values import (
    OutboxState,
    Photo,
    PhotoKind,
    RecordedPassage,
    StoredPhoto,
)

from .samples import BODY, FRONT, NOON, next_due, passage, photo_files


def test_a_passage_reads_back_as_it_was_recorded(journal):
    written = passage()
    recorded, new = journal.record(written)
    assert new
    assert recorded == RecordedPassage(
        id=1,
        key=written.key,
        entrance=written.entrance,
        barrier=written.barrier,
        position=written.position,
        direction=written.direction,
        passed_at=NOON,
        recorded_at=NOON,
        plate=written.plate,
        plate_colour=written.plate_colour,
        confidence=0.95,
        admission=written.admission,
        raise_method=written.raise_method,
        vehicle=written.vehicle,
        photos=recorded.photos,
        corrected=False,
    )
    assert journal.passage(1) == journal.passage_by_key(written.key) == recorded


def test_an_unread_plate_stays_none(journal):
    recorded, _ = journal.record(
        passage(plate=None, plate_colour=PlateColour.OTHER, confidence=0, vehicle=None, photos=())
    )
    assert (recorded.plate, recorded.vehicle, recorded.photos) == (None, None, ())


def test_photos_lie_by_day_and_barrier_with_their_digest_and_size(root, journal):
    recorded, _ = journal.record(passage())
    front, body = recorded.photos
    assert front.sha256 == hashlib.sha256(FRONT.jpeg).hexdigest()
    key = hashlib.sha256(b"A01-1").hexdigest()[:16]
    name = f"120000123-{key}-{front.sha256[:16]}-front.jpg"
    assert front.path == f"photos/2026-11-24/A01/{name}"
    assert (front.kind, front.size) == (PhotoKind.FRONT, len(FRONT.jpeg))
    assert journal.photo_path(front).read_bytes() == FRONT.jpeg
    assert journal.photo_path(body).read_bytes() == BODY.jpeg
    assert photo_files(root) == {front.path, body.path}


def test_a_day_is_a_day_of_beijing(journal):
    utc_evening = datetime.fromisoformat("2026-11-24T17:30:00+00:00")
    recorded, _ = journal.record(passage(passed_at=utc_evening))
    assert recorded.photos[0].path.startswith("photos/2026-11-25/A01/013000000-")
    assert recorded.passed_at == utc_evening
    assert recorded.passed_at.isoformat() == "2026-11-25T01:30:00+08:00"


def test_a_passage_owes_one_60001_message(journal):
    recorded, _ = journal.record(passage())
    (message,) = journal.messages(recorded.id)
    assert (message.cn, message.qn, message.passage_id) == ("60001", "20261124120000123", 1)
    assert (message.state, message.attempts, message.reason) == (OutboxState.WAITING, 0, None)
    assert message.queued_at == message.next_try_at == NOON


def test_a_message_can_be_held_for_a_reason(journal):
    recorded, _ = journal.record(passage(), hold="车辆未放行")
    (message,) = journal.messages(recorded.id)
    assert (message.state, message.reason) == (OutboxState.HELD, "车辆未放行")
    assert next_due(journal, NOON) is None


def test_a_repeated_write_is_the_same_passage(root, journal, clock):
    first, _ = journal.record(passage())
    clock.sleep(5)
    other = passage(plate="宁B00000", photos=(Photo(PhotoKind.FRONT, b"another"),))
    assert journal.record(other) == (first, False)
    assert journal.latest_passages(10) == (first,)
    assert len(journal.messages(first.id)) == 1
    assert photo_files(root) == {photo.path for photo in first.photos}


def test_a_repeat_after_a_restart_writes_nothing_at_all(root, clock, journal):
    first, _ = journal.record(passage())
    steps: list[Step] = []
    with Journal.open(root, clock, step=steps.append) as restarted:
        assert restarted.record(passage()) == (first, False)
    assert steps == []


@pytest.mark.parametrize("same_photos", [True, False])
def test_a_write_that_loses_the_race_for_a_key_leaves_no_file_behind(root, clock, same_photos):
    winner = Journal.open(root, clock)
    won = []

    def overtake(step: Step) -> None:
        if step == Step.PHOTOS_SYNCED:
            won.append(winner.record(passage()))

    late = passage() if same_photos else passage(photos=(Photo(PhotoKind.FRONT, b"late"), BODY))
    with winner, Journal.open(root, clock, step=overtake) as loser:
        recorded, new = loser.record(late)
        assert not new
        assert won == [(recorded, True)]
        assert photo_files(root) == {photo.path for photo in recorded.photos}
        assert loser.verify().fault is None


def test_a_transaction_that_fails_records_nothing_and_the_next_try_succeeds(root, clock):
    def fail(step: Step) -> None:
        if step == Step.MESSAGE_ADDED and not failed:
            failed.append(step)
            raise OSError("no space left")

    failed: list[Step] = []
    with Journal.open(root, clock, step=fail) as journal:
        with pytest.raises(OSError, match="no space"):
            journal.record(passage())
        assert journal.latest_passages(10) == ()
        assert journal.outbox_counts().waiting == 0
        recorded, new = journal.record(passage())
        assert new
        assert recorded.id == 1
        assert photo_files(root) == {photo.path for photo in recorded.photos}
        assert journal.verify().fault is None


def test_a_photo_that_cannot_be_written_whole_leaves_no_file(root, clock, monkeypatch):
    def full_disk(descriptor: int) -> None:
        raise OSError("no space left")

    with Journal.open(root, clock) as journal:
        journal.record(passage("first"))
        before = photo_files(root)
        monkeypatch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="no space"):
            journal.record(passage("second", photos=(Photo(PhotoKind.BODY, b"new"),)))
        assert photo_files(root) == before
        assert journal.passage_by_key("second") is None


@pytest.mark.parametrize("barrier", ["../..", "A01/..", "", "A1", "a01"])
def test_a_barrier_that_is_no_barrier_number_never_becomes_a_folder(root, journal, barrier):
    with pytest.raises(ValueError, match="barrier"):
        journal.record(passage(barrier=barrier))
    assert not (root / "photos").exists()


def test_two_photos_of_one_kind_are_refused(journal):
    with pytest.raises(ValueError, match="one photo of a kind"):
        journal.record(passage(photos=(FRONT, FRONT)))


def test_a_moment_without_a_zone_is_refused_before_a_photo_is_written(root, journal):
    with pytest.raises(ValueError, match="time zone"):
        journal.record(passage(passed_at=NOON.replace(tzinfo=None)))
    assert not (root / "photos").exists()


@pytest.mark.parametrize(
    "path", ["photos/../journal.sqlite3", "/etc/passwd", "journal.sqlite3", "photos/link/passwd"]
)
def test_a_photo_path_that_leads_elsewhere_is_refused(root, journal, path):
    journal.record(passage())
    (root / "photos" / "link").symlink_to("/etc")
    with pytest.raises(UnsafePath, match="超出照片目录"):
        journal.photo_path(StoredPhoto(PhotoKind.FRONT, path, "0" * 64, 1))


def test_pages_of_passages_run_both_ways(journal):
    recorded = [journal.record(passage(f"A01-{n}"))[0] for n in range(5)]
    assert journal.latest_passages(2) == (recorded[4], recorded[3])
    assert journal.latest_passages(2, before_id=recorded[3].id) == (recorded[2], recorded[1])
    assert journal.passages_after(0, 2) == (recorded[0], recorded[1])
    assert journal.passages_after(recorded[3].id, 9) == (recorded[4],)


def test_an_unknown_passage_is_said_to_be_unknown(journal):
    with pytest.raises(UnknownPassage, match="没有编号为 7 的进出厂记录"):
        journal.passage(7)
    assert journal.passage_by_key("nobody") is None


def watch_the_disk(monkeypatch, journal: Journal) -> list[str]:
    """Every sync, rename and transaction boundary, in the order they happen for real."""
    seen: list[str] = []
    fsync, rename = os.fsync, os.replace

    def fsync_seen(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        fsync(descriptor)
        seen.append(f"fsync {'photo' if name.startswith('.') else name}")

    def rename_seen(source: Path, target: Path) -> None:
        rename(source, target)
        seen.append("rename")

    told: list[str] = []

    def statement(sql: str) -> None:
        if told[-1:] == [sql]:
            return  # a statement of a trigger, which is told as the one that fired it
        told.append(sql)
        if sql.startswith(("BEGIN", "COMMIT")):
            seen.append(sql)
        elif sql.startswith("INSERT"):
            table = re.search(r"INTO \W?(\w+)", sql)
            seen.append(f"insert {table[1]}")

    monkeypatch.setattr(os, "fsync", fsync_seen)
    monkeypatch.setattr(os, "replace", rename_seen)
    journal._database.conn.set_trace_callback(statement)
    return seen


def test_everything_is_on_the_disk_in_the_order_the_argument_needs(root, journal, monkeypatch):
    seen = watch_the_disk(monkeypatch, journal)
    journal.record(passage())
    transaction = [
        "BEGIN IMMEDIATE",
        "insert passages",
        "insert photos",
        "insert photos",
        "insert chain",
        "insert last_qn",
        "insert outbox",
        "COMMIT",
    ]
    photos = ["fsync photo", "rename", "fsync photo", "rename", "fsync A01"]
    ancestry = [f"fsync {root.name}", "fsync photos", "fsync 2026-11-24"]
    assert seen == ancestry + photos + transaction
    seen.clear()
    journal.record(passage("A01-2"))
    assert seen == photos + transaction


def test_folders_left_by_a_writer_that_died_are_synced_all_the_same(root, journal, monkeypatch):
    (root / "photos" / "2026-11-24" / "A01").mkdir(parents=True)
    seen = watch_the_disk(monkeypatch, journal)
    journal.record(passage())
    assert seen[:3] == [f"fsync {root.name}", "fsync photos", "fsync 2026-11-24"]


def test_the_steps_are_named_in_their_order(root, clock):
    steps: list[Step] = []
    with Journal.open(root, clock, step=steps.append) as journal:
        journal.record(passage(photos=(FRONT,)))
    assert steps == list(Step)


def test_the_database_itself_refuses_a_second_row_of_a_key(root, journal):
    recorded, _ = journal.record(passage())
    connection = sqlite3.connect(root / "journal.sqlite3")
    with pytest.raises(sqlite3.IntegrityError, match=r"passages\.key"):
        connection.execute(
            "INSERT INTO passages SELECT 9, key, entrance, barrier, position, direction, "
            "passed_at, recorded_at, plate, plate_colour, confidence, decision, rule, reason, "
            "raise_method, vehicle, seen FROM passages WHERE id = ?",
            [recorded.id],
        )
    connection.close()


def test_recorded_at_is_the_journals_own_moment(journal, clock):
    clock.sleep(2.5)
    recorded, _ = journal.record(replace(passage(), passed_at=NOON))
    assert recorded.recorded_at - recorded.passed_at == timedelta(seconds=2.5)
