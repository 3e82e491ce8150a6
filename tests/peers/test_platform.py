"""The reference platform judges as strictly as the guideline allows, over a real socket."""

import base64
import hashlib
import queue
import re
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from acceptance_kit.peers.platform import (
    Answer,
    HalfAnswer,
    ReferencePlatform,
    Reset,
    Silent,
    in_turn,
)
from acceptance_kit.peers.platform.command import PlatformFault, listen
from appliance.clock import BEIJING
from appliance.runtime.uplink.frame import Frame, FrameDecoder, encode

MN = "91640100MA75XXXX1A"
UNFILED = "91640100MA75YYYY2B"
NOW = datetime(2025, 5, 10, 8, 9, 10, tzinfo=BEIJING)
QN = "20250510080910123"


class FixedClock:
    """A clock that stands at NOW."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps here")


def picture() -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (60, 120, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", noise)[1].tobytes()


PHOTO = picture()
SOUND = {
    "QN": QN,
    "ST": "31",
    "CN": "60001",
    "MN": MN,
    "DATE": "20250510080910",
    "F_JCZP": base64.b64encode(PHOTO).decode(),
    "F_JCWZ": "东门进厂道",
    "F_CPHM": "宁A12345",
    "F_CPYS": "黄牌",
    "F_JCLX": "进",
    "F_CRKBH": "A",
    "F_ZDBH": "A01",
    "F_VIN": "LFWSRXSJ5M1F12345",
    "F_ZCDJRQ": "20210506",
    "F_PFBZ": "国六",
    "F_LWZT": "1",
    "F_YSL": "31.5",
    "F_YSLDW": "吨",
    "F_CDMC": "某某车队",
    "F_TGFS": "自动",
    "F_CZZDQRSJ": "1",
    "Flag": "5",
}


def segment(**changes: str | None) -> str:
    """A sound 60001 with some fields changed, or left out when None."""
    fields = {**SOUND, **changes}
    pairs = [f"{name}={value}" for name, value in fields.items() if value is not None]
    return ";".join([*pairs, "CP=&&;RtdInterval=30&&"])


class Client:
    """A gate that sends what it is told to."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=20)
        self.decoder = FrameDecoder()

    def send(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def answer(self) -> Frame | None:
        """The next answer, or None when the connection ended first."""
        while True:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            for event in self.decoder.feed(data):
                assert isinstance(event, Frame)
                return event

    def asks(self, text: str) -> int:
        """The number the platform answers with."""
        self.send(encode(text))
        answer = self.answer()
        assert answer is not None
        return int(answer.parameter("QnRtn") or 0)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[ReferencePlatform]:
    with ReferencePlatform(
        database=tmp_path / "platform.sqlite3",
        known_mn={MN},
        unfiled_mn={UNFILED},
        clock=FixedClock(),
    ) as running:
        yield running


@pytest.fixture
def client(platform: ReferencePlatform) -> Iterator[Client]:
    made = Client(platform.address)
    yield made
    made.socket.close()


def test_a_sound_message_gets_exactly_this_answer(client: Client) -> None:
    client.send(encode(segment()))
    answer = client.answer()
    assert answer is not None
    assert answer.data == f"QN={QN};ST=91;CN=9014;MN={MN};Flag=4;CP=&&QnRtn=1&&"


def test_it_keeps_fields_and_the_photos_hash_but_not_the_photo(
    platform: ReferencePlatform, client: Client
) -> None:
    client.asks(segment())
    kept = platform.record(QN)
    assert kept is not None
    assert kept.plate == "宁A12345"
    assert kept.received_at == NOW
    assert kept.photo_size == len(PHOTO)
    assert kept.photo_sha256 == hashlib.sha256(PHOTO).hexdigest()
    assert "F_JCZP" not in kept.fields
    assert kept.fields["RtdInterval"] == "30"


def test_optional_fields_may_be_left_out(client: Client) -> None:
    optional = ["F_VIN", "F_ZCDJRQ", "F_PFBZ", "F_LWZT", "F_YSL", "F_YSLDW", "F_CZZDQRSJ"]
    assert client.asks(segment(**dict.fromkeys(optional))) == 1


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"F_CDMC": None}, 2, "mandatory field F_CDMC is missing or empty"),
        ({"F_JCWZ": ""}, 2, "mandatory field F_JCWZ is missing or empty"),
        ({"F_JCZP": None}, 2, "mandatory field F_JCZP is missing or empty"),
        ({"F_JCZP": ""}, 2, "mandatory field F_JCZP is missing or empty"),
        ({"F_VIN": "L" * 21}, 2, "F_VIN has 21 of 20 characters"),
        ({"F_CPYS": "红牌"}, 2, "F_CPYS is not one of its words"),
        ({"F_JCLX": "1"}, 2, "F_JCLX is not one of its words"),
        ({"F_TGFS": "人工"}, 2, "F_TGFS is not one of its words"),
        ({"F_PFBZ": "国七"}, 2, "F_PFBZ is not one of its words"),
        ({"F_YSLDW": "千克"}, 2, "F_YSLDW is not one of its words"),
        ({"F_CRKBH": "东门"}, 2, "F_CRKBH is not one capital letter (4.6.1)"),
        ({"F_ZDBH": "B01"}, 2, "F_ZDBH is not the entrance and two digits (4.6.1)"),
        ({"F_ZDBH": "A1"}, 2, "F_ZDBH is not the entrance and two digits (4.6.1)"),
        ({"F_CDMC": "Shandong车队"}, 2, "F_CDMC holds the forbidden word and"),
        ({"F_CDMC": "SELECT"}, 2, "F_CDMC holds the forbidden word select"),
        ({"F_COLOUR": "红"}, 2, "field F_COLOUR is not of this message"),
        ({"Flag": "4"}, 2, "Flag does not ask for an answer"),
        ({"ST": "32"}, 2, "ST is not one of its words"),
        ({"DATE": "2025-05-10 08:09:10"}, 3, "DATE is not yyyyMMddHHmmss"),
        ({"DATE": "20250532080910"}, 3, "DATE is not yyyyMMddHHmmss"),
        ({"QN": "202505100809101"}, 3, "QN is not yyyyMMddHHmmsszzz"),
        ({"QN": "20251350080910123"}, 3, "QN is not yyyyMMddHHmmss"),
        ({"F_ZCDJRQ": "20210230"}, 3, "F_ZCDJRQ is not YYYYMMDD"),
        ({"F_LWZT": ""}, 3, "F_LWZT is not a whole number"),
        ({"F_LWZT": "2"}, 2, "F_LWZT is not one of its words"),
        ({"F_YSL": "many"}, 3, "F_YSL is not a number"),
        ({"F_JCZP": "no Base64!"}, 3, "F_JCZP is not Base64"),
        ({"F_JCZP": "aGVsbG8="}, 3, "F_JCZP is no whole JPEG"),
        ({"CN": "60009"}, 3, "CN is none of 60001, 60002, 60003"),
        ({"MN": "91640100MA75ZZZZ3C"}, 4, "MN 91640100MA75ZZZZ3C is unknown"),
        ({"MN": UNFILED}, 100, f"MN {UNFILED} is not filed"),
        ({"DATE": "20250510080920"}, 10, "DATE 20250510080920 lies in the future"),
    ],
)
def test_a_faulty_message_gets_its_number_and_its_reason(
    platform: ReferencePlatform,
    client: Client,
    changes: dict[str, str | None],
    code: int,
    reason: str,
) -> None:
    assert client.asks(segment(**changes)) == code
    assert [(kept.code, kept.reason) for kept in platform.records()] == [(code, reason)]


