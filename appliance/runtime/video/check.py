"""`gatehouse storage check`: what is on the disks against what the journal says, and mending it.

Day by day, so that a year's files are never all in memory. A file that is still young may be about
to be named, so it is passed over; a volume that is not there is told and left alone.
"""

import errno
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from appliance.clock import BEIJING, Clock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.inventory import Inventory, Known
from appliance.runtime.journal.video import Fragment
from appliance.runtime.video.volumes import Volumes

YOUNG = timedelta(minutes=15)
PROBE_SECONDS = 30
_FRAGMENT = re.compile(r"video/(\d{4}-\d\d-\d\d)/([a-z0-9][a-z0-9-]*)/(\d{6})\.mp4")


class Wrong(StrEnum):
    """What can be wrong with a file."""

    UNKNOWN = "没有记录的文件"
    MISSING = "文件缺失"
    DAMAGED = "文件损坏"
    ABSENT = "存放位置不可用"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault; `mended` says in Chinese what was done, None when nothing was."""

    wrong: Wrong
    volume: str
    path: str
    detail: str
    mended: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """For machines."""
        return {
            "wrong": self.wrong.name.lower(),
            "volume": self.volume,
            "path": self.path,
            "detail": self.detail,
            "mended": self.mended,
        }

    def as_text(self) -> str:
        """One line for people."""
        done = f"；已处理：{self.mended}" if self.mended else ""
        return f"{self.wrong}：{self.volume}:{self.path}（{self.detail}）{done}"


class Checker:
    """One check of a storage root and its volumes."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        volumes: Volumes,
        *,
        mend: bool = False,
        probe: bool = False,
    ) -> None:
        """`probe` opens every fragment with ffprobe, not only those that look wrong."""
        self._journal = journal
        self._inventory: Inventory = journal.inventory()
        self._clock = clock
        self._volumes = volumes
        self._mend = mend
        self._probe = probe

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong, one after the other; mended as it is found, if asked."""
        for volume in sorted({*self._journal.shelves().volumes(), *self._volumes.names()}):
            trouble = self._volumes.trouble(volume)
            if trouble is None:
                for folder in ("photos", "clips", "video"):
                    for day in self._days(volume, folder):
                        yield from self._day(volume, f"{folder}/{day}")
            elif self._inventory.days(volume, "video") or self._inventory.days(volume, "clips"):
                yield Finding(Wrong.ABSENT, volume, "", trouble)

    def _days(self, volume: str, folder: str) -> list[str]:
        there = self._volumes.path(volume) / folder
        on_disk = {each.name for each in there.iterdir()} if there.is_dir() else set()
        return sorted(on_disk | set(self._inventory.days(volume, folder)))

    def _day(self, volume: str, day: str) -> Iterator[Finding]:
        known = {each.path: each for each in self._inventory.files(volume, day)}
        base = self._volumes.path(volume)
        there = {
            file.relative_to(base).as_posix(): file
            for file in sorted((base / day).rglob("*"))
            if not file.is_dir()
        }
        for path, file in there.items():
            if path in known:
                yield from self._known(known[path], file)
            elif self._is_old(file) and (size := _size(file)) is not None:
                yield self._unknown(volume, path, file, size)
        missing = [one for path, one in known.items() if path not in there and one.expected]
        # The sweeper takes row and file away meanwhile: only a row that is still there misses one.
        still = self._inventory.files(volume, day) if missing else []
        expected = {one.path for one in still if one.expected}
        yield from (self._missing(one) for one in missing if one.path in expected)

    def _is_old(self, file: Path) -> bool:
        try:
            changed = datetime.fromtimestamp(file.stat().st_mtime, BEIJING)
        except OSError:
            return False  # gone meanwhile
        return abs(self._clock.now() - changed) > YOUNG

    def _unknown(self, volume: str, path: str, file: Path, size: int) -> Finding:
        """A file without a row: adopted when it is a fragment that plays, else taken away."""
        found = Finding(Wrong.UNKNOWN, volume, path, f"{size} 字节")
        if not self._mend:
            return found
        named = _FRAGMENT.fullmatch(path)
        if named and size and not self._journal.shelves().is_unlinking(volume, path):
            seconds = seconds_of(file)
            if seconds is None:
                return found  # it may well be sound: nobody can tell now
            fragment = _fragment(volume, path, named, seconds, size)
            if fragment is not None:
                self._journal.video().add_fragment(fragment)
                return _mended(found, "补记为录像")
        file.unlink(missing_ok=True)
        return _mended(found, "已删除")

    def _missing(self, known: Known) -> Finding:
        """A row without its file: evidence that is lost; of video, the row goes as well."""
        found = Finding(Wrong.MISSING, known.volume, known.path, f"应为 {known.bytes} 字节")
        if not self._mend or not known.mendable:
            return found
        self._inventory.drop(known, f"{known.path} 的文件缺失，已从索引中除去。")
        return _mended(found, "已从索引中除去")

    def _known(self, known: Known, file: Path) -> Iterator[Finding]:
        if not known.expected:
            # Its row is gone and its unlinking was broken off.
            found = Finding(Wrong.UNKNOWN, known.volume, known.path, "已按策略删除记录，文件尚在")
            if self._mend:
                file.unlink(missing_ok=True)
                found = _mended(found, "已删除")
            yield found
            return
        size = _size(file)
        if size is None:
            return
        differs = size != known.bytes
        seconds = None
        if known.mendable and (differs or self._probe) and size:
            seconds = seconds_of(file)
            if not differs and seconds != 0:
                return  # plays, or nobody can tell
        elif not differs:
            return
        detail = f"应为 {known.bytes} 字节，实为 {size} 字节" + (
            "，不能播放" if seconds == 0 else ""
        )
        found = Finding(Wrong.DAMAGED, known.volume, known.path, detail)
        if self._mend and known.mendable:
            found = self._repair(known, file, size, found, seconds)
        yield found

    def _repair(
        self, known: Known, file: Path, size: int, found: Finding, seconds: float | None
    ) -> Finding:
        """What still plays is kept as it is; an empty or unplayable fragment goes, with an
        event. Where ffprobe cannot tell, it stays."""
        if size and seconds is None:
            return found
        if size and seconds:
            self._inventory.resize(known, size, seconds)
            return _mended(found, f"按实际长度 {seconds:.0f} 秒更正")
        self._inventory.drop(known, f"{known.path} 已损坏，无法播放，已除去。")
        file.unlink(missing_ok=True)
        return _mended(found, "已删除")


def _mended(found: Finding, how: str) -> Finding:
    return Finding(found.wrong, found.volume, found.path, found.detail, how)


def _size(file: Path) -> int | None:
    """Bytes; None when the file has gone meanwhile."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return None


def _fragment(
    volume: str, path: str, named: re.Match[str], seconds: float, size: int
) -> Fragment | None:
    """The fragment that a file is, by its name and its length; None when it does not play."""
    if not seconds:
        return None
    try:
        at = datetime.strptime(f"{named[1]} {named[3]}", "%Y-%m-%d %H%M%S")  # noqa: DTZ007
    except ValueError:
        return None
    return Fragment(named[2], at.replace(tzinfo=BEIJING), seconds, volume, path, size)


def seconds_of(file: Path) -> float | None:
    """How long a video plays by ffprobe: 0 when it does not.

    None when nobody can tell: ffprobe is not here, was ended or took too long, or the disk answers
    with errors. A video is not damaged because a machine is slow.
    """
    words = ["ffprobe", "-v", "error", "-of", "json", "-show_entries", "format=duration"]
    try:
        done = subprocess.run(  # noqa: S603  # a list, no shell
            [*words, "--", str(file)], capture_output=True, timeout=PROBE_SECONDS, check=False
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    if done.returncode < 0 or os.strerror(errno.EIO).encode() in done.stderr:
        return None
    try:
        return float(json.loads(done.stdout)["format"]["duration"])
    except (ValueError, KeyError):
        return 0.0
