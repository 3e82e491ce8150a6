"""The bed itself: what the other tests lean on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .bed import Bed
from .bed.packages import KEPT, Proxy


@pytest.fixture(scope="module")
def guest() -> Iterator[Bed]:
    made = Bed(f"gh-bed-{os.getpid()}")
    try:
        made.up()
        yield made
    finally:
        made.down()


def test_a_reboot_is_a_new_start_of_the_same_disk(guest: Bed) -> None:
    guest.write("/etc/kept", "still here")
    guest.reboot()
    assert guest.state["boots"] == 2
    assert guest.run(["cat", "/etc/kept"]).stdout == "still here"


def test_a_guest_that_powers_itself_off_stays_off_until_power_is_back(guest: Bed) -> None:
    guest.run(["systemctl", "poweroff"], check=False)
    guest.wait_off()
    guest.power_on()
    assert guest.ssh(["cat", "/etc/kept"]).stdout == "still here"


def test_a_pulled_plug_leaves_the_disk(guest: Bed) -> None:
    guest.cut_power()
    guest.power_on()
    assert guest.ssh(["cat", "/etc/kept"], user="installer").stdout == "still here"


def test_a_guest_has_no_way_out_but_its_neighbours(guest: Bed) -> None:
    routes = guest.run(["ip", "-4", "route"]).stdout
    assert f"default via {guest.platform_address}" in routes
    assert guest.platform.run(["ip", "-4", "route", "show", "default"]).stdout == ""
    beyond = ["ping", "-c", "1", "-W", "2", "203.0.113.1"]
    assert guest.run(beyond, check=False).returncode != 0
    assert guest.run([*beyond[:-1], guest.platform_address]).returncode == 0


def test_packages_come_through_the_proxy_and_are_kept(guest: Bed) -> None:
    assert guest.run(["dpkg", "-s", "sl"], check=False).returncode != 0, "not there before"
    guest.run(["apt-get", "update"])
    guest.run(["apt-get", "install", "-y", "--no-install-recommends", "sl"])
    assert "installed" in guest.run(["dpkg", "-s", "sl"]).stdout
    assert [file.name for file in KEPT.glob("*%2Fsl_*.deb")]


def test_the_proxy_serves_nothing_but_the_hosts_debian_archives() -> None:
    with Proxy(("127.0.0.1", 0)) as proxy:
        assert proxy.file("http://192.0.2.1/secret.deb") is None
        archive = proxy.mirror.main.split("://", 1)[1]
        assert proxy.file(f"http://{archive}dists/no-such-suite/InRelease") is None


def test_nothing_is_left_of_a_bed_that_has_ended() -> None:
    made = Bed(f"gh-gone-{os.getpid()}")
    try:
        made.up()
        keeper = int((made.folder / "keeper.pid").read_text())
        leader = made.state["leader"]
    finally:
        made.down()
    assert not made.folder.exists()
    assert not made.platform.path.exists()
    assert not Path(f"/proc/{leader}").exists()
    assert made.name not in Path("/proc/mounts").read_text()
    command = Path(f"/proc/{keeper}/cmdline")  # empty: dead, and only not yet reaped
    assert not command.exists() or command.read_bytes() == b""
