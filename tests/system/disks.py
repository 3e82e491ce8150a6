"""Disks for a bed: files on the host behind loop devices, their nodes made in the guest.

The guest has no udev, so `/dev/disk/by-uuid` is made by hand, after each start anew.
"""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .bed.guest import Bed

MOUNT = "/srv/video/1"
VIDEO_UNIT = "srv-video-1.mount"
VIDEO_UUID = "5f0c1c1e-93a4-4c6c-9a55-1f2b8a7f0c36"
"""The UUID that site.yaml names. The kernel, which beds share, mounts it only once at a time."""


def _host(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def loop_device(file: Path) -> Iterator[Path]:
    """A loop device of `file` on the host."""
    device = _host("losetup", "--find", "--show", str(file))
    try:
        yield Path(device)
    finally:
        _host("losetup", "--detach", device)


@contextmanager
def huge_disk(folder: Path, terabytes: int = 36) -> Iterator[Path]:
    """A real XFS of so many TiB in 66 MB: a sparse file, itself on XFS (ext4 refuses it)."""
    outer = folder / "outer.img"
    place = folder / "outer"
    place.mkdir()
    with ExitStack() as undo:
        _host("truncate", "--size=8G", str(outer))
        _host("mkfs.xfs", "-q", str(outer))
        below = undo.enter_context(loop_device(outer))
        _host("mount", str(below), str(place))
        undo.callback(_host, "umount", str(place))
        _host("truncate", f"--size={terabytes}T", str(place / "disk.img"))
        # A log of the usual 2 GB would be written in full.
        _host("mkfs.xfs", "-q", "-l", "size=64m", "-m", f"uuid={VIDEO_UUID}", f"{place}/disk.img")
        yield undo.enter_context(loop_device(place / "disk.img"))


@contextmanager
def video_disk(box: Bed, folder: Path) -> Iterator[Callable[[], None]]:
    """The video disk of site.yaml, plugged in and mounted; what is yielded does so once more,
    after a start of the box."""
    with huge_disk(folder) as device:

        def mounted() -> None:
            plug_in(box, device, VIDEO_UUID)
            box.run(["systemctl", "start", VIDEO_UNIT])

        try:
            mounted()
            yield mounted
        finally:
            # Whatever became of the box, the host's devices below are given back; a recorder at
            # work holds its disk.
            box.run(["systemctl", "stop", "gatehouse.service", VIDEO_UNIT], check=False)
            box.run(["umount", MOUNT], check=False)  # where systemd lost the mount's group
            gone = ["rm", "-f", str(device), f"/dev/disk/by-uuid/{VIDEO_UUID}"]
            box.run(gone, check=False)
            box.run(["systemctl", "start", "gatehouse.service"], check=False)


def pull_out(box: Bed) -> None:
    """The video disk goes, whoever has files open on it."""
    box.run(["umount", "--lazy", MOUNT])


def plug_in(box: Bed, device: Path, uuid: str | None = None) -> None:
    """Make the host's `device` known in the guest, under its UUID as well where it has one."""
    number = device.name.removeprefix("loop")
    box.run(["mknod", "-m", "0660", str(device), "b", "7", number], check=False)
    if uuid is not None:
        box.run(["mkdir", "-p", "/dev/disk/by-uuid"])
        box.run(["ln", "-sfn", str(device), f"/dev/disk/by-uuid/{uuid}"])
        # A service with devices of its own sees no /dev/disk: it asks what udev wrote down.
        box.write(f"/run/udev/data/b7:{number}", f"E:ID_FS_UUID={uuid}\n", 0o644)
