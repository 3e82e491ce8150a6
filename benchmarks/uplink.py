"""Acknowledged a second on loopback, beside a bare socket that sends the same bytes.

Two platforms: `quick` answers at once and judges nothing; `reference` is the one of the acceptance
kit, which looks into each photo. The bare socket waits for the answer to each frame before it
sends the next; that it makes nothing, reads nothing and keeps nothing is the point.

Sent `side-by-side`, two photos of 60 KB must become one of 60 KB: what is measured is then how fast
photos are decoded, shrunk and encoded, which shares the machine's cores with the platform.

Run: python benchmarks/uplink.py [COUNT]
"""

import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from acknowledger import Acknowledger
from loads import profile_file, record, say_load, uplink, wait_until_sent

from appliance.clock import SystemClock
from appliance.runtime.journal import Journal

ROUNDS = 3


def bare(port: int, frames: list[bytes]) -> float:
    """Send each frame and wait for its answer; frames a second."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for frame in frames:
            connection.sendall(frame)
            answer = b""
            while not answer.endswith(b"\r\n"):
                answer += connection.recv(4096)
        return len(frames) / (time.perf_counter() - began)


@contextmanager
def reference(profile: Path, database: Path) -> Iterator[int]:
    """`gatehouse platform` on a free port."""
    words = [sys.executable, "-m", "appliance", "platform", "--port", "0"]
    words += ["--profile", str(profile), "--database", str(database)]
    process = subprocess.Popen(  # noqa: S603
        ["/usr/bin/env", "PYTHONUNBUFFERED=1", *words], stdout=subprocess.PIPE
    )
    assert process.stdout is not None  # noqa: S101  # for mypy
    try:
        found = re.search(rb":([0-9]+)", process.stdout.readline())
        if found is None:
            raise RuntimeError("the platform did not say where it listens")
        # Its lines would fill the pipe.
        drain = subprocess.Popen(["/bin/cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        yield int(found[1])
    finally:
        process.terminate()
        process.wait()
        drain.wait()


def to_quick(folder: Path, count: int, layout: str) -> tuple[list[bytes], float, float]:
    """The frames the uplink sent, its frames a second, and the bare socket's."""
    root = folder / "storage"
    record(root, count)
    with Acknowledger(keep=folder / "frames") as platform:
        with uplink(profile_file(folder, root, platform.port, layout=layout)):
            wait_until_sent(root)
        sent = platform.figures()
        frames = re.split(rb"(?<=\r\n)(?=##)", (folder / "frames").read_bytes())
        return frames, sent.frames / sent.seconds, bare(platform.port, frames)


def to_reference(folder: Path, count: int, layout: str, frames: list[bytes]) -> tuple[float, float]:
    """The same with the reference platform."""
    root, database = folder / "again", folder / "platform.sqlite3"
    record(root, count)
    with reference(profile_file(folder, root, 1), database) as port:
        with uplink(profile_file(folder, root, port, layout=layout)):
            wait_until_sent(root)
        with Journal.open(root, SystemClock(), readonly=True) as journal:
            ended = journal.last_receipt_at()
        with sqlite3.connect(database) as kept:
            (first,) = kept.execute("SELECT min(received_at) FROM messages").fetchone()
        assert ended is not None  # noqa: S101  # for mypy
        ours = (count - 1) / (ended - datetime.fromisoformat(first)).total_seconds()
        return ours, bare(port, frames)


def main() -> None:
    """Print one line a round, layout and platform."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    say_load()
    for layout in ("front-only", "side-by-side"):
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as name:
                frames, *quick = to_quick(Path(name), count, layout)
                strict = to_reference(Path(name), count, layout, frames)
            size = sum(map(len, frames)) / len(frames) / 1000
            for platform, (ours, theirs) in {"quick": quick, "reference": strict}.items():
                print(
                    f"{layout}, {platform} platform, frames of {size:.0f} KB: "
                    f"{ours:.0f} acknowledged/s, bare socket {theirs:.0f}/s, "
                    f"ratio {ours / theirs:.2f}"
                )


if __name__ == "__main__":
    main()
