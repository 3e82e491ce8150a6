"""The fifteen days of stable transmission (9.1), over days made by hand."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance_kit.days import (
    DayState,
    Outage,
    Record,
    Span,
    StableDay,
    deadline_of,
    run_of,
    stable_days,
)
from acceptance_kit.passages import PassageFacts
from appliance.clock import BEIJING

FIRST = date(2026, 11, 1)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
LONG_AFTER = datetime(2026, 12, 24, tzinfo=BEIJING)


def moment(day: int, hour: float = 0) -> datetime:
    """So many hours into the day of that number (1: the first)."""
    return datetime(2026, 11, day, tzinfo=BEIJING) + timedelta(hours=hour)


def passage(
    day: int, hour: float = 8, after: timedelta | None = SECOND, **changes: Any
) -> PassageFacts:
    """A vehicle that passed then; acknowledged so much later, None: never."""
    at = moment(day, hour)
    fields: dict[str, Any] = {
        "id": int(at.timestamp()),
        "barrier": "A01",
        "direction": "进",
        "passed_at": at,
        "recorded_at": at,
        "read_plate": "宁A12345",
        "read_colour": "黄牌",
        "photos": (),
        "raise_method": "自动",
        "state": "waiting" if after is None else "done",
        "owed_at": at,
        "acknowledged_at": None if after is None else at + after,
        "has_photos": True,
        "has_plate": True,
        "has_fleet": True,
        "messages": (),
    }
    return PassageFacts(**fields | changes)


def judged(
    *passages: PassageFacts,
    silences: tuple[Span, ...] = (),
    days: int = 1,
    now: datetime = LONG_AFTER,
    **more: Any,
) -> tuple[StableDay, ...]:
    record = Record(passages, silences, HOUR, **more)
    return stable_days(record, FIRST, FIRST + timedelta(days=days - 1), now)


def test_a_day_is_stable_when_all_came_and_the_gate_was_heard() -> None:
    (day,) = judged(passage(1), passage(1, 17))
    assert (day.state, day.due, day.transmitted, day.complete) == (DayState.STABLE, 2, 2, 2)
    assert day.reasons == ()


def test_a_day_without_vehicles_is_stable_by_its_status_messages() -> None:
    (day,) = judged()
    assert day.state is DayState.STABLE
    assert day.transmission_rate is None
    assert "状态报文" in day.reasons[0]


def test_a_day_on_which_the_gate_was_off_is_not_stable_though_nothing_was_owed() -> None:
    before, dark, after = judged(silences=(Span(moment(1, 23), moment(2, 23.5)),), days=3)
    assert (before.state, dark.state, after.state) == (
        DayState.STABLE,
        DayState.UNSTABLE,
        DayState.STABLE,
    )
    assert dark.reasons[0].endswith("23 小时 30 分")


@pytest.mark.parametrize(
    ("minutes", "state"), [(60 + 72, DayState.STABLE), (60 + 73, DayState.UNSTABLE)]
)
def test_a_silence_may_exceed_the_status_interval_by_a_twentieth_of_the_day(
    minutes: int, state: DayState
) -> None:
    (day,) = judged(silences=(Span(moment(1, 9), moment(1, 9) + minutes * MINUTE),))
    assert day.state is state


def test_silences_of_less_than_the_status_interval_never_add_up() -> None:
    quiet = tuple(Span(moment(1, hour), moment(1, hour) + 59 * MINUTE) for hour in range(24))
    assert judged(silences=quiet)[0].state is DayState.STABLE


def test_what_came_within_72_hours_of_the_recovery_was_transmitted() -> None:
    cut = Span(moment(1, 22), moment(2, 1))
    came = passage(1, 22.5, after=2.5 * HOUR + 72 * HOUR)
    late = passage(1, 22.5, after=2.5 * HOUR + 72 * HOUR + SECOND)
    assert deadline_of(came, (cut,)) == moment(2, 1) + 72 * HOUR
    assert judged(came, silences=(cut,))[0].transmitted == 1
    (day,) = judged(late, silences=(cut,))
    assert (day.state, day.transmitted) == (DayState.UNSTABLE, 0)
    assert "按期确认 0 条" in day.reasons[0]


def test_a_backfill_that_still_has_time_leaves_the_day_open() -> None:
    cut = Span(moment(1, 22), moment(2, 1))
    owed = passage(1, 22.5, after=None)
    (day,) = judged(owed, silences=(cut,), now=moment(2, 12))
    assert day.state is DayState.OPEN
    assert day.reasons == ("1 条补传中",)
    assert judged(owed, silences=(cut,), now=moment(6))[0].state is DayState.UNSTABLE


def test_a_message_that_is_aside_is_not_waited_for() -> None:
    refused = passage(1, after=None, state="aside")
    assert judged(refused, now=moment(2, 1))[0].state is DayState.UNSTABLE


def test_one_of_twenty_may_be_missing_and_two_may_not() -> None:
    passages = [passage(1, hour / 2) for hour in range(18)]
    one, two = passage(1, 20, after=None), passage(1, 21, after=None)
    assert judged(*passages, passage(1, 19), one)[0].state is DayState.STABLE
    assert judged(*passages, one, two)[0].state is DayState.UNSTABLE


def test_an_incomplete_record_counts_against_completeness_only() -> None:
    (day,) = judged(passage(1), passage(1, 9, has_fleet=False))
    assert (day.state, day.transmission_rate, day.completeness_rate) == (
        DayState.UNSTABLE,
        1.0,
        0.5,
    )
    assert "项目齐全 1 条" in day.reasons[0]


def test_a_vehicle_that_stayed_out_is_not_due() -> None:
    (day,) = judged(passage(1, after=None, state="held"))
    assert (day.state, day.due) == (DayState.STABLE, 0)


def test_a_clock_that_stepped_back_spoils_its_day_unless_a_drill_did_it() -> None:
    stepped = passage(1, after=-5 * SECOND)
    assert "时钟曾回拨" in judged(stepped)[0].reasons[0]
    drill = Span(moment(1, 7.9), moment(1, 8.1))
    assert judged(stepped, drills=(drill,))[0].state is DayState.STABLE


def test_a_day_on_which_the_clock_was_found_wrong_is_not_stable() -> None:
    (day,) = judged(passage(1), clock_faults=((FIRST, "时钟偏差 3.2 秒"),))
    assert (day.state, day.reasons) == (DayState.UNSTABLE, ("时钟偏差 3.2 秒",))


def outage(filed_at: datetime) -> Outage:
    return Outage(Span(moment(2, 8), moment(2, 18)), filed_at, "检修变压器")


def test_a_power_off_that_was_filed_beforehand_is_not_counted_and_breaks_nothing() -> None:
    off = Span(moment(2, 8), moment(2, 18.5))
    days = judged(silences=(off,), days=3, outages=(outage(moment(1)),))
    assert [day.state for day in days] == [DayState.STABLE, DayState.FILED, DayState.STABLE]
    assert "检修变压器" in days[1].reasons[-1]
    assert run_of(days).days == (date(2026, 11, 1), date(2026, 11, 3))


def test_a_power_off_that_was_filed_afterwards_is_an_outage_like_any_other() -> None:
    off = Span(moment(2, 8), moment(2, 18.5))
    days = judged(silences=(off,), days=3, outages=(outage(moment(2, 9)),))
    assert days[1].state is DayState.UNSTABLE
    assert run_of(days).days == (date(2026, 11, 3),)


def test_a_filed_power_off_does_not_excuse_the_silence_that_outlasts_it() -> None:
    off = Span(moment(2, 8), moment(3))
    days = judged(silences=(off,), days=2, outages=(outage(moment(1)),))
    assert days[1].state is DayState.UNSTABLE


def test_today_is_open_and_the_row_counts_whole_days_only() -> None:
    days = judged(passage(1), passage(2), days=3, now=moment(3, 12))
    assert [day.state for day in days] == [DayState.STABLE, DayState.STABLE, DayState.OPEN]
    assert (len(run_of(days).days), run_of(days).missing) == (2, 13)


def test_today_is_lost_as_soon_as_nothing_can_save_it() -> None:
    gone = Span(moment(1, 1), moment(1, 12))
    assert judged(silences=(gone,), now=moment(1, 12))[0].state is DayState.UNSTABLE


def test_fifteen_days_in_a_row_are_reached_and_a_later_fault_takes_nothing_back() -> None:
    bad = Span(moment(16, 8), moment(16, 20))
    days = judged(silences=(bad,), days=20)
    run = run_of(days)
    assert run.reached
    assert (run.days[0], run.days[-1], run.missing) == (FIRST, date(2026, 11, 15), 0)


def test_a_fault_on_the_fifteenth_day_begins_the_count_anew() -> None:
    bad = Span(moment(15, 8), moment(15, 20))
    run = run_of(judged(silences=(bad,), days=20))
    assert not run.reached
    assert (run.days[0], len(run.days)) == (date(2026, 11, 16), 5)


def test_fifteen_days_are_not_reached_across_a_day_whose_backfill_goes_on() -> None:
    cut = Span(moment(3, 23), moment(3, 24))
    owed = passage(3, 23.5, after=None)
    now = moment(6, 23.9)
    days = judged(owed, silences=(cut,), days=5, now=now)
    assert [day.state for day in days][2] is DayState.OPEN
    assert (len(run_of(days).days), run_of(days).reached) == (4, False)
    open_within = [
        StableDay(FIRST + timedelta(days=n), state, 0, 0, 0, timedelta(0), ())
        for n, state in enumerate([DayState.STABLE] * 10 + [DayState.OPEN] + [DayState.STABLE] * 8)
    ]
    assert not run_of(open_within).reached
    assert run_of(open_within).missing == 1


@given(st.lists(st.sampled_from(list(DayState)), max_size=40))
def test_the_row_has_no_unstable_day_within_and_stable_days_only(states: list[DayState]) -> None:
    days = [
        StableDay(FIRST + timedelta(days=n), state, 0, 0, 0, timedelta(0), ())
        for n, state in enumerate(states)
    ]
    run = run_of(days)
    by_day = {day.day: day.state for day in days}
    assert all(by_day[day] is DayState.STABLE for day in run.days)
    if run.days:
        between = [s for d, s in by_day.items() if run.days[0] <= d <= run.days[-1]]
        assert DayState.UNSTABLE not in between
        assert not (run.reached and DayState.OPEN in between)
    assert len(run.days) == 15 if run.reached else run.missing > 0
