#!/usr/bin/python3
"""The disks of this box: how they stand, what they hold, what smartd found, new ones made ready.

    disks.py state UUID MOUNT             one JSON object, for the role
    disks.py format DEVICE UUID           a file system on an empty device, for the role
    disks.py capacity MOUNT…              bytes of the mounted file systems together
    disks.py daily --terabytes 32 MOUNT…  the day's evidence
    disks.py                              run by smartd: its finding is recorded

Standard library only: it runs on the box's own Python.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from evidence import record

ENDS_BYTES = 1 << 20  # that much at both ends of a device must be zero for it to count as empty


class NotEmpty(Exception):
    """A device holds something; it is left as it is."""


def state(uuid: str, mount: Path) -> None:
    """Print the unit's name, whether the disk is there, mounted, and the mount point guarded."""
    told = {
        "unit": _said("systemd-escape", "--path", "--suffix=mount", str(mount)),
        "found": _device(uuid) is not None,
        "mounted": mount.is_mount(),
        "guarded": _immutable(mount),
    }
    print(json.dumps(told))


def make(device: Path, uuid: str) -> None:
    """Make XFS on `device` if it is empty; say `made`, or `there` where it was made before.

    Whatever it holds stays: then this ends with exit code 1 and a sentence.
    """
    if _said("blkid", "-s", "UUID", "-o", "value", str(device)).lower() == uuid.lower():
        print("there")
        return
    try:
        _assert_empty(device)
    except (NotEmpty, OSError) as trouble:
        sys.exit(f"{device} 没有格式化：{trouble}")
    # Without -f, mkfs.xfs itself refuses what it recognises.
    subprocess.run(["mkfs.xfs", "-q", "-m", f"uuid={uuid.lower()}", str(device)], check=True)
    subprocess.run(["udevadm", "settle"], check=False)  # until its name by UUID is there
    print("made")


def _assert_empty(device: Path) -> None:
    if not device.is_block_device():
        raise NotEmpty("不是块设备")
    if _said("wipefs", "--no-act", "--noheadings", str(device)):
        raise NotEmpty("盘上有文件系统或分区表")
    parts = _said("lsblk", "--noheadings", "--list", "--output", "NAME,MOUNTPOINTS", str(device))
    if len(parts.splitlines()) > 1 or len(parts.split()) > 1:
        raise NotEmpty("盘上有分区，或正在使用")
    with device.open("rb") as disk:
        size = disk.seek(0, os.SEEK_END)
        for start in (0, max(0, size - ENDS_BYTES)):
            disk.seek(start)
            if disk.read(ENDS_BYTES).strip(b"\0"):
                raise NotEmpty("盘上有数据")


def capacity(mounts: Iterable[Path]) -> int:
    """Bytes of the devices mounted at `mounts` together; a place that is not mounted has none.

    The file system's own blocks, without its log: a little less than the disks' label says.
    """
    told = [os.statvfs(mount) for mount in mounts if mount.is_mount()]
    return sum(volume.f_blocks * volume.f_frsize for volume in told)


def daily(mounts: list[Path], terabytes: float) -> None:
    """Record what the video disks hold, and which are not mounted."""
    away = [str(mount) for mount in mounts if not mount.is_mount()]
    held = round(capacity(mounts) / 1e12, 2)
    told = {"terabytes": held, "not_mounted": away}
    record("disks", "video-capacity", told, ok=held >= terabytes and not away)


def finding() -> None:
    """Record what smartd found; it tells by variables of the environment (`-M exec`)."""
    told = {
        "device": os.environ.get("SMARTD_DEVICE"),
        "kind": os.environ["SMARTD_FAILTYPE"],
        "message": os.environ.get("SMARTD_MESSAGE"),
    }
    record("disks", "smart", told, ok=told["kind"] == "EmailTest")


def _device(uuid: str) -> str | None:
    return _said("blkid", "--uuid", uuid.lower()) or None


def _immutable(path: Path) -> bool:
    if not path.is_dir() or path.is_mount():
        return False
    return re.match(r"\S*i", _said("lsattr", "-d", str(path)).split(" ")[0]) is not None


def _said(*words: str) -> str:
    """What a tool prints; nothing where it ends with trouble (blkid: nothing found)."""
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def main() -> None:
    if "SMARTD_FAILTYPE" in os.environ:
        finding()
        return
    parser = argparse.ArgumentParser(description="The disks of this box.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    looker = verbs.add_parser("state", help="how a video disk stands, as JSON")
    looker.add_argument("uuid")
    looker.add_argument("mount", type=Path)
    maker = verbs.add_parser("format", help="make XFS on an empty device")
    maker.add_argument("device", type=Path)
    maker.add_argument("uuid")
    teller = verbs.add_parser("capacity", help="bytes of the mounted file systems")
    teller.add_argument("mounts", nargs="*", type=Path)
    recorder = verbs.add_parser("daily", help="record the day's evidence")
    recorder.add_argument("mounts", nargs="*", type=Path)
    recorder.add_argument("--terabytes", type=float, required=True, help="what is demanded")
    told = parser.parse_args()
    if told.verb == "state":
        state(told.uuid, told.mount)
    elif told.verb == "format":
        make(told.device, told.uuid)
    elif told.verb == "capacity":
        print(capacity(told.mounts))
    else:
        daily(told.mounts, told.terabytes)


if __name__ == "__main__":
    main()
