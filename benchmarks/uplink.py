"""Acknowledged a second on loopback, beside a bare socket that sends the same bytes.

The platform answers at once and judges nothing. The bare socket waits for the answer to each frame
before it sends the next; that it has made nothing, read nothing and kept nothing is the point.

Run: python benchmarks/uplink.py [COUNT]
"""

import re
import socket
import sys
import tempfile
from pathlib import Path

from acknowledger import Acknowledger
from loads import profile_file, record, say_load, uplink, wait_until_sent

ROUNDS = 3


def bare(port: int, frames: list[bytes]) -> None:
    """Send each frame and wait for its answer."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for frame in frames:
            connection.sendall(frame)
            answer = b""
            while not answer.endswith(b"\r\n"):
                answer += connection.recv(4096)


def main() -> None:
    """Print one line a round and layout."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    say_load()
    for layout in ("front-only", "side-by-side"):
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                record(folder / "storage", count)
                with Acknowledger(keep=folder / "frames") as platform:
                    profile = profile_file(folder, folder / "storage", platform.port, layout=layout)
                    with uplink(profile):
                        wait_until_sent(folder / "storage")
                    sent = platform.figures()
                    pieces = re.split(rb"(?<=\r\n)(?=##)", (folder / "frames").read_bytes())
                    bare(platform.port, pieces)
                    again = platform.figures()
            ours, theirs = sent.frames / sent.seconds, again.frames / again.seconds
            print(
                f"{layout}: {sent.frames} frames of {sent.octets / sent.frames / 1000:.0f} KB, "
                f"{ours:.0f} acknowledged/s, bare socket {theirs:.0f}/s, ratio {ours / theirs:.2f}"
            )


if __name__ == "__main__":
    main()
