"""The installer's view: a line a role, and an end that says what was done and what is left."""

import io

import pytest
from rich.console import Console

from appliance.profile.box import Machine
from appliance.provisioning.events import (
    Ended,
    Event,
    LeftForHands,
    Result,
    Status,
    TaskBegins,
)
from appliance.provisioning.outcome import summed_up
from appliance.provisioning.progress import Progress, closing_lines
from appliance.provisioning.reach import Box

BOXES = tuple(Box(Machine(name=name), f"10.0.0.{n}") for n, name in enumerate(("north", "south")))
NAMES = tuple(box.name for box in BOXES)


def task(role: str, *ends: Status, message: str = "") -> list[Event]:
    """A task of a role, and how it ended on each box in turn."""
    sentence = f"Ensure that {role} is right"
    ended = [
        Result(name, role, sentence, status, message)
        for name, status in zip(NAMES, ends, strict=False)
    ]
    return [TaskBegins(role, sentence), *ended]


def shown(events: list[Event]) -> list[str]:
    out = io.StringIO()
    clock = iter(range(0, 1000, 10))
    progress = Progress(Console(file=out, width=200), NAMES, now=lambda: next(clock))
    for event in events:
        progress.take(event)
    return out.getvalue().splitlines()


def closing(events: list[Event], *, check: bool = False) -> str:
    return "\n".join(closing_lines(summed_up(NAMES, events), BOXES, "/the/log", check=check))


def test_each_role_gets_a_line_when_it_is_finished_with_every_boxs_changes() -> None:
    lines = shown(
        [
            *task("base", Status.CHANGED, Status.OK),
            *task("base", Status.CHANGED, Status.SKIPPED),
            *task("time", Status.OK, Status.OK),
            Ended(0),
        ]
    )
    assert len(lines) == 2
    assert lines[0].startswith("✓ 基础系统 base")
    assert "north 改动 2 项" in lines[0]
    assert "south 无改动" in lines[0]
    assert lines[1].startswith("✓ 对时 time")


def test_a_role_that_fails_on_one_box_goes_on_with_the_other() -> None:
    lines = shown(
        [
            *task("base", Status.OK, Status.FAILED),
            *task("time", Status.OK),
            Ended(2),
        ]
    )
    assert lines[0].startswith("✗")
    assert "south 失败" in lines[0]
    assert "south" not in lines[1]


def test_the_end_counts_changes_by_role_and_lists_what_is_left_for_hands() -> None:
    told = closing(
        [
            *task("base", Status.CHANGED, Status.OK),
            LeftForHands("north", ("录像盘只有 8 T，不足 32 T。",)),
            LeftForHands("north", ("录像盘只有 8 T，不足 32 T。",)),
            Ended(0),
        ]
    )
    assert "north（10.0.0.0）改动 1 项：基础系统 base 1 项。" in told
    assert told.count("待办  录像盘只有 8 T") == 1
    assert "south（10.0.0.1）与站点配置一致，没有改动。" in told
    assert told.endswith("完整日志：/the/log")


def test_under_check_nothing_is_said_to_have_been_changed() -> None:
    told = closing([*task("base", Status.CHANGED, Status.OK), Ended(0)], check=True)
    assert "将改动 1 项" in told


def test_a_lost_line_is_told_apart_from_a_sudo_that_does_not_answer() -> None:
    lost = closing([*task("base", Status.UNREACHABLE, Status.OK), Ended(4)])
    assert "连接在中途断开" in lost
    slow = "Timeout (32s) waiting for privilege escalation prompt:"
    told = closing([*task("base", Status.UNREACHABLE, Status.OK, message=slow), Ended(4)])
    assert "连接在中途断开" not in told
    assert "sudo 没有及时应答" in told


def test_a_task_without_a_message_is_not_left_without_a_reason() -> None:
    told = closing([*task("runtime", Status.FAILED, Status.OK), Ended(2)])
    assert "涉及密钥，不显示" in told


def test_whatever_ends_a_run_the_terminal_has_its_cursor_again() -> None:
    out = io.StringIO()
    progress = Progress(Console(file=out, force_terminal=True, width=100), NAMES)

    def cut_off() -> None:
        with progress:
            progress.take(TaskBegins("base", "Ensure that it is right"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_off()
    hidden, shown_again = "\x1b[?25l", "\x1b[?25h"
    assert hidden in out.getvalue()
    assert out.getvalue().rindex(shown_again) > out.getvalue().rindex(hidden)
