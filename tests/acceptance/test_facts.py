"""What a box tells of itself: `gatehouse journal facts` and `gatehouse journal passages`."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from uplink.book_gate import START, BookGate, HandClock
from uplink.samples import vehicle

from acceptance_kit.passages import passages_of
from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxState, Receipt

TODAY = START.date()


@pytest.fixture
def gate(tmp_path: Path) -> BookGate:
    clock = HandClock()
    return BookGate(tmp_path, clock, Journal.open(tmp_path, clock))


def told(gate: BookGate) -> list[dict[str, object]]:
    return list(gate.journal.facts().passages(TODAY, TODAY))


def test_a_passage_tells_what_was_read_and_what_stands_now(gate: BookGate) -> None:
    (unread,) = gate.records(1, plate=None, plate_colour=PlateColour.OTHER, vehicle=None)
    (misread,) = gate.records(1, plate="宁A11111")
    gate.journal.correct(
        unread, plate="宁A22222", plate_colour=PlateColour.BLUE, by="门卫", why="补"
    )
    gate.journal.correct(misread, plate="宁A33333", by="门卫", why="误读")
    gate.journal.correct(misread, plate="宁A44444", by="门卫", why="又误")
    first, second = told(gate)
    assert first["read"] == {"plate": None, "colour": "其他"}
    assert (first["plate"], first["colour"]) == ("宁A22222", "蓝牌")
    assert second["read"] == {"plate": "宁A11111", "colour": "黄牌"}
    assert second["plate"] == "宁A44444"


def test_a_passage_tells_its_messages_with_their_qns_and_answers(gate: BookGate) -> None:
    (number,) = gate.records(1)
    item = gate.journal.begin_attempt(gate.journal.messages(number)[-1])
    gate.journal.packet_qns(item, 3)
    at = gate.clock.now() + timedelta(seconds=2)
    gate.journal.receive(item, Receipt(10, "##raw", at), state=OutboxState.WAITING)
    gate.journal.receive(item, Receipt(1, "##raw", at), state=OutboxState.DONE)
    (passage,) = passages_of(json.dumps(line) for line in told(gate))
    (message,) = passage.messages
    assert message.qns == gate.journal.packet_qns(item, 3)
    assert message.codes == (10, 1)
    assert message.state == "done"
    assert passage.acknowledged_at == at
    assert passage.complete


def test_no_raw_answer_and_no_payload_leaves_the_box(gate: BookGate) -> None:
    gate.acknowledges(gate.records(1, vehicle=vehicle(vin="LFWSRXSJ5M1F99999")))
    assert "##raw" not in json.dumps(told(gate))
    assert "LFWSRXSJ5M1F99999" not in json.dumps(told(gate))


def test_more_passages_than_are_looked_up_at_once_come_in_order_and_none_twice(
    gate: BookGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.runtime.journal.facts.BATCH", 5)
    gate.records(12)
    assert [line["id"] for line in told(gate)] == list(range(1, 13))


def test_the_state_tells_heartbeats_outbox_and_only_the_events_asked_for(gate: BookGate) -> None:
    gate.records(2)
    gate.journal.beat("uplink", True, "已连接平台")
    old = gate.journal.note("older", "旧")
    new = gate.journal.note("newer", "新")
    now = gate.journal.facts().now(events_after=old.id)
    assert now["heartbeats"]["uplink"]["ok"]  # type: ignore[index]
    assert now["outbox"]["waiting"] == 2  # type: ignore[index]
    assert now["chain_head"] == gate.journal.head()
    assert [event["id"] for event in now["events"]] == [new.id]  # type: ignore[attr-defined]
    assert gate.journal.facts().now()["events"] == []


def test_silences_are_the_long_spans_between_positive_receipts(gate: BookGate) -> None:
    gate.acknowledges(gate.records(1), after=0)
    gate.goes_on(minutes=59)
    gate.acknowledges(gate.records(1), after=0)
    begin = gate.goes_on(hours=3) - timedelta(hours=3)
    gate.acknowledges(gate.records(1), after=0)
    found = gate.journal.facts().silences(31, timedelta(hours=1))
    assert [span[0] for span in found] == [None, begin.isoformat(timespec="microseconds")]
