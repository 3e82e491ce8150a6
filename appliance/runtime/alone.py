"""Each program of a box runs once for a storage root: two lanes would raise one bar twice."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.runtime.supervision import make_folders
from appliance.trouble import Trouble


class AlreadyRunning(Trouble):
    """Another process runs this program on this storage root."""


@contextmanager
def only_one(root: Path, program: str) -> Iterator[None]:
    """Hold `root/run/<program>.lock`; the kernel lets go of it however this process ends.

    Raises AlreadyRunning.
    """
    make_folders(root)
    path = root / "run" / f"{program}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            raise AlreadyRunning(
                f"程序 {program} 已在数据目录 {root} 上运行（进程 {holder or '未知'}），"
                "同一数据目录只能运行一个。请先停止它，或不要重复启动。"
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
