"""A line between gate and platform that can be made to fail in every way a line fails."""

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Self

Reset = type("Reset", (), {"__doc__": "In place of bytes: the connection is reset here."})
RESET = Reset()
Bytes = Iterator["bytes | object"]
Way = Callable[[int, bytes], Bytes]
"""What becomes of bytes: the number of the connection and what came in; pieces to go out."""


def whole(_connection: int, data: bytes) -> Bytes:
    """A line that works."""
    yield data


def silent(_connection: int, _data: bytes) -> Bytes:
    """A half-open line: bytes go in and never come out, and nobody says so."""
    yield from ()


def byte_by_byte(_connection: int, data: bytes) -> Bytes:
    """Each byte in a packet of its own."""
    yield from (data[place : place + 1] for place in range(len(data)))


def twice(_connection: int, data: bytes) -> Bytes:
    """Everything is said twice."""
    yield data
    yield data


def led_by(garbage: bytes) -> Way:
    """Garbage stands before all that comes."""

    def way(_connection: int, data: bytes) -> Bytes:
        yield garbage + data

    return way


def cut_at(place: int, connections: int) -> Way:
    """The first connections are reset after so many bytes; later ones work."""
    seen: dict[int, int] = {}

    def way(connection: int, data: bytes) -> Bytes:
        left = place - seen.get(connection, 0)
        seen[connection] = seen.get(connection, 0) + len(data)
        if connection > connections or len(data) <= left:
            yield data
        else:
            yield data[:left]
            yield RESET

    return way


class Proxy:
    """Carries bytes to `port` on loopback; `up` (from the gate) and `down` may be changed."""

    def __init__(self, port: int) -> None:
        self.up: Way = whole
        self.down: Way = whole
        self.connections = 0
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _begin(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given, name="proxy")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            if _readable(self._listener):
                gate, _ = self._listener.accept()
                self.connections += 1
                self._begin(self._carry, gate, self.connections)

    def _carry(self, gate: socket.socket, number: int) -> None:
        with gate, contextlib.suppress(OSError):
            platform = socket.create_connection(("127.0.0.1", self._target))
            gate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with platform:
                while not self._stop.is_set():
                    for source in _readable(gate, platform):
                        data = source.recv(65536)
                        if not data:
                            return
                        way, to = (self.up, platform) if source is gate else (self.down, gate)
                        for piece in way(number, data):
                            if piece is RESET:
                                _reset(gate)
                                return
                            assert isinstance(piece, bytes)
                            to.sendall(piece)


def _readable(*sockets: socket.socket) -> list[socket.socket]:
    return select.select(sockets, [], [], 0.05)[0]


def _reset(connection: socket.socket) -> None:
    """Close with RST, as a broken line does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
