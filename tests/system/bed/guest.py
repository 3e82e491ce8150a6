"""A bed as its user sees it: power, commands, neighbours."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import mirror
from .namespaces import Namespace, Word
from .places import BEDS, BOX_ADDRESS, PLATFORM_ADDRESS, REPOSITORY
from .recipe import BARE, Recipe, root_of

BOOT_SECONDS = 90


class BedFailed(Exception):
    """The guest did not do what it was asked; says where its console log is."""


@dataclass(frozen=True)
class Bed:
    """One guest with its neighbours; the same for the process that made it and for a later one."""

    name: str

    @property
    def folder(self) -> Path:
        """Its disk, logs and key."""
        return BEDS / self.name

    @property
    def address(self) -> str:
        """The guest as the platform side reaches it."""
        return BOX_ADDRESS

    @property
    def platform_address(self) -> str:
        """The platform side as the guest reaches it."""
        return PLATFORM_ADDRESS

    @property
    def key(self) -> Path:
        """The installer's private key, good for `root` and `installer`."""
        return self.folder / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The guest's host key in ssh's own form."""
        return self.folder / "known_hosts"

    @property
    def console(self) -> str:
        """What the guest has said on its console."""
        return (self.folder / "console.log").read_text(errors="replace")

    @property
    def platform(self) -> Namespace:
        """Where the installer and the platform stand."""
        return Namespace(f"{self.name}-platform")

    @property
    def camera_lan(self) -> Namespace:
        """Where cameras and relays stand."""
        return Namespace(f"{self.name}-lan")

    @property
    def state(self) -> dict[str, Any]:
        """`power` (on, off, ended), `boots`, `leader` (the pid of the guest's init)."""
        return json.loads((self.folder / "state.json").read_text())

    def run(self, words: Sequence[Word], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run as root in the guest as from its own console: no network, no ssh needed."""
        enter = ["nsenter", f"--target={self.state['leader']}"]
        enter += ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd=/"]
        options = {"check": True, "capture_output": True, "text": True} | options
        options.setdefault("env", {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"})
        return subprocess.run([*enter, "--", *words], **options)  # noqa: PLW1510  in options

    @property
    def environment(self) -> dict[str, str]:
        """The environment for Ansible on the platform side.

        Every bed has the same address, so a shared connection of another bed's must not be found.
        """
        sockets = Path("/tmp") / f"{self.name}-ssh"  # noqa: S108  a socket's path must be short
        sockets.mkdir(mode=0o700, exist_ok=True)
        return os.environ | {
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets),
            "ANSIBLE_SSH_ARGS": "-C -o ControlMaster=auto -o ControlPersist=60s"
            f" -o UserKnownHostsFile={self.known_hosts}",
            "ANSIBLE_PRIVATE_KEY_FILE": str(self.key),
        }

    def ssh_command(self, user: str = "root") -> list[Word]:
        """The ssh command line up to the remote command; run it on the platform side."""
        return [
            *("ssh", "-i", self.key, "-o", f"UserKnownHostsFile={self.known_hosts}"),
            *("-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=5"),
            f"{user}@{self.address}",
        ]

    def ssh(
        self, words: Sequence[str], user: str = "root", **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run over the network, as the installer does."""
        return self.platform.run([*self.ssh_command(user), "--", *words], **options)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Put a file on the guest's disk while it runs."""
        self.run(["install", "-D", "-m", f"{mode:o}", "/dev/stdin", path], input=text)

    def wait_booted(self, boots: int | None = None) -> None:
        """Until systemd has settled and ssh answers; `boots` asks for that many starts at least."""
        self._await(lambda: self.state["power"] == "on", "was not started")
        if boots is not None:
            self._await(lambda: self.state["boots"] >= boots, f"did not reach boot {boots}")
        self._await(self._settled, "did not finish booting")
        self._await(self._answers, "does not answer on ssh")

    def wait_off(self) -> None:
        """Until the guest has powered itself off."""
        self._await(lambda: self.state["power"] == "off", "did not power itself off")

    def reboot(self) -> None:
        """Ask the guest to reboot, and wait until it is back."""
        boots = self.state["boots"]
        self.run(["systemctl", "reboot"], check=False)
        self.wait_booted(boots + 1)

    def power_on(self) -> None:
        """Power back: start a guest that is off and wait until it is up."""
        boots = self.state["boots"]
        os.kill(self._keeper(), signal.SIGUSR1)
        self.wait_booted(boots + 1)

    def cut_power(self) -> None:
        """Pull the plug: the guest is gone at this instant, its disk stays as it is."""
        os.kill(self._keeper(), signal.SIGUSR2)
        self.wait_off()

    def up(self, recipe: Recipe = BARE, nspawn: Sequence[str] = ()) -> None:
        """Make the disk, the neighbours and the keeper, and wait until the guest is up."""
        self.down()
        lower = root_of(recipe)
        self.folder.mkdir(parents=True)
        (self.folder / "options.json").write_text(
            json.dumps({"lower": str(lower), "nspawn": list(nspawn)})
        )
        self._furnish(lower, recipe)
        for neighbour in (self.platform, self.camera_lan):
            neighbour.add()
        with (self.folder / "keeper.log").open("w") as log:
            # It outlives whoever started it, and says its own pid.
            subprocess.run(
                [
                    *("setsid", "--fork", "unshare", "--mount", "--propagation", "slave"),
                    *(sys.executable, "-m", "tests.system.bed.keeper", self.folder),
                ],
                check=True,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._await((self.folder / "state.json").exists, "was not started")
        self.wait_booted()

    def down(self) -> None:
        """End the guest and remove all it had but what is cached; no harm when it is gone."""
        keeper = self._keeper()
        if keeper:
            os.kill(keeper, signal.SIGTERM)
            self._await(lambda: not self._keeper(), "did not end")
        for neighbour in (self.platform, self.camera_lan):
            neighbour.delete()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(Path("/tmp") / f"{self.name}-ssh", ignore_errors=True)  # noqa: S108

    def _furnish(self, lower: Path, recipe: Recipe) -> None:
        """Write what makes a bare root this guest, straight into its upper layer."""
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", self.key],
            check=True,
        )
        upper = self.folder / "upper"
        files = dict(recipe.files) | {
            "/etc/hostname": "debian\n",
            "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 debian\n",
            "/etc/apt/sources.list.d/debian.sources": mirror.of_this_host().sources(),
        }
        for path, text in files.items():
            target = upper / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        (upper / "etc/sudoers.d").chmod(0o750)
        public = (lower / "etc/ssh/ssh_host_ed25519_key.pub").read_text()
        self.known_hosts.write_text(f"{BOX_ADDRESS} {public}")
        _let_in(lower, upper, self.key.with_suffix(".pub").read_text())

    def _keeper(self) -> int:
        """The keeper's pid, 0 when it is gone."""
        try:
            pid = int((self.folder / "keeper.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return 0
        return pid if str(self.folder).encode() in command and status != "Z" else 0

    def _settled(self) -> bool:
        leader = self.state["leader"]
        if not leader or not Path(f"/proc/{leader}").exists():
            return False
        asked = self.run(["systemctl", "is-system-running", "--wait"], check=False)
        return asked.stdout.strip() in {"running", "degraded"}

    def _answers(self) -> bool:
        return self.ssh(["true"], check=False).returncode == 0

    def _await(self, true: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise BedFailed(f"{self.name} {complaint}: {self.folder / 'console.log'}")
            time.sleep(0.1)


def _let_in(lower: Path, upper: Path, public_key: str) -> None:
    """Let the key in for root and for an ordinary account with sudo, as on a hand-made box."""
    (upper / "root/.ssh").mkdir(parents=True)
    (upper / "root").chmod(0o700)
    (upper / "root/.ssh/authorized_keys").write_text(public_key)
    for name, line in (
        ("passwd", "installer:x:1000:1000:Installer:/home/installer:/bin/bash\n"),
        ("group", "installer:x:1000:\n"),
        ("shadow", "installer:*:20000:0:99999:7:::\n"),
    ):
        (upper / "etc" / name).write_text((lower / "etc" / name).read_text() + line)
    (upper / "etc/shadow").chmod(0o640)
    shutil.chown(upper / "etc/shadow", 0, 42)  # Debian's group shadow
    home = upper / "home/installer"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/authorized_keys").write_text(public_key)
    for path in (home, home / ".ssh", home / ".ssh/authorized_keys"):
        os.chown(path, 1000, 1000)
