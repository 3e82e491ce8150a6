"""Heartbeats and events."""

from datetime import timedelta

from appliance.runtime.journal.values import Event, Heartbeat

from .samples import NOON


def test_only_the_last_word_of_each_program_is_kept(journal, clock):
    journal.beat("uplink", ok=True, detail="已连接")
    journal.beat("lane-A01", ok=True, detail="正常")
    clock.sleep(5)
    journal.beat("uplink", ok=False, detail="平台没有应答")
    assert journal.heartbeats() == (
        Heartbeat("lane-A01", True, "正常", NOON),
        Heartbeat("uplink", False, "平台没有应答", NOON + timedelta(seconds=5)),
    )


def test_events_are_kept_newest_first(journal, clock):
    first = journal.note("manual-raise", "道闸 A01 手动抬杆")
    clock.sleep(1)
    second = journal.note("clock", "时钟已校准")
    assert first == Event(1, NOON, "manual-raise", "道闸 A01 手动抬杆")
    assert journal.latest_events(10) == (second, first)
    assert journal.latest_events(1) == (second,)
