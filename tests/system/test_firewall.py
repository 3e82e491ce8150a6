"""What is open is what the profile says, seen from outside."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from .bed import TOOLS, Bed, Namespace, root_of
from .box import eventually
from .installer import SITE, Installer

AUTHORITY = "198.51.100.9"
STRANGER = "203.0.113.9"
SERVED = "1-10000"  # where services listen
SSH, PAGES, VIDEO = 22, {8080, 8081}, (8554, 8555, 8556)


def scan(
    place: Namespace,
    target: str,
    source: str | None = None,
    *,
    device: str = "box",
    ports: str = "1-65535",
) -> set[int]:
    """The TCP ports that answer, open or closed: what a refusing firewall leaves visible."""
    said = place.run(
        [
            *("unshare", "--mount-proc", f"--root={root_of(TOOLS)}"),
            *("nmap", "-n", "-Pn", "-sS", "-p", ports, "-T4"),
            *("--min-rate", "8000", "--max-retries", "1", "--host-timeout", "180s"),
            *(("-S", source, "-e", device) if source else ()),
            *("-oG", "-", target),
        ]
    ).stdout
    return {int(port) for port in re.findall(r"(\d+)/(?:open|closed)/", said)}


def counted(box: Bed) -> dict[str, int]:
    """Refused packets by zone."""
    said = json.loads(
        box.run(["nft", "-j", "list", "counters", "table", "inet", "gatehouse"]).stdout
    )
    counters = [entry["counter"] for entry in said["nftables"] if "counter" in entry]
    return {counter["name"]: counter["packets"] for counter in counters}


@pytest.fixture(scope="module")
def sources(appliance: Bed) -> None:
    """The authority and a stranger stand beyond the platform side."""
    for address in (AUTHORITY, STRANGER):
        appliance.platform.run(["ip", "address", "replace", f"{address}/32", "dev", "box"])


@dataclass(frozen=True)
class Scans:
    """Which ports answered whom, and how many packets were refused meanwhile, by zone."""

    installer: set[int]
    stranger: set[int]
    authority: set[int]
    camera: set[int]
    refused: dict[str, int]


@pytest.fixture(scope="module")
def scans(appliance: Bed, sources: None) -> Scans:
    """Every port asked from four places at once: each scan takes half a minute."""
    before = counted(appliance)
    outside, inside = appliance.platform, appliance.camera_lan
    with ThreadPoolExecutor() as pool:
        asked = [
            pool.submit(scan, outside, appliance.address),
            pool.submit(scan, outside, appliance.address, STRANGER),
            pool.submit(scan, outside, appliance.address, AUTHORITY),
            pool.submit(scan, inside, "10.41.8.10"),
        ]
        found = [each.result() for each in asked]
    after = counted(appliance)
    return Scans(*found, refused={zone: after[zone] - before[zone] for zone in before})


def test_the_installers_network_sees_ssh_and_the_two_pages_only(scans: Scans) -> None:
    assert scans.installer == {SSH, *PAGES}


def test_a_stranger_sees_nothing(scans: Scans) -> None:
    assert scans.stranger == set()
    assert scans.refused["refused-uplink"] > 60_000, "each refusal is counted"


def test_the_authority_sees_the_cameras_video_only(scans: Scans) -> None:
    # The cameras are off: the forwarded ports answer "closed", and nothing else answers.
    assert scans.authority == set(VIDEO)


def test_a_camera_sees_nothing_of_the_box(scans: Scans) -> None:
    assert scans.camera == set()
    assert scans.refused["refused-device"] > 1_000


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize(
    ("port", "camera"), [(8554, "10.41.8.31"), (8555, "10.41.8.32"), (8556, "10.41.8.33")]
)
def test_the_authority_calls_up_the_video_of_each_camera(
    appliance: Bed, port: int, camera: str
) -> None:
    with appliance.camera_lan.running(
        [sys.executable, "-c", ANSWER, camera], stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "listening\n"
        heard = appliance.platform.run(
            [sys.executable, "-c", CALL, AUTHORITY, appliance.address, str(port)]
        )
    assert heard.stdout == camera


ANSWER = """
import socket, sys
with socket.create_server((sys.argv[1], 554)) as server:
    print("listening", flush=True)
    with server.accept()[0] as caller:
        caller.sendall(sys.argv[1].encode())
"""
CALL = """
import socket, sys
source, box, port = sys.argv[1:]
with socket.create_connection((box, int(port)), 10, (source, 0)) as call:
    print(call.recv(100).decode(), end="")
