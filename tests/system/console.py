"""testinfra on a bed's own console: no network is needed, so a drill may cut it."""

import subprocess
from typing import Any

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from .bed import Bed


class ConsoleBackend(BaseBackend):
    """Runs commands as root in the guest; a guest that is down is a lost connection."""

    NAME = "console"

    def __init__(self, bed: Bed) -> None:
        super().__init__(bed.name)
        self._bed = bed

    def run(self, command: str, *args: str, **_options: Any) -> CommandResult:
        words = ["/bin/sh", "-c", self.get_command(command, *args)]
        try:
            done = self._bed.run(words, check=False, text=False, timeout=120)
        except (OSError, TypeError, subprocess.TimeoutExpired) as error:
            raise RuntimeError("the guest is down") from error
        if b"nsenter:" in done.stderr:
            raise RuntimeError("the guest is down")
        return self.result(done.returncode, command.encode(), done.stdout, done.stderr)


def console(bed: Bed) -> Host:
    """The guest as a testinfra host."""
    return Host(ConsoleBackend(bed))
