"""The clip of a passage: at least ten seconds, from a whole picture on, cut once and kept."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hand_clock import ClockByHand
from journal.samples import numbered
from sites import demo_profile

from appliance.guideline.retention import Kind
from appliance.runtime.journal import Journal
from appliance.runtime.journal.evidence import gather, pack_folder
from appliance.runtime.journal.shelves import ROOT
from appliance.runtime.journal.storage_state import StorageState
from appliance.runtime.journal.video import Clip
from appliance.runtime.video.check import Checker
from appliance.runtime.video.clips import LOOKED_BACK, Clipper, ClipStep
from appliance.runtime.video.cutting import Source, choose, cut
from appliance.runtime.video.shelf import NoPlace, Shelf
from appliance.runtime.video.volumes import Volumes
from appliance.runtime.video.writing import Pen

from .archive import NOW, Archive, TwoClocks
from .filming import film, needs_ffmpeg, pictures_in, pieces_of

pytestmark = needs_ffmpeg
SECOND = timedelta(seconds=1)
PASSED = NOW - timedelta(minutes=2)


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of a camera, a whole picture a second."""
    return film(tmp_path_factory.mktemp("film") / "minute.mp4", seconds=60, size="160x120")


@pytest.fixture(scope="module")
def wider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same camera after it was set to another size."""
    return film(tmp_path_factory.mktemp("film") / "wider.mp4", seconds=60, size="320x180")


def shelve(journal: Journal, source: Path, began_at: datetime) -> None:
    """Let the recorder have written a film as a fragment that began then."""
    head, (first, *others) = pieces_of(source)
    pen = Pen("recording:a01-plate", "a01-plate", journal, ClockByHand(began_at))
    fragment = pen.open(ROOT, began_at, head, first)
    for piece in others:
        fragment.add(piece)
    pen.close(fragment, began_at)


def pass_by(archive: Archive, at: datetime = PASSED, number: int = 1) -> int:
    """A vehicle passes at that time."""
    made = numbered("A01", number)
    values = {name: getattr(made, name) for name in made.__dataclass_fields__}
    recorded, _ = archive.journal.record(type(made)(**{**values, "passed_at": at}))
    return recorded.id


def clipper(archive: Archive, **how) -> Clipper:
    shelf = Shelf(Kind.CLIPS, (ROOT,), archive.volumes)
    return Clipper(archive.profile, archive.journal, archive.clock, shelf, **how)


def cut_all(archive: Archive, **how) -> int:
    return clipper(archive, **how).cut_waiting(LOOKED_BACK)


def the_clip(archive: Archive, passage: int) -> tuple[Clip, Path]:
    (clip,) = archive.journal.video().clips(passage)
    return clip, archive.journal.file_path(clip.volume, clip.path)


def boxes_of(file: Path) -> list[bytes]:
    """The outermost boxes of an MP4, in their order."""
    data, at, found = file.read_bytes(), 0, []
    while at < len(data):
        found.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    return found


def about(file: Path) -> dict:
    """What ffprobe knows of the first stream and the whole."""
    words = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", str(file)]
    return json.loads(subprocess.run(words, capture_output=True, check=True).stdout)


def test_a_clip_shows_the_passage_from_before_to_after(archive, minute):
    shelve(archive.journal, minute, PASSED - 30 * SECOND)
    passage = pass_by(archive)
    assert cut_all(archive) == 1
    clip, file = the_clip(archive, passage)
    assert clip.path == f"clips/2026-11-24/{passage:08d}-a01-plate.mp4"
    assert clip.began_at == PASSED - 8 * SECOND
    assert clip.seconds == 20
    assert file.stat().st_size == clip.bytes
    assert pictures_in(file) == 200
    assert (clip.codec, about(file)["streams"][0]["codec_name"]) == ("h264", "h264")


def test_a_browser_can_play_it_while_it_comes(archive, minute):
    shelve(archive.journal, minute, PASSED - 30 * SECOND)
    passage = pass_by(archive)
    cut_all(archive)
    kinds = boxes_of(the_clip(archive, passage)[1])
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert b"moof" not in kinds


def test_it_goes_over_the_seam_of_two_fragments(archive, minute):
    shelve(archive.journal, minute, PASSED - 62.4 * SECOND)
    shelve(archive.journal, minute, PASSED - 2.4 * SECOND)
    passage = pass_by(archive)
    cut_all(archive)
    clip, file = the_clip(archive, passage)
    # It begins with the whole picture before the wanted second.
    assert clip.began_at == PASSED - 8.4 * SECOND
    assert clip.seconds == 21
    assert pictures_in(file) == 210


def test_a_gap_stays_a_gap_of_its_length(archive, minute):
    shelve(archive.journal, minute, PASSED - 63 * SECOND)
    shelve(archive.journal, minute, PASSED + 2 * SECOND)
    archive.clock.sleep(300)
    passage = pass_by(archive)
    cut_all(archive)
    clip, file = the_clip(archive, passage)
    assert clip.seconds == 20
    assert pictures_in(file) == 150
    assert float(about(file)["format"]["duration"]) == pytest.approx(20, abs=0.2)


def test_a_passage_waits_until_its_last_second_is_on_the_disk(archive, minute):
    shelve(archive.journal, minute, NOW - 55 * SECOND)
    passage = pass_by(archive, NOW)
    assert cut_all(archive) == 0
    shelve(archive.journal, minute, NOW + 5 * SECOND)
    assert cut_all(archive) == 1
    assert the_clip(archive, passage)[0].seconds == 20


def test_where_the_rest_never_came_a_clip_is_made_of_what_there_is(archive, minute):
    shelve(archive.journal, minute, PASSED - 55 * SECOND)
    passage = pass_by(archive)
    assert cut_all(archive) == 0
    archive.clock.sleep(300)
    assert cut_all(archive) == 1
    assert the_clip(archive, passage)[0].seconds == 13


def test_a_passage_without_any_video_holds_up_no_other(archive, minute):
    pass_by(archive, PASSED - timedelta(hours=2), number=1)
    shelve(archive.journal, minute, PASSED - 30 * SECOND)
    passage = pass_by(archive, number=2)
    assert cut_all(archive) == 1
    assert the_clip(archive, passage)


def test_a_passage_has_one_clip_however_often_it_is_looked_for(archive, minute):
    shelve(archive.journal, minute, PASSED - 30 * SECOND)
    passage = pass_by(archive)
    assert [cut_all(archive) for _ in range(3)] == [1, 0, 0]
    assert the_clip(archive, passage)


def test_of_a_camera_that_was_set_anew_the_longer_part_is_taken(archive, minute, wider):
    shelve(archive.journal, minute, PASSED - 65 * SECOND)
    shelve(archive.journal, wider, PASSED - 5 * SECOND)
    passage = pass_by(archive)
    cut_all(archive)
    clip, file = the_clip(archive, passage)
    assert clip.began_at == PASSED - 5 * SECOND
    assert about(file)["streams"][0]["width"] == 320


def test_a_policy_that_says_stop_is_heeded(archive, minute):
    shelve(archive.journal, minute, PASSED - 30 * SECOND)
    passage = pass_by(archive)
    archive.journal.say_storage(StorageState(NOW, stopped=(Kind.CLIPS,)))
    with pytest.raises(NoPlace, match="磁盘已满"):
        cut_all(archive)
    archive.journal.say_storage(StorageState(NOW))
    cut_all(archive)
    assert the_clip(archive, passage)


def test_what_ffmpeg_will_not_cut_is_noted_once_and_tried_again(
    archive, minute, tmp_path, monkeypatch
):
    shelve(archive.journal, minute, PASSED - 30 * SECOND)
    pass_by(archive)
    broken = tmp_path / "bin" / "ffmpeg"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho no such codec >&2\nexit 1\n")
    broken.chmod(0o755)
    one = clipper(archive)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
        assert [one.cut_waiting(LOOKED_BACK) for _ in range(2)] == [0, 0]
    assert [event.kind for event in archive.journal.latest_events(5)] == ["clip-failed"]
    assert not list((archive.root / "clips").rglob("*.mp4"))
    assert one.cut_waiting(LOOKED_BACK) == 1


def test_words_are_burnt_in_where_the_camera_cannot(tmp_path, minute):
    root = tmp_path / "root"
    clock = TwoClocks(NOW)
    profile = demo_profile(root, cameras__0__caption="clip")
    with Journal.open(root, clock) as journal:
        archive = Archive(profile, journal, clock, Volumes(root, {}))
        shelve(journal, minute, PASSED - 30 * SECOND)
        passage = pass_by(archive)
        assert cut_all(archive) == 1
        clip, file = the_clip(archive, passage)
        assert clip.seconds == 20
        assert pictures_in(file) == 200
        plain = tmp_path / "plain.mp4"
        (source,) = journal.video().fragments_between("a01-plate", PASSED, NOW)
        shot = choose([Source(root / source.path, source.began_at)], clip.began_at, NOW)
        assert shot is not None
        cut(shot, plain)
        upper, lower = (differing(plain, file, rows) for rows in (slice(0, 60), slice(90, 120)))
        assert lower > 3 * upper


def differing(one: Path, other: Path, rows: slice) -> float:
    """How far the first pictures of two films differ in some rows."""
    pictures = []
    for each in (one, other):
        words = ["ffmpeg", "-v", "error", "-i", str(each), "-frames:v", "1"]
        words += ["-f", "rawvideo", "-pix_fmt", "gray", "-"]
        raw = subprocess.run(words, capture_output=True, check=True).stdout
        pictures.append([raw[row * 160 : row * 160 + 160] for row in range(120)][rows])
    pairs = zip(b"".join(pictures[0]), b"".join(pictures[1]), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (len(pictures[0]) * 160)


def test_h265_is_cut_under_the_name_that_players_look_for(tmp_path):
    source = film(tmp_path / "h265.mp4", seconds=12, size="160x120", codec="libx265")
    shot = choose([Source(source, NOW)], NOW + SECOND, NOW + 11 * SECOND)
    assert shot is not None
    out = tmp_path / "out.mp4"
    assert cut(shot, out) == "h265"
    assert about(out)["streams"][0]["codec_tag_string"] == "hvc1"


def test_the_evidence_holds_the_clip_and_its_hash(archive, minute, tmp_path):
    shelve(archive.journal, minute, PASSED - 30 * SECOND)
    passage = pass_by(archive)
    cut_all(archive)
    assert pack_folder(gather(archive.journal, (passage,), NOW), tmp_path / "out") == ()
    clip, file = the_clip(archive, passage)
    (packed,) = (tmp_path / "out").rglob("clip-*.mp4")
    assert packed.read_bytes() == file.read_bytes()
    assert clip.sha256 in (tmp_path / "out/manifest.sha256").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("step", list(ClipStep))
def test_killed_at_any_step_a_passage_gets_its_one_clip_and_no_orphan_stays(archive, minute, step):
    shelve(archive.journal, minute, PASSED - 30 * SECOND)
    passage = pass_by(archive)
    words = [sys.executable, "-m", "video.test_clips", str(archive.root), step]
    killed = subprocess.run(words, cwd=Path(__file__).parents[1], check=False)
    assert killed.returncode == -9
    cut_all(archive)
    _, file = the_clip(archive, passage)
    assert pictures_in(file) == 200
    assert list((archive.root / "clips").rglob("*")) == [file.parent, file]
    archive.clock.sleep(3600)
    assert list(Checker(archive.journal, archive.clock, archive.volumes).findings()) == []


if __name__ == "__main__":
    clock = TwoClocks(NOW)
    root = Path(sys.argv[1])

    def die(now: ClipStep) -> None:
        if now == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)

    with Journal.open(root, clock) as journal:
        archive = Archive(demo_profile(root), journal, clock, Volumes(root, {}))
        cut_all(archive, step=die)
