"""What stands around a provisioned gate: the authority's platform, and the devices of its lanes.

For whoever wants a gate at work on the fixture `appliance`: its cameras' ONVIF side and its UPS are
there already (conftest.py, dummy-ups), these two are started for the length of a block.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from appliance.profile.loading import load_profile

from .bed import TOOLS, Bed, root_of
from .bed.namespaces import Namespace
from .bed.places import PLATFORM_ADDRESS, REPOSITORY
from .installer import SITE


def platform_command(database: Path) -> list[str]:
    """The reference platform; what it gets stands in `database`."""
    words = ["--host", PLATFORM_ADDRESS, "--port", str(load_profile(SITE).uplink.port)]
    words += ["--database", str(database), "--profile", str(SITE)]
    return [sys.executable, "-m", "appliance", "platform", *words]


@contextmanager
def platform_of(box: Bed, database: Path) -> Iterator[Path]:
    """The reference platform on the platform side; what it gets stands in `database`."""
    command = platform_command(database)
    with box.platform.running(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL):
        yield database


def standard_time(box: Bed) -> AbstractContextManager[object]:
    """A chronyd of stratum 1 on the platform side, which stands for the national time service."""
    return box.platform.running(
        [
            *("chroot", root_of(TOOLS), "/usr/sbin/chronyd", "-x", "-d", "-u", "root"),
            *("local stratum 1", "allow", "cmdport 0", "bindcmdaddress /"),
            f"pidfile /run/{box.name}.pid",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def plates_at(database: Path) -> set[str]:
    """The plates that the platform has taken."""
    rows = Database(database).query("SELECT fields FROM messages WHERE cn = '60001' AND code = 1")
    return {json.loads(row["fields"])["F_CPHM"] for row in rows}


class Neighbour:
    """A program of `neighbours`, which says when it is ready and may be told things."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def hears(self) -> dict[str, Any]:
        """The next thing that it tells; see `neighbours`."""
        assert self._process.stdout is not None
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def tell(self, word: str) -> None:
        """`begin`: the truck comes; `raises`: how often was the bar told to go up?"""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()


@contextmanager
def neighbour(place: Namespace, name: str) -> Iterator[Neighbour]:
    """A program of `neighbours` in that place, ready."""
    command = [sys.executable, "-m", "tests.system.neighbours", name]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with place.running(command, cwd=REPOSITORY, **pipes) as process:
        started = Neighbour(process)
        assert started.hears()["event"] == "ready"
        yield started


@contextmanager
def gate_devices(box: Bed) -> Iterator[Neighbour]:
    """Both barriers' relays and cameras, ready to be called."""
    with neighbour(box.camera_lan, "gate") as devices:
        yield devices
