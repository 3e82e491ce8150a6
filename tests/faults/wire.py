"""Two machines of the test's own, joined by one cable that can be pulled.

The machines are network namespaces of the kernel. A thread works on one of them while it is
`on` it, a thread that it starts there stays there, and so does every socket made there. Pulling
the cable says nothing to either side: no FIN, no RST, packets are just gone.
"""

import ctypes
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from isolation import why_not_isolated

_CLONE_NEWNET = 0x40000000
# Of a net that is for examples (RFC 5737).
_NEAR_ADDRESS, FAR_ADDRESS = "192.0.2.1", "192.0.2.2"
_LIBC = ctypes.CDLL(None, use_errno=True)


class NoNamespaces(Exception):
    """This machine or user may not make namespaces; the text says why."""


class Wire:
    """As a context: the machines `near` and `far` and the cable between them."""

    def __init__(self) -> None:
        name = uuid.uuid4().hex[:8]
        self.near, self.far = f"gate-{name}", f"platform-{name}"

    def __enter__(self) -> Self:
        if why_not := why_not_isolated():
            raise NoNamespaces(why_not)
        if shutil.which("ip") is None:
            raise NoNamespaces("there is no `ip`: Debian's package is iproute2")
        try:
            self._lay()
        except subprocess.CalledProcessError as error:
            self._remove()
            raise NoNamespaces(error.stderr.decode().strip()) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def pull(self) -> None:
        """The far end of the cable is out: what is sent is gone, and nobody says so."""
        _ip("-n", self.far, "link", "set", "cable", "down")

    def plug(self) -> None:
        """The cable carries again."""
        _ip("-n", self.far, "link", "set", "cable", "up")

    @contextmanager
    def on(self, machine: str) -> Iterator[None]:
        """This thread is on `machine` until the end of the block."""
        with Path("/proc/thread-self/ns/net").open() as here:
            with Path("/run/netns", machine).open() as there:
                _enter(there.fileno())
            try:
                yield
            finally:
                _enter(here.fileno())

    def _lay(self) -> None:
        for machine in (self.near, self.far):
            _ip("netns", "add", machine)
        cable = ("type", "veth", "peer", "name", "cable", "netns", self.far)
        _ip("-n", self.near, "link", "add", "cable", *cable)
        for machine, address in ((self.near, _NEAR_ADDRESS), (self.far, FAR_ADDRESS)):
            _ip("-n", machine, "address", "add", f"{address}/30", "dev", "cable")
            _ip("-n", machine, "link", "set", "cable", "up")

    def _remove(self) -> None:
        # The machines take the cable along.
        for machine in (self.near, self.far):
            if Path("/run/netns", machine).exists():
                _ip("netns", "delete", machine)


def _ip(*words: str) -> None:
    # Where it lies differs between Debian and others; only root of a test machine runs this.
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
