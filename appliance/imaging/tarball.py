"""The root tarball: the tree as it is, for containers and nspawn; the same bytes each time."""

import subprocess
from pathlib import Path


def write_tarball(root: Path, target: Path, epoch: int) -> None:
    """Pack `root` to `target` (tar, zstd); owners by number, names sorted, nothing of the day."""
    pack = subprocess.Popen(  # noqa: S603 - fixed words, no shell
        [  # noqa: S607
            "tar",
            "--create",
            "--file=-",
            f"--directory={root}",
            "--format=posix",
            "--sort=name",
            "--numeric-owner",
            "--xattrs",
            "--xattrs-include=security.capability",
            f"--mtime=@{epoch}",
            "--clamp-mtime",
            "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
            ".",
        ],
        stdout=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    )
    with target.open("wb") as out:
        # So many threads, however many this machine has: they shape the stream.
        subprocess.run(
            ["zstd", "--quiet", "-6", "-T2", "--stdout", "-"],  # noqa: S607
            stdin=pack.stdout,
            stdout=out,
            check=True,
        )
    if pack.wait() != 0:
        raise OSError(f"tar {root}: exit {pack.returncode}")
