"""A provisioned box at work, as an acceptance finds it: devices, platform, disk, days behind it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import acceptance_kit.demo
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding, Verdict
from appliance.profile.loading import load_profile

from .bed import Bed
from .bed.places import REPOSITORY
from .box import eventually
from .disks import video_disk
from .gate import Neighbour, gate_devices, platform_command
from .installer import Installer, Running
from .neighbours import SITE, TRUCKS
from .past import Past, past

COMMAND = "/opt/gatehouse/current/bin/gatehouse"
PROFILE = "/etc/gatehouse/profile.yaml"
ANSWERS = Path(acceptance_kit.demo.__file__).with_name("answers.yaml")
LEAST_CLIP_SECONDS = 10


@dataclass
class Gate:
    """The box with its neighbours; `accept` runs the engineer's command against it."""

    box: Bed
    installer: Installer
    cameras: Neighbour
    devices: Neighbour
    past: Past
    plug_in: Callable[[], None]
    """Makes the video disk known to the box, which has no udev, after each start of it."""

    folder: Path
    platform: "subprocess.Popen[str]" = field(init=False)

    def accept(self, *words: str, out: str = "site") -> subprocess.CompletedProcess[str]:
        """`gatehouse accept` on the installer's laptop, with nobody in front of it."""
        return self.installer.gatehouse("accept", *self._unattended(out), *words)

    @contextmanager
    def accepting(self, *words: str, out: str = "site") -> Iterator[Running]:
        """The same while it runs."""
        with self.installer.running("accept", *self._unattended(out), *words) as running:
            yield running

    def _unattended(self, out: str) -> tuple[str, ...]:
        answered = ("--answers", str(ANSWERS), "--truths", str(self.past.truths))
        answered += ("--platform", str(self.database))
        return ("--out", str(self.folder / out), "--yes", "--json", *answered)

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

    def configure_cameras(self) -> None:
        """Set the cameras, as provisioning does: a bed that is used again has fresh ones."""
        names = sorted({camera.password.name for camera in load_profile(SITE).cameras})
        handed = [f"LoadCredential={name}:/etc/gatehouse/secrets/{name}" for name in names]
        words = [word for each in ("User=gatehouse", *handed) for word in ("-p", each)]
        unit = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", *words]
        verb = ["cameras", "configure", "--profile", PROFILE, "--machine", "gate-test"]
        self.box.run([*unit, COMMAND, *verb])

    @property
    def database(self) -> Path:
        """The platform's own file."""
        return self.folder / "platform.sqlite3"

    def start_platform(self) -> None:
        """The authority's platform on its side."""
        command = platform_command(self.database)
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
    def passing(self, *words: str) -> Iterator[set[int]]:
        """The passages that come of telling the devices something, one for each of `words`.

        They are in the set, and their clips there, when the block is entered.
        """
        before = {each["id"] for each in self.newest()["passages"]}
        for each in words:
            self.devices.tell(each)
        new: set[int] = set()

        def recorded() -> bool:
            told = {each["id"]: each for each in self.newest()["passages"]}
            new.update(told.keys() - before)
            filmed = [
                number
                for number in new
                if any(c["seconds"] >= LEAST_CLIP_SECONDS for c in told[number]["clips"])
            ]
            return len(filmed) == len(words)

        eventually(recorded, f"recorded and filmed: {', '.join(words)}", 240)
        yield new


@contextmanager
def gate_at_work(
    box: Bed, installer: Installer, cameras: Neighbour, folder: Path
) -> Iterator[Gate]:
    """A gate that has been at work for days, and that two lorries have passed just now, the bar
    having been raised by hand for one of them."""
    with ExitStack() as undo:
        plug_in = undo.enter_context(video_disk(box, folder))
        # As the role has it, where the disk is there when the box is provisioned.
        box.run(["chown", "gatehouse:gatehouse", "/srv/video/1"])
        before = past(folder)
        before.lay_under(box)
        devices = undo.enter_context(gate_devices(box))
        gate = Gate(box, installer, cameras, devices, before, plug_in, folder)
        gate.start_platform()
        undo.callback(lambda: gate.stop_platform())  # noqa: PLW0108  the one of then
        assert devices.hears()["event"] == "watched"
        gate.configure_cameras()
        eventually(gate.settled, "every program is well", 180)
        with gate.passing(*(f"begin {barrier}" for barrier in TRUCKS)) as new:
            told = gate.newest()["passages"]
            (left,) = (
                each["id"] for each in told if each["id"] in new and each["barrier"] == "A02"
            )
            gate.gatehouse("passage", "manual", str(left), "--by", "门卫")
        eventually(gate.settled, "the platform took everything", 180)
        yield gate
