"""The lock of Debian packages: each by name, version, sha256 and place in the archive.

No host of a mirror stands in it. Its epoch (seconds since 1970) is the newest moment that any file
of an image may bear, so an image says of itself when its lock was resolved, not when it was built.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from appliance.trouble import Trouble

HEADER = """\
# Every Debian package of the image: name, version, sha256, archive and path in it.
# Written by `gatehouse image lock --refresh --write`; not to be edited by hand.
"""
_EPOCH = re.compile(r"epoch ([0-9]{9,11})")
_PACKAGE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]+) (?P<version>[A-Za-z0-9.+~:-]+) (?P<sha256>[0-9a-f]{64})"
    r" (?P<archive>debian|security)/(?P<path>pool/[A-Za-z0-9./+~_:%-]+\.deb)"
)


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One package; `path` is below the archive's own root, `archive` is debian or security."""

    name: str
    version: str
    sha256: str
    archive: str
    path: str

    @property
    def file(self) -> str:
        """The file's name, as the archive has it."""
        return self.path.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.name} {self.version} {self.sha256} {self.archive}/{self.path}"


@dataclass(frozen=True, slots=True)
class Lock:
    """All packages of an image, sorted by name, and the epoch."""

    epoch: int
    packages: tuple[LockedPackage, ...]

    @property
    def digest(self) -> str:
        """The sha256 of the lock as it is written."""
        return hashlib.sha256(format_lock(self).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Change:
    """One package that another lock has differently; None where a lock does not have it."""

    name: str
    before: str | None
    after: str | None

    def sentence(self) -> str:
        """The change as a line for people."""
        if self.before is None:
            return f"新增  {self.name} {self.after}"
        if self.after is None:
            return f"去掉  {self.name} {self.before}"
        if self.before == self.after:
            return f"变更  {self.name} {self.after}（版本相同，内容不同）"
        return f"更新  {self.name} {self.before} → {self.after}"


def read_lock(text: str, where: str = "images/lock.txt") -> Lock:
    """The lock in `text`; raises Trouble with the line that is none."""
    epoch: int | None = None
    packages: list[LockedPackage] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if found := _EPOCH.fullmatch(line):
            epoch = int(found[1])
        elif found := _PACKAGE.fullmatch(line):
            packages.append(LockedPackage(**found.groupdict()))
        else:
            raise Trouble(f"锁文件 {where} 第 {number} 行不能识别，请从版本库恢复这个文件。")
    if epoch is None or not packages:
        raise Trouble(f"锁文件 {where} 不完整，请从版本库恢复这个文件。")
    names = [package.name for package in packages]
    if twice := {name for name in names if names.count(name) > 1}:
        raise Trouble(f"锁文件 {where} 中 {min(twice)} 写了两次，请从版本库恢复这个文件。")
    return Lock(epoch, _sorted(packages))


def format_lock(lock: Lock) -> str:
    """The lock as its file has it."""
    day = datetime.fromtimestamp(lock.epoch, UTC)
    lines = [HEADER, f"# Resolved {day:%Y-%m-%d %H:%M} UTC.\n", f"epoch {lock.epoch}\n"]
    return "".join(lines + [f"{package}\n" for package in _sorted(lock.packages)])


def changes(before: Iterable[LockedPackage], after: Iterable[LockedPackage]) -> list[Change]:
    """What would change between two locks, by name."""
    old = {package.name: package for package in before}
    new = {package.name: package for package in after}
    return [
        Change(
            name,
            old[name].version if name in old else None,
            new[name].version if name in new else None,
        )
        for name in sorted(old.keys() | new.keys())
        if name not in old or name not in new or old[name].sha256 != new[name].sha256
    ]


def _sorted(packages: Iterable[LockedPackage]) -> tuple[LockedPackage, ...]:
    return tuple(sorted(packages, key=lambda package: package.name))
