"""Each dialect against the platform that demands it, and against one that demands another."""

import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from uplink.samples import MN, jpeg, passage, recorded, site

from acceptance_kit.peers.platform import LAX, ReferencePlatform, ReplyStyle, Silent, Variant
from acceptance_kit.peers.platform.behaviour import in_turn
from acceptance_kit.peers.platform.records import NOT_KEPT
from acceptance_kit.peers.platform.replies import answer
from appliance.clock import BEIJING
from appliance.guideline.dictionaries import GateState, Production
from appliance.profile.model import Dialect
from appliance.runtime.journal.values import Photo, PhotoKind
from appliance.runtime.uplink.compose import Composer, Packet
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.frame import encode
from appliance.runtime.uplink.replies import FORMS, Reply
from appliance.runtime.uplink.reply_reader import Event, ReplyReader

AT = datetime(2025, 5, 10, 8, 9, 10, tzinfo=BEIJING)
NUMBER = "91640100MA75XXXX1A001P"
PATIENCE = 20.0  # seconds that no working test comes near


class Later:
    """A clock a moment after AT."""

    def now(self) -> datetime:
        return AT + timedelta(seconds=1)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps here")


@contextmanager
def running(root: Path, variant: Variant) -> Iterator[ReferencePlatform]:
    with ReferencePlatform(
        database=root / "platform.sqlite3", known_mn={MN, NUMBER}, clock=Later(), variant=variant
    ) as platform:
        yield platform


class Gate:
    """Sends packets one after another, as a sender with a window of one does."""

    def __init__(self, root: Path, platform: ReferencePlatform, **choices: Any) -> None:
        dialect = Dialect(**choices)
        self.composer = Composer(site(dialect=dialect), lambda stored: root / "s" / stored.path)
        self.reader: ReplyReader = HJ212Dialect.of(dialect).reply_reader()
        self.socket = socket.create_connection(platform.address, timeout=PATIENCE)

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def events(self, packet: Packet) -> list[Event]:
        self.socket.sendall(packet.raw)
        return self.heard()

    def heard(self) -> list[Event]:
        while True:
            if events := self.reader.feed(self.socket.recv(65536)):
                return events

    def replies(self, packets: tuple[Packet, ...]) -> list[Event]:
        return [event for packet in packets for event in self.events(packet)]


def qns(count: int) -> tuple[str, ...]:
    return tuple(f"20250510080910{number:03}" for number in range(1, count + 1))


def a_passage(root: Path, **changes: Any) -> Any:
    return recorded(root / "s", passage(**changes))


def codes(events: list[Event]) -> set[int | None]:
    return {event.code if isinstance(event, Reply) else None for event in events}


# A dialect, the platform that demands it, and the number 7.4 has for the default dialect there;
# None where such a platform does not answer what is no frame to it.
PAIRS: dict[str, tuple[dict[str, str], Variant, int | None]] = {
    "fields inside CP": ({"body": "cp"}, Variant(body="cp"), 2),
    "constant CRC": ({"crc": "constant"}, Variant(crc="constant"), None),
    "constant length": ({"length_field": "constant"}, Variant(length="constant"), None),
    "as a client of the field": (
        {"length_field": "constant", "crc": "constant"},
        Variant(length="constant", crc="constant"),
        None,
    ),
    "sub-packets": ({"length": "packets"}, Variant(longest_segment=1024, packets=True), None),
    "four digits": ({"length": "shrink"}, Variant(longest_segment=9999), None),
    "names": ({"dictionary": "names"}, Variant(dictionary="names"), 2),
    "dashed dates": ({"dates": "dashed"}, Variant(dates="dashed"), 3),
    "HJ 212-2025": ({"version": "2025"}, Variant(version="2025"), 2),
    "as written": ({"forbidden_words": "as-written"}, Variant(photo_words="as-written"), 2),
    "any case": ({"forbidden_words": "any-case"}, Variant(photo_words="any-case"), 2),
}


@pytest.mark.parametrize(("choices", "variant", "_code"), PAIRS.values(), ids=PAIRS)
def test_a_platform_takes_the_dialect_it_demands(
    tmp_path: Path, choices: dict[str, str], variant: Variant, _code: int | None
) -> None:
    with running(tmp_path, variant) as platform, Gate(tmp_path, platform, **choices) as gate:
        packets = gate.composer.passage(a_passage(tmp_path), qns)
        replies = gate.replies(packets)
        assert replies == [Reply(packet.qn, 1) for packet in packets]
        assert [kept.reason for kept in platform.records()] == [""]
        assert platform.faults() == []


