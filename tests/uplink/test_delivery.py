"""The window, live before backfill, messages of several packets, bare answers: over loopback."""

import socket
from collections.abc import Callable
from datetime import timedelta

import pytest
from waiting import PATIENCE, until

from acceptance_kit.peers.platform import (
    JUDGE,
    Act,
    Answer,
    Late,
    ReferencePlatform,
    Reset,
    Silent,
    in_turn,
)
from acceptance_kit.peers.platform.replies import ReplyStyle
from acceptance_kit.peers.platform.variant import Variant
from appliance.clock import SystemClock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.moments import to_text
from appliance.runtime.journal.values import OutboxState, RecordedPassage
from appliance.runtime.uplink import loading
from appliance.runtime.uplink.compose import Composer, Packet, Qns
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.link import Link

from .gate import Gate
from .samples import passage

GateOf = Callable[..., Gate]
FOR_EVER = 3600.0
SOON = 2.0  # an answer that does come is never so late


def record(gate: Gate, *names: str, old: bool = False) -> list[int]:
    """Passages by name; old ones are as if they had waited for a day."""
    made = [gate.record(passage(name, plate=name)) for name in names]
    if old:
        day_ago = to_text(SystemClock().now() - timedelta(days=1))
        for passage_id in made:
            gate.journal._database.execute(
                "UPDATE outbox SET queued_at = ? WHERE passage_id = ?", [day_ago, passage_id]
            )
    return made


def numbered(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number:02}" for number in range(count)]


def plates(platform: ReferencePlatform) -> list[str]:
    return [kept.plate or "" for kept in platform.records()]


