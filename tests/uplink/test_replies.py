"""The replies that are met in the field, or may be: each form, and what is none."""

import json

import pytest

from appliance.runtime.uplink.frame import CrcFault, Frame, FrameFault, HeaderFault, decode, encode
from appliance.runtime.uplink.replies import FORMS, Forms, Reply
from appliance.runtime.uplink.reply_reader import Event, ReplyReader

QN = "20231116114325977"
TOLERANT = FORMS["tolerant"]
COMMAND = encode(f"QN={QN};ST=32;CN=1000;MN=1;Flag=5;CP=&&OverTime=5;ReCount=3&&")


def framed(cn: str, parameters: str, head: str = f"QN={QN};") -> Frame:
    return decode(encode(f"{head}ST=91;CN={cn};MN=1;Flag=4;CP=&&{parameters}&&"))


def read(data: bytes, *, forms: Forms = TOLERANT, step: int = 0) -> list[Event]:
    reader = ReplyReader(forms)
    pieces = [data[at : at + step] for at in range(0, len(data), step)] if step else [data]
    return [event for piece in pieces for event in reader.feed(piece)] + reader.quiet()


@pytest.mark.parametrize(
    ("cn", "parameters", "code"),
    [
        ("9014", "", 1),
        ("9014", "QnRtn=1", 1),
        ("9014", "QnRtn=1;ExeRtn=1", 1),
        ("9014", "QnRtn=2", 2),
        ("9014", "QnRtn=1;ExeRtn=3", 3),
        ("9014", "QnRtn=2;ExeRtn=1", 2),
        ("9014", "QnRtn=100;PNO=11", 100),
        ("9014", "QnRtn=77", 77),
        ("9012", "ExeRtn=10", 10),
        ("9012", "ExeRtn=1", 1),
        ("9012", "QnRtn=1", 1),
        ("9011", "QnRtn=4", 4),
    ],
)
def test_a_frame_is_read_in_every_form_met(cn: str, parameters: str, code: int) -> None:
    frame = framed(cn, parameters)
    reply = TOLERANT.of_frame(frame)
    assert reply == Reply(QN, code)
    assert reply.raw == frame.raw.decode()


def test_a_reply_without_qn_names_no_message() -> None:
    assert TOLERANT.of_frame(framed("9014", "QnRtn=1", head="")) == Reply(None, 1)
    assert TOLERANT.of_frame(framed("9014", "", head="QN=;")) == Reply(None, 1)


def test_a_number_at_the_top_level_is_a_number_too() -> None:
    frame = decode(encode(f"QN={QN};ST=31;CN=9014;MN=1;QnRtn=3;Flag=4;CP=&&&&"))
    assert TOLERANT.of_frame(frame) == Reply(QN, 3)


@pytest.mark.parametrize(
    "frame",
    [
        framed("9012", ""),
        framed("9014", "QnRtn=ok"),
        framed("9014", "QnRtn=１"),
        framed("9011", "QnRtn=1"),  # ready to receive is not received
        framed("9013", ""),
        framed("9015", ""),
        framed("1000", "OverTime=5;ReCount=3"),
    ],
)
def test_a_frame_that_answers_no_message_is_no_reply(frame: Frame) -> None:
    assert TOLERANT.of_frame(frame) is None


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("1", Reply(None, 1)),
        (" 100 ", Reply(None, 100)),
        (encode("10").decode().strip(), Reply(None, 10)),
        ("数据接收成功", Reply(None, 1)),
        ("数据接收成功！", Reply(None, 1)),
        ("1 数据接收成功", Reply(None, 1)),
        ("4：MN错误", Reply(None, 4)),
        ("当前企业还未备案。", Reply(None, 100)),
        ('{"code": 1}', Reply(None, 1)),
        ('{"QN": "2023", "ExeRtn": "10"}', Reply("2023", 10)),
        ('{"code": 200, "msg": "数据接收成功"}', Reply(None, 1)),
        ('{"code": 1, "msg": "执行失败"}', Reply(None, 2)),
        ('{"result": "MN错误"}', Reply(None, 4)),
        ('{"status": 500}', Reply(None, 500)),
    ],
)
def test_a_line_that_is_no_frame_is_read_in_every_form(line: str, reply: Reply) -> None:
    assert TOLERANT.of_line(line) == reply


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ok",
        "1234",
        "-1",
        "数据接收不成功",
        "2 数据接收成功",
        "##00011FFFF",
        "##000110000"[:-1],
        "{}",
        '{"code": true}',
        '{"code": []}',
        '{"code": 1',
        "[1]",
        '{"code": 1e999}',
        "{" * 5000,
        '{"code":' + "[" * 100_000,
    ],
)
def test_a_line_that_says_nothing_known_is_no_reply(line: str) -> None:
    assert TOLERANT.of_line(line) is None


WAYS = {
    "9014": framed("9014", "QnRtn=1").raw + b"\r\n",
    "9012": framed("9012", "ExeRtn=1").raw + b"\r\n",
    "number": b"1\r\n",
    "json": b'{"code": 1}\r\n',
    "text": "数据接收成功\r\n".encode(),
}


