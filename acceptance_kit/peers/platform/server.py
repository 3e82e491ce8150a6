"""The platform's TCP server: HJ 212 frames in, a number of 7.4 out in the variant's form.

A frame whose length, CRC or structure is wrong gets no answer, as nobody can say whose it is;
it is kept among the faults, and the sender's time-out does the rest (7.2).
"""

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from acceptance_kit.peers.platform.behaviour import (
    Act,
    Answer,
    Behaviour,
    HalfAnswer,
    Late,
    Reset,
    Silent,
    judge_all,
)
from acceptance_kit.peers.platform.packets import BadPacket, Packets
from acceptance_kit.peers.platform.records import Arrived, Received, Records, arrived
from acceptance_kit.peers.platform.replies import answer
from acceptance_kit.peers.platform.rules import Rules
from acceptance_kit.peers.platform.variant import STRICT, Variant
from appliance.clock import Clock, SystemClock
from appliance.guideline.messages import Result
from appliance.runtime.uplink.frame import CrcFault, Frame, FrameDecoder, FrameFault, LengthFault

# Smaller than any frame with a photo, so that a reset always falls inside one.
_CHUNK_BYTES = 2048

_EXAMPLE_CRC = b"A9C1"
_EXAMPLE_LENGTH = b"0325"


class ReferencePlatform:
    """The authority's platform on `host`:`port`; port 0 takes a free one and keeps it.

    `database` is the file it keeps its messages in. Usable as a context manager; it can be
    stopped and started again and then still holds what it had.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        database: Path,
        known_mn: Iterable[str],
        unfiled_mn: Iterable[str] = (),
        tolerance_seconds: float = 5,
        clock: Clock | None = None,
        behaviour: Behaviour = judge_all,
        variant: Variant = STRICT,
        on_message: Callable[[Received], None] | None = None,
    ) -> None:
        self.behaviour = behaviour
        self._rules = Rules(
            known_mn=frozenset(known_mn),
            unfiled_mn=frozenset(unfiled_mn),
            tolerance=timedelta(seconds=tolerance_seconds),
            variant=variant,
        )
        self._variant = variant
        self._packets = Packets()
        self._clock = clock or SystemClock()
        self._on_message = on_message
        self._records = Records(database)
        self._host = host
        self._port = port
        self._begun = 0
        self._connections = 0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._arrival = threading.Condition()

    def start(self) -> "ReferencePlatform":
        """Listen. Raises OSError when the port is taken."""
        self._server = _Server((self._host, self._port), self)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="reference platform",
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the listening socket and every connection; what was kept stays."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()
        self._server = self._thread = None

    def close(self) -> None:
        """Stop for good and close the file."""
        self.stop()
        self._records.close()

    def __enter__(self) -> "ReferencePlatform":
        try:
            return self.start()
        except OSError:
            self.close()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on; the port is 0 before the first start."""
        return self._host, self._port

    @property
    def connections(self) -> int:
        """How many connections it has accepted so far."""
        return self._connections

    def records(self) -> list[Received]:
        """Every message it holds, in the order of first arrival."""
        return self._records.all()

    def record(self, qn: str) -> Received | None:
        """The message of that QN, or None."""
        return self._records.one(qn)

    def passages(self) -> list[Arrived]:
        """Every passage it was told of in received messages, in the order of first arrival."""
        received = [kept for kept in self._records.all() if kept.code == Result.RECEIVED]
        return arrived(received, self._variant.photos)

    def faults(self) -> list[str]:
        """What came and was no sound frame: kind and sentence."""
        return self._records.faults()

    def wait_for(self, condition: Callable[["ReferencePlatform"], bool], seconds: float) -> bool:
        """Wait until `condition` holds after some arrival, at most `seconds`; tell whether."""
        with self._arrival:
            return self._arrival.wait_for(lambda: condition(self), seconds)

    def count_connection(self) -> None:
        """A gate has connected."""
        with self._arrival:
            self._connections += 1

    def decoder(self) -> FrameDecoder:
        """A decoder for one connection, as strict as the variant is."""
        return FrameDecoder(
            max_segment=self._variant.longest_segment,
            check_crc=self._variant.crc == "computed",
            check_length=self._variant.length == "computed",
        )

    def next_act(self) -> Act:
        """Ask the behaviour about a frame that has begun to arrive."""
        with self._arrival:
            nth, self._begun = self._begun, self._begun + 1
        return self.behaviour(nth)

    def take(self, frame: Frame, act: Act) -> bytes:
        """Judge and keep one message; return the answer `act` gives, maybe empty."""
        now = self._clock.now()
        qn, mn = frame.get("QN") or "", frame.get("MN") or ""
        if self._variant.crc == "constant" and frame.raw[-4:] != _EXAMPLE_CRC:
            self.take_fault(CrcFault(f"CRC is not {_EXAMPLE_CRC.decode()}"))
            return b""
        if self._variant.length == "constant" and not frame.raw.startswith(b"##" + _EXAMPLE_LENGTH):
            self.take_fault(LengthFault(f"length is not {_EXAMPLE_LENGTH.decode()}"))
            return b""
        if not qn:
            self.take_fault(FrameFault("a message without QN cannot be answered"))
            return b""
        message: Frame | None = frame
        if self._variant.packets and frame.get("PNUM") is not None:
            try:
                message = self._packets.take(frame)
            except BadPacket as bad:
                self.take_fault(FrameFault(str(bad)))
                return b""
        code = int(Result.RECEIVED) if message is None else self._judge(message, act, now)
        self._tell()
        if isinstance(act, Silent):
            return b""
        asked = act if isinstance(act, Answer) else None
        said = asked.code if asked else code
        return answer(self._variant.reply, (asked and asked.qn) or qn, mn, said)

    def _judge(self, message: Frame, act: Act, now: datetime) -> int:
        """Judge and keep a whole message."""
        judgement = self._rules.judge(message, now)
        code, reason = int(judgement.code), judgement.reason
        if isinstance(act, Answer):
            code, reason = act.code, "asked for by the test"
        kept = self._records.keep(message, now, code, reason)
        if kept.code != Result.RECEIVED:
            self._packets.forget(message)
        if self._on_message is not None:
            self._on_message(kept)
        return kept.code

    def take_fault(self, fault: FrameFault) -> None:
        """Keep that bytes came which were no message."""
        self._records.keep_fault(fault, self._clock.now())
        self._tell()

    def _tell(self) -> None:
        with self._arrival:
            self._arrival.notify_all()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], platform: ReferencePlatform) -> None:
        self.platform = platform
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any
    ) -> None:
        # Before the thread is there, so that `hang_up` never misses a connection.
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.add(request)
            self.platform.count_connection()
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Wake every connection's thread; each then closes its own socket."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the gate was quicker


class _Connection(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        decoder = self.server.platform.decoder()
        act: Act | None = None
        owed = b""
        try:
            while data := self.request.recv(_CHUNK_BYTES):
                act = act or self.server.platform.next_act()
                if isinstance(act, Reset):
                    self._reset()
                    return
                for event in decoder.feed(data):
                    if isinstance(event, FrameFault):
                        self.server.platform.take_fault(event)
                        continue
                    act = act or self.server.platform.next_act()
                    answer = self.server.platform.take(event, act)
                    if isinstance(act, HalfAnswer):
                        self.request.sendall(answer[: len(answer) // 2])
                        return
                    if isinstance(act, Late):
                        owed += answer
                    else:
                        self.request.sendall(owed + answer)
                        owed = b""
                    act = None
        except OSError:
            return  # the gate went away; it will come again

    def _reset(self) -> None:
        """Close with RST instead of FIN, as a broken line does."""
        linger_zero = struct.pack("ii", 1, 0)
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        self.request.close()
