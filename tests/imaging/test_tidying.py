"""Nothing of its making, and nothing that each box owns alone, stays in a tree."""

import os
import subprocess
from pathlib import Path

import pytest

from appliance.imaging.tidying import clamp, open_mount_points, tidy


def grow(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def left(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


def test_keys_secrets_and_machine_id_leave_and_the_empty_id_stays(tmp_path: Path) -> None:
    grow(
        tmp_path,
        "etc/machine-id",
        "etc/ssh/ssh_host_ed25519_key",
        "etc/ssh/sshd_config",
        "etc/gatehouse/secrets/ups-monitor",
        "etc/nut/upsd.users",
        "etc/nut/ups.conf",
        "var/lib/systemd/random-seed",
    )
    tidy(tmp_path)
    assert left(tmp_path) == {"etc/machine-id", "etc/ssh/sshd_config", "etc/nut/ups.conf"}
    assert (tmp_path / "etc/machine-id").read_text() == ""


def test_logs_leave_but_their_folders_stay_with_their_modes(tmp_path: Path) -> None:
    grow(tmp_path, "etc/machine-id", "var/log/clamav/a.log", "var/log/dpkg.log", "var/log/wtmp")
    (tmp_path / "var/log/clamav").chmod(0o750)
    tidy(tmp_path)
    assert left(tmp_path) == {"etc/machine-id", "var/log/wtmp"}
    assert (tmp_path / "var/log/clamav").stat().st_mode & 0o777 == 0o750


def test_what_is_younger_than_the_lock_bears_the_locks_date_links_included(tmp_path: Path) -> None:
    grow(tmp_path, "old", "young")
    (tmp_path / "link").symlink_to("nowhere")
    os.utime(tmp_path / "old", (1000, 1000))
    clamp(tmp_path, 2000)
    assert [(tmp_path / name).lstat().st_mtime for name in ("old", "young", "link")] == [
        1000,
        2000,
        2000,
    ]


def test_the_guarded_mount_point_of_a_video_disk_bears_the_locks_date_and_can_be_removed(
    tmp_path: Path,
) -> None:
    place = tmp_path / "srv" / "video" / "1"
    place.mkdir(parents=True)
    guarded = subprocess.run(["chattr", "+i", place], capture_output=True, check=False)
    if guarded.returncode:
        pytest.skip("only root guards a folder, on a file system that knows it")
    with pytest.raises(PermissionError):
        clamp(tmp_path, 2000)
    open_mount_points(tmp_path)
    clamp(tmp_path, 2000)
    assert place.stat().st_mtime == 2000
    place.rmdir()
