"""A box as the kit reads and works on it: testinfra's host, and the verbs of `gatehouse` on it.

What only reads runs as the service account, since SQLite's side files must stay its own; what a
drill breaks and mends runs as root. Words are quoted here, once; nobody builds a shell's sentence.
"""

import json
import shlex
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from testinfra.backend.base import CommandResult
from testinfra.host import Host

from acceptance_kit.passages import PassageFacts, passages_of
from appliance.runtime.journal.values import Event, Heartbeat
from appliance.runtime.uplink.pulse import BEAT_SECONDS
from appliance.trouble import Trouble

FRESH = timedelta(seconds=3 * BEAT_SECONDS)
"""A program whose last word is older has stopped, or hangs."""


class BoxTrouble(Trouble):
    """The box does not answer, or not as it should; one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class State:
    """`gatehouse journal facts`: how a box stands. `now` is the box's own clock."""

    now: datetime
    beats: dict[str, Heartbeat]
    waiting: int
    aside: int
    done: int
    last_accepted_at: datetime | None
    newest_passage: int
    newest_recorded_at: datetime | None
    chain_head: str
    last_event: int
    events: tuple[Event, ...]
    silences: tuple[tuple[datetime | None, datetime], ...]

    def well(self, program: str) -> bool:
        """Whether a program said a moment ago that it is well."""
        beat = self.beats.get(program)
        return beat is not None and beat.ok and abs(self.now - beat.at) <= FRESH

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """From the verb's answer. Raises KeyError, TypeError or ValueError when it is none."""
        newest = told["newest_passage"]
        return cls(
            now=datetime.fromisoformat(told["now"]),
            beats={
                name: Heartbeat(
                    name, beat["ok"], beat["detail"], datetime.fromisoformat(beat["at"])
                )
                for name, beat in told["heartbeats"].items()
            },
            waiting=told["outbox"]["waiting"],
            aside=told["outbox"]["aside"],
            done=told["outbox"]["done"],
            last_accepted_at=_moment(told["last_accepted_at"]),
            newest_passage=newest["id"] if newest else 0,
            newest_recorded_at=_moment(newest["recorded_at"]) if newest else None,
            chain_head=told["chain_head"],
            last_event=told["last_event"],
            events=tuple(
                Event(**event | {"at": datetime.fromisoformat(event["at"])})
                for event in told["events"]
            ),
            silences=tuple(
                (_moment(begin), datetime.fromisoformat(end))
                for begin, end in told.get("silences", ())
            ),
        )


@dataclass(frozen=True, slots=True)
class Box:
    """One appliance. The defaults are what `gatehouse provision` makes of a machine."""

    host: Host
    profile: str = "/etc/gatehouse/profile.yaml"
    account: str | None = "gatehouse"
    command: tuple[str, ...] = ("/usr/local/bin/gatehouse",)
    root: str | None = "root"
    python: str = "/opt/gatehouse/current/venv/bin/python"

    def gatehouse(self, *words: str) -> CommandResult:
        """A verb of the command, as the service account."""
        with self._as(self.account):
            return self._run((*self.command, *words, "--profile", self.profile))

    def as_root(self, *words: str) -> CommandResult:
        """A command of the system, as root."""
        with self._as(self.root):
            return self._run(words)

    def must(self, *words: str) -> str:
        """The same; raises BoxTrouble when it does not succeed. Returns what it said."""
        return _said(words[0], self.as_root(*words))

    def state(self, *words: str) -> State:
        """How the box stands; `words` are options of `gatehouse journal facts`."""
        said = _said("gatehouse journal facts", self.gatehouse("journal", "facts", *words))
        try:
            return State.of(json.loads(said))
        except (ValueError, KeyError, TypeError) as error:
            raise BoxTrouble("工控机上的 gatehouse 版本与验收工具不一致，请先升级。") from error

    def passages(self, first: date, last: date) -> tuple[PassageFacts, ...]:
        """The passages of the Beijing days `first` to `last`, oldest first."""
        words = ("journal", "passages", "--from", first.isoformat(), "--to", last.isoformat())
        said = _said("gatehouse journal passages", self.gatehouse(*words))
        try:
            return passages_of(said.splitlines())
        except (ValueError, KeyError, TypeError) as error:
            raise BoxTrouble("工控机上的 gatehouse 版本与验收工具不一致，请先升级。") from error

    def picture(self, path: str, most: int) -> bytes:
        """A JPEG file, read as the service account. Raises BoxTrouble when it is none, or has more
        than `most` bytes."""
        with self._as(self.account):
            said = self._run(("head", "-c", str(most + 1), "--", path))
        content = bytes(said.stdout_bytes)
        if said.rc or not content.startswith(b"\xff\xd8\xff") or len(content) > most:
            raise BoxTrouble("工控机上没有这张照片，或者照片损坏。")
        return content

    def _as(self, account: str | None) -> "AbstractContextManager[object]":
        return nullcontext() if account is None else self.host.sudo(account)

    def _run(self, words: tuple[str, ...]) -> CommandResult:
        try:
            return self.host.run(shlex.join(words))
        except (OSError, RuntimeError) as error:  # testinfra: ssh could not connect
            raise BoxTrouble("与工控机的连接中断。") from error


def _said(what: str, result: CommandResult) -> str:
    if result.rc:
        lines = [line for line in (result.stderr or result.stdout).splitlines() if line.strip()]
        raise BoxTrouble(f"工控机上 {what} 失败：{lines[-1] if lines else f'退出码 {result.rc}'}")
    return str(result.stdout)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
