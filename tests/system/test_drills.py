"""Drills on a guest that runs this source tree: real systemd, nft and supervisor, real peers.

The guest is bare; the Python and the tree that the test runs with are bound into it, so nothing has
to be provisioned. What it lacks (NUT, chrony, the right to set a clock) is the other beds'.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from acceptance_kit.box import Box
from acceptance_kit.drills import DRILLS, Drill, left_over
from acceptance_kit.findings import Finding, Verdict
from appliance.clock import SystemClock
from appliance.models import ModelStore
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile
from appliance.profile.writing import profile_as_yaml
from appliance.runtime.supervision import programs
from appliance.runtime.vision.readers import MODELS

from .bed import Bed
from .bed.places import REPOSITORY
from .box import eventually
from .console import console
from .gate import platform_of
from .neighbours import SITE, TRUCK

NAME = os.environ.get("GATEHOUSE_DRILL_BED", f"gh-drills-{os.getpid()}")
PYTHON = "/opt/gatehouse/current/venv/bin/python"
DRILL = {drill.name: drill for drill in DRILLS}
UNIT = f"""\
[Service]
User=gatehouse
Environment=GATEHOUSE_SECRETS=/etc/gatehouse/secrets GATEHOUSE_MODELS=/srv/models
ExecStart={PYTHON} -m appliance up /etc/gatehouse/profile.yaml --machine gate-test
Restart=always
KillMode=mixed
[Install]
WantedBy=multi-user.target
"""
NUT = {
    "nut.conf": "MODE=standalone\n",
    "ups.conf": "[ups]\n driver = dummy-ups\n port = simulated.dev\n mode = dummy-once\n",
    "upsd.conf": "LISTEN 127.0.0.1 3493\n",
    "upsd.users": '[gatehouse]\n password = "of-this-guest"\n actions = SET\n',
    "simulated.dev": "ups.status: OL\nbattery.charge: 100\nbattery.runtime: 7200\n",
}
"""As the role `ups` has it, without the monitor."""

INSTALL = ("apt-get", "-qq", "-y", "--no-install-recommends", "install")
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
LAN = "\nauto lan0\niface lan0 inet static\n    address 10.41.8.10/24\n"


def site() -> Profile:
    """The bed's site with the reader whose weights lie in the tree, and quick retries."""
    raw = load_profile(SITE).model_dump(mode="json")
    raw["recognition"] |= {"reader": "own", "frames_per_second": 2}
    raw["uplink"] |= {"retry_pause_limit_seconds": 5, "acknowledge_seconds": 2}
    raw["access"]["gatekeepers"] = []
    raw["machines"][0]["video_disks"] = []
    return Profile.model_validate(raw)


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    """A guest with the gate's programs under systemd."""
    if Path(sys.base_prefix) == Path("/usr"):
        pytest.skip("the guest has a /usr of its own: use a Python that lies elsewhere")
    guest = Bed(NAME)
    binds = [f"--bind-ro={path}" for path in (sys.base_prefix, sys.prefix, REPOSITORY)]
    binds += [f"--bind-ro={path}:/srv/models/{path.name}" for path in models()]
    with ExitStack() as undo:
        if "GATEHOUSE_DRILL_BED" not in os.environ:
            undo.callback(guest.down)
        if not guest.folder.exists():
            guest.up(nspawn=binds)
            furnish(guest)
        yield guest


def models() -> list[Path]:
    """The weights that the lanes need, which are here already."""
    found = [ModelStore.default().find(name) for name in MODELS[site().recognition.reader]]
    if missing := [each.model.name for each in found if each.path is None]:
        pytest.skip(f"no {missing[0]}: gatehouse models fetch --reader own")
    return [each.path for each in found if each.path is not None]


