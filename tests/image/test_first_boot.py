"""The image starts by itself on a larger disk, with its profile on the config partition."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.imaging.partitions import plan

from .conftest import Built, tell
from .machine import PC, fill, grown, pc, put_on_config, sparse_copy
from .site import SELF_TEST, Site, site

PATIENCE_SECONDS = float(os.environ.get("GATEHOUSE_IMAGE_PATIENCE", "2400"))
LARGER = 2 << 30


@dataclass
class Box:
    """The machine after its first start, and the site around it."""

    pc: PC
    site: Site
    key: Path
    power: ExitStack

    def start_again(self, *files: Path, full: bool) -> None:
        """Cut its power, lay files on its config partition, fill its data disk, switch it on."""
        self.power.close()
        disk = self.pc.folder / "disk.img"
        put_on_config(disk, plan(), files)
        if full:
            fill(disk, grown(disk, plan().data))
        self.pc = self.power.enter_context(pc(disk, self.pc.folder, (22, 8080)))

    def ssh(self, *words: str, user: str = "zhang-san") -> str:
        """Run as an operator of the profile; he is let in by his key alone."""
        return subprocess.run(
            [
                *("ssh", "-i", self.key, "-p", str(self.pc.ports[22]), "-o", "BatchMode=yes"),
                *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
                *("-o", "ConnectTimeout=60", f"{user}@127.0.0.1", "--", *words),
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        ).stdout.strip()


@pytest.fixture(scope="module")
def box(builds: tuple[Built, Built], workshop: Path, pytestconfig: pytest.Config) -> Iterator[Box]:
    """Started once; the vehicle comes by until the platform has it."""
    folder = workshop / "box"
    folder.mkdir()
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    disk = folder / "disk.img"
    sparse_copy(builds[0].file(".img"), disk, LARGER)
    with site(folder, public) as around, ExitStack() as power:
        put_on_config(disk, plan(), [around.profile, around.secrets])
        machine = power.enter_context(pc(disk, folder, (22, 8080)))
        told = machine.wait(
            lambda: "正在应用站点配置" in machine.console, PATIENCE_SECONDS, "reads its profile"
        )
        machine.screenshot(folder / "applying.png")
        at_work = machine.wait(
            lambda: "门禁已启动" in machine.console, PATIENCE_SECONDS, "starts the gate"
        )
        around.camera.begin()
        passed = machine.wait(
            lambda: any(each.plate == SELF_TEST.plate for each in around.platform.records()),
            PATIENCE_SECONDS,
            "reports the vehicle",
        )
        machine.screenshot(folder / "running.png")
        tell(
            pytestconfig,
            f"power-on to profile read {told:.0f} s, to gate at work {at_work:.0f} s, "
            f"to first passage at the platform {passed:.0f} s (QEMU without KVM)",
        )
        yield Box(machine, around, key, power)


def test_the_vehicle_reaches_the_platform_and_the_barrier_rises(box: Box) -> None:
    assert box.site.relay.raises
    assert not box.site.platform.faults()


def test_nobody_is_logged_in_and_the_gate_runs(box: Box) -> None:
    assert box.ssh("who") == ""
    assert box.ssh("systemctl", "is-active", "gatehouse", "suricata", "nftables") == "\n".join(
        ["active"] * 3
    )


def test_the_kernel_of_the_image_takes_the_native_queue(box: Box) -> None:
    modules = {
        line.split()[0]: line.split()[2] for line in box.ssh("cat", "/proc/modules").splitlines()
    }
    assert int(modules["nft_queue"]) > 0, "the ruleset in force uses it"


def test_the_data_partition_has_grown_over_the_larger_disk(box: Box) -> None:
    size = int(box.ssh("df", "--output=size", "-B1", "/var/lib/gatehouse").splitlines()[1])
    assert size > LARGER


def test_host_keys_and_identity_are_this_boxs_own(box: Box) -> None:
    assert len(box.ssh("cat", "/etc/machine-id")) == 32
    born = int(box.ssh("stat", "-c", "%Y", "/etc/ssh/ssh_host_ed25519_key"))
    assert abs(time.time() - born) < 86_400


def test_the_passwords_have_left_the_config_partition(box: Box) -> None:
    content = box.site.secrets.read_text().split('"')[1].encode()
    with (box.pc.folder / "disk.img").open("rb") as disk:
        disk.seek(plan().config.start)
        assert content not in disk.read(plan().config.size)


def test_no_file_with_a_password_was_written_into_the_journal(box: Box) -> None:
    """Ansible's modules would tell their arguments there, and operators read it."""
    count = "journalctl --boot --output=cat | grep -c 'Invoked with' || true"
    assert box.ssh("sh", "-c", f'"{count}"') == "0"


def test_who_maintains_the_box_comes_in_and_is_root_by_sudo(box: Box) -> None:
    assert box.ssh("sudo", "-n", "id", "-u", user="li-si") == "0"


def test_the_status_page_answers(box: Box) -> None:
    assert box.pc.page("/healthz")[0] == 200


def test_after_a_power_cut_a_faulty_new_profile_and_a_full_disk_are_said_and_the_gate_goes_on(
    box: Box, pytestconfig: pytest.Config
) -> None:
    before = box.site.profile.read_text("utf-8")
    box.site.profile.write_text(before.replace("rated_watts: 6000", "rated_watts: 60"), "utf-8")
    box.start_again(box.site.profile, full=True)
    box.pc.wait(lambda: "ups.rated_watts" in box.pc.console, PATIENCE_SECONDS, "says what is amiss")
    for told in ("数据盘已满", "门禁按原来的站点配置继续运行"):
        assert told in box.pc.console
    seconds = box.pc.wait(
        lambda: "ups.rated_watts" in box.pc.page()[1],
        PATIENCE_SECONDS,
        "the gate's own page says it",
    )
    assert box.ssh("systemctl", "is-active", "gatehouse") == "active"
    box.pc.screenshot(box.pc.folder / "faulty.png")
    tell(pytestconfig, f"power-on of the second start to the gate's own page {seconds:.0f} s")
