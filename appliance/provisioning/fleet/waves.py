"""Many boxes, a few at a time; the first wave with an unhealthy box is the last."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from appliance.provisioning.places import python_path
from appliance.provisioning.reach import Box, Reach

Step = dict[str, str]
"""`{"put"|"get": …, "to": …}` or `{"run": script, "stdin": …}`, as `worker` understands it."""


@dataclass(frozen=True, slots=True)
class Member:
    """A box of one of the sites; boxes of two sites may have one name."""

    site: str
    box: Box
    reach: Reach

    @property
    def id(self) -> str:
        """Unique among all the boxes of a command."""
        return f"{self.site}.{self.box.name}"


@dataclass(frozen=True, slots=True)
class Answer:
    """How a box fared. `outputs` are what its steps printed; `failed` is empty when all is done."""

    member: Member
    done: bool
    outputs: tuple[str, ...]
    failed: str


@dataclass(frozen=True, slots=True)
class Work:
    """The same steps for every box, and what their outputs say of its health.

    `judge` gets the outputs of a box that did everything and returns what is wrong, or "".
    """

    steps: tuple[Step, ...] = field(repr=False)
    judge: Callable[[tuple[str, ...]], str] = lambda _: ""
    sudo_password: str | None = field(default=None, repr=False)

    def as_sudo(self, password: str | None) -> "Work":
        """The same work with the password that sudo asks for."""
        return replace(self, sudo_password=password)


def in_waves(members: Sequence[Member], size: int, work: Work) -> Iterator[tuple[Answer, ...]]:
    """Do the work wave by wave; after one in which a box is not well, no further box is touched."""
    for first in range(0, len(members), size):
        answers = do_wave(members[first : first + size], work)
        yield answers
        if not all(answer.done for answer in answers):
            return


def do_wave(members: Sequence[Member], work: Work) -> tuple[Answer, ...]:
    """Do the work on these boxes at once."""
    users = {member.reach.account.user for member in members}
    job = {
        "boxes": [
            {
                "id": member.id,
                "name": member.box.name,
                "ssh_config": str(member.reach.ssh_config),
                "known_hosts": str(member.reach.known_addresses),
            }
            for member in members
        ],
        "sudo": users != {"root"},
        "sudo_password": work.sudo_password,
        "steps": work.steps,
    }
    answers, teller = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell
            [sys.executable, "-m", "appliance.provisioning.fleet.worker", str(teller)],
            env=os.environ | {"PYTHONPATH": python_path()},
            pass_fds=(teller,),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # what matters of it is in the answers
            text=True,
        )
    finally:
        os.close(teller)
    with process, os.fdopen(answers, encoding="utf-8") as lines:
        assert process.stdin is not None  # noqa: S101 - for mypy: it is a pipe
        with process.stdin as said:
            json.dump(job, said)
        told = {answer["box"]: answer for answer in map(json.loads, lines)}
    return tuple(_judged(member, told.get(member.id), work) for member in members)


def _judged(member: Member, told: dict[str, object] | None, work: Work) -> Answer:
    if told is None:
        return Answer(member, False, (), "执行程序没有应答")
    outputs = tuple(str(text) for text in told["outputs"])  # type: ignore[attr-defined]
    failed = str(told["failed"])
    if told["done"]:
        failed = work.judge(outputs)
    return Answer(member, bool(told["done"]) and not failed, outputs, failed)
