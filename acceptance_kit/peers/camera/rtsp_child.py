"""The RTSP server as a child process: started, fed with frames, listened to, ended by its pid."""

import fcntl
import json
import subprocess
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

SYSTEM_PYTHON = Path("/usr/bin/python3")  # Debian's, because no wheel brings GStreamer
PROGRAM = Path(__file__).with_name("rtsp_server.py")
PACKAGES = "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-ugly"
# The first start on a machine lets GStreamer look through all its plugins.
START_SECONDS = 60
END_SECONDS = 5


class CameraFault(Exception):
    """The simulated camera cannot serve; the message says what is missing or went wrong."""


class RtspChild:
    """One running `rtsp_server.py`; `heard` is called with every event after `listening`."""

    def __init__(self, order: dict[str, Any], heard: Callable[[dict[str, Any]], None]) -> None:
        """Start it and wait until it listens; raises CameraFault."""
        self._heard = heard
        self._first: dict[str, Any] | None = None
        self._answered = threading.Event()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        if not SYSTEM_PYTHON.is_file():
            self._stderr.close()
            raise CameraFault(f"{SYSTEM_PYTHON} is not there; on Debian: apt install {PACKAGES}")
        self._process = subprocess.Popen(  # noqa: S603 - a fixed program
            [SYSTEM_PYTHON, "-I", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            bufsize=0,
        )
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        with suppress(OSError):  # a wish: the ordinary 64 KiB would be filled 22 times a frame
            fcntl.fcntl(self._process.stdin, fcntl.F_SETPIPE_SZ, 1 << 20)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            self.port = self._ask(order)
        except BaseException:
            self.end()
            self.close()
            raise

    def _ask(self, order: dict[str, Any]) -> int:
        with suppress(OSError):  # it may have ended already
            self.write(json.dumps(order).encode() + b"\n")
        self._answered.wait(START_SECONDS)
        answer = self._first or {"event": "failed", "why": self._complaint(), "missing": []}
        if answer["event"] == "listening":
            return int(answer["port"])
        if answer["missing"]:
            raise CameraFault(
                f"{SYSTEM_PYTHON} lacks {', '.join(answer['missing'])} ({answer['why']}); "
                f"on Debian: apt install {PACKAGES}"
            )
        raise CameraFault(answer["why"])

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def write(self, frame: bytes | memoryview) -> None:
        """Hand over a whole frame; raises OSError when the child is gone."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        rest = memoryview(frame)
        while rest:  # an unbuffered pipe takes as much as it has room for
            rest = rest[self._process.stdin.write(rest) :]

    def end(self) -> None:
        """End it and wait until it is no more; harmless when it ended by itself.

        A write under way in another thread fails then; only afterwards may the pipes be closed.
        """
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()

    def close(self) -> None:
        """Close the pipes; nobody may be writing any more."""
        for pipe in (self._process.stdin, self._process.stdout, self._stderr):
            if pipe is not None:
                pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in self._process.stdout:
            event = json.loads(line)
            if self._first is None:
                self._first = event
                self._answered.set()
            else:
                self._heard(event)
        self._answered.set()

    def _complaint(self) -> str:
        """What it last wrote to stderr."""
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace").strip().splitlines()
        return said[-1] if said else "the RTSP server did not begin to listen"
