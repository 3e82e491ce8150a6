"""What is due: live apart from backfill, history last, and 200,000 waiting cost no more."""

import tracemalloc
from datetime import timedelta

import pytest

from appliance.runtime.journal import Journal
from appliance.runtime.journal.moments import to_text
from appliance.runtime.journal.values import Due, OutboxItem

from .samples import NOON, HandClock, deliver, passage

MINUTE = timedelta(minutes=1)
BACKLOG = 200_000


def passages_of(items: tuple[OutboxItem, ...]) -> list[int | None]:
    return [item.passage_id for item in items]


def due(journal: Journal, clock: HandClock, limit: int = 10) -> Due:
    return journal.due(clock.now(), since=clock.now() - 5 * MINUTE, limit=limit)


@pytest.fixture
def backlog(journal: Journal) -> Journal:
    """200,000 messages of one passage, as 72 hours and more of a busy site would leave them."""
    journal.record(passage())
    connection = journal._database.conn
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO outbox (cn, qn, passage_id, state, queued_at, next_try_at) "
        "VALUES ('60001', ?, 1, 'waiting', ?, ?)",
        (
            (f"{number:017}", to_text(NOON - BACKLOG * MINUTE + number * MINUTE), to_text(NOON))
            for number in range(1, BACKLOG)
        ),
    )
    connection.execute("COMMIT")
    return journal


def test_a_message_is_live_while_it_is_fresh_and_backfill_afterwards(journal, clock):
    journal.record(passage("A01-1"))
    clock.sleep(200)
    journal.record(passage("A01-2"))
    assert passages_of(due(journal, clock).live) == [1, 2]
    clock.sleep(101)
    now = due(journal, clock)
    assert (passages_of(now.live), passages_of(now.backfill)) == ([2], [1])


def test_each_kind_comes_oldest_first_and_no_more_than_asked_for(journal, clock):
    for number in range(4):
        journal.record(passage(f"A01-{number}"))
        clock.sleep(1)
    clock.sleep(600)
    for number in range(4, 8):
        journal.record(passage(f"A01-{number}"))
    now = due(journal, clock, limit=3)
    assert (passages_of(now.live), passages_of(now.backfill)) == ([5, 6, 7], [1, 2, 3])


def test_a_clock_that_was_wrong_for_a_while_does_not_turn_backfill_into_live_for_ever(
    journal, clock
):
    clock.sleep(100 * 365 * 86_400)
    journal.record(passage("A01-wrong"))
    clock.time = NOON
    for number in range(3):
        journal.record(passage(f"A01-{number}"))
    clock.sleep(600)
    journal.record(passage("A01-fresh"))
    now = due(journal, clock)
    assert passages_of(now.live) == [5, 1]
    assert passages_of(now.backfill) == [2, 3, 4]


def test_history_comes_behind_everything_that_was_never_delivered(journal, clock):
    for number in range(2):
        journal.record(passage(f"A01-{number}"))
    deliver(journal, 1)
    assert journal.owe_history(NOON, NOON, limit=10).queued == 1
    assert passages_of(due(journal, clock).live) == [2]
    assert passages_of(due(journal, clock).backfill) == [1]
    clock.sleep(600)
    assert passages_of(due(journal, clock).backfill) == [2, 1]
    assert passages_of(due(journal, clock, limit=1).backfill) == [2]


@pytest.mark.slow
def test_two_hundred_thousand_waiting_messages_are_neither_sorted_nor_scanned(backlog):
    statements: list[str] = []
    connection = backlog._database.conn
    connection.set_trace_callback(statements.append)
    found = backlog.due(NOON, since=NOON - 5 * MINUTE, limit=5)
    connection.set_trace_callback(None)
    assert (len(found.live), len(found.backfill)) == (5, 5)
    plans = [
        [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
        for sql in statements
        if "outbox" in sql
    ]
    assert [plan[0].partition("(")[0] for plan in plans] == [
        "SEARCH outbox USING INDEX outbox_due "
    ] * 2
    assert [len(plan) for plan in plans] == [1, 1]


@pytest.mark.slow
def test_a_backlog_costs_no_memory(backlog):
    tracemalloc.start()
    try:
        backlog.due(NOON, since=NOON - 5 * MINUTE, limit=5)
        backlog.outbox_counts()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
