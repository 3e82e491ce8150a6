"""What Ansible tells while it works, as frozen values."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How a task ended on a machine."""

    OK = "ok"
    CHANGED = "changed"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class TaskBegins:
    """A task begins on all machines; `role` is empty for the playbook's own tasks.

    A `handler` runs at the end of the play, for a role that changed something before.
    """

    role: str
    task: str
    handler: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A machine is through with a task. `places` are the files or names that it changed."""

    host: str
    role: str
    task: str
    status: Status
    message: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftForHands:
    """What a role found that only a person can do, in Chinese sentences."""

    host: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recap:
    """Which machines failed after all: a failure that a role caught is none."""

    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The playbook has ended; `lines` are Ansible's last words."""

    code: int
    lines: tuple[str, ...] = field(default=())


Event = TaskBegins | Result | LeftForHands | Recap | Ended


def read_event(line: str, clean: Callable[[str], str] = str) -> Event:
    """The event in a line that the callback plugin wrote.

    `clean` is asked about every text that comes from a machine: it blots out secrets.
    """
    told = json.loads(line)
    match told.pop("event"):
        case "task":
            return TaskBegins(**told)
        case "hands":
            return LeftForHands(told["host"], tuple(map(clean, told["sentences"])))
        case "recap":
            return Recap(tuple(told["failed"]))
        case "result":
            places = tuple(map(clean, told.pop("places")))
            message, status = clean(told.pop("message")), Status(told.pop("status"))
            return Result(status=status, message=message, places=places, **told)
        case other:
            raise ValueError(f"no such event: {other}")
