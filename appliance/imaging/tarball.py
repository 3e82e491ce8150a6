"""The root tarball: the tree as it is, for containers and nspawn; the same bytes each time."""

import subprocess
from pathlib import Path


def write_tarball(root: Path, target: Path, epoch: int) -> None:
    """Pack `root` to `target` (tar, zstd); owners by number, names sorted, nothing of the day."""
    words = ["tar", "--create", "--file=-", f"--directory={root}", "--format=posix"]
    words += ["--sort=name", "--numeric-owner"]
    words += ["--xattrs", "--xattrs-include=security.capability"]
    words += [f"--mtime=@{epoch}", "--clamp-mtime"]
    words += ["--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime", "."]
    surroundings = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    with (
        target.open("wb") as out,
        subprocess.Popen(words, stdout=subprocess.PIPE, env=surroundings) as pack,  # noqa: S603
    ):
        # So many threads, however many this machine has: they shape the stream.
        subprocess.run(
            ["zstd", "--quiet", "-6", "-T2", "--stdout", "-"],  # noqa: S607
            stdin=pack.stdout,
            stdout=out,
            check=True,
        )
    if pack.returncode != 0:
        raise OSError(f"tar {root}: exit {pack.returncode}")
