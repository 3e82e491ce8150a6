"""Fragments on their way to the disk: whatever happens, what is known plays, and none is lost."""

import subprocess
import sys
from pathlib import Path

import pytest
from hand_clock import ClockByHand

from appliance.clock import SystemClock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.shelves import ROOT
from appliance.runtime.video.boxes import Damaged, Reader, look_into, piece_at
from appliance.runtime.video.volumes import Volumes
from appliance.runtime.video.writing import Pen, RecordStep

from .archive import NOW, Archive
from .filming import film, fragments, needs_ffmpeg, pictures_in, pieces_of

pytestmark = needs_ffmpeg
SLOT = "recording:a01-plate"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("film") / "source.mp4")


def pen_of(archive: Archive) -> Pen:
    return Pen(SLOT, "a01-plate", archive.journal, archive.clock)


def test_a_film_is_read_in_pieces_that_each_begin_with_a_whole_picture(source):
    head, pieces = pieces_of(source)
    assert head.codec == "h264"
    assert len(pieces) == 6
    assert all(piece.key for piece in pieces)
    assert [piece.ticks / head.timescale for piece in pieces] == [1.0] * 6
    assert [piece.start for piece in pieces[1:]] == [piece.end for piece in pieces[:-1]]


def test_it_does_not_matter_in_what_portions_a_film_comes(source):
    data, reader = source.read_bytes(), Reader()
    found = [piece for at in range(0, len(data), 777) for piece in reader.feed(data[at : at + 777])]
    assert (reader.head, found) == pieces_of(source)


@pytest.mark.parametrize("end", [b"\0\0\0\1free", b"\xff" * 64, b"\0\0\0\x10mdat12345678"])
def test_what_is_no_film_is_called_damaged(end):
    with pytest.raises(Damaged):
        list(Reader().feed(end))


def test_a_file_says_how_far_it_is_whole(source, tmp_path):
    whole = look_into(source)
    assert whole is not None
    assert whole.seconds == 6.0
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(source.read_bytes()[: whole.whole - 1])
    rest = look_into(torn)
    assert rest is not None
    assert rest.seconds == 5.0
    assert rest.whole < whole.whole
    with source.open("rb") as file:
        assert [piece_at(file, place) for place in whole.places] == pieces_of(source)[1]


def test_a_fragment_begins_at_its_own_zero_and_plays_whole(archive, source):
    head, pieces = pieces_of(source)
    pen = pen_of(archive)
    fragment = pen.open(ROOT, NOW, head, pieces[3])
    fragment.add(pieces[4])
    known = pen.close(fragment, NOW)
    file = archive.root / known.path
    assert known.path == "video/2026-11-24/a01-plate/120000.mp4"
    assert (known.seconds, known.bytes) == (2.0, file.stat().st_size)
    assert pictures_in(file) == 20
    film = look_into(file)
    assert film is not None
    assert film.places[0][2].start == 0
    assert archive.journal.recall(SLOT) is None


def test_the_folder_of_tomorrow_is_there_before_midnight(archive, source):
    head, pieces = pieces_of(source)
    pen_of(archive).open(ROOT, NOW, head, pieces[0])
    assert (archive.root / "video/2026-11-25/a01-plate").is_dir()


def test_no_name_is_used_twice_however_the_clock_is_set(archive, source):
    head, pieces = pieces_of(source)
    pen = pen_of(archive)
    made = [pen.close(pen.open(ROOT, NOW, head, piece), NOW) for piece in pieces]
    assert [Path(one.path).stem for one in made] == [f"12000{second}" for second in range(6)]
    assert {one.began_at for one in made} == {NOW}
    assert all(pictures_in(archive.root / one.path) == 10 for one in made)


def test_what_is_left_behind_is_cut_to_what_is_whole_and_known(archive, source):
    head, pieces = pieces_of(source)
    fragment = pen_of(archive).open(ROOT, NOW, head, pieces[0])
    with (archive.root / fragment.path).open("ab") as file:
        file.write(pieces[1].data[:-100])  # the kill came in the middle of a write
    left = pen_of(archive).adopt(archive.volumes)
    assert left is not None
    assert (left.seconds, left.began_at) == (1.0, NOW)
    assert pictures_in(archive.root / left.path) == 10
    assert fragments(archive.journal) == [left]
    assert pen_of(archive).adopt(archive.volumes) is None


def test_an_empty_file_is_taken_away(archive, source):
    head, pieces = pieces_of(source)
    fragment = pen_of(archive).open(ROOT, NOW, head, pieces[0])
    (archive.root / fragment.path).write_bytes(head.data)
    assert pen_of(archive).adopt(archive.volumes) is None
    assert not (archive.root / fragment.path).exists()


def test_a_fragment_that_the_check_took_up_meanwhile_is_no_trouble(archive, source):
    head, pieces = pieces_of(source)
    pen = pen_of(archive)
    fragment = pen.open(ROOT, NOW, head, pieces[0])
    pen.close(fragment, NOW)
    archive.journal.remember(
        SLOT, f'{{"volume": "root", "path": "{fragment.path}", "began_at": "{NOW.isoformat()}"}}'
    )
    assert pen.adopt(archive.volumes) is None
    assert len(fragments(archive.journal)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("step", list(RecordStep))
@pytest.mark.parametrize("number", [1, 2])
def test_killed_at_any_step_it_leaves_no_orphan_and_loses_nothing_known(
    tmp_path, source, step, number
):
    root = tmp_path / "root"
    words = [sys.executable, "-m", "video.filming", str(root), str(source), step, str(number)]
    killed = subprocess.run(words, cwd=Path(__file__).parents[1], check=False)
    assert killed.returncode == -9
    with Journal.open(root, SystemClock()) as journal:
        before = fragments(journal)
        pen = Pen(SLOT, "a01-plate", journal, ClockByHand(NOW))
        pen.adopt(Volumes(root, {}))
        known = fragments(journal)
        assert known[: len(before)] == before
        files = {file.relative_to(root).as_posix() for file in (root / "video").rglob("*.mp4")}
        assert files == {one.path for one in known}
        for one in known:
            assert pictures_in(root / one.path) == round(one.seconds * 10)
        # As many as were whole: a piece that was written is not lost with the process.
        if step is RecordStep.PIECE_WRITTEN:
            assert sum(one.seconds for one in known) == number
