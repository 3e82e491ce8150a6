"""The video disks are where the profile says, and nothing is kept too short."""

import json

import pytest
from testinfra.host import Host

from appliance.profile.box import Machine

TERABYTE = 10**12
LEGAL_DAYS = {"passages": 730, "photos": 730, "clips": 730, "video": 365, "smoke": 365}


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


def test_nothing_is_kept_shorter_than_the_guideline_asks(host: Host) -> None:
    """保存期限不短于指南规定"""
    days = json.loads(host.file("/etc/gatehouse/retention.json").content_string)["days"]
    assert {kind: days[kind] >= least for kind, least in LEGAL_DAYS.items()} == dict.fromkeys(
        LEGAL_DAYS, True
    )


def test_the_disks_health_is_watched(host: Host) -> None:
    """磁盘健康监测已启用"""
    assert host.service("smartmontools.service").is_enabled
    assert "disks.py" in host.file("/etc/smartd.conf").content_string
