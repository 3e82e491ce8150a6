"""What the platform must refuse never waits: it is aside from its birth until it is mended."""

from dataclasses import replace
from datetime import timedelta

import pytest

from appliance.guideline.dictionaries import PlateColour, RaiseMethod
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxItem, OutboxState

from .samples import LORRY, NOON, next_due, passage, receipt

BY = {"by": "王五", "why": "核对行驶证"}
SPOILT = replace(LORRY, model="Land Rover")
SENTENCE = "车辆品牌型号（F_CLPPXH）含有平台拒收的词“and”（指南6.2.5）"


def message(journal: Journal, passage_id: int = 1) -> OutboxItem:
    return journal.messages(passage_id)[-1]


def stands(item: OutboxItem) -> tuple[OutboxState, str | None]:
    return item.state, item.reason


def told(journal: Journal) -> list[str]:
    return [event.detail for event in journal.latest_events(9) if event.kind == "message-aside"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vehicle": SPOILT}, SENTENCE),
        ({"plate": "宁A;12345"}, "车牌号码（F_CPHM）含有报文不允许的字符“;”"),
        ({"position": "门" * 101}, "进出位置（F_JCWZ）有101个字符，超过上限100个"),
        ({"position": ""}, "进出位置（F_JCWZ）是必填项，不能为空"),
        (
            {"vehicle": replace(LORRY, fuel="煤油")},
            "燃料类型（F_YLLX）“煤油”不在指南8.1的字典中",
        ),
    ],
    ids=["word", "mark", "length", "missing", "dictionary"],
)
def test_a_passage_that_the_platform_must_refuse_is_aside_from_its_birth(
    journal, changes, sentence
):
    recorded, is_new = journal.record(passage(**changes))
    assert is_new
    assert stands(message(journal)) == (OutboxState.ASIDE, sentence)
    assert next_due(journal, NOON) is None
    assert told(journal) == [f"报文{message(journal).qn}不能上报，已搁置：{sentence}"]
    assert journal.verify().fault is None
    assert journal.record(passage(**changes)) == (recorded, False)


def test_what_the_profile_fills_in_is_not_missed_in_a_passage(journal):
    unread = passage(plate=None, plate_colour=PlateColour.OTHER, vehicle=None)
    journal.record(unread)
    journal.record(passage("A01-2", vehicle=replace(LORRY, fleet=None)))
    assert [message(journal, n).state for n in (1, 2)] == [OutboxState.WAITING] * 2


def test_a_held_passage_stays_held_and_is_looked_at_when_it_is_released(journal):
    journal.record(passage(vehicle=SPOILT), hold="未放行")
    assert stands(message(journal)) == (OutboxState.HELD, "未放行")
    assert told(journal) == []
    journal.correct(1, raise_method=RaiseMethod.MANUAL, **BY)
    assert stands(message(journal)) == (OutboxState.ASIDE, SENTENCE)
    assert len(journal.messages(1)) == 1


def test_a_correction_that_mends_lets_the_same_message_wait(journal, clock):
    journal.record(passage(vehicle=SPOILT))
    born = message(journal)
    clock.sleep(60)
    journal.correct(1, vehicle=LORRY, **BY)
    mended = message(journal)
    assert (mended.qn, *stands(mended)) == (born.qn, OutboxState.WAITING, None)
    assert next_due(journal, NOON + timedelta(minutes=1)) == mended


def test_a_correction_that_mends_something_else_leaves_it_aside_and_tells_once(journal):
    journal.record(passage(vehicle=SPOILT))
    journal.correct(1, raise_method=RaiseMethod.MANUAL, **BY)
    assert stands(message(journal)) == (OutboxState.ASIDE, SENTENCE)
    assert len(told(journal)) == 1


def test_a_correction_that_spoils_sets_the_waiting_message_aside(journal):
    journal.record(passage())
    journal.correct(1, vehicle=SPOILT, **BY)
    assert stands(message(journal)) == (OutboxState.ASIDE, SENTENCE)
    assert len(told(journal)) == 1


def test_a_spoiling_correction_of_a_delivered_passage_queues_nothing_that_waits(journal):
    journal.record(passage())
    item = journal.begin_attempt(message(journal))
    done = journal.receive(item, receipt(), state=OutboxState.DONE)
    journal.correct(1, vehicle=SPOILT, **BY)
    old, new = journal.messages(1)
    assert old == done
    assert stands(new) == (OutboxState.ASIDE, SENTENCE)
    journal.correct(1, vehicle=LORRY, **BY)
    assert [stands(item) for item in journal.messages(1)] == [
        (OutboxState.DONE, None),
        (OutboxState.WAITING, None),
    ]


def test_a_retry_before_the_mend_leaves_it_aside_with_its_sentence(journal):
    journal.record(passage(vehicle=SPOILT))
    journal.record(passage("A01-2"))
    journal.set_aside(message(journal, 2), "照片缺失")
    assert journal.retry_aside(message(journal).id) == 0
    assert journal.retry_aside() == 1
    assert stands(message(journal)) == (OutboxState.ASIDE, SENTENCE)
    assert message(journal, 2).state is OutboxState.WAITING


def test_the_next_import_of_the_register_mends_what_waited_for_it(journal):
    journal.put_vehicles([SPOILT])
    journal.record(passage(vehicle=SPOILT))
    journal.record(passage("A01-2"))
    journal.put_vehicles([replace(LORRY, model="And again")])
    assert stands(message(journal)) == (OutboxState.ASIDE, SENTENCE)
    renamed = replace(LORRY, model="路虎")
    journal.put_vehicles([renamed])
    assert stands(message(journal)) == (OutboxState.WAITING, None)
    assert journal.passage(1).vehicle == renamed
    (correction,) = journal.corrections(1)
    assert (correction.by, correction.why) == ("车辆登记", "登记已更正，补报")
    assert journal.passage(2).vehicle == LORRY  # what was known when it passed


def test_an_import_leaves_alone_what_the_platform_or_a_lost_photo_set_aside(journal):
    journal.record(passage())
    journal.record(passage("A01-2"))
    journal.set_aside(message(journal), "照片缺失")
    item = journal.begin_attempt(message(journal, 2))
    journal.receive(item, receipt(2), state=OutboxState.ASIDE, reason="执行失败")
    journal.put_vehicles([replace(LORRY, model="路虎")])
    assert [message(journal, n).reason for n in (1, 2)] == ["照片缺失", "执行失败"]
    assert journal.corrections(1) == journal.corrections(2) == ()


def test_news_that_the_platform_must_refuse_are_aside_until_better_ones_come(journal):
    payload = '{"camera":"a"}'
    born = journal.owe_news("60002", payload, refusal="视频密码（F_PSD）超过上限20个")
    assert stands(born) == (OutboxState.ASIDE, "视频密码（F_PSD）超过上限20个")
    mended = journal.owe_news("60002", payload)
    assert (mended.id, *stands(mended)) == (born.id, OutboxState.WAITING, None)
    spoilt = journal.owe_news("60002", payload, refusal="视频用户名（F_UID）超过上限20个")
    assert (spoilt.id, spoilt.state) == (born.id, OutboxState.ASIDE)
