"""A machine as a check sees it: its commands, its evidence, and what its journal holds."""

import json
import shlex
from datetime import datetime
from functools import cached_property
from tempfile import NamedTemporaryFile
from typing import Any

from testinfra.host import Host

from acceptance_kit.checks.finding import CouldNotAsk
from acceptance_kit.checks.place import Place
from appliance.profile.box import Machine
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile

EVIDENCE = "/var/lib/gatehouse/evidence"


class CheckedBox:
    """Fixture `box`. All is asked as root on a provisioned box, as oneself in a demo."""

    def __init__(self, host: Host, profile: Profile, machine: Machine, place: Place) -> None:
        self.host = host
        self.profile = profile
        self.machine = machine
        self.place = place

    def run(self, *words: str) -> Any:
        """Run a command; `rc`, `stdout`, `stderr` tell how it went."""
        return self.host.run(shlex.join(words))

    def said(self, *words: str) -> str:
        """What a command prints; raises CouldNotAsk when it ends with trouble."""
        answer = self.run(*words)
        if answer.rc != 0:
            said = next(iter((answer.stderr or answer.stdout).strip().splitlines()), "")
            raise CouldNotAsk(f"工控机上的 {words[0]} 没有给出结果：{said[:200] or '没有说明'}。")
        return str(answer.stdout)

    def gatehouse(
        self,
        *words: str,
        secrets: tuple[str, ...] = (),
        profile: tuple[str, ...] = ("--profile",),
    ) -> Any:
        """Run the box's own `gatehouse VERB…` as its service account, with those secrets.

        `profile` is how the verb takes the profile: after an option, or () as an argument.
        """
        command = [*self.place.command, *words, *profile, self.place.profile]
        if self.place.is_demo:
            return self.run("env", f"GATEHOUSE_SECRETS={self.place.secrets}", *command)
        if not secrets:
            return self.run("runuser", "-u", "gatehouse", "--", *command)
        handed = [
            word
            for name in secrets
            for word in ("-p", f"LoadCredential={name}:{self.place.secrets}/{name}")
        ]
        unit = ("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "-p", "User=gatehouse")
        return self.run(*unit, *handed, *command)

    def told(self, *words: str, ends: tuple[int, ...] = (0,), **options: Any) -> Any:
        """The JSON that a verb prints; raises CouldNotAsk when it has none or ends otherwise."""
        answer = self.gatehouse(*words, "--json", **options)
        try:
            if answer.rc in ends:
                return json.loads(answer.stdout)
        except ValueError:
            pass
        said = next(iter((answer.stderr or answer.stdout).strip().splitlines()), "没有说明")
        verb = " ".join(words)
        raise CouldNotAsk(f"工控机上的 gatehouse {verb} 没有给出结果：{said[:200]}。")

    @cached_property
    def own_profile(self) -> Profile:
        """The site's profile as it lies on the box. Raises CouldNotAsk, ProfileFaults."""
        text = self.said("cat", self.place.profile)
        with NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as copy:
            copy.write(text)
            copy.flush()
            return load_profile(copy.name)

    @cached_property
    def journal(self) -> dict[str, Any]:
        """`gatehouse journal newest`: the newest passages, messages, video, programs."""
        facts: dict[str, Any] = self.told("journal", "newest", "--machine", self.machine.name)
        return facts

    @cached_property
    def cameras(self) -> dict[str, list[dict[str, str]]]:
        """`gatehouse cameras configure --check`: what was found at each camera, by its id."""
        names = sorted({camera.password.name for camera in self.profile.cameras})
        told = self.told(
            *("cameras", "configure", "--check", "--machine", self.machine.name),
            ends=(0, 1),
            secrets=tuple(names),
        )
        return {each["camera"]: each["findings"] for each in told}

    @cached_property
    def now(self) -> datetime:
        """What the box's own clock shows."""
        return datetime.fromisoformat(self.said("date", "--iso-8601=seconds").strip())

    def measure(self, unit: str) -> None:
        """Let the box measure now what it measures every day; its evidence then tells."""
        self.said("systemctl", "start", "--wait", unit)

    def evidence(self, name: str, what: str) -> dict[str, Any]:
        """The newest line of the box's evidence about `what`; raises CouldNotAsk without one."""
        text = self.run("cat", f"{EVIDENCE}/{name}.jsonl").stdout
        for line in reversed(text.splitlines()):
            told: dict[str, Any] = json.loads(line)
            if told["what"] == what:
                return told
        raise CouldNotAsk(
            f"工控机上没有 {what} 的每日记录，请查看 gatehouse-daily.service 的日志。"
        )
