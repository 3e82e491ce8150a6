"""A power cut after any call of a real writer: what was reported is there (docs/durability.md).

The writer's system calls are recorded once. Every beginning of that record is then played to a
disk that surely keeps only what was synced; the journal is opened from what the disk may hold.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from journal.samples import NOON, HandClock, numbered

from appliance.runtime.journal import Journal
from appliance.runtime.journal.database import FILE_NAME
from appliance.runtime.journal.values import OutboxState

from .calls import Call, can_trace, trace
from .disk import Disk, lay_out
from .script import MISTAKES, NAMES

TESTS = Path(__file__).parents[1]
SEED = 212
COUNT_THAT_FILLS_THE_LOG = 110  # SQLite empties it at 1000 pages

untraceable = can_trace()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(untraceable is not None, reason=str(untraceable)),
]


@dataclass
class Told:
    """What the writer had said by the time of the power cut."""

    recorded: dict[str, str] = field(default_factory=dict)  # QN by key
    attempted: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    corrected: dict[str, str] = field(default_factory=dict)  # QN of the correction by key
    lines: int = 0

    def hear(self, call: Call) -> None:
        if call.name != "write" or call.number(0) != 1:
            return
        self.lines += 1
        said, *words = call.data(1).decode().split()
        if said in {"attempted", "done"}:
            getattr(self, said).add(words[0])
        else:
            getattr(self, said)[words[0]] = words[1]


@pytest.fixture
def fast() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of journals are laid out in it."""
    memory = Path("/dev/shm")  # noqa: S108  # a new folder in it is made
    made = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    yield made
    shutil.rmtree(made)


def calls_of_writer(folder: Path, count: int, mistake: str = "") -> tuple[Path, list[Call]]:
    root = folder / "disk"
    root.mkdir()
    words = [sys.executable, "-m", "faults.script", str(root), str(count), mistake]
    return root, trace(words, folder / "calls", cwd=TESTS, stdout=subprocess.DEVNULL)


def fault_of(root: Path, told: Told, count: int) -> str | None:
    """What docs/durability.md promises and this journal does not hold, or None."""
    clock = HandClock(NOON - timedelta(days=1))  # the clock, too, may have lost its time
    try:
        with Journal.open(root, clock) as journal:
            verification = journal.verify()
            if verification.fault:
                return verification.fault.sentence
            check_told(journal, told)
            check_beginning_again(journal, told, count)
    except Exception as error:  # noqa: BLE001  # whatever it is, the journal does not serve
        return f"{type(error).__name__}: {error}"
    return None


def check_told(journal: Journal, told: Told) -> None:
    """All that the writer had said is there, and all that is there is whole."""
    by_key = {passage.key: passage for passage in journal.passages_after(0, 1_000_000)}
    assert not set(told.recorded) - set(by_key), "recorded and lost"
    messages = {key: journal.messages(passage.id) for key, passage in by_key.items()}
    assert all(len(passage.photos) == 2 for passage in by_key.values())
    assert all(messages.values())
    by_qn = {each.qn: each for owed in messages.values() for each in owed}
    assert len(by_qn) == sum(len(owed) for owed in messages.values())
    for key, qn in told.recorded.items():
        assert messages[key][0].qn == qn
    for key, qn in told.corrected.items():
        assert by_key[key].corrected, "corrected and lost"
        assert messages[key][-1].qn == qn
    assert all(by_qn[qn].attempts for qn in told.attempted), "attempted and lost"
    for qn in told.done:
        assert by_qn[qn].state is OutboxState.DONE, "done and lost"
        assert journal.receipts(by_qn[qn].id)


def check_beginning_again(journal: Journal, told: Told, count: int) -> None:
    """The writer begins anew: what is there stays as it is, what is not gets a later QN."""
    script = [(name, number) for name in NAMES for number in range(1, count + 1)]
    begun = len(told.recorded)
    for name, number in script[max(0, begun - 3) : begun + 3]:
        there = journal.passage_by_key(f"{name}-{number}") is not None
        given = [
            message.qn
            for passage in journal.latest_passages(2)
            for message in journal.messages(passage.id)
        ]
        again, written = journal.record(numbered(name, number))
        assert written != there
        qn = journal.messages(again.id)[0].qn
        assert not written or qn > max(given, default=""), "a QN given twice"
        for photo in again.photos:
            jpeg = journal.photo_path(photo).read_bytes()
            assert hashlib.sha256(jpeg).hexdigest() == photo.sha256


def faults_of_every_power_cut(
    folder: Path, root: Path, calls: list[Call], count: int, *, torn: int, within: range
) -> tuple[int, list[str]]:
    """Cut the power after each call `within` that matters.

    Returns how many different states were looked at, and a line for each that was at fault.
    """
    disk, told = Disk(root), Told()
    seen: set[object] = set()
    faults = []
    for place, call in enumerate(calls[: within.stop]):
        told.hear(call)
        changed = disk.follow(call)
        if place not in within or not (changed or call.name == "write"):
            continue
        for nth, state in enumerate(disk.states(SEED + place, torn)):
            known = (told.lines, frozenset(state.items()))
            if known in seen:
                continue
            seen.add(known)
            after = folder / f"{place}-{nth}"
            lay_out(state, after)
            fault = fault_of(after, told, count)
            shutil.rmtree(after)
            if fault:
                kept = ("nothing", "everything")[nth] if nth < 2 else f"mixture {nth - 1}"
                faults.append(f"{call.name} {place}, of what was pending {kept} kept: {fault}")
    print(f"seed {SEED}: {len(seen)} states, {len(faults)} at fault")  # noqa: T201
    return len(seen), faults


def test_a_power_cut_after_any_call_loses_and_doubles_nothing(tmp_path: Path, fast: Path) -> None:
    root, calls = calls_of_writer(tmp_path, 3)
    looked_at, faults = faults_of_every_power_cut(
        fast, root, calls, 3, torn=4, within=range(len(calls))
    )
    assert faults == []
    assert looked_at > 500


def test_a_power_cut_while_the_log_moves_into_the_file_loses_nothing(
    tmp_path: Path, fast: Path
) -> None:
    """So many passages that SQLite empties its log into its file while both are in use."""
    root, calls = calls_of_writer(tmp_path, COUNT_THAT_FILLS_THE_LOG)
    disk, told, moved = Disk(root), Told(), []
    for place, call in enumerate(calls):
        told.hear(call)
        disk.follow(call)
        if 10 < len(told.recorded) < COUNT_THAT_FILLS_THE_LOG and disk.writes_to(call, FILE_NAME):
            moved.append(place)
    assert moved
    around = range(moved[0] - 30, moved[-1] + 60, 23)
    _, faults = faults_of_every_power_cut(
        fast, root, calls, COUNT_THAT_FILLS_THE_LOG, torn=1, within=around
    )
    assert faults == []


@pytest.mark.parametrize(("mistake", "found"), MISTAKES.items())
def test_the_replay_finds_a_sync_that_was_left_out(
    tmp_path: Path, fast: Path, mistake: str, found: str
) -> None:
    root, calls = calls_of_writer(tmp_path, 2, mistake)
    _, faults = faults_of_every_power_cut(fast, root, calls, 2, torn=1, within=range(len(calls)))
    assert [fault for fault in faults if found in fault]
