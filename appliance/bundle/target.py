"""The machine that a bundle is for: Debian 13 on x86_64, and what the lock means there."""

import re
from dataclasses import dataclass

from packaging.requirements import Requirement

from appliance.trouble import Trouble

PYTHON = "3.13"
PLATFORMS = (
    "manylinux_2_41_x86_64",  # Debian 13 has glibc 2.41
    *(f"manylinux_2_{minor}_x86_64" for minor in range(40, 16, -1)),
    "manylinux2014_x86_64",
    "linux_x86_64",
)
MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.13.5",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "3.13.5",
    "python_version": PYTHON,
    "sys_platform": "linux",
    "extra": "",
}
"""pip would judge a lock's markers by the interpreter it runs on, which is not the box's."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of the lock: its exact version, and the sha256 of every file it may come as."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        """The package as a line of a requirements file that pip takes."""
        hashes = " ".join(f"--hash=sha256:{digest}" for digest in self.hashes)
        return f"{self.name}=={self.version} {hashes}\n"


def locked_for_box(lock: str) -> tuple[Locked, ...]:
    """What of a lock (requirements with hashes) a box installs, in the lock's order.

    Raises Trouble when a package is not pinned to one version with hashes.
    """
    found = []
    for line in lock.replace("\\\n", " ").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        spec, *hashes = re.split(r"\s+--hash=sha256:", text)
        wanted = Requirement(spec)
        if wanted.marker is not None and not wanted.marker.evaluate(MARKERS):
            continue
        pins = list(wanted.specifier)
        if len(pins) != 1 or pins[0].operator != "==" or not hashes:
            raise Trouble(f"锁文件中的 {wanted.name} 没有固定版本或缺少 sha256，请重新生成锁文件。")
        found.append(Locked(wanted.name, pins[0].version, tuple(each.strip() for each in hashes)))
    return tuple(found)
