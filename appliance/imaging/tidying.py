"""Taking out of a tree what is not the image's: traces of its making, and what each box owns alone.

What is left may be packed twice to the same bytes.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Made by each box for itself at its first start; in an image they would be everybody's.
OF_EACH_BOX = (
    "etc/ssh/ssh_host_*",
    "etc/gatehouse/secrets/*",
    "etc/nut/upsd.users",  # they hold the password of secrets/ups-monitor
    "etc/nut/upsmon.conf",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "var/lib/systemd/credential.secret",
    "etc/ssl/private/*",
    "etc/ssl/certs/ssl-cert-snakeoil.pem",
)
# What the roles wrote for a profile that a box has yet to be given.
OF_THE_PROFILE = ("etc/gatehouse/profile.yaml",)
TRACES = (
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/dpkg/dpkg.cfg.d/99mmdebstrap",
    "etc/apt/sources.list",
    "etc/*-",
    "var/lib/dpkg/*-old",
    "var/lib/dpkg/lock*",
    "var/lib/dpkg/triggers/Lock",
    "var/cache/debconf/*-old",
    "var/lib/apt/lists/*",
    "var/lib/apt/extended_states",
    "var/lib/ucf/*.[0-9]",
    "var/cache/apt/*",
    "var/cache/ldconfig/*",
    "var/cache/fontconfig/*",
    "var/log/**/*",
    "root/.ansible",
    "root/.cache",
    "opt/gatehouse/.lock",
    "run/*",
    "tmp/*",
    "var/tmp/*",
    "dev/*",
    "initrd.img*",
    "vmlinuz*",
)
LOGS = ("btmp", "wtmp", "lastlog")


def tidy(root: Path) -> None:
    """Remove it all; an empty `/etc/machine-id` stays, which the first start fills in place."""
    for pattern in (*OF_EACH_BOX, *OF_THE_PROFILE, *TRACES):
        for path in root.glob(pattern):
            _remove(path, root / "var/log")
    (root / "etc/machine-id").write_text("")


def _remove(path: Path, logs: Path) -> None:
    """A log's folder stays, with its owner and modes: its program cannot make it."""
    if path.is_dir() and not path.is_symlink():
        if logs not in path.parents:
            shutil.rmtree(path)
    elif not (path.parent == logs and path.name in LOGS):
        path.unlink(missing_ok=True)


def open_mount_points(root: Path) -> None:
    """Let the video disks' mount points be dated and removed, which a role has made immutable.

    Neither tar nor mke2fs would keep that; a box's first start does it again.
    """
    places = [str(path) for path in (root / "srv").rglob("*") if path.is_dir()]
    if places:
        words = ["chattr", "-i", *places]
        subprocess.run(words, check=False, capture_output=True)  # noqa: S603


def clamp(root: Path, epoch: int) -> None:
    """Give everything younger than the lock the lock's own moment."""
    for path in [*_walk(root), root]:
        state = path.lstat()
        if state.st_mtime > epoch:
            os.utime(path, (epoch, epoch), follow_symlinks=False)


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root, topdown=False):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() or path.exists():
                yield path
