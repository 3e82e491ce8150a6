"""Files by kind and age: the oldest go first, the rows before the files, and the chain says so."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from appliance.guideline.retention import Kind
from appliance.profile.storage import ROOT
from appliance.runtime.journal import Journal, StorageStopped, migrations
from appliance.runtime.journal.storage_state import StorageState, VolumeState
from appliance.runtime.journal.video import Clip, Fragment, fragment_path

from .samples import NOON, HandClock, deliver, numbered, passage

DAY = timedelta(days=1)
LATER = NOON + 800 * DAY


def fragment(minute: int, camera: str = "a01-plate", volume: str = "/v", **more) -> Fragment:
    at = NOON + timedelta(minutes=minute)
    return Fragment(camera, at, 60.0, volume, fragment_path(camera, at), 1000, **more)


def delivered(journal: Journal, number: int) -> int:
    """A passage that the platform has."""
    recorded, _ = journal.record(numbered("A01", number))
    deliver(journal, recorded.id)
    return recorded.id


def remove_photos(journal: Journal, limit: int = 10):
    return journal.shelves().take(
        Kind.PHOTOS, before=LATER, volumes={ROOT}, limit=limit, kept_days=730
    )


def test_the_path_of_a_fragment_is_its_beijing_date_camera_and_time():
    at = datetime.fromisoformat("2026-11-24T23:59:59+00:00")
    assert fragment_path("a01-plate", at) == "video/2026-11-25/a01-plate/075959.mp4"


def test_fragments_are_found_by_the_time_they_show(journal):
    video = journal.video()
    video.add_fragments(fragment(minute) for minute in range(10))
    video.add_fragment(fragment(3, camera="other"))
    begin = NOON + timedelta(minutes=3, seconds=30)
    found = video.fragments_between("a01-plate", begin, begin + timedelta(minutes=1))
    assert [one.began_at.minute for one in found] == [3, 4]
    assert video.newest_fragment("a01-plate").began_at.minute == 9
    assert video.bitrates(NOON) == {}  # too little to tell


def test_a_path_outside_its_volume_is_refused(journal):
    for path in ("/etc/passwd", "../x", "a/../../x", "a//b"):
        with pytest.raises(ValueError, match="below a volume"):
            journal.video().add_fragment(Fragment("c", NOON, 60, "/v", path, 1))


def test_the_oldest_of_a_kind_go_first_and_their_files_are_noted_in_the_same_breath(journal):
    shelves = journal.shelves()
    journal.video().add_fragments(fragment(minute) for minute in (5, 1, 4, 2, 3))
    taken = shelves.take(Kind.VIDEO, before=LATER, volumes={"/v"}, limit=2, kept_days=365)
    assert [path[-10:] for _, path in taken.files] == ["120100.mp4", "120200.mp4"]
    assert (taken.items, taken.bytes) == (2, 2000)
    assert set(shelves.unlinking({"/v"}, 10)) == set(taken.files)
    assert shelves.oldest(Kind.VIDEO).minute == 3
    shelves.forget(taken.files)
    assert shelves.unlinking({"/v"}, 10) == ()


def test_no_more_is_taken_than_the_room_that_is_wanted(journal):
    journal.video().add_fragments(fragment(minute) for minute in range(9))
    taken = journal.shelves().take(
        Kind.VIDEO, before=LATER, volumes={"/v"}, limit=9, kept_days=365, bytes_wanted=2500
    )
    assert taken.items == 3


def test_a_file_made_anew_under_a_name_about_to_go_is_not_unlinked(journal):
    shelves, video = journal.shelves(), journal.video()
    video.add_fragment(fragment(1))
    shelves.take(Kind.VIDEO, before=LATER, volumes={"/v"}, limit=1, kept_days=365)
    video.add_fragment(fragment(1))
    assert shelves.unlinking({"/v"}, 10) == ()


def test_volumes_that_are_not_named_keep_what_they_have(journal):
    journal.video().add_fragments([fragment(1), fragment(1, volume="/w")])
    assert journal.shelves().volumes() == {"/v", "/w"}
    for _ in range(2):
        journal.shelves().take(Kind.VIDEO, before=LATER, volumes={"/w"}, limit=9, kept_days=365)
    assert journal.shelves().volumes() == {"/v"}


def test_photos_go_but_passages_stay_and_the_chain_calls_it_lawful(journal, root):
    ids = [delivered(journal, number) for number in range(3)]
    taken = remove_photos(journal, limit=2)
    assert len(taken.files) == 4
    for _, path in taken.files:
        (root / path).unlink()
    assert journal.verify().fault is None
    assert journal.verify().links == 4
    assert journal.shelves().removal(ids[0]).why == "term"
    assert journal.shelves().removal(ids[2]) is None
    assert len(journal.passage(ids[0]).photos) == 2


def test_a_photo_that_nobody_removed_lawfully_is_still_missed(journal, root):
    ids = [delivered(journal, number) for number in range(2)]
    remove_photos(journal, limit=1)
    (root / journal.passage(ids[1]).photos[0].path).unlink()
    assert journal.verify().fault.what == "photo missing"


@pytest.mark.parametrize(
    ("forged", "what"),
    [
        ("INSERT INTO removed_photos VALUES (2, 1)", "changed"),
        ("DELETE FROM removed_photos", "changed"),
        ("UPDATE removals SET why = 'overwrite'", "changed"),
        ("DELETE FROM removed_photos; DELETE FROM removals", "removed"),
        (
            "INSERT INTO removals VALUES (2, '2030', 'term', 730); "
            "INSERT INTO removed_photos VALUES (2, 2)",
            "inserted",
        ),
    ],
)
def test_a_removal_that_is_forged_changed_or_withdrawn_is_named(journal, root, forged, what):
    for number in range(2):
        delivered(journal, number)
    remove_photos(journal, limit=1)
    with sqlite3.connect(root / "journal.sqlite3") as connection:
        connection.executescript(forged)
    fault = journal.verify().fault
    assert (fault.kind, fault.what) == ("removal", what)


def test_photos_that_the_platform_still_waits_for_are_kept(journal):
    journal.record(numbered("A01", 1))
    assert remove_photos(journal) is None
    held, _ = journal.record(numbered("A01", 2), hold="未放行")
    assert remove_photos(journal).items == 1
    assert journal.shelves().removal(held.id)


def test_an_early_deletion_is_an_event_and_a_row_with_what_was_promised(journal, clock):
    journal.video().add_fragments(fragment(minute) for minute in range(4))
    clock.time = NOON + 100 * DAY
    journal.shelves().take(
        Kind.VIDEO, before=clock.now(), volumes={"/v"}, limit=3, kept_days=365, early=True
    )
    (kept,) = journal.shelves().early_deletions(9)
    assert (kept.kind, kept.items, kept.kept_days, kept.volume) == (Kind.VIDEO, 3, 365, "/v")
    (event,) = journal.latest_events(9)
    assert event.kind == "storage-early-deletion"
    assert "只存了 99 天，应存 365 天" in event.detail


def test_clips_are_kept_with_the_hash_and_found_by_passage(journal):
    recorded, _ = journal.record(passage())
    clip = Clip(recorded.id, "a01-plate", NOON, 12.5, "/v", "clips/a.mp4", "0" * 64, 5)
    journal.video().add_clip(clip)
    assert journal.video().clips(recorded.id) == (clip,)


def test_a_passage_is_not_taken_in_while_photos_are_stopped(journal):
    state = StorageState(NOON, (VolumeState(ROOT, True, 10, 0),), stopped=(Kind.PHOTOS,))
    journal.say_storage(state)
    assert journal.storage() == state
    with pytest.raises(StorageStopped):
        journal.record(passage())
    journal.say_storage(StorageState(NOON))
    assert journal.record(passage())[1]


def test_a_file_of_a_volume_lies_below_it(journal, root, tmp_path):
    assert journal.file_path(ROOT, "photos/a.jpg") == root / "photos/a.jpg"
    assert journal.file_path(str(tmp_path), "video/x.mp4") == tmp_path / "video/x.mp4"
    for path in ("../x", "/etc/passwd", ""):
        with pytest.raises(Exception, match="超出"):
            journal.file_path(str(tmp_path), path)


def test_the_chain_and_the_photos_of_an_older_journal_are_taken_over(
    root: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    before = migrations.MIGRATIONS[: migrations.MIGRATIONS.index(migrations.files_on_disk)]
    monkeypatch.setattr(migrations.check, "__defaults__", (before,))
    monkeypatch.setattr(migrations.migrate, "__defaults__", (before,))
    with Journal.open(root, clock) as old:
        # As the release before wrote it, which knew of no storage state and no removals.
        monkeypatch.setattr("appliance.runtime.journal.verification._ends", None)
        old.record(numbered("A01", 1))
        old.record(numbered("A01", 2))
        head = old.head()
    with sqlite3.connect(root / "journal.sqlite3") as connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 5 WHERE name = 'chain'")
    monkeypatch.undo()
    with Journal.open(root, clock) as new:
        assert new.head() == head
        assert new.shelves().count_before(Kind.PHOTOS, LATER) == 0  # both still unsent
        # A tail that was cut off before is still seen after.
        assert new.verify().fault.what == "removed"
        assert "第 5 环" in new.verify().fault.sentence
