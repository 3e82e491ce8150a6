"""What comes into the outbox beside passages: news of the site, history, further packets' QNs."""

from datetime import timedelta

import pytest

from appliance.guideline.retention import Kind
from appliance.profile.storage import ROOT
from appliance.runtime.journal import Journal, UnknownMessage
from appliance.runtime.journal.values import History, OutboxItem

from .samples import NOON, deliver, next_due, passage

SECOND = timedelta(seconds=1)


def record(journal: Journal, *seconds: int) -> None:
    """Passages so many seconds past noon; the lane and the second make the key."""
    for second in seconds:
        journal.record(passage(f"A01-{second}", passed_at=NOON + second * SECOND))


@pytest.fixture
def item(journal: Journal) -> OutboxItem:
    journal.record(passage())
    return next_due(journal, NOON)


def test_news_of_the_site_wait_like_a_passage_and_carry_their_text(journal):
    owed = journal.owe_news("60003", '{"state":"正常"}')
    assert (owed.cn, owed.passage_id, owed.payload) == ("60003", None, '{"state":"正常"}')
    assert next_due(journal, NOON) == owed
    assert len(owed.qn) == 17


def test_news_that_say_the_same_are_queued_once_while_no_byte_of_them_left(journal):
    owed = journal.owe_news("60002", '{"camera":"a"}')
    assert journal.owe_news("60002", '{"camera":"a"}') == owed
    assert journal.owe_news("60002", '{"camera":"b"}').id != owed.id
    journal.begin_attempt(owed)
    assert journal.owe_news("60002", '{"camera":"a"}').qn > owed.qn


def test_news_set_aside_unsent_are_released_by_fresh_ones(journal):
    owed = journal.owe_news("60002", '{"camera":"a"}')
    journal.set_aside(owed, "没有密钥")
    assert journal.owe_news("60002", '{"camera":"a"}') == owed


def test_the_packets_of_a_message_have_qns_of_their_own_that_never_change(
    root, clock, journal, item
):
    qns = journal.packet_qns(item, 3)
    assert qns[0] == item.qn
    assert sorted(set(qns)) == list(qns)
    clock.sleep(60)
    assert journal.packet_qns(item, 3) == qns
    assert journal.packet_qns(item, 1) == qns[:1]
    with Journal.open(root, clock) as again:
        more = again.packet_qns(item, 5)
    assert more[:3] == qns
    assert sorted(set(more)) == list(more)


def test_no_packet_shares_a_qn_with_another_message_whatever_the_clock_does(journal, clock, item):
    qns = journal.packet_qns(item, 50)
    clock.time -= timedelta(days=1)
    recorded, _ = journal.record(passage("A01-2"))
    other = journal.messages(recorded.id)[0]
    assert other.qn > max(qns)
    assert not set(journal.packet_qns(other, 50)) & set(qns)


def test_qns_are_asked_for_at_least_one_packet_of_a_known_message(journal, item):
    with pytest.raises(ValueError, match="one packet or more"):
        journal.packet_qns(item, 0)
    ghost = OutboxItem(**{**{f: getattr(item, f) for f in item.__slots__}, "id": 99})
    with pytest.raises(UnknownMessage):
        journal.packet_qns(ghost, 2)


def test_history_queues_what_was_delivered_in_that_time_as_new_messages(journal):
    record(journal, 0, 10, 20, 30)
    for passage_id in (1, 2, 3, 4):
        deliver(journal, passage_id)
    answer = journal.owe_history(NOON + 10 * SECOND, NOON + 20 * SECOND, limit=2)
    assert answer == History(queued=2, on_the_way=0, too_many=False)
    assert [len(journal.messages(passage_id)) for passage_id in (1, 2, 3, 4)] == [1, 2, 2, 1]
    again = journal.messages(2)[-1]
    assert again.history
    assert again.qn > journal.messages(4)[0].qn


def test_history_leaves_what_waits_is_held_or_stands_aside_where_it_is(journal):
    record(journal, 0, 1, 2)
    journal.record(passage("A01-3", passed_at=NOON + 3 * SECOND), hold="未放行")
    deliver(journal, 1)
    journal.set_aside(journal.messages(3)[0], "照片缺失")
    answer = journal.owe_history(NOON, NOON + 9 * SECOND, limit=10)
    assert answer == History(queued=1, on_the_way=1, too_many=False)
    assert [len(journal.messages(passage_id)) for passage_id in (1, 2, 3, 4)] == [2, 1, 1, 1]
    assert journal.owe_history(NOON, NOON + 9 * SECOND, limit=10).queued == 0


def test_more_history_than_the_limit_queues_none(journal):
    record(journal, 0, 1, 2)
    for passage_id in (1, 2, 3):
        deliver(journal, passage_id)
    assert journal.owe_history(NOON, NOON + 9 * SECOND, limit=2).too_many
    assert journal.outbox_counts().waiting == 0


def test_history_leaves_out_passages_whose_photos_the_policy_deleted(journal):
    record(journal, 0, 1)
    for passage_id in (1, 2):
        deliver(journal, passage_id)
    shelves = journal.shelves()
    cutoff = NOON + SECOND
    assert shelves.take(Kind.PHOTOS, before=cutoff, volumes={ROOT}, limit=9, kept_days=730)
    assert journal.owe_history(NOON, NOON + 9 * SECOND, limit=10).queued == 1
    assert [len(journal.messages(passage_id)) for passage_id in (1, 2)] == [1, 2]


def test_history_is_found_by_an_index_of_time(journal):
    statements: list[str] = []
    connection = journal._database.conn
    connection.set_trace_callback(statements.append)
    journal.owe_history(NOON, NOON + SECOND, limit=10)
    connection.set_trace_callback(None)
    (sql,) = [sql for sql in statements if "BETWEEN" in sql]
    plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
    assert any("passages_by_time" in step for step in plan)
    assert not any("SCAN" in step or "TEMP B-TREE" in step for step in plan)


def test_what_is_remembered_is_known_after_opening_again_and_can_be_forgotten(root, clock, journal):
    assert journal.recall("retries") is None
    journal.remember("retries", "5")
    journal.remember("retries", "7")
    with Journal.open(root, clock) as again:
        assert again.recall("retries") == "7"
        again.remember("retries", None)
    assert journal.recall("retries") is None
