"""An archive for each test, and a small disk of its own where the machine allows."""

import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .archive import Archive, open_archive

MEGABYTES = 320
"""mkfs.xfs makes none smaller than 300 MB."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = open_archive(tmp_path / "root")
    yield made
    made.journal.close()


@dataclass(frozen=True)
class Disk:
    """A mounted file system, its UUID, and a folder like /dev/disk/by-uuid."""

    mount: Path
    uuid: str
    by_uuid: Path
    image: Path


@pytest.fixture
def xfs(tmp_path: Path) -> Iterator[Disk]:
    """A loop-mounted XFS, as a video disk is; skips where none can be made."""
    image, mount, by_uuid = tmp_path / "disk.img", tmp_path / "disk", tmp_path / "by-uuid"
    with image.open("wb") as file:
        file.truncate(MEGABYTES << 20)
    mount.mkdir()
    by_uuid.mkdir()
    name = str(uuid.uuid4())
    for words in (
        ["mkfs.xfs", "-q", "-m", f"uuid={name}", str(image)],
        ["mount", "-o", "loop", str(image), str(mount)],
    ):
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip(f"{words[0]} is not installed")
        if done.returncode:
            pytest.skip(f"no XFS can be mounted here: {done.stderr.strip()}")
    found = subprocess.run(
        ["findmnt", "-n", "-o", "SOURCE", str(mount)],
        capture_output=True,
        text=True,
        check=True,
    )
    (by_uuid / name).symlink_to(found.stdout.strip())
    yield Disk(mount, name, by_uuid, image)
    subprocess.run(["umount", str(mount)], check=True)
