"""Faults of the line and of the platform: nothing lost, nothing doubled but under the same QN.

No answer, a late one, one to another QN, half of one, a reset inside a frame and a platform that
is down are in `tests/uplink/test_sender.py`; here are the others.
"""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from journal.samples import HandClock
from uplink.samples import MN, passage
from waiting import until

from acceptance_kit.peers.platform import ReferencePlatform
from acceptance_kit.peers.platform.replies import ReplyStyle, answer
from appliance.clock import BEIJING, SystemClock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxState

from .gate import Gate
from .proxy import Proxy, byte_by_byte, cut_at, led_by, silent, twice, whole

pytestmark = pytest.mark.slow

KEYS = [f"p{number}" for number in range(6)]


# The frame of a sample passage has more than 60 KB: cut in the header, in the fields, in the photo.
@pytest.mark.parametrize("place", [1, 4, 9, 60, 700, 5_000, 60_000])
def test_frames_cut_anywhere_are_sent_again_whole(
    tmp_path: Path, platform: ReferencePlatform, line: Proxy, place: int
) -> None:
    line.up = cut_at(place, connections=3)
    with Gate(tmp_path / "storage", line.port) as gate:
        gate.records(*KEYS)
        assert gate.start().sends_all()
        assert line.connections > 3
        gate.agrees_with(platform)


@pytest.mark.parametrize("place", [1, 2, 8, 40, 90, 100])
def test_answers_cut_anywhere_lead_to_a_repeat_of_the_same_qn(
    tmp_path: Path, platform: ReferencePlatform, line: Proxy, place: int
) -> None:
    line.down = cut_at(place, connections=3)
    with Gate(tmp_path / "storage", line.port) as gate:
        gate.records(*KEYS)
        assert gate.start().sends_all()
        assert line.connections > 1
        gate.agrees_with(platform)


def test_answers_that_come_byte_by_byte_are_understood(
    tmp_path: Path, platform: ReferencePlatform, line: Proxy
) -> None:
    line.down = byte_by_byte
    with Gate(tmp_path / "storage", line.port) as gate:
        gate.records(*KEYS)
        assert gate.start().sends_all()
        gate.agrees_with(platform)
        assert [record.times_received for record in platform.records()] == [1] * len(KEYS)


def test_answers_that_come_twice_count_once(
    tmp_path: Path, platform: ReferencePlatform, line: Proxy
) -> None:
    line.down = twice
    with Gate(tmp_path / "storage", line.port) as gate:
        gate.records(*KEYS)
        assert gate.start().sends_all()
        gate.agrees_with(platform)
        assert [record.times_received for record in platform.records()] == [1] * len(KEYS)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\xfe rubbish",
        b"##",
        b"##0099QN=",
        b"##9999" + b"x" * 100,
        b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html></html>",
        answer(ReplyStyle.ACKNOWLEDGE, "20200101000000000", MN, 1),
        answer(ReplyStyle.ACKNOWLEDGE, "20200101000000000", MN, 1)[:-7] + b"0000\r\n",
    ],
)
def test_garbage_before_the_answers_harms_nothing(
    tmp_path: Path, platform: ReferencePlatform, line: Proxy, garbage: bytes
) -> None:
    line.down = led_by(garbage)
    with Gate(tmp_path / "storage", line.port, acknowledge_seconds=0.5) as gate:
        gate.records(*KEYS)
        gate.start()
        assert platform.wait_for(lambda held: len(held.records()) > 0, 30)
        # Garbage may look like a frame without an end; then only a new line helps.
        until(lambda: gate.journal.outbox_counts().done > 0 or line.connections > 1)
        line.down = whole
        assert gate.sends_all()
        gate.agrees_with(platform)


def test_a_half_open_line_is_noticed_and_left(
    tmp_path: Path, platform: ReferencePlatform, line: Proxy
) -> None:
    with Gate(tmp_path / "storage", line.port, acknowledge_seconds=0.3) as gate:
        gate.records("before")
        assert gate.start().sends_all()
        line.up = line.down = silent
        gate.records(*KEYS)
        until(lambda: line.connections > 2)
        assert len(platform.records()) == 1
        line.up = line.down = whole
        assert gate.sends_all()
        gate.agrees_with(platform)


def test_a_line_that_loses_only_the_answers_doubles_nothing(
    tmp_path: Path, platform: ReferencePlatform, line: Proxy
) -> None:
    line.down = silent
    with Gate(tmp_path / "storage", line.port, acknowledge_seconds=0.2) as gate:
        gate.records(*KEYS)
        gate.start()
        until(lambda: any(one.times_received > 3 for one in platform.records()))
        line.down = whole
        assert gate.sends_all()
        gate.agrees_with(platform)


def test_a_platform_that_restarts_under_load_has_each_message_once(
    tmp_path: Path, platform: ReferencePlatform, line: Proxy
) -> None:
    with Gate(tmp_path / "storage", line.port) as gate:
        gate.start()
        for restart in range(4):
            gate.records(*[f"{restart}-{key}" for key in KEYS])
            until(lambda: len(platform.records()) > restart * len(KEYS))  # noqa: B023
            platform.stop()
            gate.records(f"{restart}-meanwhile")
            platform.start()
        assert gate.sends_all()
        gate.agrees_with(platform)


def test_after_a_cut_of_72_hours_everything_arrives_with_its_own_time(
    tmp_path: Path, platform: ReferencePlatform
) -> None:
    root = tmp_path / "storage"
    platform.stop()
    began = datetime.now(BEIJING).replace(microsecond=0) - timedelta(hours=72)
    moments = [began + timedelta(minutes=36 * number) for number in range(120)]
    clock = HandClock()
    with Journal.open(root, clock) as lane:
        for number, moment in enumerate(moments):
            clock.time = moment
            lane.record(passage(f"old-{number}", passed_at=moment))
    with Gate(root, platform.address[1]) as gate:
        gate.start()
        until(lambda: bool(gate.journal.heartbeats()))
        platform.start()
        gate.journal.record(passage("live", passed_at=SystemClock().now() - timedelta(seconds=1)))
        assert gate.sends_all()
        gate.agrees_with(platform)
        times = sorted(record.fields["DATE"] for record in platform.records())
        assert times[:-1] == [f"{moment:%Y%m%d%H%M%S}" for moment in moments]


def test_of_a_platform_that_acknowledges_and_forgets_the_receipts_tell_what_it_had(
    tmp_path: Path, platform: ReferencePlatform
) -> None:
    """Nothing on the wire shows it, and a message that is done is not sent again; but what it
    acknowledged, and in which words, is in the journal, QN by QN."""
    host, port = platform.address
    with Gate(tmp_path / "storage", port) as gate:
        gate.records("p1", "p2")
        assert gate.start().sends_all()
        platform.close()
        with ReferencePlatform(
            host, port, database=tmp_path / "empty.sqlite3", known_mn={MN}
        ) as forgetful:
            gate.records("p3")
            assert gate.sends_all()
            forgotten = [item for item in gate.owed() if forgetful.record(item.qn) is None]
            assert len(forgotten) == 2
            for item in forgotten:
                assert item.state is OutboxState.DONE
                (receipt,) = gate.journal.receipts(item.id)
                assert receipt.code == 1
                assert item.qn in receipt.raw
