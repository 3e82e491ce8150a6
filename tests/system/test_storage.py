"""Role storage on a provisioned box, with a disk of 36 T."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.guideline.retention import Kind
from appliance.profile.loading import load_profile

from .bed.guest import Bed
from .box import day_passes, evidence
from .disks import MOUNT, VIDEO_UNIT, VIDEO_UUID, loop_device, plug_in, pull_out, video_disk
from .installer import SITE

DISKS = "/usr/local/lib/gatehouse/disks.py"


@pytest.fixture(scope="module")
def disk(appliance: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The video disk of site.yaml."""
    with video_disk(appliance, tmp_path_factory.mktemp("disk")):
        yield


@pytest.mark.usefixtures("disk")
def test_a_disk_of_36_t_is_mounted_by_its_uuid_and_seen_to_be_large_enough(appliance: Bed) -> None:
    told = appliance.run(["findmnt", "-no", "UUID,FSTYPE,OPTIONS", MOUNT]).stdout.split()
    assert told[:2] == [VIDEO_UUID, "xfs"]
    assert "noatime" in told[2].split(",")
    day_passes(appliance)
    last = evidence(appliance, "disks", "video-capacity")[-1]
    assert last["ok"]
    assert last["value"] == {"terabytes": pytest.approx(39.58, abs=0.02), "not_mounted": []}


@pytest.mark.usefixtures("disk")
def test_without_its_disk_a_mount_point_takes_nothing_not_even_from_root(appliance: Bed) -> None:
    pull_out(appliance)
    try:
        refused = appliance.run(["touch", f"{MOUNT}/clip.mp4"], check=False)
        assert "not permitted" in refused.stderr
        day_passes(appliance)
        last = evidence(appliance, "disks", "video-capacity")[-1]
        assert (last["ok"], last["value"]["not_mounted"]) == (False, [MOUNT])
    finally:
        appliance.run(["systemctl", "start", VIDEO_UNIT])
    appliance.run(["touch", f"{MOUNT}/clip.mp4"])


@pytest.mark.parametrize("what", ["a file system", "bytes at its end"])
def test_a_disk_that_is_not_empty_is_never_formatted(
    appliance: Bed, tmp_path: Path, what: str
) -> None:
    image = tmp_path / "used.img"
    with image.open("wb") as file:
        file.truncate(400 << 20)
        if what == "bytes at its end":
            file.seek(-512, 2)
            file.write(b"somebody's")
    with loop_device(image) as device:
        plug_in(appliance, device)
        if what == "a file system":
            appliance.run(["mkfs.ext4", "-q", str(device)])
        before = appliance.run(["sha256sum", str(device)]).stdout
        refused = appliance.run([DISKS, "format", str(device), VIDEO_UUID], check=False)
        assert refused.returncode == 1
        assert "没有格式化" in refused.stderr
        assert appliance.run(["sha256sum", str(device)]).stdout == before
        appliance.run(["rm", str(device)])


def test_an_empty_disk_is_formatted_when_told_and_only_once(appliance: Bed, tmp_path: Path) -> None:
    uuid = "9d0c1c1e-93a4-4c6c-9a55-1f2b8a7f0c99"
    image = tmp_path / "new.img"
    with image.open("wb") as file:
        file.truncate(400 << 20)
    with loop_device(image) as device:
        plug_in(appliance, device)
        assert appliance.run([DISKS, "format", str(device), uuid]).stdout == "made\n"
        assert appliance.run([DISKS, "format", str(device), uuid]).stdout == "there\n"
        seen = appliance.run(["blkid", "-s", "UUID", "-o", "value", str(device)]).stdout
        assert seen == f"{uuid}\n"
        appliance.run(["rm", str(device)])


def test_what_smartd_finds_becomes_evidence(appliance: Bed) -> None:
    told = {"SMARTD_FAILTYPE": "Health", "SMARTD_DEVICE": "/dev/sda", "SMARTD_MESSAGE": "FAILED!"}
    appliance.run([DISKS], env={"PATH": "/usr/sbin:/usr/bin", **told})
    last = evidence(appliance, "disks", "smart")[-1]
    assert not last["ok"]
    assert last["value"]["device"] == "/dev/sda"


def test_the_retention_policy_on_the_box_is_the_profiles(appliance: Bed) -> None:
    told = json.loads(appliance.run(["cat", "/etc/gatehouse/retention.json"]).stdout)
    table = load_profile(SITE).storage.retention
    assert {name: kept["kept_days"] for name, kept in told.items()} == {
        kind.value: table.days(kind) for kind in Kind
    }
    assert told["video"]["volumes"] == [MOUNT]