@pytest.mark.parametrize("forms", WAYS)
@pytest.mark.parametrize("way", WAYS)
def test_a_strict_form_takes_its_own_answer_and_no_other(forms: str, way: str) -> None:
    replies = [event for event in read(WAYS[way], forms=FORMS[forms]) if isinstance(event, Reply)]
    assert [reply.code for reply in replies] == ([1] if forms == way else [])


@pytest.mark.parametrize("step", [0, 1, 3])
def test_replies_of_all_forms_in_one_stream_come_in_their_order(step: int) -> None:
    stream = b"".join(WAYS.values()) + COMMAND + encode("100") + WAYS["9014"]
    events = read(stream, step=step)
    assert [getattr(event, "code", None) for event in events] == [1, 1, 1, 1, 1, None, 100, 1]
    command = events[5]
    assert isinstance(command, Frame)
    assert command.get("CN") == "1000"


def test_the_raw_answer_is_kept() -> None:
    (reply,) = read(b'{"code": 2, "msg": "x"}\r\n')
    assert isinstance(reply, Reply)
    assert reply.raw == '{"code": 2, "msg": "x"}\r\n'.strip()


def test_a_line_without_its_end_counts_once_the_platform_is_quiet() -> None:
    reader = ReplyReader(TOLERANT)
    assert reader.feed(b"10") == []
    assert reader.feed(b"0") == []
    assert reader.quiet() == [Reply(None, 100)]
    assert reader.quiet() == []


def test_a_frame_without_its_end_of_line_counts_at_once_and_a_line_may_follow() -> None:
    reader = ReplyReader(TOLERANT)
    assert reader.feed(framed("9014", "").raw) == [Reply(QN, 1)]
    assert reader.feed(b"\r\n2\r\n") == [Reply(None, 2)]


def test_a_number_may_follow_a_frame_though_neither_has_an_end_of_line() -> None:
    reader = ReplyReader(TOLERANT)
    assert reader.feed(framed("9014", "").raw) + reader.quiet() == [Reply(QN, 1)]
    assert reader.feed(b"2") + reader.quiet() == [Reply(None, 2)]


def test_half_a_frame_is_waited_for_though_the_platform_is_quiet() -> None:
    reader = ReplyReader(TOLERANT)
    raw = framed("9014", "").raw
    assert reader.feed(raw[:30]) + reader.quiet() == []
    assert reader.feed(raw[30:]) == [Reply(QN, 1)]


def test_a_frame_behind_a_number_frame_or_a_bare_number_is_found() -> None:
    number = encode("1").removesuffix(b"\r\n")
    assert read(number + WAYS["9014"]) == [Reply(None, 1), Reply(QN, 1)]
    assert read(b"2" + WAYS["9014"]) == [Reply(None, 2), Reply(QN, 1)]


@pytest.mark.parametrize("cut", range(1, 5))
def test_the_end_of_a_damaged_frame_is_no_bare_number(cut: int) -> None:
    reader = ReplyReader(TOLERANT)
    damaged = b"##0xxx" + framed("9014", "QnRtn=1").raw[6:-4] + b"1111\r\n"
    at = len(damaged) - 2 - cut
    events = reader.feed(damaged[:at]) + reader.quiet() + reader.feed(damaged[at:])
    assert not [event for event in events if isinstance(event, Reply)]
    assert reader.feed(b"1\r\n") == [Reply(None, 1)]


def test_the_rest_of_a_line_nobody_understood_is_no_bare_number() -> None:
    reader = ReplyReader(TOLERANT)
    assert isinstance(reader.feed(b"code ") or reader.quiet()[0], HeaderFault)
    assert reader.feed(b"1\r\n") == []
    assert reader.feed(b"1\r\n") == [Reply(None, 1)]


def test_json_over_several_lines_is_one_reply() -> None:
    said = json.dumps({"code": 3, "msg": "数据格式错误，解析失败"}, indent=2, ensure_ascii=False)
    assert read(said.replace("\n", "\r\n").encode() + b"\r\n", step=1) == [Reply(None, 3)]


def test_chinese_in_gbk_is_understood() -> None:
    assert read("执行失败\r\n".encode("gb18030")) == [Reply(None, 2)]


def test_a_line_nobody_understands_is_a_fault_and_so_is_a_frame_with_a_wrong_crc() -> None:
    unknown, damaged = read(b"hello\r\n" + WAYS["9014"].replace(b"QnRtn=1", b"QnRtn=2"))
    assert isinstance(unknown, HeaderFault)
    assert "b'hello" in str(unknown)
    assert isinstance(damaged, CrcFault)


def test_an_endless_line_is_one_fault_and_is_not_kept() -> None:
    reader = ReplyReader(TOLERANT, longest=1000)
    events: list[Event] = []
    for _ in range(100):
        events += reader.feed(b"1" * 5_000)
        assert reader.pending <= 1000
    events += reader.feed(b"\r\n1\r\n")
    assert isinstance(events[0], FrameFault)
    assert events[1:] == [Reply(None, 1)]
