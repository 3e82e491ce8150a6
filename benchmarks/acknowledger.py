"""The quickest platform there can be, as a process of its own: it answers and judges nothing.

`Acknowledger` starts it; `slow(mbit)` puts a line of that speed before it.
"""

import contextlib
import multiprocessing
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from appliance.runtime.uplink.frame import encode

_HEADER = re.compile(rb"##([0-9]{4,7})QN=([0-9]{17})")
_RECEIVE = 1 << 20


@dataclass
class Figures:
    """What has been acknowledged: the frames' bytes, and when each QN came first."""

    frames: int = 0
    octets: int = 0
    began: float = 0.0
    ended: float = 0.0
    first: dict[str, float] = field(default_factory=dict)  # time.time() by QN

    @property
    def seconds(self) -> float:
        """From the first byte to the last answer."""
        return self.ended - self.began


class Line:
    """Lets no more than so many bits a second pass; without a number, all at once."""

    def __init__(self, mbit: float | None) -> None:
        self._rate = mbit and mbit * 1e6 / 8
        self._free_at = 0.0

    @property
    def slow(self) -> bool:
        """Whether it has a speed at all."""
        return bool(self._rate)

    def carry(self, octets: int) -> None:
        """Wait as long as the bytes take on the line."""
        if self._rate:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + octets / self._rate
            time.sleep(max(0.0, self._free_at - now))


class Acknowledger:
    """Listens on `port` of loopback while it is a context; keeps the frames in `keep` if given."""

    def __init__(self, *, mbit: float | None = None, keep: Path | None = None) -> None:
        self._here, there = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_serve, args=(there, mbit, keep))

    def __enter__(self) -> Self:
        self._process.start()
        self.port: int = self._here.recv()
        return self

    def figures(self) -> Figures:
        """What it has had since it was asked last."""
        self._here.send("figures")
        figures = self._here.recv()
        if not isinstance(figures, Figures):
            raise TypeError
        return figures

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()


def _serve(asked: Connection, mbit: float | None, keep: Path | None) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    asked.send(listener.getsockname()[1])
    held = [Figures()]
    line = Line(mbit)

    def accept() -> None:
        while True:
            gate, _ = listener.accept()
            threading.Thread(target=_answer, args=(gate, held, line, keep), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    while asked.recv():
        figures, held[0] = held[0], Figures()
        asked.send(figures)


def _answer(gate: socket.socket, held: list[Figures], line: Line, keep: Path | None) -> None:
    gate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if line.slow:  # the kernel must not hold what the line has not carried yet
        gate.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
    buffer = bytearray()
    with gate, contextlib.suppress(OSError):
        while data := gate.recv(_RECEIVE):
            figures = held[0]
            figures.began = figures.began or time.perf_counter()
            line.carry(len(data))
            buffer += data
            while found := _HEADER.match(buffer):
                end = len(b"##") + len(found[1]) + int(found[1]) + 6
                if len(buffer) < end:
                    break
                qn = found[2].decode()
                gate.sendall(encode(f"QN={qn};ST=91;CN=9014;Flag=4;CP=&&QnRtn=1&&"))
                if keep:
                    with keep.open("ab") as file:
                        file.write(buffer[:end])
                del buffer[:end]
                figures.frames += 1
                figures.octets += end
                figures.first.setdefault(qn, time.time())
                figures.ended = time.perf_counter()
