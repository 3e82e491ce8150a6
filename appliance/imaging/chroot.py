"""Running a program inside a tree that is no running system.

The program gets namespaces of its own: no network (so nothing in an image can come from elsewhere
than the lock), its own host name, processes, mounts and firewall. What it starts ends with it.
"""

import contextlib
import ctypes
import os
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from appliance.provisioning.places import python_path
from appliance.trouble import Trouble

DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}
LAST_LINES = 8
# Whatever is mounted in a tree is mounted for its own processes only, and they end with this one: a
# build that is killed leaves no mount behind through which removing its tree would reach this
# machine's own folders.
APART = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child")


def environment(epoch: int) -> dict[str, str]:
    """What every program of a build finds around it; nothing of this machine's own."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "DEBIAN_FRONTEND": "noninteractive",
        "PYTHONHASHSEED": "0",
        # Python and shadow's tools heed it, and pip's compiled files then bear hashes, not dates.
        "SOURCE_DATE_EPOCH": str(epoch),
        # Ansible's fact `is_chroot`, and systemctl's word for it.
        "debian_chroot": "image",
        "SYSTEMD_OFFLINE": "1",
    }


def run_inside(
    root: Path,
    words: Sequence[str],
    epoch: int,
    *,
    binds: Mapping[Path, str] | None = None,
    log: Path | None = None,
    what: str = "",
) -> str:
    """Run `words` in `root`, with the folders or files of `binds` at their places.

    Returns what it says, which is added to `log`. Raises Trouble with its last lines on failure.
    """
    binding = [f"{source}={target}" for source, target in (binds or {}).items()]
    unshare = [*APART, "--net", "--uts", "--ipc"]
    enter = [sys.executable, "-m", "appliance.imaging.chroot", str(root), *binding, "--", *words]
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        [*unshare, *enter],
        env=environment(epoch) | {"PYTHONPATH": python_path(), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        umask=0o022,
    )
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"## {' '.join(words)}\n{done.stdout}\n")
    if done.returncode != 0:
        lines = [line for line in done.stdout.splitlines() if line.strip()][-LAST_LINES:]
        raise Trouble(f"{what or words[0]} 在镜像中失败：\n" + "\n".join(lines))
    return done.stdout


def main() -> None:
    """Called by `run_inside` in fresh namespaces: furnish the mounts, change the root, run."""
    cut = sys.argv.index("--")
    root, *binding = sys.argv[1:cut]
    words = sys.argv[cut + 1 :]
    place = Path(root)
    _mount("none", "/", flags=_MS_REC | _MS_PRIVATE)
    for name, kind in (("proc", "proc"), ("sys", "sysfs"), ("run", "tmpfs"), ("tmp", "tmpfs")):
        _mount(kind, str(place / name), kind)
    _mount("tmpfs", str(place / "dev"), "tmpfs")
    (place / "tmp").chmod(0o1777)
    for name in ("lock", "sshd"):  # a running system's tmpfiles and units would have made them
        (place / "run" / name).mkdir(mode=0o755)
    _devices(place / "dev")
    for pair in binding:
        source, _, target = pair.partition("=")
        there = place / target.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        if Path(source).is_dir():
            there.mkdir(exist_ok=True)
        else:
            there.touch()
        _mount(source, str(there), flags=_MS_BIND)
    os.chroot(place)
    os.chdir("/")
    os.environ.pop("PYTHONPATH", None)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execvp(words[0], words)  # noqa: S606 - the caller's own words, no shell


def _devices(folder: Path) -> None:
    os.umask(0)
    for name, (major, minor) in DEVICES.items():
        os.mknod(folder / name, 0o666 | stat.S_IFCHR, os.makedev(major, minor))
    for name in ("shm", "pts"):
        (folder / name).mkdir(mode=0o1777 if name == "shm" else 0o755)
    _mount("devpts", str(folder / "pts"), "devpts")
    for name, target in {
        "fd": "/proc/self/fd",
        "stdin": "/proc/self/fd/0",
        "stdout": "/proc/self/fd/1",
        "stderr": "/proc/self/fd/2",
        "ptmx": "pts/ptmx",
    }.items():
        with contextlib.suppress(FileExistsError):
            (folder / name).symlink_to(target)
    os.umask(0o022)


_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18


def _mount(source: str, target: str, kind: str = "", flags: int = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.mount(source.encode(), target.encode(), kind.encode(), flags, None)
    if answer != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


if __name__ == "__main__":
    main()
