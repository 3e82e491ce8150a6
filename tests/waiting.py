"""Waiting for what another thread or program does, and a port for it to do it on."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 180.0  # seconds, on the busiest machine; only a test that fails takes so long
T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What the condition gives as soon as it is something; an AssertionError if it never is."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"it did not come to that in {seconds:.0f} s"
        time.sleep(0.02)
    return found


def free_port() -> int:
    """A TCP port of loopback where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