"""


def test_a_caller_who_hammers_at_ssh_is_held_off(appliance: Bed) -> None:
    before = counted(appliance)["refused-too-fast"]
    appliance.platform.run([sys.executable, "-c", HAMMER, "192.0.2.50", appliance.address])
    assert counted(appliance)["refused-too-fast"] > before
    appliance.ssh(["true"])  # others come in all the same


HAMMER = """
import socket, subprocess, sys
source, box = sys.argv[1:]
subprocess.run(["ip", "address", "replace", f"{source}/24", "dev", "box"], check=True)
for _ in range(60):
    try:
        socket.create_connection((box, 22), 0.1, (source, 0)).close()
    except OSError:
        pass
"""


def test_the_box_speaks_to_devices_only_where_the_profile_says(appliance: Bed) -> None:
    before = counted(appliance)["refused-output"]
    for port, heard in ((554, True), (80, True), (502, True), (8000, False)):
        reached = appliance.run([*TRY, "10.41.8.31", str(port)], check=False).stdout
        # A packet that gets through is answered, with a reset where nothing listens.
        assert ("Refused" in reached or not reached) == heard, (port, reached)
    assert counted(appliance)["refused-output"] > before


TRY = [
    "python3",
    "-c",
    "import socket, sys\n"
    "try:\n    socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)\n"
    "except OSError as error:\n    print(type(error).__name__, error)\n",
]


def test_a_ruleset_that_locks_the_installer_out_is_taken_back(
    appliance: Bed, installer: Installer, tmp_path: Path
) -> None:
    in_force = appliance.run(["nft", "-s", "-t", "list", "table", "inet", "gatehouse"]).stdout
    at_start = appliance.run(["cat", "/etc/nftables.conf"]).stdout
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        SITE.read_text().replace(
            "maintenance_networks: [192.0.2.0/24]", "maintenance_networks: [203.0.113.0/24]"
        )
    )
    sooner = json.dumps({"firewall_trial_seconds": 20})
    told = installer.play(wrong, "--tags", "firewall", "--extra-vars", sooner)
    assert told.returncode != 0
    assert "已自动恢复原来的规则" in told.stdout
    trial = appliance.run(["journalctl", "-u", "gatehouse-firewall-trial.service"]).stdout
    assert "firewall_switch.py back" in trial, "it was the box that took the rules back"
    assert appliance.ssh(["true"]).returncode == 0
    assert (
        appliance.run(["nft", "-s", "-t", "list", "table", "inet", "gatehouse"]).stdout == in_force
    )
    assert appliance.run(["cat", "/etc/nftables.conf"]).stdout == at_start
    mended = installer.play(SITE, "--tags", "firewall")
    assert mended.returncode == 0, mended.stdout
    assert appliance.run(["cat", "/etc/gatehouse/firewall.nft"]).stdout == at_start


def test_a_plate_camera_that_pushes_sees_its_own_port_and_its_neighbour_does_not(
    appliance: Bed, installer: Installer, tmp_path: Path
) -> None:
    line = "    password: !secret camera-a02\n"
    push = "    reads: push\n    push: {port: 8091, token: !secret a02-push}\n"
    pushing = tmp_path / "pushing.yaml"
    pushing.write_text(SITE.read_text().replace(line, line + push))
    played = installer.play(pushing, "--tags", "firewall")
    assert played.returncode == 0, played.stdout
    try:
        lan = appliance.camera_lan
        with ThreadPoolExecutor() as pool:
            pushes, neighbour = (
                pool.submit(scan, lan, "10.41.8.10", camera, device="lan", ports=SERVED)
                for camera in ("10.41.8.32", "10.41.8.31")
            )
            outside = pool.submit(scan, appliance.platform, appliance.address, ports=SERVED)
        assert (pushes.result(), neighbour.result()) == ({8091}, set())
        assert outside.result() == {SSH, *PAGES}
    finally:
        back = installer.play(SITE, "--tags", "firewall")
    assert back.returncode == 0, back.stdout


def test_ipv6_is_refused_and_counted(appliance: Bed) -> None:
    listed = json.loads(appliance.run(["ip", "-j", "-6", "address", "show", "uplink0"]).stdout)
    address = listed[0]["addr_info"][0]["local"]
    before = counted(appliance)["refused-ipv6"]
    appliance.platform.run([sys.executable, "-c", CALL6, address], check=False)
    eventually(lambda: counted(appliance)["refused-ipv6"] > before, "counted", 5)


CALL6 = """
import socket, sys
call = socket.socket(socket.AF_INET6)
call.settimeout(1)
call.connect((sys.argv[1], 22, 0, socket.if_nametoindex("box")))
"""
