"""The installer's desk: a laptop on the platform side, with a vault of the site's passwords."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from appliance.profile.loading import load_profile
from appliance.profile.secrets import named_secrets

from .bed import Bed
from .bed.namespaces import Word
from .bed.places import REPOSITORY

SITE = Path(__file__).with_name("site.yaml")
INVENTORY = Path(__file__).with_name("inventory")
PATIENCE_SECONDS = 900


@dataclass(frozen=True)
class Provisioning:
    """What `gatehouse provision` said and did."""

    ok: bool
    changed: int
    changes: list[dict[str, object]]
    hands: list[str]
    said: str


@dataclass(frozen=True)
class Running:
    """A command under way at the installer's desk; its `--json` goes to `answer`."""

    process: "subprocess.Popen[str]"
    answer: Path

    def lines(self) -> Iterator[str]:
        """What it tells the person in front of it, until it ends."""
        assert self.process.stderr is not None
        yield from self.process.stderr

    def hears(self, words: str) -> None:
        """Until it tells that; fails when it ends without."""
        said = []
        for line in self.lines():
            said.append(line)
            if words in line:
                return
        raise AssertionError(f"never heard {words}: {''.join(said)}")

    def ends(self) -> int:
        """Its exit code, when it is there."""
        for _ in self.lines():
            pass
        return self.process.wait()


class Installer:
    """Runs the installer's commands where he stands; `folder` is his own."""

    def __init__(self, box: Bed, folder: Path) -> None:
        self.box = box
        self.folder = folder
        self.password = folder / "vault-password"
        self.password.write_text("system-test\n")
        self.vault = folder / "site.vault.yml"
        self.lock_up({})

    def lock_up(self, others: Mapping[str, str]) -> None:
        """Write the vault: every secret of the site with its usual value, but for `others`."""
        values = {name: f"pass-of-{name}" for name in named_secrets(load_profile(SITE))}
        self.vault.write_text(yaml.safe_dump(values | dict(others)))
        encrypt = [_beside_python("ansible-vault"), "encrypt", "--vault-password-file"]
        subprocess.run([*encrypt, self.password, self.vault], check=True, capture_output=True)

    @property
    def opened(self) -> tuple[str, ...]:
        """The options that name the vault and its password."""
        return ("--secrets", str(self.vault), "--vault-password-file", str(self.password))

    @property
    def _with_the_bed(self) -> tuple[str, ...]:
        return ("--json", "--inventory", str(INVENTORY), *self.opened)

    def drift(self) -> subprocess.CompletedProcess[str]:
        """`gatehouse drift`, with the bed's own variables."""
        return self.gatehouse("drift", *self._with_the_bed)

    def gatehouse(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a verb of the command on the site's profile."""
        return self._command([verb, SITE, *words])

    @contextmanager
    def running(self, verb: str, *words: str) -> Iterator[Running]:
        """The same, while it runs; it is ended with the block."""
        answer = self.folder / "answer"
        with answer.open("w") as out:
            command, options = self._line([verb, SITE, *words])
            pipes = {"stdout": out, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
            with self.box.platform.running(command, **options, **pipes) as process:
                yield Running(process, answer)

    def fleet(
        self, verb: str, *words: str, sites: Sequence[Path] = (SITE,)
    ) -> subprocess.CompletedProcess[str]:
        """Run a verb of day 2 on the boxes of `sites`."""
        return self._command(["fleet", verb, *sites, *words])

    def _command(self, words: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        command, options = self._line(words)
        return self.box.platform.run(command, check=False, timeout=PATIENCE_SECONDS, **options)

    def _line(self, words: Sequence[str | Path]) -> tuple[list[Word], dict[str, Any]]:
        """The command with its place."""
        login = ("--user", "installer", "--key", self.box.key)
        own = {
            "XDG_STATE_HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),  # the acceptance's key
            "PYTHONPATH": str(REPOSITORY),
            "COLUMNS": "300",  # a sentence is one line
        }
        command: list[Word] = [sys.executable, "-m", "appliance", *words, *login]
        return command, {"cwd": REPOSITORY, "env": os.environ | own}

    def provision(self, *words: str) -> Provisioning:
        """`gatehouse provision`, with the bed's own variables."""
        done = self.gatehouse("provision", *self._with_the_bed, *words)
        said = f"{done.stdout}\n{done.stderr}"
        try:
            machine = next(iter(json.loads(done.stdout)["machines"].values()))
        except (ValueError, KeyError):
            return Provisioning(False, 0, [], [], said)
        return Provisioning(
            done.returncode == 0 and machine["ok"],
            machine["changed"],
            machine["changes"],
            machine["hands"],
            said,
        )

    def play(self, site: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """The same playbook by hand, for a part of it: `--tags firewall`."""
        return self.box.platform.run(
            [
                *(_beside_python("ansible-playbook"), "-i", site, "-i", INVENTORY),
                *("-u", "installer", *words, REPOSITORY / "provision.yml"),
            ],
            check=False,
            cwd=REPOSITORY,
            env=self.box.environment | {"PYTHONPATH": str(REPOSITORY)},
            timeout=PATIENCE_SECONDS,
        )


def _beside_python(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