def furnish(guest: Bed) -> None:
    """Make the bare guest a gate, at the places where `gatehouse provision` puts things."""
    guest.run(["chmod", "711", "/root"])  # the Python may lie below it
    guest.run(["useradd", "--system", "--home-dir", "/var/lib/gatehouse", "gatehouse"])
    guest.run(["install", "-d", "-o", "gatehouse", "-m", "750", "/var/lib/gatehouse"])
    guest.run(["sh", "-c", 'printf "%s" "$0" >> /etc/network/interfaces', LAN])
    guest.run(["ifup", "lan0"])
    start = f'#!/bin/sh\ncd /\nexport PYTHONPATH={REPOSITORY}\nexec {sys.executable} {{}}"$@"\n'
    guest.write(PYTHON, start.format(""), 0o755)
    guest.write("/usr/local/bin/gatehouse", start.format("-m appliance "), 0o755)
    guest.write("/etc/gatehouse/profile.yaml", profile_as_yaml(site()))
    guest.run(["apt-get", "-qq", "update"])
    # The recorder's, and photos are stamped in Chinese.
    guest.run([*INSTALL, "ffmpeg", "fonts-noto-cjk"], env=QUIET)
    for secret in sorted({camera.password.name for camera in site().cameras}):
        guest.write(f"/etc/gatehouse/secrets/{secret}", f"pass-of-{secret}\n", 0o600)
    guest.run(["chown", "-R", "gatehouse:", "/etc/gatehouse/secrets"])
    guest.write("/etc/systemd/system/gatehouse.service", UNIT)
    guest.run(["systemctl", "daemon-reload"])
    guest.run(["systemctl", "enable", "--now", "gatehouse.service"])


