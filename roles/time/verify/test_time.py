"""The box keeps standard time."""

import pytest
from testinfra.host import Host

from appliance.profile.box import Machine
from appliance.profile.model import Profile


def test_chrony_runs_and_starts_with_the_box(host: Host) -> None:
    assert host.service("chrony").is_running
    assert host.service("chrony").is_enabled


def test_chrony_asks_the_sources_of_the_profile(host: Host, profile: Profile) -> None:
    with host.sudo():
        settings = host.file("/etc/chrony/chrony.conf").content_string
    asked = [line.split()[1] for line in settings.splitlines() if line.startswith("server ")]
    assert asked == list(profile.clock.servers)


def test_the_clock_follows_a_source(host: Host, profile: Profile) -> None:
    with host.sudo():
        tracking = host.check_output("chronyc -c tracking").split(",")
    assert tracking[0] != "7F7F0101", "chrony follows only the box's own clock"
    assert tracking[-1] == "Normal"
    assert abs(float(tracking[4])) <= profile.clock.tolerance_seconds


def test_the_box_serves_the_device_lan(host: Host, machine: Machine) -> None:
    if machine.device_address is None:
        pytest.skip("the profile gives no address on the device LAN")
    assert host.socket("udp://0.0.0.0:123").is_listening


def test_the_clock_is_compared_with_standard_time_every_day(host: Host) -> None:
    timer = host.service("gatehouse-clock-check.timer")
    assert timer.is_running
    assert timer.is_enabled