def test_several_messages_are_under_way_at_once(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    """Each answer comes only when the next frame has come: stop and wait would wait for ever."""
    platform.behaviour = in_turn(Late(), Late(), Late())
    gate = gate_of(acknowledge_seconds=FOR_EVER, window=4)
    sent = record(gate, *numbered("L", 4))
    gate.start()
    assert all(gate.comes_to(each, OutboxState.DONE) for each in sent)
    assert [kept.times_received for kept in platform.records()] == [1] * 4


@pytest.mark.parametrize("window", [1, 3])
def test_no_more_messages_are_under_way_than_the_window_holds(
    platform: ReferencePlatform, gate_of: GateOf, window: int
) -> None:
    platform.behaviour = lambda _nth: Silent()
    gate = gate_of(acknowledge_seconds=FOR_EVER, window=window)
    sent = record(gate, *numbered("L", 6))
    gate.start()
    assert platform.wait_for(lambda p: len(p.records()) == window, PATIENCE)
    until(lambda: gate.heartbeat() is not None)
    assert gate.end()
    assert sum(gate.message(each).attempts for each in sent) == window


def test_stop_and_wait_gives_backfill_every_fourth_turn(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    gate = gate_of(window=1)
    record(gate, *numbered("old", 8), old=True)
    record(gate, *numbered("new", 7))
    gate.start()
    until(lambda: gate.journal.outbox_counts().done == 15)
    kinds = "".join(plate[0] for plate in plates(platform))
    assert kinds == "nnnonnnonoooooo"


def test_within_a_window_fresh_records_overtake_a_backlog_that_goes_on_all_the_same(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    gate = gate_of(window=4)
    record(gate, *numbered("old", 12), old=True)
    record(gate, *numbered("new", 12))
    gate.start()
    until(lambda: gate.journal.outbox_counts().done == 24)
    kinds = "".join(plate[0] for plate in plates(platform))
    assert kinds.startswith("nnno")
    assert kinds.rindex("n") < kinds.rindex("o")
    for begin in range(0, kinds.rindex("n") - 8, 4):
        assert "o" in kinds[begin : begin + 8]


@pytest.mark.slow
def test_a_record_made_amid_a_backlog_is_behind_a_window_of_it_and_no_more(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    gate = gate_of(window=4)
    record(gate, *numbered("old", 40), old=True)

    def behave(nth: int) -> Act:
        if nth == 8:
            with Journal.open(gate.root, SystemClock()) as journal:
                journal.record(passage("new", plate="new"))
        return JUDGE

    platform.behaviour = behave
    gate.start()
    until(lambda: gate.journal.outbox_counts().done == 41)
    assert plates(platform).index("new") <= 8 + 4


@pytest.mark.slow
def test_of_several_under_way_none_is_blamed_for_a_broken_line_but_they_go_one_by_one(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    """The second reset finds one message alone under way; only that one has to wait."""
    platform.behaviour = in_turn(Reset(), Reset())
    gate = gate_of(retry_pause_seconds=1.0, retry_pause_limit_seconds=600.0)
    first, second, third = record(gate, "L1", "L2", "L3")
    gate.start()
    assert all(gate.comes_to(each, OutboxState.DONE) for each in (first, second, third))
    assert plates(platform) == ["L2", "L3", "L1"]


@pytest.mark.slow
def test_a_silent_platform_is_left_after_as_many_time_outs_as_it_was_asked_for(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    platform.behaviour = in_turn(Silent(), Silent())
    gate = gate_of(acknowledge_seconds=SOON, resend_count=1)
    (sent,) = record(gate, "L1")
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert platform.connections == 3


def test_after_a_refused_enterprise_one_message_asks_whether_it_is_over(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    """The fourth frame is answered when a fifth comes, and none comes while the answer is due."""
    platform.behaviour = in_turn(Answer(100), Answer(100), Answer(100), Late())
    gate = gate_of(window=3, acknowledge_seconds=FOR_EVER)
    sent = record(gate, "L1", "L2", "L3")
    gate.start()
    until(lambda: sum(kept.times_received for kept in platform.records()) >= 4)
    assert gate.end()
    assert sum(gate.message(each).attempts for each in sent) == 4
    assert gate.journal.outbox_counts().done == 0


class InTwo(Composer):
    """Sends each passage as two messages, as one dialect for the two photos does."""

    def passage(self, passage: RecordedPassage, qns: Qns) -> tuple[Packet, ...]:
        first, second = qns(2)
        make = super().passage
        return (*make(passage, lambda _: (first,)), *make(passage, lambda _: (second,)))


@pytest.fixture
def in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "Composer", InTwo)


@pytest.mark.slow
@pytest.mark.usefixtures("in_two")
@pytest.mark.parametrize("window", [1, 4])
def test_a_message_is_done_when_all_its_packets_have_their_answers(
    platform: ReferencePlatform, gate_of: GateOf, window: int
) -> None:
    platform.behaviour = in_turn(JUDGE, Silent())
    gate = gate_of(window=window, acknowledge_seconds=SOON)
    (sent,) = record(gate, "L1")
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    item = gate.message(sent)
    assert [kept.qn for kept in platform.records()] == list(gate.journal.packet_qns(item, 2))
    assert [kept.times_received for kept in platform.records()] == [2, 2]
    assert (item.attempts, gate.codes(sent)) == (2, [1])


@pytest.mark.usefixtures("in_two")
def test_a_message_of_which_one_packet_is_refused_is_set_aside_whole(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    platform.behaviour = in_turn(JUDGE, Answer(2))
    gate = gate_of()
    (sent,) = record(gate, "L1")
    gate.start()
    assert gate.comes_to(sent, OutboxState.ASIDE)
    assert gate.codes(sent) == [2]


# Answers as of a platform that sends a number and no QN.
bare = pytest.mark.parametrize(
    "platform", [Variant(reply=ReplyStyle.NO_QN)], indirect=True, ids=["no-qn"]
)


@bare
def test_bare_answers_are_taken_one_by_one_once_they_are_met(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    gate = gate_of(window=4)
    sent = record(gate, *numbered("L", 6))
    gate.start()
    assert all(gate.comes_to(each, OutboxState.DONE) for each in sent)
    assert platform.connections == 2


@pytest.mark.slow
@bare
def test_a_bare_answer_that_may_be_to_an_earlier_message_lets_none_go(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    """The first answer comes late, while the second message alone waits."""
    platform.behaviour = in_turn(Late(), Silent())
    gate = gate_of(
        window=1,
        acknowledge_seconds=SOON,
        retry_pause_seconds=0.5,
        retry_pause_limit_seconds=600.0,
    )
    first, second = record(gate, "L1", "L2")
    gate.start()
    assert gate.comes_to(first, OutboxState.DONE)
    assert gate.comes_to(second, OutboxState.DONE)
    assert gate.message(second).attempts >= 2


@pytest.mark.slow
@bare
def test_where_answers_are_bare_a_missing_one_ends_the_connection_before_anything_else_is_sent(
    platform: ReferencePlatform, gate_of: GateOf
) -> None:
    platform.behaviour = in_turn(JUDGE, Silent())
    gate = gate_of(
        window=1,
        acknowledge_seconds=SOON,
        retry_pause_seconds=0.5,
        retry_pause_limit_seconds=600.0,
    )
    _, second, third = record(gate, "L1", "L2", "L3")
    gate.start()
    assert gate.comes_to(third, OutboxState.DONE)
    assert gate.comes_to(second, OutboxState.DONE)
    assert [gate.message(each).attempts for each in (second, third)] == [2, 1]


def test_a_line_that_goes_dead_is_noticed_by_the_kernel_while_answers_are_waited_for(
    platform: ReferencePlatform,
) -> None:
    host, port = platform.address
    link = Link.connect(
        host,
        port,
        seconds=5,
        clock=SystemClock(),
        idle=lambda: None,
        reader=HJ212Dialect().reply_reader,
    )
    connection = link._connection
    options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    set_to = [connection.getsockopt(socket.IPPROTO_TCP, option) for option in options]
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert set_to == [15, 5, 3]
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
    link.close()