@pytest.fixture(scope="module")
def devices(bed: Bed) -> Iterator[subprocess.Popen[str]]:
    """Both lanes' cameras and relays; a truck comes when they are told `begin`."""
    with bed.camera_lan.running(
        [sys.executable, "-m", "tests.system.neighbours", "gate"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        yield process


@pytest.fixture(scope="module")
def platform(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The authority's platform; the file of what it got."""
    file = tmp_path_factory.mktemp("platform") / "platform.sqlite3"
    with platform_of(bed, file):
        yield file


@pytest.fixture
def box(bed: Bed) -> Iterator[Box]:
    """The guest; each test leaves it as it was, by the firewall's own account."""
    found = Box(console(bed))
    before = bed.run(["nft", "list", "ruleset"]).stdout
    yield found
    assert bed.run(["nft", "list", "ruleset"]).stdout == before
    assert left_over(found) == ""


@pytest.fixture
def gate(box: Box, platform: Path, devices: subprocess.Popen[str]) -> Box:
    """The same when all programs are well."""
    eventually(lambda: not ill(box), "all programs are well", 240)
    return box


@pytest.fixture(scope="module")
def ups(bed: Bed) -> None:
    """A simulated UPS, with its password where the role keeps it."""
    bed.run([*INSTALL, "nut-server", "nut-client"], env=QUIET)
    for name, text in NUT.items():
        bed.write(f"/etc/nut/{name}", text, 0o640)
        bed.run(["chgrp", "nut", f"/etc/nut/{name}"])
    bed.write("/etc/gatehouse/secrets/ups-monitor", "of-this-guest\n", 0o600)
    bed.run(["systemctl", "restart", "nut-driver-enumerator.service", "nut-server.service"])
    eventually(
        lambda: bed.run(["upsc", "ups@127.0.0.1", "ups.status"], check=False).stdout == "OL\n",
        "the UPS answers",
    )


def ill(box: Box) -> list[str]:
    state = box.state() if not box.gatehouse("journal", "facts").rc else None
    names = [program.name for program in programs(site())]
    return [name for name in names if state is None or not state.well(name)]


def done(drill: Drill, box: Box, hear: Callable[[str], object] = len) -> dict[str, Finding]:
    """The drill's findings by name; `hear` is told how it goes."""
    machine = site().machines[0]
    found = drill.run(box.host, site(), machine, SystemClock(), lambda told: (hear(told), None)[1])
    sys.stderr.writelines(f"{each.name}: {each.measured}\n" for each in found)
    own = f"@{machine.name}"
    return {each.name.removeprefix("drill.").removesuffix(own): each for each in found}


def verdicts(found: dict[str, Finding]) -> dict[str, tuple[Verdict, str]]:
    return {name: (finding.verdict, finding.reason) for name, finding in found.items()}


def test_the_line_is_pulled_and_what_waited_is_backfilled(gate: Box, platform: Path) -> None:
    found = done(DRILL["line"], gate)
    assert verdicts(found) == {"line": (Verdict.YES, ""), "line-backfill": (Verdict.YES, "")}
    states = [row["fields"] for row in Database(platform).query("SELECT fields FROM messages")]
    assert any("离线" in fields for fields in states)


def test_each_program_is_killed_and_comes_back(gate: Box) -> None:
    found = done(DRILL["kill"], gate)
    assert verdicts(found) == {"kill": (Verdict.YES, "")}


def test_a_camera_goes_away_and_its_lane_alone_tells_of_it(gate: Box) -> None:
    found = done(DRILL["camera"], gate)
    assert verdicts(found) == {
        "camera@A01": (Verdict.YES, ""),
        "camera@A02": (Verdict.YES, ""),
    }


def test_what_a_liar_says_is_not_believed_and_the_truck_is_told_of_afterwards(
    gate: Box, platform: Path, devices: subprocess.Popen[str]
) -> None:
    def truck_comes(told: str) -> None:
        if told.startswith("平台的应答") and devices.stdin is not None:
            devices.stdin.write("begin\n")
            devices.stdin.flush()

    found = done(DRILL["lies"], gate, truck_comes)
    assert verdicts(found) == {"lies": (Verdict.YES, "")}
    messages = Database(platform).query("SELECT fields FROM messages WHERE cn = '60001'")
    assert any(TRUCK.plate in row["fields"] for row in messages)


CUT = """
import sys, time
from datetime import timedelta
from ipaddress import IPv4Address
from acceptance_kit.box import Box
from acceptance_kit.drills.undo import broken, cut_off
from tests.system.bed import Bed
from tests.system.console import console
with broken(Box(console(Bed(sys.argv[1]))), cut_off(IPv4Address("192.0.2.1"), 9212),
            timedelta(seconds=float(sys.argv[2]))):
    print("broken", flush=True)
    time.sleep(600)
"""


def interrupted(bed: Bed, bound: float, how: signal.Signals) -> None:
    """A kit that is in the middle of a cut, and ends like that."""
    process = subprocess.Popen(
        [sys.executable, "-c", CUT, bed.name, str(bound)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "broken\n"
    assert "gatehouse_drill" in bed.run(["nft", "list", "ruleset"]).stdout
    process.send_signal(how)
    process.wait(60)
    process.stdout.close()


def test_a_kit_that_is_killed_leaves_a_box_that_mends_itself_within_the_bound(
    bed: Bed, box: Box
) -> None:
    interrupted(bed, 15, signal.SIGKILL)
    assert left_over(box) != ""
    eventually(lambda: left_over(box) == "", "the box has mended itself", 40)


def test_a_kit_that_is_interrupted_mends_the_box_before_it_ends(bed: Bed, box: Box) -> None:
    begun = time.monotonic()
    interrupted(bed, 300, signal.SIGINT)
    assert left_over(box) == ""
    assert time.monotonic() - begun < 300


def test_two_kits_cannot_drill_at_once(bed: Bed, box: Box) -> None:
    interrupted(bed, 20, signal.SIGKILL)
    found = done(DRILL["line"], box)
    assert found["line"].verdict is Verdict.UNTESTED
    eventually(lambda: left_over(box) == "", "the box has mended itself", 60)


def test_the_box_is_rebooted_and_the_programs_come_back_with_nobody_there(
    bed: Bed, gate: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acceptance_kit.drills.reboot.FIRST_PASSAGE", timedelta(seconds=5))
    boots = bed.state["boots"]
    found = done(DRILL["reboot"], gate)
    assert verdicts(found) == {"reboot": (Verdict.YES, "")}
    assert bed.state["boots"] == boots + 1


def test_the_gate_goes_on_with_the_battery_and_the_mains_come_back(gate: Box, ups: None) -> None:
    found = done(DRILL["mains"], gate)
    assert verdicts(found) == {"mains": (Verdict.YES, "")}
    assert "120 分钟" in found["mains"].measured
    assert gate.as_root("upsc", "ups@127.0.0.1", "ups.status").stdout == "OL\n"


def test_a_box_without_a_time_source_is_untested_and_says_why(box: Box) -> None:
    found = done(DRILL["clock"], box)
    assert found["clock"].verdict is Verdict.UNTESTED
    assert found["clock"].reason
