"""docs/durability.md put to the test: writers killed at every step, at any instant, and racing."""

import hashlib
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.clock import SystemClock
from appliance.runtime.journal import Journal, Step
from appliance.runtime.journal.values import OutboxState, RecordedPassage

from .samples import numbered, passage, photo_files

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parents[1]

# What a death right after the step leaves of the photos: files that no row names, by suffix.
LEFT_BEHIND = {
    Step.FOLDERS_SYNCED: [],
    Step.PHOTO_WRITTEN: ["temporary"],
    Step.PHOTO_SYNCED: ["temporary"],
    Step.PHOTO_RENAMED: ["front.jpg"],
    Step.PHOTOS_SYNCED: ["body.jpg", "front.jpg"],
    Step.BEGUN: ["body.jpg", "front.jpg"],
    Step.PASSAGE_ADDED: ["body.jpg", "front.jpg"],
    Step.LINK_ADDED: ["body.jpg", "front.jpg"],
    Step.MESSAGE_ADDED: ["body.jpg", "front.jpg"],
    Step.COMMITTED: [],
}


def start_writer(root: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "journal.writer", str(root), *arguments],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        text=True,
    )


def all_sound(root: Path) -> dict[str, RecordedPassage]:
    """Open the journal as after a power cut, check every invariant, return passages by key."""
    with Journal.open(root, SystemClock()) as journal:
        recorded = journal.passages_after(0, 1_000_000)
        for one in recorded:
            assert len(one.photos) == 2
            for photo in one.photos:
                jpeg = journal.photo_path(photo).read_bytes()
                assert hashlib.sha256(jpeg).hexdigest() == photo.sha256
            (message,) = journal.messages(one.id)
            assert (message.state, message.attempts) == (OutboxState.WAITING, 0)
        verification = journal.verify()
        assert verification.fault is None
        assert verification.links == len(recorded)
        assert journal.outbox_counts().waiting == len(recorded)
        by_key = {one.key: one for one in recorded}
        assert len(by_key) == len(recorded)
        return by_key


def unnamed_files(root: Path) -> list[str]:
    named = {photo.path for one in all_sound(root).values() for photo in one.photos}
    return sorted(
        "temporary" if Path(path).name.startswith(".") else path.rsplit("-", 1)[1]
        for path in photo_files(root) - named
    )


@pytest.mark.parametrize("step", list(Step))
def test_a_writer_killed_after_any_step_leaves_what_the_argument_says(root, step):
    writer = start_writer(root, "A01", "2", step.value)
    out, _ = writer.communicate(timeout=30)
    assert writer.returncode == -9
    assert out.split() == ["A01-1"]
    assert sorted(all_sound(root)) == (["A01-1", "A01-2"] if step is Step.COMMITTED else ["A01-1"])
    assert unnamed_files(root) == LEFT_BEHIND[step]
    # Writing it again takes up the very files that were left.
    with Journal.open(root, SystemClock()) as journal:
        assert journal.record(numbered("A01", 2))[1] == (step is not Step.COMMITTED)
    assert sorted(all_sound(root)) == ["A01-1", "A01-2"]
    assert set(unnamed_files(root)) <= {"temporary"}


@pytest.mark.slow
def test_a_writer_killed_at_any_instant_keeps_every_passage_it_reported(root):
    dice = random.Random(60001)  # noqa: S311  # instants, not secrets
    reported: set[str] = set()
    for kill in range(15):
        writer = start_writer(root, f"K{kill}", "0")
        assert writer.stdout is not None
        reported.add(writer.stdout.readline().strip())  # it is writing now
        time.sleep(dice.uniform(0, 0.03))
        writer.kill()
        out, _ = writer.communicate(timeout=30)
        # A line cut short by the kill is a key that was not reported.
        reported.update(line.strip() for line in out.splitlines(keepends=True) if "\n" in line)
        recorded = all_sound(root)
        assert reported <= set(recorded)
        # At most one more than reported by each writer: the one it was about to report.
        assert len(recorded) <= len(reported) + kill + 1
    assert len(reported) > 15


def test_two_lanes_recording_at_once_lose_and_double_nothing(root):
    lanes = [start_writer(root, name, "100") for name in ("A01", "A02")]
    outs = [lane.communicate(timeout=60)[0].split() for lane in lanes]
    assert [lane.returncode for lane in lanes] == [0, 0]
    assert sorted(all_sound(root)) == sorted(outs[0] + outs[1])
    with Journal.open(root, SystemClock()) as journal:
        recorded = journal.passages_after(0, 1000)
        qns = [journal.messages(one.id)[0].qn for one in recorded]
        assert qns == sorted(set(qns))
        # They took turns; otherwise this test shows nothing.
        turns = "".join(one.key[2] for one in recorded)
        assert "12" in turns
        assert "21" in turns


def test_two_processes_recording_the_same_keys_at_once_record_each_once(root):
    lanes = [start_writer(root, "A01", "60") for _ in range(2)]
    outs = [lane.communicate(timeout=60)[0].split() for lane in lanes]
    assert outs[0] == outs[1] == [f"A01-{n}" for n in range(1, 61)]
    assert len(all_sound(root)) == 60
    assert unnamed_files(root) == []


def test_a_passage_is_safe_before_the_barrier_is_told(root):
    """The lane tells the barrier when `record` returns; another process then sees it all."""
    with Journal.open(root, SystemClock()) as lane:
        recorded, _ = lane.record(passage())
        with Journal.open(root, SystemClock(), readonly=True) as reader:
            assert reader.passage(recorded.id) == recorded
            assert len(reader.messages(recorded.id)) == 1
