"""The installer's view of a run: a line a role as it is finished, and one that moves meanwhile."""

import time
from collections.abc import Callable, Iterable

from rich.console import Console
from rich.markup import escape
from rich.status import Status as Spinner

from appliance.provisioning.events import Ended, Event, Result, Status, TaskBegins
from appliance.provisioning.outcome import MachineOutcome, Outcome, changes_by_role
from appliance.provisioning.reach import Box
from appliance.provisioning.remedies import fault_lines, role_name


class Progress:
    """Prints while the events come. On a terminal the last line shows the task under way."""

    def __init__(
        self,
        console: Console,
        names: Iterable[str],
        *,
        check: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._names = tuple(names)
        self._now = now
        self._changed = "将改动" if check else "改动"
        self._role: str | None = None
        self._since = now()
        self._ends: dict[str, list[Status]] = {}
        self._spinner: Spinner | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        """The moving line is gone and the cursor is back, also after Ctrl-C."""
        self._hide()

    def take(self, event: Event) -> None:
        """Show what an event tells."""
        match event:
            case TaskBegins(role, task, handler):
                name = role_name(role) + ("（收尾）" if handler else "")
                if name != self._role:
                    self._finish_role()
                    self._role, self._since = name, self._now()
                self._show(escape(f"{name} … {task}"))
            case Result(host=host, role=role, status=status):
                if self._role is None:
                    self._role = role_name(role)
                self._ends.setdefault(host, []).append(status)
            case Ended():
                self._finish_role()
                self._hide()
            case _:
                pass

    def _show(self, text: str) -> None:
        if not self._console.is_terminal:
            return
        if self._spinner is None:
            self._spinner = self._console.status(text)
            self._spinner.start()
        else:
            self._spinner.update(text)

    def _hide(self) -> None:
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    def _finish_role(self) -> None:
        """The line of the role that has just ended; its handlers get a second one."""
        if self._role is None or not self._ends:
            return
        seconds = self._now() - self._since
        bad = any(
            s in {Status.FAILED, Status.UNREACHABLE} for ends in self._ends.values() for s in ends
        )
        marks = [
            f"{name} {self._mark(self._ends[name])}" for name in self._names if name in self._ends
        ]
        line = f"{'✗' if bad else '✓'} {self._role}  {seconds:.0f} 秒  {'  '.join(marks)}"
        self._console.print(line, markup=False, soft_wrap=True)
        self._ends = {}

    def _mark(self, ends: list[Status]) -> str:
        if Status.UNREACHABLE in ends:
            return "连接中断"
        if Status.FAILED in ends:
            return "失败"
        changed = ends.count(Status.CHANGED)
        return f"{self._changed} {changed} 项" if changed else "无改动"


def closing_lines(outcome: Outcome, boxes: Iterable[Box], log: str, *, check: bool) -> list[str]:
    """The end of a run: what was changed, what is left for hands, what failed, where the log is."""
    lines: list[str] = []
    for box in boxes:
        machine = outcome.machines[box.name]
        lines += ["", *_closing(box, machine, check=check)]
        lines += [f"  待办  {sentence}" for sentence in machine.hands]
    failed_outside = not outcome.ok and all(m.fault is None for m in outcome.machines.values())
    if failed_outside and outcome.ended is not None:
        lines += ["", "✗ Ansible 没有正常结束，最后的话是：", *outcome.ended.lines[-6:]]
    return [*lines, "", f"完整日志：{log}"]


def _closing(box: Box, machine: MachineOutcome, *, check: bool) -> list[str]:
    if machine.fault is not None:
        return fault_lines(box.name, box.address, machine.fault)
    if not machine.tasks:
        return [f"✗ 工控机 {box.name}（{box.address}）没有执行任何任务，请看日志。"]
    counts = changes_by_role(machine.changes)
    what = "、".join(f"{role_name(role)} {count} 项" for role, count in counts.items())
    would = "将改动" if check else "改动"
    done = (
        f"{would} {len(machine.changes)} 项：{what}。" if counts else "与站点配置一致，没有改动。"
    )
    return [f"✓ 工控机 {box.name}（{box.address}）{done}"]
