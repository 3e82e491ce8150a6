"""Whether a mounted disk is the right one."""

import os

from appliance.runtime.video.volumes import Volumes


def test_where_no_device_can_be_seen_udev_says_which_disk_it_is(xfs, tmp_path):
    """The service on a box has PrivateDevices: there is no /dev/disk."""
    mount, nothing, udev = str(xfs.mount), tmp_path / "nothing", tmp_path / "udev"
    udev.mkdir()
    device = xfs.mount.stat().st_dev
    known = udev / f"b{os.major(device)}:{os.minor(device)}"

    def trouble() -> str | None:
        return Volumes(tmp_path, {mount: xfs.uuid}, nothing, udev).trouble(mount)

    assert trouble() is not None
    known.write_text("S:disk/by-uuid/whatever\nE:ID_FS_UUID=0e5e7e1e-another\n")
    assert "不是 UUID" in str(trouble())
    known.write_text(f"E:ID_FS_TYPE=xfs\nE:ID_FS_UUID={xfs.uuid}\n")
    assert trouble() is None
