"""A provisioned box at work, as an acceptance finds it: devices, platform, disk, days behind it."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

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
GOOD = Path(acceptance_kit.demo.__file__).with_name("answers.yaml")
"""What the people of the demo site answer; it alone lacks the display of 4.5.1-4."""

LEAST_CLIP_SECONDS = 10
RULES = "/etc/suricata/gatehouse/gatehouse.rules /etc/suricata/gatehouse/bundle/*.rules"
VIRUSES = "/var/lib/clamav/*.hdb"


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
        answers = self.folder / "good.yaml"
        told = yaml.safe_load(GOOD.read_text("utf-8")) | {"display.content": "是"}
        answers.write_text(yaml.safe_dump(told, allow_unicode=True), "utf-8")
        answered = ("--answers", str(answers), "--truths", str(self.past.truths))
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

    def settles(self, seconds: float = 240) -> None:
        """Wait until every program is well and nothing is owed."""
        eventually(lambda: not self.unsettled(), self.unsettled, seconds)

    def unsettled(self) -> str:
        """Which program is not well, and what is owed; empty when nothing is."""
        told = self.newest()
        ill = [
            f"{each['program']}: {each['detail']}" for each in told["programs"] if not each["ok"]
        ]
        waiting = told["outbox"]["waiting"]
        return "; ".join([*ill, *([f"{waiting} messages wait"] if waiting else [])])

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
        # The bundles of these tests are as old as their commit; a site's come every day.
        box.run(["sh", "-c", f"touch {RULES} {VIRUSES}"])
        before = past(folder)
        before.lay_under(box)
        devices = undo.enter_context(gate_devices(box))
        gate = Gate(box, installer, cameras, devices, before, plug_in, folder)
        gate.start_platform()
        undo.callback(lambda: gate.stop_platform())  # noqa: PLW0108  the one of then
        assert devices.hears()["event"] == "watched"
        gate.configure_cameras()
        gate.settles()
        # A clip begins before its passage; of what came before the camera was there, there is none.
        time.sleep(load_profile(SITE).recording.before_seconds)
        with gate.passing(*(f"begin {barrier}" for barrier in TRUCKS)) as new:
            told = gate.newest()["passages"]
            (left,) = (
                each["id"] for each in told if each["id"] in new and each["barrier"] == "A02"
            )
            gate.gatehouse("passage", "manual", str(left), "--by", "门卫")
        gate.settles()
        yield gate
