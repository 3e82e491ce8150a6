"""The video disks are where the profile says, and nothing is kept too short."""

import json

import pytest
from testinfra.host import Host

from appliance.guideline.retention import Kind
from appliance.profile.box import Machine
from appliance.profile.model import Profile

TERABYTE = 10**12


def test_each_video_disk_is_mounted_by_its_uuid(host: Host, machine: Machine) -> None:
    """录像盘按 UUID 挂载"""
    for disk in machine.video_disks:
        told = host.check_output(
            "findmnt --noheadings --output UUID,FSTYPE,OPTIONS %s", str(disk.mount)
        )
        uuid, kind, options = told.split()
        assert (uuid, kind) == (disk.uuid.lower(), "xfs")
        assert "noatime" in options.split(",")


def test_each_video_disk_is_mounted_at_the_next_start(host: Host, machine: Machine) -> None:
    """录像盘开机自动挂载"""
    for disk in machine.video_disks:
        unit = host.check_output("systemd-escape --path --suffix=mount %s", str(disk.mount))
        assert host.check_output("systemctl is-enabled %s", unit) == "enabled"


def test_the_video_disks_hold_32_terabytes(host: Host, machine: Machine) -> None:
    """录像盘不小于 32 T（4.4.5-2）"""
    if not machine.video_disks:
        pytest.skip("这台工控机没有录像盘")
    mounts = " ".join(str(disk.mount) for disk in machine.video_disks)
    with host.sudo():
        held = host.check_output(f"/usr/local/lib/gatehouse/disks.py capacity {mounts}")
    assert int(held) >= 32 * TERABYTE


def test_everything_is_kept_as_the_profile_says_and_no_shorter_than_the_guideline(
    host: Host, profile: Profile
) -> None:
    """保存期限与站点配置一致，不短于指南规定"""
    told = json.loads(host.file("/etc/gatehouse/retention.json").content_string)
    table = profile.storage.retention
    assert {name: kept["kept_days"] for name, kept in told.items()} == {
        kind.value: table.days(kind) for kind in Kind
    }
    assert all(told[kind.value]["kept_days"] >= kind.legal_days for kind in Kind)


def test_the_disks_health_is_watched(host: Host) -> None:
    """磁盘健康监测已启用"""
    assert host.service("smartmontools.service").is_enabled
    assert "disks.py" in host.file("/etc/smartd.conf").content_string
