"""Commands from above: the exact frames that answer them, and who gets none."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from journal.samples import deliver
from waiting import until

from acceptance_kit.peers.platform import Act, ReferencePlatform
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxState, Receipt
from appliance.runtime.uplink.commands import COMMANDS, HISTORY_LIMIT, Commands, Context
from appliance.runtime.uplink.frame import Frame, decode, encode
from appliance.runtime.uplink.patience import Patience

from .gate import NOON, Gate, HandClock
from .samples import MN, passage, site

QN = "20160801085857223"


@pytest.fixture
def journal(storage: Path) -> Iterator[Journal]:
    with Journal.open(storage, HandClock()) as opened:
        yield opened


@pytest.fixture
def commands(journal: Journal) -> Commands:
    return commands_of(journal)


def commands_of(journal: Journal) -> Commands:
    patience = Patience(site().uplink, journal)
    return Commands(MN, Context(journal, HandClock(), patience))


def request(cn: str, said: str = "", *, mn: str = MN, head: str = "", qn: str = QN) -> Frame:
    return decode(encode(f"QN={qn};ST=31;CN={cn};{head}MN={mn};Flag=5;CP=&&{said}&&"))


def said(answer: bytes) -> list[str]:
    """The frames of an answer, without the head that they share."""
    frames = [decode(part + b"\r\n") for part in answer.split(b"\r\n")[:-1]]
    return [frame.data.replace(f"QN={QN};", "").replace(f";MN={MN};Flag=4", "") for frame in frames]


ACCEPTED = "ST=91;CN=9011;CP=&&QnRtn=1&&"
DONE = "ST=91;CN=9012;CP=&&ExeRtn=1&&"
FAILED = "ST=91;CN=9012;CP=&&ExeRtn=2&&"
WRONG_CONDITION = "ST=91;CN=9012;CP=&&ExeRtn=3&&"
NO_DATA = "ST=91;CN=9012;CP=&&ExeRtn=100&&"
NOTICED = "ST=91;CN=9013;CP=&&&&"


def test_the_answers_are_byte_for_byte_those_of_the_standards_annex_c(journal: Journal) -> None:
    mn = "010000A8900016F000169DC0"
    context = Context(journal, HandClock(), Patience(site().uplink, journal))
    asked = request("1000", "OverTime=5;ReCount=3", mn=mn, head="PW=123456;")
    assert Commands(mn, context).answer(asked) == (
        b"##0094QN=20160801085857223;ST=91;CN=9011;PW=123456;MN=010000A8900016F000169DC0;"
        b"Flag=4;CP=&&QnRtn=1&&1B00\r\n"
        b"##0095QN=20160801085857223;ST=91;CN=9012;PW=123456;MN=010000A8900016F000169DC0;"
        b"Flag=4;CP=&&ExeRtn=1&&6240\r\n"
    )
    notice = request("1013", mn=mn, head="PW=123456;")
    assert Commands(mn, context).answer(notice) == (
        b"##0087QN=20160801085857223;ST=91;CN=9013;PW=123456;MN=010000A8900016F000169DC0;"
        b"Flag=4;CP=&&&&2A80\r\n"
    )


def test_time_out_and_retries_are_taken_over_and_outlive_a_restart(
    journal: Journal, storage: Path, commands: Commands
) -> None:
    assert said(commands.answer(request("1000", "OverTime=7;ReCount=5"))) == [ACCEPTED, DONE]
    with Journal.open(storage, HandClock()) as again:
        patience = Patience(site().uplink, again)
    assert (patience.seconds, patience.count, patience.silence) == (7, 5, 35)


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        "OverTime=0;ReCount=3",
        "OverTime=5;ReCount=0",
        "OverTime=-5;ReCount=3",
        "OverTime=5",
        "OverTime=121;ReCount=3",
        "OverTime=5;ReCount=100",
        "OverTime=²;ReCount=3",
        "OverTime=999999999999999999999;ReCount=1",
    ],
)
def test_time_outs_that_make_no_sense_change_nothing(
    journal: Journal, commands: Commands, parameters: str
) -> None:
    answer = commands.answer(request("1000", parameters))
    assert said(answer) == [ACCEPTED, WRONG_CONDITION]
    patience = Patience(site().uplink, journal)
    assert (patience.seconds, patience.count) == (5.0, 3)


def test_the_clock_is_told_in_beijing_time_and_the_question_repeated(commands: Commands) -> None:
    assert said(commands.answer(request("1011", "PolId=w01018"))) == [
        ACCEPTED,
        "ST=31;CN=1011;CP=&&PolId=w01018;SystemTime=20261124120000&&",
        DONE,
    ]


def test_the_clock_is_not_set_and_how_far_it_is_off_is_noted(
    journal: Journal, commands: Commands
) -> None:
    assert said(commands.answer(request("1012", "SystemTime=20261124115930"))) == [ACCEPTED, FAILED]
    (event,) = journal.latest_events(5)
    assert event.kind == "platform-command"
    assert "相差30秒" in event.detail
    again = request("1012", "SystemTime=20261324115930", qn="20160801085857224")
    assert b"ExeRtn=3" in commands.answer(again)


def test_real_time_data_are_on_and_cannot_be_switched_off(
    journal: Journal, commands: Commands
) -> None:
    assert said(commands.answer(request("2011"))) == [ACCEPTED, DONE]
    assert said(commands.answer(request("2012"))) == [NOTICED, FAILED]
    assert "未执行" in journal.latest_events(1)[0].detail


@pytest.mark.parametrize("cn", ["2051", "2061"])
def test_history_is_queued_once_more_for_the_time_asked_for(
    journal: Journal, commands: Commands, cn: str
) -> None:
    for second in range(4):
        journal.record(passage(f"p{second}", passed_at=NOON + timedelta(seconds=second + 0.5)))
        deliver(journal, second + 1)
    asked = request(cn, "BeginTime=20261124120001;EndTime=20261124120002")
    assert said(commands.answer(asked)) == [ACCEPTED, DONE]
    queued = [journal.messages(number)[1:] for number in (1, 2, 3, 4)]
    assert [len(messages) for messages in queued] == [0, 1, 1, 0]
    assert all(message.history for messages in queued for message in messages)


def test_history_of_a_time_without_passages_is_no_data(commands: Commands) -> None:
    asked = request("2061", "BeginTime=20261124120001;EndTime=20261124120002")
    assert said(commands.answer(asked)) == [ACCEPTED, NO_DATA]


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        "BeginTime=20261124120001",
        "BeginTime=2026;EndTime=2027",
        "BeginTime=20261124120002;EndTime=20261124120001",
    ],
)
def test_history_of_no_span_of_time_is_a_wrong_condition(
    commands: Commands, parameters: str
) -> None:
    assert said(commands.answer(request("2051", parameters))) == [ACCEPTED, WRONG_CONDITION]


def test_more_history_than_the_bound_is_refused_whole(
    journal: Journal, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert HISTORY_LIMIT == 5000
    monkeypatch.setattr("appliance.runtime.uplink.commands.HISTORY_LIMIT", 1)
    for number in (1, 2):
        journal.record(passage(f"p{number}", passed_at=NOON))
        deliver(journal, number)
    asked = request("2061", "BeginTime=20261124120000;EndTime=20261124120000")
    assert said(commands.answer(asked)) == [ACCEPTED, WRONG_CONDITION]
    assert journal.outbox_counts().waiting == 0


def test_a_command_sent_again_is_answered_again_and_not_executed_again(
    journal: Journal, commands: Commands
) -> None:
    journal.record(passage(passed_at=NOON))
    deliver(journal, 1)
    asked = request("2061", "BeginTime=20261124120000;EndTime=20261124120000")
    first = commands.answer(asked)
    newest = journal.messages(1)[-1]
    journal.begin_attempt(newest)
    journal.receive(newest, Receipt(1, "##", NOON), state=OutboxState.DONE)
    assert commands.answer(asked) == first
    assert len(journal.messages(1)) == 2


@pytest.mark.parametrize("cn", ["1072", "3020", "xyz"])
def test_an_unknown_command_is_answered_as_such(commands: Commands, cn: str) -> None:
    assert cn not in COMMANDS
    assert said(commands.answer(request(cn))) == ["ST=91;CN=9011;CP=&&QnRtn=8&&"]


def test_a_qn_that_is_none_is_answered_as_such(commands: Commands) -> None:
    answer = commands.answer(request("1011", qn="2016"))
    assert b"QN=2016;ST=91;CN=9011;" in answer
    assert b"QnRtn=7" in answer
    assert b"SystemTime" not in answer


def test_a_request_that_wants_no_answer_gets_its_result_alone(commands: Commands) -> None:
    quiet = decode(encode(f"QN={QN};ST=31;CN=2011;MN={MN};Flag=4;CP=&&&&"))
    assert said(commands.answer(quiet)) == [DONE]


@pytest.mark.parametrize(
    "frame",
    [
        request("1011", mn="91640100MA75YYYY1B"),
        request("9014"),
        request("9011", "QnRtn=1"),
        request("60001"),
        decode(encode(f"ST=31;CN=1011;MN={MN};Flag=5;CP=&&&&")),
        decode(encode(f"QN={'1' * 21};ST=31;CN=1011;MN={MN};Flag=5;CP=&&&&")),
        decode(encode(f"QN={QN};ST=91;CN=1011;MN={MN};Flag=5;CP=&&&&")),
        decode(encode("")),
    ],
    ids=["other MN", "9014", "9011", "echo", "no QN", "long QN", "ST 91", "empty"],
)
def test_what_is_no_request_to_this_site_gets_no_answer(commands: Commands, frame: Frame) -> None:
    assert commands.answer(frame) == b""


class CommandingPlatform(ReferencePlatform):
    """Sends a command behind its first answer, and keeps what the gate says to it."""

    command = b""

    def take(self, frame: Frame, act: Act) -> bytes:
        if (frame.get("CN") or "").startswith("9") or frame.get("CN") in COMMANDS:
            self.heard.append(frame.data)
            return b""
        command, self.command = self.command, b""
        return super().take(frame, act) + command

    def __enter__(self) -> "CommandingPlatform":
        self.heard: list[str] = []
        super().__enter__()
        return self


def test_a_command_between_two_answers_is_answered_on_the_same_connection(
    tmp_path: Path, gates: list[Gate], storage: Path
) -> None:
    with CommandingPlatform(database=tmp_path / "commanding.sqlite3", known_mn={MN}) as platform:
        platform.command = encode(f"QN={QN};ST=31;CN=1011;MN={MN};Flag=5;CP=&&&&")
        gates.append(Gate(storage, platform.address[1]))
        sent = [gates[0].record(passage(f"p{number}")) for number in range(3)]
        gates[0].start()
        assert all(gates[0].comes_to(each, OutboxState.DONE) for each in sent)
        until(lambda: len(platform.heard) == 3)
        assert gates[0].end()
        assert platform.connections == 1
    assert [data.split(";")[2] for data in platform.heard] == ["CN=9011", "CN=1011", "CN=9012"]
