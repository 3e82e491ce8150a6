"""The verdict, case by case."""

from datetime import datetime, timedelta

import pytest

from appliance.clock import BEIJING
from appliance.runtime.journal import Counts
from appliance.runtime.journal.values import Heartbeat
from appliance.runtime.web.verdict import Level, Verdict, judge

NOW = datetime(2025, 11, 24, 10, 42, 7, tzinfo=BEIJING)
NAMES = {"lane-A01": "车道 A01", "uplink": "数据上报", "web": "状态页"}
NOTHING = Counts(held=0, waiting=0, aside=0, done=0, oldest_waiting=None)


def beats(**changes: tuple[bool, float]) -> list[Heartbeat]:
    """All programs well, a second ago; `lane_A01=(ok, seconds ago)` changes one."""
    said = dict.fromkeys(NAMES, (True, 1.0))
    said |= {name.replace("_", "-"): change for name, change in changes.items()}
    return [
        Heartbeat(name, ok, f"{name} 的话。", NOW - timedelta(seconds=age))
        for name, (ok, age) in said.items()
    ]


def queue(waiting_for: timedelta | None = None, aside: int = 0) -> Counts:
    """A queue whose oldest message has waited for so long."""
    waiting = int(waiting_for is not None)
    return Counts(0, waiting, aside, 7, NOW - waiting_for if waiting_for is not None else None)


@pytest.mark.parametrize(
    ("heartbeats", "counts", "level", "sentence"),
    [
        (beats(), NOTHING, Level.NORMAL, "各程序运行正常，上报没有积压。"),
        (beats(lane_A01=(True, 15)), NOTHING, Level.NORMAL, "各程序运行正常，上报没有积压。"),
        (
            beats(lane_A01=(True, 16)),
            NOTHING,
            Level.FAULT,
            "车道 A01：已有 16 秒没有心跳，程序可能已停止。",
        ),
        (
            beats(uplink=(True, 7500)),
            NOTHING,
            Level.FAULT,
            "数据上报：已有 2 小时 5 分没有心跳，程序可能已停止。",
        ),
        (
            beats(web=(True, -60)),
            NOTHING,
            Level.FAULT,
            "状态页：心跳时间晚于现在，请核对本机时钟。",
        ),
        (beats()[1:], NOTHING, Level.FAULT, "车道 A01：没有心跳，程序尚未运行。"),
        (beats(lane_A01=(False, 1)), NOTHING, Level.FAULT, "车道 A01：lane-A01 的话。"),
        (beats(uplink=(False, 1)), NOTHING, Level.ATTENTION, "数据上报：uplink 的话。"),
        (beats(), queue(timedelta(minutes=5)), Level.NORMAL, "各程序运行正常，上报没有积压。"),
        (
            beats(),
            queue(timedelta(minutes=12, seconds=5)),
            Level.ATTENTION,
            "上报积压：最早一条已等待 12 分钟。",
        ),
        (
            beats(),
            queue(timedelta(days=3)),
            Level.ATTENTION,
            "上报积压：最早一条已等待 3 天。",
        ),
        (
            beats(),
            queue(aside=3),
            Level.ATTENTION,
            "有 3 条记录未能上报，已搁置，需要人工处理。",
        ),
    ],
)
def test_each_state_of_the_gate_has_its_word_and_its_sentence(
    heartbeats: list[Heartbeat], counts: Counts, level: Level, sentence: str
) -> None:
    verdict = judge(NAMES, heartbeats, counts, NOW)
    assert (verdict.level, verdict.sentence) == (level, sentence)


def test_the_gravest_reason_comes_first_and_none_is_dropped() -> None:
    heartbeats = beats(uplink=(False, 1), web=(True, 60))
    verdict = judge(NAMES, heartbeats, queue(timedelta(hours=1), aside=1), NOW)
    assert verdict.level is Level.FAULT
    codes = [finding.code for finding in verdict.findings]
    assert codes == ["silent:web", "troubled:uplink", "backlog", "aside"]


def test_a_lane_that_left_the_profile_troubles_nobody() -> None:
    gone = Heartbeat("lane-Z09", False, "很久以前", NOW - timedelta(days=90))
    assert judge(NAMES, [*beats(), gone], NOTHING, NOW) == Verdict(Level.NORMAL, ())
