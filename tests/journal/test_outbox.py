"""The outbox: in order, counted before bytes leave, and nothing given up."""

from datetime import timedelta

import pytest

from appliance.runtime.journal import Counts, Journal, NotWaiting, UnknownMessage
from appliance.runtime.journal.values import OutboxItem, OutboxState

from .samples import NOON, next_due, passage, receipt

SECOND = timedelta(seconds=1)


@pytest.fixture
def item(journal: Journal) -> OutboxItem:
    journal.record(passage())
    return next_due(journal, NOON)


def test_the_oldest_waiting_message_comes_first(journal, clock):
    for number in range(3):
        journal.record(passage(f"A01-{number}"), hold="未放行" if number == 0 else None)
        clock.sleep(1)
    assert next_due(journal, clock.now()).passage_id == 2


def test_a_postponed_message_lets_others_pass_until_its_time(journal, item):
    journal.record(passage("A01-2"))
    postponed = journal.postpone(item, NOON + 30 * SECOND, "平台没有应答")
    assert (postponed.state, postponed.reason) == (OutboxState.WAITING, "平台没有应答")
    assert next_due(journal, NOON + 29 * SECOND).passage_id == 2
    assert next_due(journal, NOON + 30 * SECOND) == postponed


def test_a_pause_set_before_the_clock_stepped_back_is_not_waited_for(journal, item):
    journal.postpone(item, NOON + timedelta(minutes=5), "平台没有应答")
    assert next_due(journal, NOON) is None
    assert next_due(journal, NOON - timedelta(days=400)).id == item.id


def test_an_attempt_is_counted_for_every_process_before_it_returns(root, clock, journal, item):
    begun = journal.begin_attempt(item)
    assert (begun.attempts, begun.qn) == (1, item.qn)
    with Journal.open(root, clock, readonly=True) as other:
        assert other.message(item.id) == begun
    assert journal.begin_attempt(begun).attempts == 2


@pytest.mark.parametrize("state", [OutboxState.DONE, OutboxState.ASIDE])
def test_a_message_that_is_not_waiting_is_not_attempted(journal, item, state):
    journal.receive(item, receipt(), state=state)
    with pytest.raises(NotWaiting, match=item.qn):
        journal.begin_attempt(item)
    assert journal.message(item.id).attempts == 0


def test_a_receipt_and_the_state_it_leads_to_are_kept_together(journal, item):
    answer = receipt(at=NOON + SECOND)
    done = journal.receive(item, answer, state=OutboxState.DONE)
    assert done.state is OutboxState.DONE
    assert journal.receipts(item.id) == (answer,)
    assert journal.last_receipt_at() == NOON + SECOND
    assert next_due(journal, NOON + SECOND) is None


def test_a_receipt_may_ask_to_try_again_later(journal, item):
    again = journal.receive(
        item,
        receipt(2),
        state=OutboxState.WAITING,
        reason="平台执行失败",
        next_try_at=NOON + 60 * SECOND,
    )
    assert (again.state, again.reason) == (OutboxState.WAITING, "平台执行失败")
    assert next_due(journal, NOON) is None
    assert next_due(journal, NOON + 60 * SECOND) == again


def test_done_is_for_good_and_late_receipts_are_kept(journal, item):
    done = journal.receive(item, receipt(), state=OutboxState.DONE)
    late = journal.receive(item, receipt(3), state=OutboxState.ASIDE, reason="格式错误")
    assert late == done
    assert journal.postpone(item, NOON + SECOND, "超时") == done
    assert journal.set_aside(item, "照片缺失") == done
    assert journal.retry_aside(item.id) == 0
    assert [answer.code for answer in journal.receipts(item.id)] == [1, 3]


def test_an_answered_message_cannot_be_held(journal, item):
    with pytest.raises(ValueError, match="held"):
        journal.receive(item, receipt(), state=OutboxState.HELD)
    assert journal.receipts(item.id) == ()


def test_messages_aside_wait_again_one_by_one_or_all(journal, clock):
    items = []
    for number in range(3):
        recorded, _ = journal.record(passage(f"A01-{number}"))
        items += journal.messages(recorded.id)
    for item in items:
        journal.receive(item, receipt(4), state=OutboxState.ASIDE, reason="MN 错误")
    clock.sleep(60)
    assert next_due(journal, clock.now()) is None
    assert journal.retry_aside(items[1].id) == 1
    assert next_due(journal, clock.now()).qn == items[1].qn
    assert journal.message(items[1].id).reason is None
    assert journal.retry_aside() == 2
    assert journal.retry_aside() == 0
    assert next_due(journal, clock.now()).qn == items[0].qn


def test_a_message_that_cannot_be_built_is_put_aside_without_a_receipt(journal, item):
    aside = journal.set_aside(item, "照片无法读取")
    assert (aside.state, aside.reason) == (OutboxState.ASIDE, "照片无法读取")


def test_messages_are_counted_by_state(journal, clock):
    assert journal.outbox_counts() == Counts(0, 0, 0, 0, None)
    assert journal.last_receipt_at() is None
    for number in range(6):
        journal.record(passage(f"A01-{number}"), hold="未放行" if number == 0 else None)
        clock.sleep(1)
    for state in (OutboxState.DONE, OutboxState.DONE, OutboxState.ASIDE):
        journal.receive(next_due(journal, clock.now()), receipt(), state=state)
    assert journal.outbox_counts() == Counts(
        held=1, waiting=2, aside=1, done=2, oldest_waiting=NOON + 4 * SECOND
    )


def test_an_unknown_message_is_said_to_be_unknown(journal, item):
    ghost = OutboxItem(**{**{f: getattr(item, f) for f in item.__slots__}, "id": 99})
    for call in (
        lambda: journal.begin_attempt(ghost),
        lambda: journal.receive(ghost, receipt(), state=OutboxState.DONE),
        lambda: journal.postpone(ghost, NOON, "超时"),
    ):
        with pytest.raises(UnknownMessage, match="没有编号为 99 的报文"):
            call()


def test_messages_aside_are_listed_oldest_first(journal):
    for number in range(3):
        journal.record(passage(f"A01-{number}"))
    refused = []
    for _ in range(2):
        item = next_due(journal, NOON)
        refused.append(journal.receive(item, receipt(2), state=OutboxState.ASIDE, reason="格式"))
    assert journal.aside() == tuple(refused)


def test_counting_looks_at_unsent_messages_and_reads_no_row(journal):
    """What lets the heartbeat count while 100,000 wait: no scan of rows, and no sorting."""
    statements: list[str] = []
    connection = journal._database.conn
    connection.set_trace_callback(statements.append)
    journal.outbox_counts()
    connection.set_trace_callback(None)
    plans = [
        [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
        for sql in statements
        if sql.startswith("SELECT") and "state <> 'done'" in sql
    ]
    assert len(plans) == 2
    for plan in plans:
        assert len(plan) == 1
        assert "outbox_unsent" in plan[0]