@pytest.mark.parametrize(("choices", "variant", "code"), PAIRS.values(), ids=PAIRS)
def test_a_platform_refuses_the_default_dialect_where_it_demands_another(
    tmp_path: Path, choices: dict[str, str], variant: Variant, code: int | None
) -> None:
    # Their Base64 holds `and`, in small letters too.
    big = (Photo(PhotoKind.FRONT, jpeg(640, 360)), Photo(PhotoKind.BODY, jpeg(640, 360, seed=3)))
    with running(tmp_path, variant) as platform, Gate(tmp_path, platform) as gate:
        packets = gate.composer.passage(a_passage(tmp_path, photos=big), qns)
        if code is not None:
            assert codes(gate.replies(packets)) == {code}
            return
        gate.socket.sendall(packets[0].raw)
        assert platform.wait_for(lambda it: bool(it.faults()), PATIENCE)
        assert platform.records() == []


@pytest.mark.parametrize(("choices", "_variant", "_code"), PAIRS.values(), ids=PAIRS)
def test_the_literal_platform_refuses_every_dialect_it_can_tell_from_its_own(
    tmp_path: Path, choices: dict[str, str], _variant: Variant, _code: int | None
) -> None:
    with running(tmp_path, Variant()) as platform, Gate(tmp_path, platform, **choices) as gate:
        packets = gate.composer.passage(a_passage(tmp_path), qns)
        if "constant" in choices.values():
            gate.socket.sendall(packets[0].raw)
            assert platform.wait_for(lambda it: bool(it.faults()), PATIENCE)
        elif choices.keys() & {"forbidden_words"} or choices.get("length") == "shrink":
            assert codes(gate.replies(packets)) == {1}  # it cannot tell
        else:
            assert codes(gate.replies(packets[:1])) <= {2, 3}


@pytest.mark.parametrize(("choices", "_variant", "_code"), PAIRS.values(), ids=PAIRS)
def test_a_lax_platform_takes_every_dialect(
    tmp_path: Path, choices: dict[str, str], _variant: Variant, _code: int | None
) -> None:
    with running(tmp_path, LAX) as platform, Gate(tmp_path, platform, **choices) as gate:
        assert codes(gate.replies(gate.composer.passage(a_passage(tmp_path), qns))) == {1}


FIELD_MESSAGE = (
    "##0325QN=20231116114325977;ST=31;CN=60001;MN=91640100MA75XXXX1A;DATE=20231116114320;"
    "F_JCWZ=模拟入口;F_CPHM=闽PA0001;F_CPYS=蓝牌;F_JCLX=进;Flag=5;CP=&&;RtdInterval=30&&A9C1\r\n"
).encode()


@pytest.mark.parametrize(
    ("variant", "read"),
    [
        (LAX, True),
        (Variant(length="unchecked", crc="unchecked"), True),
        (Variant(length="constant", crc="constant"), True),
        (Variant(length="unchecked"), False),
        (Variant(crc="unchecked"), False),
        (Variant(), False),
    ],
    ids=["lax", "unchecked", "constant", "crc-checked", "length-checked", "strict"],
)
def test_a_message_as_the_field_sends_it_is_read_only_where_neither_constant_is_checked(
    tmp_path: Path, variant: Variant, read: bool
) -> None:
    with running(tmp_path, variant) as platform, Gate(tmp_path, platform) as gate:
        gate.socket.sendall(FIELD_MESSAGE)
        if read:
            assert codes(gate.heard()) == {2}  # it lacks a photo, and says so
            gate.socket.sendall(FIELD_MESSAGE[:100])
            gate.socket.sendall(FIELD_MESSAGE[100:] + FIELD_MESSAGE)
            assert [kept.plate for kept in platform.records()] == ["闽PA0001"]
            return
        assert platform.wait_for(lambda it: bool(it.faults()), PATIENCE)
        assert platform.records() == []


def test_a_platform_that_counts_nothing_still_refuses_what_is_longer_than_it_takes(
    tmp_path: Path,
) -> None:
    short = Variant(length="unchecked", longest_segment=1024)
    with running(tmp_path, short) as platform, Gate(tmp_path, platform) as gate:
        gate.socket.sendall(gate.composer.passage(a_passage(tmp_path), qns)[0].raw)
        assert platform.wait_for(lambda it: bool(it.faults()), PATIENCE)
        assert platform.records() == []


