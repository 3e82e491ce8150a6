"""A neighbour of the guest: a named network namespace in which commands can be run."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Word = str | os.PathLike[str]


@dataclass(frozen=True)
class Namespace:
    """A network namespace; only its network is apart, files and processes are the host's."""

    name: str

    @property
    def path(self) -> Path:
        """Where the kernel keeps it."""
        return Path("/run/netns") / self.name

    def command(self, words: Sequence[Word]) -> list[Word]:
        """The command line that runs `words` in here (`ip netns exec` would remount /sys)."""
        return ["nsenter", f"--net={self.path}", "--", *words]

    def run(self, words: Sequence[Word], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run to the end, in text; `CalledProcessError` unless `check=False`."""
        options = {"check": True, "capture_output": True, "text": True} | options
        return subprocess.run(self.command(words), **options)  # noqa: PLW1510  in options

    def start(self, words: Sequence[Word], **options: Any) -> subprocess.Popen[str]:
        """Start and go on; it ends with the caller at the latest."""
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *self.command(words)], text=True, **options
        )

    @contextmanager
    def running(self, words: Sequence[Word], **options: Any) -> Iterator[subprocess.Popen[str]]:
        """A process in here for the length of a block."""
        process = self.start(words, **options)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()

    def add(self) -> None:
        """Make it, with its loopback up."""
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        subprocess.run(["ip", "-n", self.name, "link", "set", "lo", "up"], check=True)

    def delete(self) -> None:
        """Remove it, if it is there, and end what still runs in it (ssh masters, peers)."""
        if self.path.exists():
            listed = subprocess.run(
                ["ip", "netns", "pids", self.name], check=True, capture_output=True, text=True
            )
            for pid in listed.stdout.split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "delete", self.name], check=True)
