"""An Ansible callback plugin: what happens, as JSON lines to the descriptor that it is given.

`gatehouse provision` reads them to show progress and to sum up; Ansible's own words go to the log
beside it. Each line is an object with `event`:

- `task`: a task begins; `role` (empty for the playbook's own), `task`, `handler` when it is one;
- `result`: a machine is through with it; `host`, `role`, `task`, `status` (ok, changed, skipped,
  failed, unreachable), `message` when it failed, `places` (files or names that differ);
- `hands`: `host` and `sentences` that a role leaves for hands (`gatehouse_hands`);
- `recap`: the end; `failed` are the machines that were not worked on to the end.

A result under `no_log` says neither message nor places.
"""

import json
import os
from collections.abc import Iterable
from typing import Any

from ansible.executor.stats import AggregateStats
from ansible.executor.task_result import CallbackTaskResult
from ansible.playbook.task import Task
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: gatehouse_events
type: notification
short_description: what happens, as JSON lines to a file descriptor
description: [Writes to the descriptor that the environment names; without one it is silent.]
options: {}
"""

DESCRIPTOR = "GATEHOUSE_EVENTS"
LONGEST_MESSAGE = 2000
MOST_PLACES = 20


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Ansible calls a method for each thing that happens; each writes a line."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "gatehouse_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        handle = os.environ.get(DESCRIPTOR)
        self._out = None if handle is None else os.fdopen(int(handle), "w", encoding="utf-8")

    def _tell(self, **event: Any) -> None:
        if self._out is not None:
            self._out.write(json.dumps(event, ensure_ascii=False) + "\n")
            self._out.flush()

    def v2_playbook_on_task_start(self, task: Task, is_conditional: bool) -> None:  # noqa: ARG002
        """A task begins."""
        self._tell(event="task", role=_role(task), task=_name(task))

    def v2_playbook_on_handler_task_start(self, task: Task) -> None:
        """A handler begins."""
        self._tell(event="task", role=_role(task), task=_name(task), handler=True)

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """A machine did it, or had nothing to do; it may leave something for hands."""
        self._result(result, "changed" if result.is_changed() else "ok")
        data = result.result.get("ansible_stats", {}).get("data", {})
        if sentences := data.get("gatehouse_hands"):
            told = [sentences] if isinstance(sentences, str) else [str(text) for text in sentences]
            self._tell(event="hands", host=result.host.get_name(), sentences=told)

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        """A task does not concern a machine."""
        self._result(result, "skipped")

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        """A task failed; one whose failure the role expects counts as done."""
        self._result(result, "ok" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        """The connection to a machine is lost."""
        self._result(result, "unreachable")

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        """The end; a failure that a role caught (`rescue`) is none."""
        told = {host: stats.summarize(host) for host in stats.processed}
        bad = [host for host, sums in told.items() if sums["failures"] or sums["unreachable"]]
        self._tell(event="recap", failed=sorted(bad))

    def _result(self, result: CallbackTaskResult, status: str) -> None:
        content = result.result
        hidden = bool(result.task.no_log) or bool(content.get("_ansible_no_log"))
        bad = status in {"failed", "unreachable"}
        self._tell(
            event="result",
            host=result.host.get_name(),
            role=_role(result.task),
            task=_name(result.task),
            status=status,
            message=_message(content) if bad and not hidden else "",
            places=_places(content) if status == "changed" and not hidden else [],
        )


def _role(task: Task) -> str:
    return str(task._role.get_name()) if task._role else ""


def _name(task: Task) -> str:
    """Its sentence; get_name would put the role before it."""
    return str(task.name or task.get_name(False))


def _message(content: dict[str, Any]) -> str:
    """Why it failed: the module's words, then what the command wrote."""
    items = [item for item in content.get("results", ()) if isinstance(item, dict)]
    parts = [content, *(item for item in items if item.get("failed"))]
    words = [
        str(part[key]) for part in parts for key in ("msg", "stderr", "stdout") if part.get(key)
    ]
    return "\n".join(dict.fromkeys(words))[:LONGEST_MESSAGE]


def _places(content: dict[str, Any]) -> list[str]:
    """What differs on the machine: files of a diff, names of packages, units and items."""
    items = [item for item in content.get("results", ()) if isinstance(item, dict)]
    changed = [item for item in items if item.get("changed")] or [content]
    found = dict.fromkeys(place for part in changed for place in _places_of(part))
    return list(found)[:MOST_PLACES]


def _places_of(part: dict[str, Any]) -> Iterable[str]:
    for key in ("path", "dest", "name"):
        if isinstance(part.get(key), str):
            yield part[key]
            return
    diffs = part.get("diff") or ()
    for diff in [diffs] if isinstance(diffs, dict) else diffs:
        if isinstance(diff, dict):
            header = diff.get("before_header") or diff.get("after_header")
            if isinstance(header, str) and header:
                yield header.removesuffix(" (content)")