def test_a_platform_that_knows_enterprises_by_number_takes_22_characters(tmp_path: Path) -> None:
    choices = {"mn": "enterprise-number"}
    for variant, expected in ((Variant(mn_length=24), {1}), (Variant(), {2})):
        (tmp_path / "platform.sqlite3").unlink(missing_ok=True)
        with running(tmp_path, variant) as platform, Gate(tmp_path, platform, **choices) as gate:
            status = gate.composer.status(GateState.NORMAL, Production.NORMAL, AT, qns)
            assert codes(gate.replies(status)) == expected


class TestPackets:
    """Sub-packets are joined, whatever happens between them."""

    STRICT = Variant(longest_segment=1024, packets=True)

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Iterator[ReferencePlatform]:
        with running(tmp_path, self.STRICT) as platform:
            yield platform

    @pytest.fixture
    def gate(self, tmp_path: Path, platform: ReferencePlatform) -> Iterator[Gate]:
        with Gate(tmp_path, platform, length="packets") as gate:
            yield gate

    def test_a_message_counts_once_all_its_packets_have_come(
        self, tmp_path: Path, platform: ReferencePlatform, gate: Gate
    ) -> None:
        packets = gate.composer.passage(a_passage(tmp_path), qns)
        gate.replies(packets[:-1])
        assert platform.records() == []
        gate.replies(packets[-1:])
        (kept,) = platform.records()
        assert kept.qn == packets[0].qn
        assert kept.plate == "宁A12345"
        assert kept.photo_size is not None
        assert kept.photo_size > 20_000

    def test_packets_that_come_twice_or_out_of_order_do_no_harm(
        self, tmp_path: Path, platform: ReferencePlatform, gate: Gate
    ) -> None:
        packets = gate.composer.passage(a_passage(tmp_path), qns)
        gate.replies(packets[:5] + packets[2:4])
        gate.replies(packets[:4:-1])
        assert [kept.code for kept in platform.records()] == [1]
        assert codes(gate.replies(packets[3:4])) == {1}
        assert [kept.times_received for kept in platform.records()] == [2]

    def test_a_message_begun_anew_under_other_qns_replaces_what_was_begun(
        self, tmp_path: Path, platform: ReferencePlatform, gate: Gate
    ) -> None:
        begun = gate.composer.passage(a_passage(tmp_path), qns)
        gate.replies((begun[0], *begun[2:]))
        again = gate.composer.passage(
            a_passage(tmp_path, plate="宁B54321"),
            lambda count: tuple(f"20250510080909{at:03}" for at in range(count)),
        )
        assert len(again) == len(begun)
        assert codes(gate.replies(again[:-1])) == {1}
        assert platform.records() == []
        gate.replies(again[-1:])
        assert [(kept.qn, kept.plate) for kept in platform.records()] == [(again[0].qn, "宁B54321")]

    def test_a_refused_message_may_be_sent_again_with_other_contents(
        self, tmp_path: Path, platform: ReferencePlatform, gate: Gate
    ) -> None:
        future = a_passage(tmp_path, passed_at=AT + timedelta(days=1))
        replies = gate.replies(gate.composer.passage(future, qns))
        assert codes(replies[:-1]) == {1}
        assert codes(replies[-1:]) == {10}
        mended = gate.replies(gate.composer.passage(a_passage(tmp_path), qns))
        assert codes(mended) == {1}
        assert [kept.code for kept in platform.records()] == [1]

    @pytest.mark.parametrize("numbers", [b"PNUM=2;PNO=3", b"PNUM=x;PNO=1", b"PNUM=0;PNO=0"])
    def test_numbers_that_number_nothing_are_a_fault(
        self, tmp_path: Path, platform: ReferencePlatform, gate: Gate, numbers: bytes
    ) -> None:
        first = gate.composer.passage(a_passage(tmp_path), qns)[0]
        segment = re.sub(rb"PNUM=\d+;PNO=\d+", numbers, first.raw[6:-6])
        gate.socket.sendall(encode(segment.decode()))
        assert platform.wait_for(lambda it: bool(it.faults()), PATIENCE)
        assert platform.faults()[0].startswith("FrameFault: PNO")


