"""The firewall in force is the profile's."""

import json

from testinfra.host import Host

from appliance.profile.box import Machine
from appliance.profile.model import Profile


def rules(host: Host) -> str:
    with host.sudo():
        return host.check_output("nft list table inet gatehouse")


def test_everything_is_refused_that_no_rule_lets_in(host: Host) -> None:
    with host.sudo():
        said = json.loads(host.check_output("nft -j list chains"))
    policies = {
        chain["chain"]["hook"]: chain["chain"]["policy"]
        for chain in said["nftables"]
        if chain.get("chain", {}).get("table") == "gatehouse" and "policy" in chain["chain"]
    }
    assert policies["input"] == "drop"
    assert policies["forward"] == "drop"


def test_what_is_refused_is_counted(host: Host) -> None:
    for zone in ("uplink", "forward", "ipv6"):
        assert f"counter refused-{zone}" in rules(host)


def test_only_the_authority_reaches_the_cameras(host: Host, profile: Profile) -> None:
    forwarded = [line for line in rules(host).splitlines() if " dnat ip to " in line]
    if not profile.access.authority_networks:
        assert not forwarded
    for line in forwarded:
        assert any(network in line for network in profile.access.authority_networks)


def test_a_plate_camera_reaches_its_own_port_and_no_other_device_does(
    host: Host, profile: Profile, machine: Machine
) -> None:
    let_in = [line.strip() for line in rules(host).splitlines() if "goto to-plates" in line]
    zone = f'iifname "{machine.device_interface}" ' if machine.device_interface else ""
    assert len(let_in) == len(profile.doors_of(machine))
    for door in profile.doors_of(machine):
        rule = f"{zone}ip saddr {door.host} tcp dport {door.port} ct state new"
        assert any(line.startswith(rule) for line in let_in), rule


def test_the_device_lan_gets_the_time(host: Host, machine: Machine) -> None:
    if machine.device_interface:
        assert f'iifname "{machine.device_interface}" udp dport 123' in rules(host)


def test_the_rules_come_back_at_the_next_start(host: Host) -> None:
    assert host.service("nftables").is_enabled
    with host.sudo():
        assert host.run("cmp /etc/gatehouse/firewall.nft /etc/nftables.conf").rc == 0
        assert host.run("nft -c -f /etc/nftables.conf").rc == 0


def test_no_trial_of_a_ruleset_is_left_open(host: Host) -> None:
    assert not host.service("gatehouse-firewall-trial.timer").is_running
