"""The kept packages: used when whole, fetched when not, and never replaced by others."""

import hashlib
from pathlib import Path

import pytest

from appliance.imaging.archives import Archives
from appliance.imaging.lock import LockedPackage
from appliance.imaging.packages import PackageStore
from appliance.trouble import Trouble

NOWHERE = Archives("http://debian.invalid/", "http://security.invalid/")


def package(content: bytes, name: str = "bash") -> LockedPackage:
    digest = hashlib.sha256(content).hexdigest()
    return LockedPackage(name, "1", digest, "debian", f"pool/{name}_1_amd64.deb")


class Archive:
    """An archive of files by name; it counts what it is asked for."""

    def __init__(self, **files: bytes) -> None:
        self.files = files
        self.asked: list[str] = []

    def get(self, archives: Archives, wanted: LockedPackage, target: Path) -> bool:
        self.asked.append(archives.address(wanted))
        if wanted.name not in self.files:
            return False
        target.write_bytes(self.files[wanted.name])
        return True


def store(folder: Path, archive: Archive) -> PackageStore:
    return PackageStore(folder, lambda: NOWHERE, archive.get)


def silent(_: str) -> None:
    """Say nothing."""


def test_what_is_kept_is_not_asked_for_again(tmp_path: Path) -> None:
    archive = Archive(bash=b"whole")
    kept = store(tmp_path, archive)
    kept.bring([package(b"whole")], silent)
    kept.bring([package(b"whole")], silent)
    assert archive.asked == ["http://debian.invalid/pool/bash_1_amd64.deb"]
    assert kept.kept(package(b"whole")).read_bytes() == b"whole"


def test_a_spoilt_file_is_fetched_again(tmp_path: Path) -> None:
    archive = Archive(bash=b"whole")
    kept = store(tmp_path, archive)
    kept.kept(package(b"whole")).write_bytes(b"spoilt")
    kept.bring([package(b"whole")], silent)
    assert kept.kept(package(b"whole")).read_bytes() == b"whole"


def test_a_version_that_is_nowhere_fails_the_build_and_is_named(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"锁定的 1 个软件包.*zstd 1"):
        store(tmp_path, Archive(bash=b"x")).bring([package(b"x"), package(b"y", "zstd")], silent)


def test_another_file_under_the_same_name_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="bash 1"):
        store(tmp_path, Archive(bash=b"drifted")).bring([package(b"locked")], silent)