def test_two_messages_make_a_passage_complete_where_each_photo_comes_by_itself(
    tmp_path: Path,
) -> None:
    with (
        running(tmp_path, Variant(photos=2)) as platform,
        Gate(tmp_path, platform, photos="two-messages") as gate,
    ):
        front, body = gate.composer.passage(a_passage(tmp_path), qns)
        gate.replies((front,))
        assert [got.complete for got in platform.passages()] == [False]
        gate.replies((body,))
        (got,) = platform.passages()
        assert got.complete
        assert [kept.qn for kept in got.messages] == [front.qn, body.qn]


def test_one_message_leaves_such_a_passage_incomplete(tmp_path: Path) -> None:
    with running(tmp_path, Variant(photos=2)) as platform, Gate(tmp_path, platform) as gate:
        gate.replies(gate.composer.passage(a_passage(tmp_path), qns))
        assert [got.complete for got in platform.passages()] == [False]


NAMES_ITS_MESSAGE = {
    ReplyStyle.ACKNOWLEDGE,
    ReplyStyle.BARE,
    ReplyStyle.BOTH,
    ReplyStyle.EXECUTE,
    ReplyStyle.JSON,
}


@pytest.mark.parametrize("style", ReplyStyle)
def test_a_tolerant_gate_understands_every_style_of_reply(
    tmp_path: Path, style: ReplyStyle
) -> None:
    with running(tmp_path, Variant(reply=style)) as platform, Gate(tmp_path, platform) as gate:
        status = gate.composer.status(GateState.NORMAL, Production.NORMAL, AT, qns)
        said = gate.replies(status) + gate.replies(status)
        qn = qns(1)[0] if style in NAMES_ITS_MESSAGE else None
        assert said == [Reply(qn, 1), Reply(qn, 1)]


OF_THE_STYLE = {
    "9014": {ReplyStyle.ACKNOWLEDGE, ReplyStyle.BARE, ReplyStyle.BOTH, ReplyStyle.NO_QN},
    "9012": {ReplyStyle.EXECUTE},
    "number": {ReplyStyle.NUMBER, ReplyStyle.NUMBER_FRAME},
    "json": {ReplyStyle.JSON},
    "text": {ReplyStyle.TEXT},
}


@pytest.mark.parametrize("style", ReplyStyle)
@pytest.mark.parametrize("replies", OF_THE_STYLE)
def test_a_strict_gate_understands_its_own_style_only(
    tmp_path: Path, style: ReplyStyle, replies: str
) -> None:
    with (
        running(tmp_path, Variant(reply=style)) as platform,
        Gate(tmp_path, platform, replies=replies) as gate,
    ):
        (packet,) = gate.composer.status(GateState.NORMAL, Production.NORMAL, AT, qns)
        understood = [event for event in gate.events(packet) if isinstance(event, Reply)]
        assert bool(understood) == (style in OF_THE_STYLE[replies])


@pytest.mark.parametrize("style", ReplyStyle)
@pytest.mark.parametrize("code", [1, 2, 3, 4, 10, 100])
def test_every_number_of_7_4_can_be_told_in_every_style(style: ReplyStyle, code: int) -> None:
    (reply,) = ReplyReader(FORMS["tolerant"]).feed(answer(style, "1", "2", code))
    assert isinstance(reply, Reply)
    assert reply.code == code


def test_a_cameras_password_is_taken_and_not_kept(tmp_path: Path) -> None:
    password = "Xk7-Pw9-Zq3"
    with running(tmp_path, Variant()) as platform, Gate(tmp_path, platform) as gate:
        made = gate.composer.camera(site().cameras[0], password, AT, qns)
        assert codes(gate.replies(made)) == {1}
        (kept,) = platform.records()
        assert kept.fields["F_PSD"] == NOT_KEPT
        assert kept.fields["F_UID"] == "gate"
    written = b"".join(path.read_bytes() for path in tmp_path.glob("platform.sqlite3*"))
    assert password.encode() not in written
    with sqlite3.connect(tmp_path / "platform.sqlite3") as file:
        assert password not in "\n".join(file.iterdump())
    file.close()


def test_an_unanswered_packet_is_answered_when_it_comes_again(tmp_path: Path) -> None:
    with (
        running(tmp_path, TestPackets.STRICT) as platform,
        Gate(tmp_path, platform, length="packets") as gate,
    ):
        first, second, *_ = gate.composer.passage(a_passage(tmp_path), qns)
        platform.behaviour = in_turn(Silent())
        gate.socket.sendall(first.raw)
        assert gate.events(second) == [Reply(second.qn, 1)]
        assert gate.events(first) == [Reply(first.qn, 1)]
