"""Alarms as events: one when something begins, one when it is over, none twice."""

from appliance.runtime.journal import Journal
from appliance.runtime.uplink.alarms import UplinkAlarms

from .book_gate import BookGate


def check(gate: BookGate) -> None:
    """A check of a process that has just started: it remembers nothing."""
    UplinkAlarms(gate.profile, gate.journal, gate.clock).check()


def test_good_days_raise_no_event(gate: BookGate) -> None:
    for _ in range(30):
        gate.acknowledges(gate.records(1))
        check(gate)
        gate.goes_on(hours=2)
    assert gate.events() == []


def test_an_outage_raises_one_alarm_and_one_when_it_is_over(gate: BookGate) -> None:
    ids = gate.records(2)
    gate.cannot_send(ids, "无法连接平台。")
    for _ in range(60):
        gate.goes_on(minutes=1)
        check(gate)
    assert gate.events() == ["missed-upload"]
    (event,) = gate.journal.latest_events(1)
    assert event.detail == (
        "漏传报警：2条通行记录待上报，最早一条自2025-11-10 08:00起"
        "未得到平台确认；最近一次故障：无法连接平台。"
    )
    gate.acknowledges(ids[:1])
    check(gate)
    assert gate.events() == ["missed-upload"]  # the other one is late still
    gate.acknowledges(ids[1:])
    check(gate)
    check(gate)
    assert gate.events() == ["missed-upload", "missed-upload-over"]
    gate.goes_on(hours=1)
    gate.records(1)
    gate.goes_on(minutes=11)
    check(gate)
    assert gate.events() == ["missed-upload", "missed-upload-over", "missed-upload"]


def test_the_limit_is_that_of_the_profile(gate: BookGate) -> None:
    gate.profile = gate.profile.model_copy(
        update={"uplink": gate.profile.uplink.model_copy(update={"missed_upload_minutes": 30})}
    )
    gate.records(1)
    gate.goes_on(minutes=30)
    check(gate)
    assert gate.events() == []
    gate.goes_on(minutes=1)
    check(gate)
    assert gate.events() == ["missed-upload"]


def test_a_long_outage_goes_through_all_its_events_once_each(gate: BookGate) -> None:
    ids = gate.records(3)
    for _ in range(30):
        gate.goes_on(hours=1)
        check(gate)
    assert gate.events() == ["missed-upload", "uplink-interrupted"]
    gate.acknowledges(ids[:1], after=0)
    for _ in range(10):
        check(gate)
        gate.goes_on(hours=1)
    assert gate.events()[2:] == ["uplink-recovered"]
    assert "此前中断 30 小时 0 分；剩余2条，须在2025-11-14 14:00前" in (
        gate.journal.latest_events(1)[0].detail
    )
    gate.acknowledges(ids[1:])
    check(gate)
    gate.goes_on(days=9)
    check(gate)
    assert gate.events()[3:] == ["missed-upload-over", "backfill-complete"]


def test_a_backfill_that_is_late_is_told_once_and_its_end_too(gate: BookGate) -> None:
    ids = gate.records(2)
    gate.goes_on(hours=25)
    gate.acknowledges(ids[:1], after=0)
    for _ in range(80):
        check(gate)
        gate.goes_on(hours=1)
        gate.acknowledges(gate.records(1))  # live traffic goes on
    assert gate.events() == ["missed-upload", "uplink-recovered", "backfill-overdue"]
    gate.acknowledges(ids[1:])
    check(gate)
    check(gate)
    assert gate.events()[3:] == ["missed-upload-over", "backfill-complete"]


def test_an_outage_that_the_box_slept_through_is_told_when_it_is_over(gate: BookGate) -> None:
    ids = gate.records(1)
    gate.goes_on(hours=40)  # no check: the power was off
    gate.acknowledges(ids, after=0)
    check(gate)
    check(gate)
    assert gate.events() == ["uplink-recovered", "backfill-complete"]


def test_a_second_interruption_is_told_like_the_first(gate: BookGate) -> None:
    for _ in range(2):
        ids = gate.records(1)
        gate.goes_on(hours=25)
        check(gate)
        gate.acknowledges(ids, after=0)
        gate.goes_on(minutes=1)
        check(gate)
        gate.goes_on(hours=3)
    one = ["missed-upload", "uplink-interrupted", "missed-upload-over"]
    assert gate.events() == [*one, "uplink-recovered", "backfill-complete"] * 2


def test_another_process_that_reads_the_same_journal_repeats_nothing(gate: BookGate) -> None:
    gate.records(1)
    gate.goes_on(hours=25)
    check(gate)
    with Journal.open(gate.root, gate.clock) as other:
        UplinkAlarms(gate.profile, other, gate.clock).check()
    assert gate.events() == ["missed-upload", "uplink-interrupted"]