def test_half_a_jpeg_is_refused(client: Client) -> None:
    half = base64.b64encode(PHOTO[: len(PHOTO) // 2]).decode()
    assert client.asks(segment(F_JCZP=half)) == 3


def test_a_field_that_stands_twice_is_refused(platform: ReferencePlatform, client: Client) -> None:
    assert client.asks(segment().replace("F_JCLX=进", "F_JCLX=进;F_JCLX=出")) == 2
    assert platform.records()[0].reason == "field F_JCLX stands 2 times"


def test_a_time_a_little_ahead_of_its_clock_is_tolerated(client: Client) -> None:
    ahead = NOW + timedelta(seconds=5)
    assert client.asks(segment(DATE=f"{ahead:%Y%m%d%H%M%S}")) == 1


@pytest.mark.parametrize(
    ("cn", "fields", "code"),
    [
        ("60002", "F_WZ=东门;F_DZ=rtsp://10.0.0.2/1;F_PORT=554;F_UID=gate;F_PSD=x1", 1),
        ("60002", "F_WZ=东门;F_DZ=rtsp://10.0.0.2/1;F_PORT=554;F_UID=gate;F_PSD=", 2),
        ("60003", "F_QYMJJKZT=正常;F_SCQK=停产", 1),
        ("60003", "F_QYMJJKZT=很好;F_SCQK=停产", 2),
    ],
)
def test_cameras_and_status_are_judged_by_their_own_tables(
    client: Client, cn: str, fields: str, code: int
) -> None:
    head = f"QN={QN};ST=31;CN={cn};MN={MN};DATE=20250510080910"
    assert client.asks(f"{head};{fields};Flag=5;CP=&&;RtdInterval=30&&") == code


def test_a_frame_with_a_wrong_crc_gets_no_answer_and_the_next_one_does(
    platform: ReferencePlatform, client: Client
) -> None:
    client.send(encode(segment(), crc="A9C1"))
    client.send(encode(segment()))
    assert client.answer() is not None
    assert [fault.split(":")[0] for fault in platform.faults()] == ["CrcFault"]
    assert platform.records()[0].times_received == 1


def test_the_same_qn_twice_is_one_message_received_twice_and_answered_twice(
    platform: ReferencePlatform, client: Client
) -> None:
    assert [client.asks(segment()), client.asks(segment())] == [1, 1]
    assert [kept.times_received for kept in platform.records()] == [2]


def test_a_refused_qn_can_be_sent_again_after_a_mend(
    platform: ReferencePlatform, client: Client
) -> None:
    assert [client.asks(segment(F_CPYS="红牌")), client.asks(segment())] == [2, 1]
    assert [(kept.code, kept.times_received) for kept in platform.records()] == [(1, 2)]


def test_it_answers_or_keeps_silent_as_asked(platform: ReferencePlatform, client: Client) -> None:
    platform.behaviour = in_turn(Silent(), Answer(77), Answer(1, qn="20200101000000000"))
    client.send(encode(segment()))
    assert client.asks(segment()) == 77
    client.send(encode(segment()))
    answer = client.answer()
    assert answer is not None
    assert answer.get("QN") == "20200101000000000"
    assert platform.records()[0].times_received == 3


def test_it_closes_within_a_frame_or_within_its_answer_as_asked(
    platform: ReferencePlatform,
) -> None:
    platform.behaviour = in_turn(Reset(), HalfAnswer())
    for kept in (0, 1):
        client = Client(platform.address)
        client.send(encode(segment()))
        assert client.answer() is None
        client.socket.close()
        assert len(platform.records()) == kept


def test_what_it_got_outlives_a_stop_and_it_starts_again_on_the_same_port(
    platform: ReferencePlatform, client: Client
) -> None:
    client.asks(segment())
    address = platform.address
    platform.stop()
    assert client.answer() is None
    platform.start()
    assert platform.address == address
    again = Client(address)
    assert again.asks(segment()) == 1
    again.socket.close()
    assert platform.records()[0].times_received == 2


def test_the_platform_alone_tells_a_line_for_each_message_until_stopped(tmp_path: Path) -> None:
    lines: queue.Queue[str] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(
        target=listen,
        args=("127.0.0.1", 0, tmp_path / "new" / "platform.sqlite3", {MN}, lines.put, stop),
    )
    thread.start()
    port = int(re.search(r"127\.0\.0\.1:(\d+)", lines.get(timeout=20))[1])
    client = Client(("127.0.0.1", port))
    assert client.asks(segment()) == 1
    client.socket.close()
    assert "宁A12345" in lines.get(timeout=20)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def test_a_port_that_is_taken_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PlatformFault, match=str(port)):
            listen("127.0.0.1", port, tmp_path / "p.sqlite3", {MN}, print, threading.Event())


def test_a_platform_that_knows_no_enterprise_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(PlatformFault, match="--mn"):
        listen("127.0.0.1", 0, tmp_path / "p.sqlite3", set(), print, threading.Event())
