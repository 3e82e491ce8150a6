"""The process that keeps one guest: it mounts its disk, boots it, boots it again, and cleans up.

It stands in a mount namespace of its own (`unshare --mount`), so whatever ends it, the mounts go
with it; nspawn and the package proxy die with it as well. It is told what to do by signals: TERM
ends the guest in good order, USR1 starts a guest that is off, USR2 pulls the plug.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .namespaces import Namespace
from .places import (
    CAMERA_LAN_ADDRESSES,
    LAN,
    PLATFORM_ADDRESS,
    PREFIX,
    PROXY_PORT,
    REPOSITORY,
    UPLINK,
)

REBOOT = 133
"""nspawn's exit code when the guest asked to be booted again."""
ORDERS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
LINK_SECONDS = 20
SHUTDOWN_SECONDS = 30


class Keeper:
    """One guest in its folder: `upper/`, `console.log`, `state.json`, `options.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self.options = json.loads((folder / "options.json").read_text())
        self.platform = Namespace(f"{self.name}-platform")
        self.camera_lan = Namespace(f"{self.name}-lan")
        self.box: subprocess.Popen[str] | None = None
        self.boots = 0

    def keep(self) -> None:
        """Until TERM comes."""
        signal.pthread_sigmask(signal.SIG_BLOCK, ORDERS)
        (self.folder / "keeper.pid").write_text(f"{os.getpid()}\n")
        self._mount()
        proxy = self.platform.start(
            [
                *(sys.executable, "-m", "tests.system.bed.packages"),
                *("--port", str(PROXY_PORT), "--outside", f"/proc/{os.getpid()}/ns/net"),
            ],
            cwd=REPOSITORY,
        )
        self._boot()
        try:
            while (order := signal.sigwait(ORDERS)) != signal.SIGTERM:
                self._obey(order)
        finally:
            self._end()
            proxy.kill()

    def _obey(self, order: int) -> None:
        if order == signal.SIGUSR1 and self.box is None:
            self._boot()
        elif order == signal.SIGUSR2 and self.box is not None:
            self._pull_plug()
        elif self.box is not None and self.box.poll() is not None:
            if self.box.returncode == REBOOT:
                self._boot()
            else:
                self.box = None
                self._say("off")

    def _mount(self) -> None:
        for folder in ("upper", "work", "root"):
            (self.folder / folder).mkdir(exist_ok=True)
        layers = f"lowerdir={self.options['lower']},upperdir={self.folder / 'upper'}"
        layers += f",workdir={self.folder / 'work'}"
        root = self.folder / "root"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, root], check=True)
        # nspawn keeps its sockets here and wants a place it can mount over.
        sockets = Path("/run/systemd/nspawn")
        sockets.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", sockets], check=True)

    def _boot(self) -> None:
        self.boots += 1
        # After a pulled plug the kernel takes its time to remove the cables of the dead guest.
        self.platform.run(["ip", "link", "delete", "box"], check=False)
        self.camera_lan.run(["ip", "link", "delete", "lan"], check=False)
        with (self.folder / "console.log").open("a") as console:
            self.box = self.platform.start(
                [
                    *("systemd-nspawn", "--quiet", "--boot", "--directory", self.folder / "root"),
                    *("--machine", self.name, "--register=no", "--keep-unit"),
                    # Whatever the box is called by its role, it boots under the name on its disk.
                    *self._hostname(),
                    f"--network-veth-extra=box:{UPLINK}",
                    f"--network-veth-extra=lan:{LAN}",
                    *("--resolv-conf=off", "--timezone=off", "--console=pipe"),
                    *self.options["nspawn"],
                ],
                env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        self._wire()
        self._say("on")

    def _hostname(self) -> list[str]:
        named = self.folder / "root" / "etc" / "hostname"
        return [f"--hostname={named.read_text().strip()}"] if named.exists() else []

    def _wire(self) -> None:
        """Give the neighbours' ends of the two cables their place and address."""
        deadline = time.monotonic() + LINK_SECONDS
        while self.platform.run(["ip", "link", "show", "lan"], check=False).returncode:
            if time.monotonic() > deadline or self.box is None or self.box.poll() is not None:
                return  # the console log says why
            time.sleep(0.02)
        self.platform.run(["ip", "link", "set", "lan", "netns", self.camera_lan.name])
        self.platform.run(["ip", "address", "add", f"{PLATFORM_ADDRESS}/{PREFIX}", "dev", "box"])
        self.platform.run(["ip", "link", "set", "box", "up"])
        for address in CAMERA_LAN_ADDRESSES:
            self.camera_lan.run(["ip", "address", "add", address, "dev", "lan"])
        self.camera_lan.run(["ip", "link", "set", "lan", "up"])

    def _say(self, power: str) -> None:
        leader = self._leader() if power == "on" else None
        state = {"power": power, "boots": self.boots, "leader": leader}
        new = self.folder / "state.new"
        new.write_text(json.dumps(state))
        new.rename(self.folder / "state.json")

    def _leader(self) -> int | None:
        """The guest's PID 1 as the host counts, or None when there is no guest."""
        if self.box is None:
            return None
        children = Path(f"/proc/{self.box.pid}/task/{self.box.pid}/children").read_text()
        return int(children.split()[-1]) if children else None

    def _pull_plug(self) -> None:
        """End the guest at this instant.

        Its PID 1 first, with which the kernel ends every other process of the guest; killing
        nspawn alone would leave them running, and answering.
        """
        if (leader := self._leader()) is not None:
            os.kill(leader, signal.SIGKILL)
        if self.box is not None:
            self.box.kill()

    def _end(self) -> None:
        if self.box is not None and self.box.poll() is None:
            self.box.terminate()
            try:
                self.box.wait(SHUTDOWN_SECONDS)
            except subprocess.TimeoutExpired:
                self._pull_plug()
                self.box.wait()
        self._say("ended")


if __name__ == "__main__":
    Keeper(Path(sys.argv[1])).keep()
