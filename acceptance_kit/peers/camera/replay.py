"""A camera's own storage over RTSP, as ONVIF Profile G has it: `Range: clock=`, no rate control.

Small and strict: digest only, interleaved TCP only, and without `Require: onvif-replay` nothing is
played. What it has kept is a file of H.264 (Annex B, one slice a picture) of which the first
picture's time is known; each picture's first packet tells its time in the 0xABAC extension.
"""

import contextlib
import hashlib
import re
import secrets
import struct
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

REALM = "gatehouse simulated storage"
LARGEST = 1400
_NTP_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)


class ReplayServer:
    """Serves `film` at /replay of a port of its own; use as a context manager.

    `began_at` is when its first picture was taken by the camera's clock. `asked` keeps the ranges.
    """

    def __init__(
        self, film: Path, began_at: datetime, fps: int, *, user: str, password: str
    ) -> None:
        self.pictures = pictures_of(film.read_bytes())
        self.began_at = began_at
        self.fps = fps
        self.asked: list[tuple[datetime, datetime]] = []
        self._login = hashlib.md5(  # digest authentication is MD5
            f"{user}:{REALM}:{password}".encode(), usedforsecurity=False
        ).hexdigest()
        self._nonce = secrets.token_hex(8)
        self._server = ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def end(self) -> datetime:
        """When the last picture it has was taken."""
        return self.began_at + timedelta(seconds=len(self.pictures) / self.fps)

    def __enter__(self) -> "ReplayServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def allowed(self, method: str, headers: dict[str, str]) -> bool:
        """Whether a request is logged in."""
        said = dict(re.findall(r'(\w+)="([^"]*)"', headers.get("authorization", "")))
        what = hashlib.md5(
            f"{method}:{said.get('uri')}".encode(), usedforsecurity=False
        ).hexdigest()
        right = f"{self._login}:{self._nonce}:{what}".encode()
        answer = hashlib.md5(right, usedforsecurity=False).hexdigest()
        return said.get("nonce") == self._nonce and said.get("response") == answer

    def packets(self, begin: datetime, end: datetime) -> "list[bytes]":
        """The RTP packets of a span, from the whole picture before it on."""
        first = max(0, int((begin - self.began_at).total_seconds() * self.fps))
        while first and not _is_whole(self.pictures[first]):
            first -= 1
        last = int((end - self.began_at).total_seconds() * self.fps)
        made: list[bytes] = []
        for number, picture in enumerate(self.pictures[first:last]):
            at = self.began_at + timedelta(seconds=(first + number) / self.fps)
            made += _packets(picture, number * 90_000 // self.fps, at, len(made))
        return made

    def sdp(self) -> str:
        """What it plays."""
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=replay\r\nt=0 0\r\na=control:*\r\n"
            "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
            "a=fmtp:96 packetization-mode=1\r\na=control:video\r\n"
        )

    def challenge(self) -> str:
        """How to log in."""
        return f'Digest realm="{REALM}", nonce="{self._nonce}"'

    def _handler(self) -> type[StreamRequestHandler]:
        server = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    while (request := _request(self.rfile)) is not None:
                        if not self._answer(*request):
                            return

            def _answer(self, method: str, address: str, headers: dict[str, str]) -> bool:
                sequence = headers.get("cseq", "0")
                replays = headers.get("require") == "onvif-replay"
                more: dict[str, str] = {}
                code, body, packets = "200 OK", "", []
                if method != "OPTIONS" and not server.allowed(method, headers):
                    code, more = "401 Unauthorized", {"WWW-Authenticate": server.challenge()}
                elif not address.endswith(("/replay", "/replay/", "/replay/video")):
                    code = "404 Not Found"
                elif method == "DESCRIBE":
                    body = server.sdp()
                    more = {"Content-Type": "application/sdp", "Content-Base": f"{address}/"}
                elif method == "SETUP" and replays:
                    transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
                    more = {"Transport": transport, "Session": "1"}
                elif method == "PLAY" and replays:
                    begin, end = _range(headers["range"])
                    server.asked.append((begin, end))
                    packets = server.packets(begin, end)
                    more = {"Session": "1"}
                elif method in {"SETUP", "PLAY"}:
                    code = "551 Option not supported"
                lines = [f"RTSP/1.0 {code}", f"CSeq: {sequence}"]
                lines += [f"{name}: {value}" for name, value in more.items()]
                lines += [f"Content-Length: {len(body)}", "", body]
                self.wfile.write("\r\n".join(lines).encode())
                for packet in packets:
                    self.wfile.write(struct.pack(">BBH", 0x24, 0, len(packet)) + packet)
                return not packets and method != "TEARDOWN"

        return Handler


def pictures_of(stream: bytes) -> list[list[bytes]]:
    """Annex B as pictures, each with the units that belong before it."""
    units = [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1")]
    found: list[list[bytes]] = []
    waiting: list[bytes] = []
    for unit in filter(None, units):
        waiting.append(unit)
        if unit[0] & 0x1F in {1, 5}:
            found.append(waiting)
            waiting = []
    return found


def _is_whole(picture: list[bytes]) -> bool:
    return picture[-1][0] & 0x1F == 5


def _packets(picture: list[bytes], at: int, taken: datetime, sequence: int) -> list[bytes]:
    """RFC 6184: single units, or fragments (FU-A) of long ones; the first tells the time."""
    loads: list[bytes] = []
    for unit in picture:
        if len(unit) <= LARGEST:
            loads.append(unit)
            continue
        indicator, kind = (unit[0] & 0xE0) | 28, unit[0] & 0x1F
        parts = [unit[n : n + LARGEST] for n in range(1, len(unit), LARGEST)]
        for number, part in enumerate(parts):
            edge = (0x80 if number == 0 else 0) | (0x40 if number == len(parts) - 1 else 0)
            loads.append(bytes([indicator, edge | kind]) + part)
    since = (taken - _NTP_EPOCH).total_seconds()
    ntp = struct.pack(">HHIII", 0xABAC, 3, int(since), int(since % 1 * 2**32), 0)
    return [
        struct.pack(
            ">BBHII",
            0x90 if not number else 0x80,
            96 | (0x80 if number == len(loads) - 1 else 0),
            (sequence + number) & 0xFFFF,
            at & 0xFFFFFFFF,
            0x6A7E,
        )
        + (ntp if not number else b"")
        + load
        for number, load in enumerate(loads)
    ]


def _range(text: str) -> tuple[datetime, datetime]:
    begin, end = text.removeprefix("clock=").split("-")
    form = "%Y%m%dT%H%M%S.%fZ"
    return tuple(datetime.strptime(each, form).replace(tzinfo=UTC) for each in (begin, end))  # type: ignore[return-value]


def _request(file: Any) -> tuple[str, str, dict[str, str]] | None:
    """The next request; what is interleaved (receiver reports) is passed over."""
    while (first := file.read(1)) == b"$":
        file.read(int.from_bytes(file.read(3)[1:], "big"))
    line = (first + file.readline()).decode("utf-8", "replace").split()
    if len(line) != 3:
        return None
    headers: dict[str, str] = {}
    while header := file.readline().decode("utf-8", "replace").strip():
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    return line[0], line[1], headers
