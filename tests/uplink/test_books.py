"""The books, by the definitions of docs/books.md, over real journals of made-up days."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import BEIJING
from appliance.guideline.dictionaries import RaiseMethod
from appliance.runtime.journal.statistics import PassageAccount
from appliance.runtime.journal.values import Admission, Decision, OutboxState
from appliance.runtime.uplink.books import (
    Account,
    Backfill,
    DayBook,
    Interruption,
    Pace,
    backfill_of,
    books_of_days,
    last_recovered,
    missed_upload,
    ongoing,
    report_text,
    sample_report,
    tally,
    to_report,
    total,
)
from appliance.runtime.uplink.books.printing import BadSpan, BookKeeper, conclusion, percent
from appliance.runtime.uplink.books.wording import in_hours, span_in_words

from .book_gate import START, BookGate
from .samples import vehicle

MINUTE = timedelta(minutes=1)
TODAY = START.date()
REFUSED = Admission(Decision.REFUSE, "block-list", "在黑名单中")


def book(gate: BookGate, day: date = TODAY) -> Account:
    (found,) = books_of_days(gate.journal, day, day, MINUTE)
    return found.account


def test_each_due_passage_is_acknowledged_outstanding_or_aside(gate: BookGate) -> None:
    gate.acknowledges(gate.records(5))
    gate.refuses(gate.records(2))
    gate.records(3)
    gate.records(4, hold="未放行", admission=REFUSED)
    account = book(gate)
    assert (account.acknowledged, account.aside, account.outstanding) == (5, 2, 3)
    assert (account.due, account.held, account.passages) == (10, 4, 14)
    assert account.transmission_rate == 0.5
    assert account.meets is False


def test_only_what_came_within_the_limit_came_in_real_time(gate: BookGate) -> None:
    gate.acknowledges(gate.records(1), after=60)
    gate.acknowledges(gate.records(1), after=61)
    account = book(gate)
    assert (account.acknowledged, account.prompt, account.prompt_rate) == (2, 1, 0.5)


def test_a_backfill_betters_the_day_of_the_passage_and_not_its_own(gate: BookGate) -> None:
    late = gate.records(2)
    gate.goes_on(days=2)
    gate.acknowledges(late)
    books = books_of_days(gate.journal, TODAY, gate.clock.now().date(), MINUTE)
    assert [each.account.acknowledged for each in books] == [2, 0, 0]
    assert books[0].account.prompt == 0


def test_a_day_without_passages_is_no_day_at_nought_per_cent(gate: BookGate) -> None:
    gate.records(1)
    gate.goes_on(days=2)
    gate.records(1, hold="未放行", admission=REFUSED)
    nought, none, held = books_of_days(gate.journal, TODAY, gate.clock.now().date(), MINUTE)
    assert nought.account.transmission_rate == 0.0
    assert nought.account.completeness_rate is None
    assert none.account.transmission_rate is None
    words = [conclusion(each.account) for each in (nought, none, held)]
    assert words == ["未达标", "无通行", "无应传"]


def test_a_released_vehicle_is_due_on_its_day_and_in_real_time_from_its_release(
    gate: BookGate,
) -> None:
    held = gate.records(1, hold="未放行", admission=REFUSED)
    gate.goes_on(hours=3)
    gate.journal.correct(held[0], raise_method=RaiseMethod.MANUAL, by="门卫", why="放行")
    gate.acknowledges(held, after=30)
    account = book(gate)
    assert (account.held, account.acknowledged, account.prompt) == (0, 1, 1)


def test_a_passage_counts_as_complete_only_with_both_photos_plate_and_fleet(
    gate: BookGate,
) -> None:
    gate.acknowledges(gate.records(2))
    gate.acknowledges(gate.records(1, plate=None, vehicle=None))
    gate.acknowledges(gate.records(1, photos=()))
    gate.acknowledges(gate.records(1, vehicle=vehicle(fleet=None)))
    gate.records(1, plate=None)  # never acknowledged, so it lowers the other rate only
    account = book(gate)
    assert (account.complete, account.acknowledged) == (2, 5)
    assert (account.without_plate, account.without_photos, account.without_fleet) == (1, 1, 2)
    assert account.completeness_rate == 0.4


def test_a_correction_on_its_way_takes_nothing_back(gate: BookGate) -> None:
    ids = gate.records(1)
    gate.acknowledges(ids)
    gate.journal.correct(ids[0], plate="宁A99999", by="门卫", why="更正")
    account = book(gate)
    assert (account.acknowledged, account.outstanding, account.complete) == (1, 0, 1)


ACCOUNTS = st.builds(
    PassageAccount,
    passage_id=st.integers(1, 99),
    day=st.just(TODAY),
    owed_at=st.just(START),
    state=st.sampled_from(OutboxState),
    acknowledged_at=st.none() | st.integers(0, 200).map(lambda n: START + timedelta(seconds=n)),
    has_photos=st.booleans(),
    has_plate=st.booleans(),
    has_fleet=st.booleans(),
)


@given(days=st.lists(st.lists(ACCOUNTS, max_size=20), max_size=5))
def test_every_passage_is_counted_once_and_sums_weigh_passages(
    days: list[list[PassageAccount]],
) -> None:
    books = [DayBook(TODAY, tally(day, MINUTE)) for day in days]
    whole = tally([each for day in days for each in day], MINUTE)
    assert total(books) == whole
    assert whole.passages == sum(map(len, days))
    for rate in (whole.transmission_rate, whole.completeness_rate, whole.prompt_rate):
        assert rate is None or 0 <= rate <= 1
    assert whole.complete <= whole.acknowledged
    assert whole.prompt <= whole.acknowledged


def test_a_rate_is_cut_so_that_nothing_below_95_looks_like_95() -> None:
    assert percent(0.94999) == "94.9%"
    assert percent(0.95) == "95.0%"
    assert percent(0.29) == "29.0%"
    assert percent(1.0) == "100.0%"
    assert percent(None) == "—"
    assert Account(acknowledged=95, complete=95, outstanding=5).meets
    assert not Account(acknowledged=949, complete=949, outstanding=51).meets
    assert not Account(acknowledged=100, complete=94).meets


def test_the_last_fifteen_days_are_shown_unless_asked_otherwise(gate: BookGate) -> None:
    keeper = BookKeeper(gate.profile, gate.journal, gate.clock)
    assert [each.day for each in keeper.books(None, None).days] == [
        TODAY - timedelta(days=n) for n in range(14, -1, -1)
    ]
    assert len(keeper.books(TODAY, TODAY).days) == 1
    assert keeper.books(None, None).as_sentence() == "这些天没有应传的通行记录。"
    with pytest.raises(BadSpan, match="晚于"):
        keeper.books(TODAY, TODAY - timedelta(days=1))
    with pytest.raises(BadSpan, match="太长"):
        keeper.books(date(2001, 1, 1), TODAY)


# Missed uploads


def test_a_passage_is_missed_once_it_waited_longer_than_the_limit(gate: BookGate) -> None:
    gate.records(1)
    limit = timedelta(minutes=10)
    assert missed_upload(gate.journal, gate.goes_on(minutes=10), limit) is None
    missed = missed_upload(gate.journal, gate.goes_on(seconds=1), limit)
    assert missed is not None
    assert missed.since == START


def test_a_message_aside_is_not_missed(gate: BookGate) -> None:
    gate.refuses(gate.records(1))
    assert missed_upload(gate.journal, gate.goes_on(days=1), timedelta(minutes=10)) is None


# Interruptions


def test_a_quiet_weekend_is_no_interruption(gate: BookGate) -> None:
    gate.acknowledges(gate.records(1))
    now = gate.goes_on(hours=60)
    assert ongoing(gate.journal, now) is None
    gate.acknowledges(gate.records(1))
    assert to_report(gate.journal, gate.goes_on(minutes=1)) is None


def test_an_interruption_begins_with_the_first_message_that_waited(gate: BookGate) -> None:
    gate.acknowledges(gate.records(1))
    began = gate.goes_on(hours=10)
    waiting = gate.records(1)
    gate.cannot_send(waiting, "无法连接平台")
    now = gate.goes_on(hours=24)
    assert to_report(gate.journal, now) == Interruption(began, None, "无法连接平台")
    assert to_report(gate.journal, now - timedelta(seconds=1)) is None


def test_an_interruption_begins_with_the_last_receipt_when_something_waited_already(
    gate: BookGate,
) -> None:
    old = gate.records(1)
    gate.goes_on(hours=1)
    gate.acknowledges(gate.records(1))
    began = gate.clock.now() + timedelta(seconds=1)
    found = to_report(gate.journal, gate.goes_on(hours=25))
    assert found == Interruption(began, None)
    gate.acknowledges(old)
    assert last_recovered(gate.journal, gate.goes_on(minutes=1)) == Interruption(
        began, began + timedelta(hours=25)
    )


def test_a_single_receipt_divides_two_outages(gate: BookGate) -> None:
    gate.acknowledges(gate.records(1))
    for _ in range(2):
        waiting = gate.records(1)
        gate.goes_on(hours=20)
        gate.acknowledges(waiting)
    assert to_report(gate.journal, gate.goes_on(minutes=1)) is None


def test_a_platform_that_takes_nothing_before_its_first_receipt_interrupts_as_well(
    gate: BookGate,
) -> None:
    waiting = gate.records(1)
    ended = gate.goes_on(hours=30)
    gate.acknowledges(waiting, after=0)
    assert last_recovered(gate.journal, gate.goes_on(hours=1)) == Interruption(START, ended)


def test_an_interruption_that_ended_is_found_behind_busy_days_and_for_a_month(
    gate: BookGate,
) -> None:
    waiting = gate.records(1)
    gate.goes_on(hours=30)
    gate.acknowledges(waiting)
    ended = gate.clock.now() + timedelta(seconds=1)
    for _ in range(40):
        gate.goes_on(hours=12)
        gate.acknowledges(gate.records(1))
    assert last_recovered(gate.journal, gate.clock.now()) == Interruption(START, ended)
    assert last_recovered(gate.journal, gate.goes_on(days=20)) is None


# Backfill


def outage(gate: BookGate, waiting: int) -> tuple[list[int], Interruption]:
    """30 h without the platform, then one message gets through."""
    gate.acknowledges(gate.records(1))
    gate.goes_on(minutes=5)
    ids = gate.records(waiting + 1)
    gate.goes_on(hours=30)
    gate.acknowledges(ids[:1], after=0)
    found = last_recovered(gate.journal, gate.clock.now())
    assert found is not None
    return ids[1:], found


def state(gate: BookGate, interruption: Interruption) -> Backfill:
    found = backfill_of(gate.journal, interruption, gate.clock.now())
    assert found is not None
    return found


def test_the_deadline_is_72_hours_after_the_recovery_and_counts_down(gate: BookGate) -> None:
    recovered_at = START + timedelta(minutes=5, hours=30)
    left, interruption = outage(gate, 3)
    gate.goes_on(hours=52)
    backfill = state(gate, interruption)
    assert backfill.deadline == recovered_at + timedelta(hours=72)
    assert backfill.left == timedelta(hours=20)
    assert backfill.remaining == len(left) == 3


def test_the_pace_of_the_last_hour_tells_whether_it_suffices(gate: BookGate) -> None:
    left, interruption = outage(gate, 30)
    gate.goes_on(minutes=30)
    gate.records(50)  # live ones are no part of it
    backfill = state(gate, interruption)
    assert (backfill.waiting, backfill.recent, backfill.pace) == (30, 1, Pace.ENOUGH)
    assert backfill.finish_at == gate.clock.now() + timedelta(hours=15)
    gate.goes_on(hours=60)
    assert state(gate, interruption).pace is Pace.TOO_SLOW
    gate.acknowledges(left[:2], after=-1)
    backfill = state(gate, interruption)
    assert (backfill.waiting, backfill.recent, backfill.pace) == (28, 2, Pace.TOO_SLOW)
    gate.acknowledges(left[2:4], after=-1)
    assert state(gate, interruption).pace is Pace.ENOUGH


def test_a_backfill_ends_when_all_are_acknowledged_and_those_aside_stand_in_its_way(
    gate: BookGate,
) -> None:
    left, interruption = outage(gate, 2)
    gate.goes_on(hours=1)
    gate.acknowledges(left[:1])
    gate.refuses(left[1:])
    backfill = state(gate, interruption)
    assert (backfill.waiting, backfill.aside, backfill.pace) == (0, 1, Pace.ASIDE_ONLY)
    assert gate.journal.retry_aside() == 1
    gate.acknowledges(left[1:])
    assert state(gate, interruption).pace is Pace.DONE


def test_a_backfill_past_its_deadline_is_overdue(gate: BookGate) -> None:
    _, interruption = outage(gate, 1)
    gate.goes_on(hours=72)
    assert state(gate, interruption).pace is Pace.TOO_SLOW
    gate.goes_on(seconds=1)
    assert state(gate, interruption).pace is Pace.OVERDUE


# The report


def test_the_report_of_an_outage_that_goes_on_says_who_since_when_how_many_and_why(
    gate: BookGate,
) -> None:
    gate.cannot_send(gate.records(7), "平台连续多次没有应答")
    gate.journal.note("platform-refusal", "平台答复100：当前企业还未备案")
    gate.journal.note("manual-raise", "与此无关")
    now = gate.goes_on(hours=49, minutes=12)
    interruption = to_report(gate.journal, now)
    assert interruption is not None
    text = report_text(gate.profile, gate.journal, interruption, now)
    for words in (
        gate.profile.enterprise.name,
        gate.profile.enterprise.credit_code,
        gate.profile.enterprise.contact_phone,
        "自2025年11月10日08时00分起",
        "尚未恢复，已持续 49 小时 12 分",
        "待补传的车辆进出厂记录 7 条",
        "平台连续多次没有应答。",
        "平台答复100：当前企业还未备案。",
        "第5.1.3条",
        "72小时内完成数据补传",
        "2025年11月12日",
    ):
        assert words in text
    assert "与此无关" not in text
    assert "。。" not in text


def test_a_sample_of_the_report_says_that_it_is_made_up_and_leaves_the_gate_alone(
    gate: BookGate,
) -> None:
    text = sample_report(gate.profile, gate.clock.now())
    assert text is not None
    assert "虚构" in text.splitlines()[0]
    assert "自2025年11月09日08时00分起" in text
    assert "已持续 24 小时" in text
    assert to_report(gate.journal, gate.clock.now()) is None
    assert not gate.journal.latest_passages(1)


def test_the_report_of_an_outage_that_ended_says_until_when_and_by_when_the_rest_follows(
    gate: BookGate,
) -> None:
    left, interruption = outage(gate, 4)
    gate.acknowledges(left[:1])
    now = gate.goes_on(hours=1)
    text = report_text(gate.profile, gate.journal, interruption, now)
    assert "至2025年11月11日14时05分恢复，共 30 小时 0 分" in text
    assert "受影响的车辆进出厂记录 5 条，截至本报告生成时已补传 2 条，待补传 3 条" in text
    assert "将在2025年11月14日14时05分前（恢复后72小时内）完成数据补传" in text
    late = report_text(gate.profile, gate.journal, interruption, now + timedelta(days=4))
    assert "尚有 3 条未能按期补传" in late
    gate.acknowledges(left[1:])
    done = report_text(gate.profile, gate.journal, interruption, now)
    assert "已全部补传完毕" in done


def test_moments_are_told_in_beijing_time_and_spans_in_two_units() -> None:
    assert in_hours(timedelta(days=3, minutes=5)) == "72 小时 5 分"
    assert span_in_words(timedelta(days=2, hours=3, minutes=9)) == "2 天 3 小时"
    assert span_in_words(timedelta(hours=20, minutes=15)) == "20 小时 15 分"
    assert span_in_words(timedelta(seconds=59)) == "0 分钟"
    assert datetime(2025, 11, 10, tzinfo=BEIJING).date() == TODAY
