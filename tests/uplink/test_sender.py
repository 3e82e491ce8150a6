"""The sender against the reference platform over loopback, with a real journal between."""

from collections.abc import Callable

import pytest
from waiting import PATIENCE, until

from acceptance_kit.peers.platform import (
    JUDGE,
    Answer,
    HalfAnswer,
    Late,
    ReferencePlatform,
    Reset,
    Silent,
    in_turn,
)
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxItem, OutboxState
from appliance.runtime.uplink.pauses import Pauses

from .gate import Gate
from .samples import passage, vehicle


def test_a_passage_reaches_the_platform_whole_and_its_message_is_done(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    gate = gate_of()
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    kept = platform.record(gate.message(sent).qn)
    assert kept is not None
    assert (kept.code, kept.reason, kept.times_received) == (1, "", 1)
    assert kept.fields["F_CPHM"] == "宁A12345"
    assert kept.photo_size is not None
    assert kept.photo_size <= gate.profile.uplink.photo_limit_bytes
    receipt = gate.journal.receipts(gate.message(sent).id)[0]
    assert receipt.raw.startswith("##")
    assert "CN=9014" in receipt.raw


def test_messages_go_out_oldest_first_and_each_once(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    gate = gate_of()
    sent = [gate.record(passage(f"p{n}", plate=f"宁A0000{n}")) for n in range(5)]
    gate.start()
    until(lambda: gate.journal.outbox_counts().done == 5)
    assert [kept.plate for kept in platform.records()] == [f"宁A0000{n}" for n in range(5)]
    assert [gate.message(each).attempts for each in sent] == [1] * 5
    assert [kept.times_received for kept in platform.records()] == [1] * 5


def test_a_passage_recorded_while_the_link_is_idle_goes_out_as_well(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    gate = gate_of().start()
    until(lambda: gate.heartbeat() == (True, "已连接平台，待发0条"))
    assert gate.comes_to(gate.record(passage()), OutboxState.DONE)


def test_a_message_without_answer_is_sent_again_under_the_same_qn(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = in_turn(Silent())
    gate = gate_of(acknowledge_seconds=0.2)
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert [kept.qn for kept in platform.records()] == [gate.message(sent).qn]
    assert platform.records()[0].times_received >= 2
    assert gate.message(sent).attempts >= 2


@pytest.mark.slow
def test_a_platform_that_never_answers_is_tried_for_ever_on_new_connections(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = in_turn(*[Silent()] * 7)
    gate = gate_of(acknowledge_seconds=0.1)
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert gate.message(sent).attempts >= 8
    assert platform.connections >= 3


@pytest.mark.slow
def test_an_answer_to_another_qn_is_no_answer(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = in_turn(Answer(1, qn="20200101000000000"), Silent())
    gate = gate_of(acknowledge_seconds=0.2)
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert gate.message(sent).attempts >= 3
    assert gate.codes(sent) == [1]


@pytest.mark.slow
def test_a_good_answer_that_comes_late_still_counts(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = in_turn(Late())
    gate = gate_of(
        window=1,
        acknowledge_seconds=2.0,
        retry_pause_seconds=600.0,
        retry_pause_limit_seconds=600.0,
    )
    first, second = gate.record(passage("p1")), gate.record(passage("p2"))
    gate.start()
    assert gate.comes_to(second, OutboxState.DONE)
    assert gate.comes_to(first, OutboxState.DONE)
    assert gate.message(first).attempts == 1
    assert [kept.times_received for kept in platform.records()] == [1, 1]


def test_a_connection_reset_within_a_frame_is_made_again_and_the_message_sent_again(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = in_turn(Reset(), Reset())
    gate = gate_of()
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert gate.message(sent).attempts == 3
    assert platform.records()[0].times_received == 1


def test_half_an_answer_is_none_and_the_message_is_sent_again(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = in_turn(HalfAnswer())
    gate = gate_of()
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert platform.records()[0].times_received == 2


@pytest.mark.slow
def test_a_message_that_breaks_the_line_does_not_hold_up_the_others(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = in_turn(Reset())
    gate = gate_of(window=1, retry_pause_seconds=1.0, retry_pause_limit_seconds=600.0)
    first, second = gate.record(passage("p1")), gate.record(passage("p2"))
    gate.start()
    assert gate.comes_to(first, OutboxState.DONE)
    assert [kept.qn for kept in platform.records()] == [
        gate.message(second).qn,
        gate.message(first).qn,
    ]


def test_what_is_recorded_while_the_platform_is_down_is_sent_when_it_is_up_again(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    gate = gate_of().start()
    until(lambda: (gate.heartbeat() or (False,))[0])
    platform.stop()
    until(lambda: not (gate.heartbeat() or (True,))[0])
    sent = [gate.record(passage(f"p{n}")) for n in range(3)]
    platform.start()
    until(lambda: gate.journal.outbox_counts().done == 3)
    assert [gate.message(each).attempts for each in sent] == [1, 1, 1]


@pytest.mark.parametrize(("code", "text"), [(2, "执行失败"), (3, "数据格式错误，解析失败")])
def test_a_refused_message_is_set_aside_with_its_reason_and_the_next_one_goes_on(
    platform: ReferencePlatform, gate_of: Callable[..., Gate], code: int, text: str
) -> None:
    platform.behaviour = in_turn(Answer(code))
    gate = gate_of()
    first, second = gate.record(passage("p1")), gate.record(passage("p2"))
    gate.start()
    assert gate.comes_to(second, OutboxState.DONE)
    refused = gate.message(first)
    assert refused.state is OutboxState.ASIDE
    assert refused.reason == (f"平台答复{code}：{text}（上传数据格式错误，请检查上传数据格内容）")
    assert gate.codes(first) == [code]
    assert refused.attempts == 1
    assert any(event.startswith("message-aside: ") for event in gate.events())


def test_a_time_in_the_platforms_future_is_tried_again_later(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = in_turn(Answer(10), Answer(10))
    gate = gate_of()
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert gate.codes(sent) == [10, 10, 1]


@pytest.mark.parametrize(("code", "text"), [(4, "MN错误"), (100, "当前企业还未备案")])
def test_a_refused_enterprise_is_noted_once_and_tried_again_slowly(
    platform: ReferencePlatform, gate_of: Callable[..., Gate], code: int, text: str
) -> None:
    platform.behaviour = in_turn(Answer(code), Answer(code))
    gate = gate_of()
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert gate.codes(sent) == [code, code, 1]
    noted = [event for event in gate.events() if event.startswith("platform-refusal: ")]
    assert len(noted) == 1
    assert text in noted[0]


def test_a_number_the_guideline_does_not_name_is_kept_and_tried_again(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = in_turn(Answer(77))
    gate = gate_of()
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert gate.codes(sent) == [77, 1]


def test_a_value_the_platform_must_refuse_is_set_aside_unsent_and_goes_once_corrected(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    gate = gate_of()
    bad = gate.record(passage("p1", vehicle=vehicle(model="Land Rover")))
    good = gate.record(passage("p2"))
    assert gate.message(bad).state is OutboxState.ASIDE  # before any uplink runs
    gate.start()
    assert gate.comes_to(good, OutboxState.DONE)
    refused = gate.message(bad)
    assert (refused.state, refused.attempts) == (OutboxState.ASIDE, 0)
    assert refused.reason == "车辆品牌型号（F_CLPPXH）含有平台拒收的词“and”（指南6.2.5）"
    gate.journal.correct(bad, vehicle=vehicle(model="路虎"), by="王五", why="品牌改为中文")
    assert gate.comes_to(bad, OutboxState.DONE)
    kept = platform.record(refused.qn)
    assert kept is not None
    assert kept.fields["F_CLPPXH"] == "路虎"


def test_a_missing_photo_sets_the_message_aside_and_never_sends_an_empty_field(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    gate = gate_of()
    sent = gate.record(passage())
    gate.journal.photo_path(gate.journal.passage(sent).photos[1]).unlink()
    gate.start()
    assert gate.comes_to(sent, OutboxState.ASIDE)
    assert (gate.message(sent).reason or "").startswith("照片（F_JCZP）的车身照片文件无法读取")
    assert platform.records() == []


def test_a_correction_between_reading_and_sending_is_what_is_sent(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    class Corrected(Journal):
        def begin_attempt(self, item: OutboxItem) -> OutboxItem:
            if item.passage_id is not None and not self.passage(item.passage_id).corrected:
                self.correct(item.passage_id, plate="宁A54321", by="王五", why="看错一位")
            return super().begin_attempt(item)

    gate = gate_of()
    gate.opening = Corrected.open
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert [kept.plate for kept in platform.records()] == ["宁A54321"]


def test_an_uplink_that_ended_before_the_answer_sends_again_and_the_platform_has_it_once(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = in_turn(Silent())
    gate = gate_of(acknowledge_seconds=60.0)
    sent = gate.record(passage())
    gate.start()
    assert platform.wait_for(lambda p: len(p.records()) == 1, PATIENCE)
    assert gate.end()
    assert gate.message(sent).state is OutboxState.WAITING
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert [kept.times_received for kept in platform.records()] == [2]


def test_it_stops_while_it_waits_for_an_answer(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = lambda _nth: Silent()
    gate = gate_of(acknowledge_seconds=3600.0)
    gate.record(passage())
    gate.start()
    assert platform.wait_for(lambda p: len(p.records()) == 1, PATIENCE)
    assert gate.end()
    assert gate.heartbeat() == (False, "上报程序已停止")


def test_it_stops_while_it_pauses_before_the_next_connection(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.stop()
    gate = gate_of(retry_pause_seconds=3600.0, retry_pause_limit_seconds=3600.0).start()
    until(lambda: "无法连接平台" in (gate.heartbeat() or (False, ""))[1])
    assert gate.end()


def test_neither_photo_nor_plate_stands_in_the_log(
    platform: ReferencePlatform, gate_of: Callable[..., Gate], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    gate = gate_of()
    sent = gate.record(passage())
    gate.start()
    assert gate.comes_to(sent, OutboxState.DONE)
    assert gate.end()
    assert f"answer 1 to {gate.message(sent).qn}" in caplog.text
    assert "F_JCZP" not in caplog.text
    assert "宁A12345" not in caplog.text


def test_pauses_double_up_to_their_limit_and_are_never_twice_the_same() -> None:
    pauses = Pauses(first=2, limit=300)
    for failures, step in [(1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (5000, 300)]:
        drawn = {pauses.after(failures) for _ in range(20)}
        assert all(step / 2 <= pause <= step for pause in drawn)
        assert len(drawn) > 1


def test_a_working_platform_is_what_is_left_when_the_acts_are_used_up() -> None:
    behave = in_turn(Silent())
    assert [behave(0), behave(1)] == [Silent(), JUDGE]
