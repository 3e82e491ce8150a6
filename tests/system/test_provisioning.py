"""The installer's day: bare box, one command, a second run, a reboot."""

import json
from collections.abc import Iterator

import pytest

from .bed import Bed
from .disks import video_disk
from .installer import Installer, Provisioning


def test_the_second_run_changes_nothing(
    provisioning: tuple[Provisioning, Provisioning],
) -> None:
    first, second = provisioning
    assert first.changed > 50, "a bare box was made a gate appliance"
    assert (second.changed, second.changes) == (0, [])


def test_no_password_of_the_vault_stands_in_the_boxs_own_journal(appliance: Bed) -> None:
    journal = appliance.run(["journalctl", "--output=export"]).stdout
    assert "gatehouse" in journal
    assert "pass-of-" not in journal, "Ansible's modules tell the journal their arguments"


def test_drift_names_what_differs_and_changes_nothing(appliance: Bed, installer: Installer) -> None:
    def differing() -> set[str]:
        asked = installer.drift()
        assert asked.returncode in {0, 1}, asked.stderr
        (machine,) = json.loads(asked.stdout)["machines"].values()
        return {place for change in machine["changes"] for place in change["places"]}

    timer, file = "gatehouse-scan-incoming.timer", "/etc/nut/upsd.conf"
    sound, wrong = appliance.run(["cat", file]).stdout, "LISTEN 127.0.0.9 3493\n"
    appliance.run(["systemctl", "disable", "--now", timer])
    appliance.write(file, wrong, mode=0o640)
    appliance.run(["chgrp", "nut", file])
    try:
        # And what must be told of the file: NUT's own services.
        assert {timer, file} <= differing()
        assert appliance.run(["cat", file]).stdout == wrong
        assert appliance.run(["systemctl", "is-active", timer], check=False).stdout != "active\n"
    finally:
        appliance.write(file, sound, mode=0o640)
        appliance.run(["chgrp", "nut", file])
        appliance.run(["systemctl", "enable", "--now", timer])


@pytest.fixture(scope="module")
def rebooted(appliance: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """The box after a new start, with its video disk."""
    with video_disk(appliance, tmp_path_factory.mktemp("disk")) as mounted:
        appliance.reboot()
        mounted()  # the guest has no udev that would know the disk
        yield appliance


@pytest.mark.usefixtures("rebooted")
def test_a_box_that_has_been_rebooted_is_what_every_role_made_of_it(
    installer: Installer,
) -> None:
    told = installer.gatehouse("verify", "--json")
    checks = json.loads(told.stdout)
    failed = [check for check in checks if check["outcome"] == "failed"]
    assert checks, told.stderr
    assert not failed


def test_no_service_has_failed(rebooted: Bed) -> None:
    failed = rebooted.run(["systemctl", "list-units", "--failed", "--plain", "--no-legend"])
    assert failed.stdout == ""


@pytest.mark.parametrize("user", ["root", "installer"])
def test_ssh_takes_no_password(appliance: Bed, user: str) -> None:
    tried = appliance.platform.run(
        [
            *("ssh", "-v", "-o", f"UserKnownHostsFile={appliance.known_hosts}"),
            *("-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=0"),
            *(f"{user}@{appliance.address}", "true"),
        ],
        check=False,
    )
    assert tried.returncode == 255
    offered = [line for line in tried.stderr.splitlines() if "can continue:" in line]
    assert offered
    assert all(line.strip().endswith("continue: publickey") for line in offered)


def test_an_operator_may_restart_the_gate_but_is_not_root(appliance: Bed) -> None:
    may = appliance.run(["sudo", "-l", "-U", "zhang-san"]).stdout
    assert "systemctl restart gatehouse.service" in may
    assert "(ALL" not in may
    assert not is_root_by_sudo(appliance, "zhang-san")


def test_an_operator_who_maintains_the_box_is_root_by_sudo(appliance: Bed) -> None:
    assert is_root_by_sudo(appliance, "li-si")


def is_root_by_sudo(appliance: Bed, user: str) -> bool:
    done = appliance.run(["runuser", "-u", user, "--", "sudo", "-n", "id", "-u"], check=False)
    return (done.returncode, done.stdout.strip()) == (0, "0")
