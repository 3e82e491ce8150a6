"""Root file systems made by mmdebstrap, each kept by the digest of its recipe."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import mirror
from .packages import Proxy
from .places import BOX_ADDRESS, CACHE, PLATFORM_ADDRESS, PREFIX, UPLINK


@dataclass(frozen=True)
class Recipe:
    """A Debian 13 root: its packages, and what each guest gets written over it (path to text)."""

    name: str
    packages: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()
    suite: str = mirror.SUITE

    def digest(self, sources: str) -> str:
        """Names the root; another mirror, package or suite makes another root."""
        whole = repr((self.packages, self.suite, sources)).encode()
        return f"{self.name}-{hashlib.sha256(whole).hexdigest()[:16]}"


BARE = Recipe(
    "bare",
    (
        # What the Debian installer leaves behind with "SSH server" and "standard utilities".
        *("systemd-sysv", "dbus", "ifupdown", "iproute2", "iputils-ping", "kmod", "procps"),
        *("openssh-server", "sudo", "nftables", "locales", "tzdata", "ca-certificates"),
        *("python3", "python3-apt", "cron", "logrotate", "less", "vim-tiny"),
    ),
    (
        (
            "/etc/network/interfaces",
            f"auto lo\niface lo inet loopback\n\nauto {UPLINK}\niface {UPLINK} inet static\n"
            f"    address {BOX_ADDRESS}/{PREFIX}\n    gateway {PLATFORM_ADDRESS}\n",
        ),
        ("/etc/apt/apt.conf.d/50bed", mirror.BOX_APT_SETTINGS),
        # Nobody needs this disk after a power cut; the real box keeps dpkg's fsync.
        ("/etc/dpkg/dpkg.cfg.d/bed", "force-unsafe-io\n"),
        # A guest may not set the host's clock: chrony measures and disciplines nothing (-x).
        (
            "/etc/systemd/system/chrony.service.d/bed.conf",
            "[Unit]\nConditionCapability=\n\n"
            "[Service]\nExecStart=\nExecStart=!/usr/sbin/chronyd $DAEMON_OPTS -x\n",
        ),
        ("/etc/sudoers.d/installer", "installer ALL=(ALL) NOPASSWD: ALL\n"),
    ),
)
"""A box as the installer finds it: ssh answers, an account `installer` may use sudo."""

TOOLS = Recipe("tools", ("chrony", "nmap"))
"""What the neighbours run: a time source and a port scanner."""


def root_of(recipe: Recipe) -> Path:
    """The unpacked root of a recipe, made if it is not there yet (some 30 s, cached: nothing)."""
    here = mirror.of_this_host()
    tarball = CACHE / "roots" / f"{recipe.digest(here.sources())}.tar"
    root = tarball.with_suffix("")
    tarball.parent.mkdir(parents=True, exist_ok=True)
    with _alone(tarball.with_suffix(".lock")):
        if not tarball.exists():
            _build(recipe, here, tarball)
        if not root.exists():
            _unpack(tarball, root)
    return root


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _build(recipe: Recipe, here: mirror.Mirror, tarball: Path) -> None:
    unfinished = tarball.with_suffix(".unfinished.tar")
    proxy = Proxy(("127.0.0.1", 0))
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        subprocess.run(
            [
                "mmdebstrap",
                "--quiet",
                "--mode=root",
                "--variant=minbase",
                f'--aptopt=Acquire::http::Proxy "http://127.0.0.1:{proxy.server_port}"',
                '--aptopt=Acquire::Languages "none"',
                f"--include={','.join(recipe.packages)}",
                recipe.suite,
                unfinished,
                "-",
            ],
            input=here.sources(),
            text=True,
            check=True,
        )
    finally:
        proxy.shutdown()
        proxy.server_close()
    unfinished.rename(tarball)


def _unpack(tarball: Path, root: Path) -> None:
    unfinished = root.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    subprocess.run(
        ["tar", "--extract", "--numeric-owner", "--xattrs", "-f", tarball, "-C", unfinished],
        check=True,
    )
    # What mmdebstrap was told to get the packages by; the guest has its own.
    (unfinished / "etc/apt/apt.conf.d/99mmdebstrap").unlink()
    for sources in (unfinished / "etc/apt/sources.list.d").iterdir():
        sources.unlink()
    os.utime(unfinished / "var/lib/apt/lists", (0, 0))  # empty, whatever the date of the build
    unfinished.rename(root)
