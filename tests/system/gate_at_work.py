"""A provisioned box at work, as an acceptance finds it: devices, platform, disk, a few passages."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import acceptance_kit.demo
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding, Verdict
from appliance.profile.loading import load_profile

from .bed import Bed
from .bed.places import PLATFORM_ADDRESS, REPOSITORY
from .box import eventually
from .disks import video_disk
from .installer import Installer
from .neighbours import SITE, TRUCKS

COMMAND = "/opt/gatehouse/current/bin/gatehouse"
PROFILE = "/etc/gatehouse/profile.yaml"
ANSWERS = Path(acceptance_kit.demo.__file__).with_name("answers.yaml")
REGISTER = REPOSITORY / "site_profiles" / "demo-vehicles.csv"


@dataclass
class Gate:
    """The box with its neighbours; `accept` runs the engineer's command against it."""

    box: Bed
    installer: Installer
    cameras: "subprocess.Popen[str]"
    devices: "subprocess.Popen[str]"
    folder: Path
    platform: "subprocess.Popen[str]" = field(init=False)
    before: set[str] = field(default_factory=set)
    """What was 否 before anything was planted."""

    def accept(self, *words: str, out: str = "site") -> subprocess.CompletedProcess[str]:
        """`gatehouse accept` on the installer's laptop, with nobody in front of it."""
        common = ("--out", str(self.folder / out), "--yes", "--answers", str(ANSWERS))
        return self.installer.gatehouse("accept", *common, *words)

    def found(self, out: str = "site") -> dict[str, Finding]:
        """What the acceptance has found so far, by name."""
        return {each.name: each for each in EvidenceFolder(self.folder / out).findings()}

    def refused(self, out: str = "site") -> set[str]:
        """The names of what is 否."""
        return {name for name, each in self.found(out).items() if each.verdict is Verdict.NO}

    def run(self, text: str) -> str:
        """A line of shell on the box, as root."""
        return self.box.run(["sh", "-c", text]).stdout

    def gatehouse(self, *words: str) -> str:
        """A verb of the command on the box, as its service account."""
        command = ["runuser", "-u", "gatehouse", "--", COMMAND, *words, "--profile", PROFILE]
        return self.box.run(command).stdout

    def newest(self) -> dict[str, Any]:
        """What the box's journal tells of its newest passages, messages and programs."""
        told: dict[str, Any] = json.loads(self.gatehouse("journal", "newest", "--json"))
        return told

    def tell(self, neighbour: "subprocess.Popen[str]", words: str) -> None:
        """Say a line to the cameras or the devices."""
        assert neighbour.stdin is not None
        neighbour.stdin.write(f"{words}\n")
        neighbour.stdin.flush()

    def configure_cameras(self) -> None:
        """Set the cameras, as provisioning does: a bed that is used again has fresh ones."""
        names = sorted({camera.password.name for camera in load_profile(SITE).cameras})
        handed = [f"LoadCredential={name}:/etc/gatehouse/secrets/{name}" for name in names]
        words = [word for each in ("User=gatehouse", *handed) for word in ("-p", each)]
        unit = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", *words]
        verb = ["cameras", "configure", "--profile", PROFILE, "--machine", "gate-test"]
        self.box.run([*unit, COMMAND, *verb])

    def start_platform(self) -> None:
        """The authority's platform on its side."""
        words = ["--host", PLATFORM_ADDRESS, "--port", str(load_profile(SITE).uplink.port)]
        words += ["--database", str(self.folder / "platform.sqlite3"), "--profile", str(SITE)]
        command = [sys.executable, "-m", "appliance", "platform", *words]
        self.platform = self.box.platform.start(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL)

    def stop_platform(self) -> None:
        """As if it were down."""
        self.platform.terminate()
        self.platform.wait()

    def settled(self) -> bool:
        """Whether every program is well and nothing is owed."""
        told = self.newest()
        return told["outbox"]["waiting"] == 0 and all(each["ok"] for each in told["programs"])


@contextmanager
def gate_at_work(
    box: Bed, installer: Installer, cameras: "subprocess.Popen[str]", folder: Path
) -> Iterator[Gate]:
    """A gate that two lorries have passed, one of them with the bar raised by hand."""
    devices = [sys.executable, "-m", "tests.system.neighbours", "gate"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with ExitStack() as undo:
        undo.enter_context(video_disk(box, folder))
        # As the role has it, where the disk is there when the box is provisioned.
        box.run(["chown", "gatehouse:gatehouse", "/srv/video/1"])
        around = undo.enter_context(box.camera_lan.running(devices, cwd=REPOSITORY, **pipes))
        gate = Gate(box, installer, cameras, around, folder)
        gate.start_platform()
        undo.callback(gate.stop_platform)
        assert around.stdout is not None
        assert [json.loads(around.stdout.readline())["event"] for _ in range(2)] == [
            "ready",
            "watched",
        ]
        box.run(
            ["install", "-m", "644", "/dev/stdin", "/run/register.csv"], input=REGISTER.read_text()
        )
        gate.gatehouse("vehicles", "import", "/run/register.csv")
        gate.configure_cameras()
        eventually(gate.settled, "every program is well", 180)
        before = {each["id"] for each in gate.newest()["passages"]}
        for barrier in TRUCKS:
            gate.tell(around, f"begin {barrier}")
        new: dict[str, int] = {}

        def passed() -> bool:
            for each in gate.newest()["passages"]:
                if each["id"] not in before:
                    new[each["barrier"]] = each["id"]
            return new.keys() == TRUCKS.keys()

        eventually(passed, "both lorries passed", 180)
        gate.gatehouse("passage", "manual", str(new["A02"]), "--by", "门卫")
        eventually(gate.settled, "the platform took everything", 180)
        yield gate
