"""The locked packages as files: kept by their sha256, fetched when they are not there yet."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from appliance.imaging.archives import Archives, archives_of_this_machine, fetch
from appliance.imaging.lock import LockedPackage
from appliance.trouble import Trouble

IMAGES = "image"
"""Under this name of `cache_folder` images keep what they fetched."""


class PackagesGone(Trouble):
    """Locked packages that neither the archive nor the store has any more."""


class PackageStore:
    """Fetched packages, `SHA256.deb` each. What is here is used without asking the archive."""

    def __init__(
        self,
        folder: Path,
        archives: Callable[[], Archives] = archives_of_this_machine,
        get: Callable[[Archives, LockedPackage, Path], bool] = fetch,
    ) -> None:
        self.folder = folder
        self._archives = archives
        self._get = get

    def kept(self, package: LockedPackage) -> Path:
        """Where a package is, or would be, kept."""
        return self.folder / f"{package.sha256}.deb"

    def bring(self, packages: Sequence[LockedPackage], say: Callable[[str], None]) -> None:
        """Have every package here, whole; raises PackagesGone with all that are to be had nowhere.

        So a build fails when a locked version is gone, and never takes another one.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        missing = [package for package in packages if not self._whole(package)]
        if not missing:
            return
        say(f"下载 {len(missing)} 个 Debian 软件包…")
        archives = self._archives()
        with ThreadPoolExecutor(4) as pool:
            here = list(pool.map(lambda package: self._fetch(archives, package), missing))
        if gone := [package for package, well in zip(missing, here, strict=True) if not well]:
            first = "、".join(f"{package.name} {package.version}" for package in gone[:5])
            raise PackagesGone(
                f"锁定的 {len(gone)} 个软件包在软件源和缓存中都没有：{first}。"
                "请用 gatehouse image lock --refresh 查看变化，确认后加 --write 更新锁文件。"
            )

    def _whole(self, package: LockedPackage) -> bool:
        try:
            with self.kept(package).open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest() == package.sha256
        except FileNotFoundError:
            return False

    def _fetch(self, archives: Archives, package: LockedPackage) -> bool:
        part = self.folder / f".{package.sha256}.part"
        part.unlink(missing_ok=True)
        if not self._get(archives, package, part):
            return False
        part.replace(self.kept(package))
        return self._whole(package)


def write_repository(folder: Path, packages: Sequence[LockedPackage], store: PackageStore) -> None:
    """An apt archive with exactly these packages: `Packages`, and the files beside it.

    It needs no signature: apt is told to trust the folder, whose files come by their sha256.
    """
    folder.mkdir(parents=True)
    with ThreadPoolExecutor(2) as pool:
        controls = list(pool.map(lambda package: _control(store.kept(package)), packages))
    with (folder / "Packages").open("w", encoding="utf-8") as index:
        for package, control in zip(packages, controls, strict=True):
            source, target = store.kept(package), folder / package.file
            try:
                os.link(source, target)
            except OSError:  # another file system
                shutil.copyfile(source, target)
            size = source.stat().st_size
            about = f"Filename: {package.file}\nSize: {size}\nSHA256: {package.sha256}\n"
            index.write(f"{control}{about}\n")


def _control(deb: Path) -> str:
    return subprocess.run(  # noqa: S603 - fixed words, no shell
        ["dpkg-deb", "--field", str(deb)],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    ).stdout
