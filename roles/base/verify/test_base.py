"""The box is what role base made of it."""

import pytest
from testinfra.host import Host

from appliance.profile.box import Machine
from appliance.profile.model import Profile


def test_the_box_runs_debian_13_under_its_name_in_beijing_time(
    host: Host, machine: Machine
) -> None:
    assert host.system_info.distribution == "debian"
    assert host.system_info.release.startswith("13")
    assert host.check_output("hostname") == machine.name
    assert host.check_output("date +%z") == "+0800"
    assert "zh_CN.utf8" in host.check_output("locale -a")


def test_ssh_refuses_passwords(host: Host) -> None:
    with host.sudo():
        settings = host.check_output("sshd -T").splitlines()
    assert "passwordauthentication no" in settings
    assert "kbdinteractiveauthentication no" in settings
    assert "permitrootlogin without-password" in settings


def test_the_service_account_cannot_log_in_and_owns_its_folder(host: Host) -> None:
    account = host.user("gatehouse")
    assert account.shell == "/usr/sbin/nologin"
    folder = host.file("/var/lib/gatehouse")
    assert (folder.user, folder.group, folder.mode) == ("gatehouse", "gatehouse", 0o750)


def test_every_operator_of_the_profile_has_an_account_a_key_and_no_more(
    host: Host, profile: Profile
) -> None:
    for operator in profile.access.operators:
        account = host.user(operator.name)
        assert "gatehouse-operators" in account.groups
        assert "sudo" not in account.groups
        key = host.file(f"/etc/ssh/gatehouse_keys/{operator.name}")
        assert key.content_string.strip() == operator.ssh_key
        assert (key.user, key.mode) == ("root", 0o644)


def test_who_maintains_the_box_may_do_everything_and_no_other_operator_may(
    host: Host, profile: Profile
) -> None:
    for operator in profile.access.operators:
        with host.sudo():
            may = host.check_output("sudo -l -U %s", operator.name)
        assert ("(ALL : ALL) NOPASSWD: ALL" in may) == operator.maintains


def test_nobody_but_the_profiles_operators_is_one(host: Host, profile: Profile) -> None:
    members = host.check_output("getent group gatehouse-operators").rpartition(":")[2]
    named = {operator.name for operator in profile.access.operators}
    assert set(filter(None, members.split(","))) == named


def test_security_upgrades_install_themselves(host: Host) -> None:
    assert host.package("unattended-upgrades").is_installed
    told = host.check_output("apt-config dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in told
    origins = [line for line in told.splitlines() if "Origins-Pattern::" in line]
    assert len(origins) == 1, "only the security archive"
    assert "Debian-Security" in origins[0]


def test_the_system_journal_is_on_disk(host: Host) -> None:
    assert host.file("/var/log/journal").is_directory
    assert (
        "SystemMaxUse=" in host.file("/etc/systemd/journald.conf.d/gatehouse.conf").content_string
    )


@pytest.mark.parametrize("name", ["accept_redirects", "send_redirects", "accept_source_route"])
def test_the_kernel_takes_no_routing_tricks(host: Host, name: str) -> None:
    assert host.sysctl(f"net.ipv4.conf.all.{name}") == 0


def test_the_device_lan_has_its_address(host: Host, machine: Machine) -> None:
    if not (machine.device_interface and machine.device_address):
        pytest.skip("the profile gives no address on the device LAN")
    addresses = host.check_output("ip -br -4 address show dev %s", machine.device_interface)
    assert machine.device_address in addresses
