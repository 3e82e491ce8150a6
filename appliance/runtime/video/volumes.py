"""The places of files: the data root, and video disks that must be the right ones (4.4.5-2).

A folder whose disk is not mounted looks like an empty disk: what is written there fills the
system's own, and what is looked for there seems lost. So each use asks first.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.profile.model import Profile
from appliance.profile.storage import ROOT

BY_UUID = Path("/dev/disk/by-uuid")
UDEV = Path("/run/udev/data")
"""What udev knows of each device: a service with PrivateDevices sees no /dev/disk."""


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes in all, and bytes that are free for us."""

    size: int
    free: int


class Volumes:
    """Every volume of a site, by the name that rows use: `root` or a mount."""

    def __init__(
        self, root: Path, uuids: Mapping[str, str], by_uuid: Path = BY_UUID, udev: Path = UDEV
    ) -> None:
        self._root = root
        self._uuids = dict(uuids)
        self._by_uuid = by_uuid
        self._udev = udev

    @classmethod
    def of(cls, profile: Profile) -> "Volumes":
        """The volumes of all machines; those that are not mounted here are in trouble, no more."""
        disks = [disk for machine in profile.machines for disk in machine.video_disks]
        return cls(Path(profile.storage.root), {str(disk.mount): disk.uuid for disk in disks})

    def path(self, volume: str) -> Path:
        """Where a volume lies."""
        return self._root if volume == ROOT else Path(volume)

    def names(self) -> tuple[str, ...]:
        """Every volume of the profile."""
        return (ROOT, *self._uuids)

    def trouble(self, volume: str) -> str | None:
        """Why a volume must not be used now (Chinese), or None."""
        path = self.path(volume)
        try:
            there = os.stat(path)  # noqa: PTH116  # beside the device's stat below
        except OSError as error:
            return f"存放位置 {path} 无法访问（{error.strerror}）"
        return None if volume == ROOT else self._disk_trouble(volume, path, there.st_dev)

    def _disk_trouble(self, mount: str, path: Path, device: int) -> str | None:
        if not path.is_mount():
            return f"录像盘 {mount} 没有挂载"
        uuid = self._uuids.get(mount)
        if uuid is None:
            return f"{mount} 不是站点配置中的录像盘"
        if self._is(device, uuid):
            return None
        return f"挂载在 {mount} 的不是 UUID 为 {uuid} 的磁盘，或该磁盘已掉线"

    def _is(self, device: int, uuid: str) -> bool:
        """Whether a device's file system has that UUID, by /dev/disk or by udev's own record."""
        with suppress(OSError):
            if (self._by_uuid / uuid).stat().st_rdev == device:
                return True
        known = self._udev / f"b{os.major(device)}:{os.minor(device)}"
        with suppress(OSError):
            return f"E:ID_FS_UUID={uuid}" in known.read_text("utf-8", "replace").splitlines()
        return False

    def space(self, volume: str) -> Space:
        """How much room there is; raises OSError."""
        found = os.statvfs(self.path(volume))
        return Space(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)
