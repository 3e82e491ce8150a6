"""What the listener makes of supervisord's events: one note a crash, few for one that loops."""

import os
import threading
from datetime import datetime
from pathlib import Path

import pytest
from hand_clock import ClockByHand

from appliance.clock import BEIJING
from appliance.runtime.crashes import CrashBook, listen
from appliance.runtime.journal import Journal

EXITED = "PROCESS_STATE_EXITED"


@pytest.fixture
def clock() -> ClockByHand:
    return ClockByHand(datetime(2026, 11, 24, 12, tzinfo=BEIJING))


@pytest.fixture
def book(tmp_path: Path, clock: ClockByHand) -> CrashBook:
    return CrashBook(tmp_path, clock)


def notes(root: Path, clock: ClockByHand) -> list[str]:
    with Journal.open(root, clock) as journal:
        return [event.detail for event in reversed(journal.latest_events(100))]


def test_a_program_that_dies_over_and_over_is_told_of_once_in_ten_minutes_with_how_often(
    tmp_path: Path, clock: ClockByHand, book: CrashBook
) -> None:
    for process in range(100, 130):
        book.take(EXITED, "lane-A01", str(process))
    assert notes(tmp_path, clock) == ["程序 lane-A01 意外退出，正在重新启动（进程 100）"]
    book.tick()
    assert len(notes(tmp_path, clock)) == 1
    clock.sleep(600)
    book.tick()
    assert notes(tmp_path, clock)[1:] == [
        "程序 lane-A01 在 10 分钟内又意外退出 29 次，请查看其日志"
    ]
    clock.sleep(600)
    book.tick()
    book.tick()
    book.take(EXITED, "lane-A01", "200")
    assert notes(tmp_path, clock)[2:] == ["程序 lane-A01 意外退出，正在重新启动（进程 200）"]


def test_one_program_that_loops_does_not_hide_another_nor_that_supervisord_gave_up(
    tmp_path: Path, clock: ClockByHand, book: CrashBook
) -> None:
    book.take(EXITED, "uplink", "1")
    book.take(EXITED, "uplink", "2")
    book.take(EXITED, "web", "3")
    book.take("PROCESS_STATE_FATAL", "uplink", "0")
    told = notes(tmp_path, clock)
    assert [note.split()[1] for note in told] == ["uplink", "web", "uplink"]
    assert "放弃" in told[2]
    assert "另有 1 次" in told[2]


def test_a_crash_that_the_journal_does_not_take_is_noted_when_it_does(
    tmp_path: Path, clock: ClockByHand
) -> None:
    root = tmp_path / "root"
    root.touch()  # no folder: the journal cannot be opened
    book = CrashBook(root, clock)
    book.take(EXITED, "web", "7")
    root.unlink()
    book.tick()
    assert notes(root, clock) == ["程序 web 意外退出，正在重新启动（进程 7）"]


def spoken(book: CrashBook, *pieces: bytes, stop: threading.Event | None = None) -> bytes:
    """What the listener answers to these bytes of supervisord, which then goes away."""
    (source, supervisor), (answers, sink) = os.pipe(), os.pipe()
    for piece in pieces:
        os.write(supervisor, piece)
    os.close(supervisor)
    listen(source, sink, book, stop or threading.Event())
    os.close(sink)
    with os.fdopen(answers, "rb") as stream:
        os.close(source)
        return stream.read()


def event(name: str, payload: bytes) -> bytes:
    return (
        f"ver:3.0 server:supervisor serial:1 pool:crashes poolserial:1 eventname:{name}"
        f" len:{len(payload)}\n".encode()
        + payload
    )


def test_each_event_is_answered_and_the_listener_is_ready_for_the_next(
    tmp_path: Path, clock: ClockByHand, book: CrashBook
) -> None:
    payload = b"processname:web groupname:web from_state:RUNNING expected:0 pid:42"
    answer = spoken(book, event(EXITED, payload), event("TICK_60", b"when:1"))
    assert answer == b"READY\n" + b"RESULT 2\nOKREADY\n" * 2
    assert notes(tmp_path, clock) == ["程序 web 意外退出，正在重新启动（进程 42）"]


@pytest.mark.parametrize("nonsense", [b"\n", b"len:x eventname:y\n", b"\xff\xfe\n", b"len:5"])
def test_bytes_that_are_no_event_end_the_listener_without_a_note(
    tmp_path: Path, clock: ClockByHand, book: CrashBook, nonsense: bytes
) -> None:
    assert spoken(book, nonsense) == b"READY\n"
    assert notes(tmp_path, clock) == []


def test_the_listener_ends_when_it_is_told_to_though_nothing_comes(book: CrashBook) -> None:
    stop = threading.Event()
    stop.set()
    assert spoken(book, event("TICK_60", b"when:1"), stop=stop) == b"READY\n"
