"""The check of the storage: what the disks hold against what the journal says."""

import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.guideline.retention import Kind
from appliance.runtime.journal.video import fragment_path
from appliance.runtime.video.check import Checker, Finding, Wrong

from .archive import DAY, NOW, Archive

needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="ffmpeg is not installed"
)


def check(archive: Archive, **how) -> list[Finding]:
    return list(Checker(archive.journal, archive.clock, archive.volumes, **how).findings())


def wrongs(archive: Archive, **how) -> list[tuple[Wrong, str]]:
    return [(one.wrong, Path(one.path).suffix) for one in check(archive, **how)]


def put(archive: Archive, path: str, content: bytes = b"x", age: timedelta = DAY) -> Path:
    file = archive.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    grow_old(file, age)
    return file


def grow_old(file: Path, age: timedelta = DAY) -> None:
    at = (NOW - age).timestamp()
    os.utime(file, (at, at))


def real_video(file: Path, seconds: int = 2) -> None:
    """A film that plays."""
    words = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=5"]
    subprocess.run([*words, "-t", str(seconds), str(file)], check=True)


def test_an_archive_in_order_has_no_findings(archive):
    archive.passage(1, DAY)
    archive.film(DAY, minutes=3)
    assert check(archive) == []


def test_files_without_rows_are_found_and_taken_away_when_asked(archive):
    archive.passage(1, DAY)
    strays = [
        put(archive, "photos/2026-11-01/A01/.half.jpg.1-ab"),
        put(archive, "photos/2026-11-01/A01/stray.jpg"),
        put(archive, "clips/2026-11-01/stray.mp4"),
        put(archive, "video/2026-11-01/a01-plate/notes.txt"),
    ]
    assert [one.wrong for one in check(archive)] == [Wrong.UNKNOWN] * 4
    assert all(stray.exists() for stray in strays)
    assert all(one.mended for one in check(archive, mend=True))
    assert not any(stray.exists() for stray in strays)
    assert check(archive) == []
    assert archive.journal.verify().fault is None


def test_a_file_that_is_being_written_is_passed_over(archive):
    put(archive, "photos/2026-11-24/A01/fresh.jpg", age=timedelta(minutes=1))
    assert check(archive, mend=True) == []


def test_a_lost_photo_is_told_and_never_mended_away(archive):
    number = archive.passage(1, DAY)
    photo = archive.journal.passage(number).photos[0]
    archive.journal.photo_path(photo).unlink()
    (found,) = check(archive, mend=True)
    assert (found.wrong, found.mended) == (Wrong.MISSING, None)
    assert check(archive) == [found]


def test_a_photo_that_the_policy_deleted_is_not_missed_and_its_leftover_file_goes(archive):
    archive.passage(1, 731 * DAY)
    archive.passage(2, DAY)
    kept = {path: (archive.root / path).read_bytes() for path in archive.files()}
    archive.sweeper().sweep()
    assert check(archive) == []
    (path,) = [path for path in kept if "front" in path and path not in archive.files()]
    file = put(archive, path, kept[path])
    (found,) = check(archive, mend=True)
    assert (found.wrong, found.mended) == (Wrong.UNKNOWN, "已删除")
    assert not file.exists()


def test_a_lost_fragment_leaves_the_index_with_an_event(archive):
    archive.film(DAY, minutes=2)
    lost = min(archive.files())
    (archive.root / lost).unlink()
    assert wrongs(archive) == [(Wrong.MISSING, ".mp4")]
    assert check(archive, mend=True)[0].mended
    assert check(archive) == []
    assert archive.journal.latest_events(1)[0].kind == "storage-fragment-lost"


def test_an_empty_fragment_is_damaged_and_goes(archive):
    archive.film(DAY, minutes=2)
    (archive.root / min(archive.files())).write_bytes(b"")
    assert wrongs(archive) == [(Wrong.DAMAGED, ".mp4")]
    check(archive, mend=True)
    assert check(archive) == []
    assert archive.files() == archive.named()


@needs_ffmpeg
def test_a_fragment_whose_row_a_killed_recorder_never_wrote_is_taken_up(archive):
    at = NOW - DAY
    file = put(archive, fragment_path("a01-plate", at))
    real_video(file)
    grow_old(file)
    (found,) = check(archive, mend=True)
    assert found.mended == "补记为录像"
    (fragment,) = archive.journal.video().fragments_between("a01-plate", at, at + DAY)
    assert (fragment.began_at, fragment.bytes) == (at, file.stat().st_size)
    assert fragment.seconds == pytest.approx(2, abs=0.5)


@needs_ffmpeg
def test_a_fragment_cut_short_that_still_plays_is_kept_as_it_is(archive):
    archive.film(DAY, minutes=1)
    (path,) = archive.files()
    real_video(archive.root / path)
    assert wrongs(archive) == [(Wrong.DAMAGED, ".mp4")]
    assert "2 秒" in check(archive, mend=True)[0].mended
    assert check(archive) == []


@needs_ffmpeg
def test_a_fragment_of_the_right_size_that_does_not_play_is_found_by_the_probe(archive):
    archive.film(DAY, minutes=1)
    assert check(archive) == []
    assert wrongs(archive, probe=True) == [(Wrong.DAMAGED, ".mp4")]


def test_without_ffprobe_what_nobody_can_tell_stays(archive, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    archive.film(DAY, minutes=1)
    (path,) = archive.files()
    (archive.root / path).write_bytes(b"other")
    (found,) = check(archive, mend=True)
    assert (found.wrong, found.mended) == (Wrong.DAMAGED, None)
    assert archive.files() == {path}


def test_a_disk_that_is_not_there_is_told_once_and_not_taken_for_a_loss(archive, tmp_path):
    archive.film(DAY, minutes=3, volume=str(tmp_path / "disk"))
    (found,) = check(archive, mend=True)
    assert found.wrong is Wrong.ABSENT
    assert archive.journal.shelves().count_before(Kind.VIDEO, NOW) == 3
    assert archive.journal.shelves().volumes() == {str(tmp_path / "disk")}


def shadow(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Another ffprobe, the first on the path."""
    folder.mkdir()
    program = folder / "ffprobe"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@needs_ffmpeg
@pytest.mark.parametrize(
    "script",
    ["exec sleep 60", "kill -9 $$", 'echo "$2: Input/output error" >&2; exit 1'],
    ids=["too slow", "killed", "the disk errs"],
)
def test_a_video_that_ffprobe_could_not_look_at_is_not_taken_for_damaged(
    archive, monkeypatch, tmp_path, script
):
    archive.film(DAY, minutes=1)
    (known,) = archive.files()
    stray = archive.root / fragment_path("a01-plate", NOW - 2 * DAY)
    stray.parent.mkdir(parents=True)
    real_video(stray)
    grow_old(stray)
    shadow(monkeypatch, tmp_path / "bin", script)
    monkeypatch.setattr("appliance.runtime.video.check.PROBE_SECONDS", 0.3)
    check(archive, mend=True, probe=True)
    assert stray.exists()
    assert known in archive.files()


def test_what_the_sweeper_takes_away_during_a_check_is_not_missed(archive, monkeypatch):
    archive.film(DAY * 400, minutes=3)
    archive.film(DAY, minutes=9)
    checker = Checker(archive.journal, archive.clock, archive.volumes)
    listed = checker._inventory.files

    def list_then_sweep(*where):
        found = listed(*where)
        archive.sweeper().sweep()
        return found

    monkeypatch.setattr(checker._inventory, "files", list_then_sweep)
    assert list(checker.findings()) == []
