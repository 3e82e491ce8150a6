"""What the books ask of the journal: the rows, and that years of others cost nothing."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from appliance.guideline.dictionaries import RaiseMethod
from appliance.runtime.journal import Journal, statistics
from appliance.runtime.journal.database import insert, rows, writing
from appliance.runtime.journal.moments import to_text
from appliance.runtime.journal.statistics import Silence, Statistics
from appliance.runtime.journal.values import Admission, Decision, OutboxState, RecordedPassage

from .samples import FRONT, NOON, HandClock, numbered, passage, receipt

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
REFUSED = Admission(Decision.REFUSE, "block-list", "在黑名单中")


def record(journal: Journal, clock: HandClock, name: str) -> RecordedPassage:
    made = numbered(name, 1)
    return journal.record(passage(made.key, photos=made.photos, passed_at=clock.now()))[0]


def acknowledge(journal: Journal, recorded: RecordedPassage, at: datetime) -> None:
    message = journal.begin_attempt(journal.messages(recorded.id)[-1])
    journal.receive(message, receipt(at=at), state=OutboxState.DONE)


def plan(database: Database, query: str) -> str:
    names = "first end last at since until after qn qn_before qn_after state kind passages_only"
    values = dict.fromkeys(names.split(), "2026")
    steps = rows(database, f"EXPLAIN QUERY PLAN {query}", values)
    return "\n".join(str(step["detail"]) for step in steps)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("ACCOUNTS", "SEARCH p USING INDEX passages_by_time"),
        ("WAITING", "SEARCH o USING INDEX outbox_unsent"),
        ("UNSENT", "SEARCH outbox USING INDEX outbox_unsent"),
        ("LAST_ACCEPTED", "receipts_positive"),
        ("NEXT_ACCEPTED", "receipts_positive"),
        ("BEFORE_ACCEPTED", "receipts_positive"),
        ("WAITED_NEW", "(qn>? AND qn<?)"),
        ("WAITED_STILL", "SEARCH o USING INDEX outbox_unsent"),
        ("WAITED_OLD", "SEARCH r USING INDEX receipts_positive"),
        ("BACKFILLED", "SEARCH r USING INDEX receipts_positive"),
        ("LATEST_EVENT", "events_of_kind"),
    ],
)
def test_each_query_goes_by_its_index_and_scans_no_table(
    journal: Journal, query: str, index: str
) -> None:
    told = plan(journal._database, getattr(statistics, query))
    assert index in told
    # The corrections of one passage, put in order, are the one thing walked through.
    scans = [line for line in told.splitlines() if line.startswith("SCAN")]
    assert not [line for line in scans if not line.startswith("SCAN (subquery")], told


def test_the_longest_wait_is_read_in_the_order_of_the_index_not_sorted_first(
    journal: Journal,
) -> None:
    assert "ORDER BY" not in plan(journal._database, statistics.WAITING)


def test_a_day_holds_the_passages_that_passed_on_it_in_beijing(
    journal: Journal, clock: HandClock
) -> None:
    midnight = datetime(2026, 11, 24, tzinfo=NOON.tzinfo)
    moments = {"a": midnight - timedelta(seconds=1), "b": midnight, "c": midnight + DAY}
    for name, at in moments.items():
        clock.time = at
        record(journal, clock, name)
    found = list(journal.statistics().accounts(date(2026, 11, 24), date(2026, 11, 24)))
    assert [(each.passage_id, each.day) for each in found] == [(2, date(2026, 11, 24))]


def test_a_passage_shows_what_the_platform_has_of_it(journal: Journal, clock: HandClock) -> None:
    day = NOON.date()
    lacking = journal.record(passage("x", plate=None, vehicle=None, photos=(FRONT,)))[0]
    acknowledge(journal, lacking, NOON + timedelta(seconds=3))
    (before,) = journal.statistics().accounts(day, day)
    assert (before.has_plate, before.has_fleet, before.has_photos) == (False, False, False)
    assert before.acknowledged_at == NOON + timedelta(seconds=3)
    journal.correct(lacking.id, plate="宁A12345", vehicle=passage().vehicle, by="门卫", why="补录")
    (waiting,) = journal.statistics().accounts(day, day)
    assert (waiting.has_plate, waiting.has_fleet) == (False, False)
    assert waiting.acknowledged_at is not None
    acknowledge(journal, lacking, NOON + HOUR)
    (after,) = journal.statistics().accounts(day, day)
    assert (after.has_plate, after.has_fleet, after.has_photos) == (True, True, False)


def test_a_passage_that_was_held_is_owed_from_its_release_on(
    journal: Journal, clock: HandClock
) -> None:
    held = journal.record(passage("held", admission=REFUSED), hold="未放行")[0]
    assert journal.statistics().longest_waiting() is None
    clock.sleep(7200)
    record(journal, clock, "plain")
    clock.sleep(60)
    journal.correct(held.id, raise_method=RaiseMethod.MANUAL, by="门卫", why="放行")
    waiting = journal.statistics().longest_waiting()
    assert waiting is not None
    assert waiting.since == NOON + 2 * HOUR
    accounts = journal.statistics().accounts(NOON.date(), NOON.date())
    owed = {each.passage_id: each.owed_at for each in accounts}
    assert owed[held.id] == NOON + 2 * HOUR + timedelta(minutes=1)


def test_messages_of_no_passage_wait_too_unless_passages_alone_are_asked_for(
    journal: Journal, clock: HandClock
) -> None:
    _message_of_no_passage(journal, NOON)
    assert journal.statistics().longest_waiting(passages_only=True) is None
    assert journal.statistics().longest_waiting() is not None
    assert journal.statistics().unsent(None, NOON + HOUR).waiting == 0


def test_a_wait_that_began_before_the_last_receipt_is_seen_in_the_silence_after_it(
    journal: Journal, clock: HandClock
) -> None:
    old = record(journal, clock, "old")
    clock.sleep(60)
    acknowledge(journal, record(journal, clock, "new"), clock.now())
    silence = Silence(clock.now(), NOON + 2 * DAY)
    still = journal.statistics().waited_since(silence)
    acknowledge(journal, old, NOON + 2 * DAY)
    assert still == journal.statistics().waited_since(silence) == silence.before


@pytest.mark.parametrize("answered", [2, 3])
def test_a_refused_record_did_not_wait(journal: Journal, clock: HandClock, answered: int) -> None:
    silence = Silence(NOON, NOON + 2 * DAY)
    clock.sleep(3600)
    refused = record(journal, clock, "refused")
    message = journal.begin_attempt(journal.messages(refused.id)[-1])
    journal.receive(message, receipt(answered, clock.now()), state=OutboxState.ASIDE)
    assert journal.statistics().waited_since(silence) is None
    journal.retry_aside()
    acknowledge(journal, refused, silence.after)  # an operator mended it
    assert journal.statistics().waited_since(silence) is None


def test_an_event_is_the_newest_of_its_kinds_by_number_though_the_clock_stepped_back(
    journal: Journal, clock: HandClock
) -> None:
    journal.note("one", "甲")
    clock.time -= HOUR
    journal.note("two", "乙")
    for _ in range(3):
        journal.note("other", "丙")
    newest = journal.statistics().latest_event("one", "two")
    assert newest is not None
    assert newest.detail == "乙"
    assert journal.statistics().latest_event("never") is None


@given(minutes=st.lists(st.integers(0, 6000), unique=True, max_size=40), least=st.integers(1, 2000))
@settings(max_examples=60)
def test_leaping_backwards_finds_the_very_silences_that_walking_finds(
    minutes: list[int], least: int
) -> None:
    database = Database(memory=True)
    database.executescript(
        "CREATE TABLE receipts (code INTEGER, received_at TEXT);"
        "CREATE INDEX receipts_positive ON receipts (received_at) WHERE code = 1;"
    )
    moments = sorted(NOON + timedelta(minutes=minute) for minute in minutes)
    for moment in moments:
        database.table("receipts").insert({"code": 1, "received_at": to_text(moment)})
    span, since = timedelta(minutes=least), NOON + timedelta(minutes=500)
    walked = [Silence(a, b) for a, b in pairwise(moments) if b - a >= span]
    if moments:
        walked.insert(0, Silence(None, moments[0]))
    expected = [silence for silence in reversed(walked) if silence.after >= since]
    found = Statistics(database).silences(since, NOON + timedelta(days=9), span)
    assert list(found) == expected
    database.close()


def _message_of_no_passage(journal: Journal, at: datetime) -> None:
    with writing(journal._database):
        insert(
            journal._database,
            "outbox",
            {
                "cn": "60003",
                "qn": "20261124120000001",
                "payload": "{}",
                "state": "waiting",
                "queued_at": to_text(at),
                "next_try_at": to_text(at),
            },
        )
