"""RTSP replay for a client that cannot ask for it: ffmpeg knows neither `Range: clock=` nor ONVIF.

A relay of one connection on loopback. It logs in to the camera, adds what ONVIF's streaming
specification (5.3, replay) wants, and hands the interleaved packets on as they are. Of the first
packet it reads when its picture was taken (the 0xABAC header extension).
"""

import base64
import contextlib
import hashlib
import re
import secrets
import select
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

WAIT_SECONDS = 10.0
LARGEST_ANSWER = 65_536
_NTP_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)
_ONVIF_EXTENSION = 0xABAC


@dataclass(frozen=True, slots=True)
class Span:
    """What is to be replayed: where, and from when to when (the camera's time, aware)."""

    host: str
    port: int
    path: str
    begin: datetime
    end: datetime

    @property
    def address(self) -> str:
        """Without a login."""
        return f"rtsp://{self.host}:{self.port}{self.path}"


class Relay:
    """Use as a context manager; `address` is for ffmpeg and good for one connection."""

    def __init__(self, span: Span, user: str, password: str) -> None:
        self._span = span
        self._login = _Login(user, password)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(WAIT_SECONDS)
        # Others on this machine can connect to it, but do not know this.
        port, token = self._listening.getsockname()[1], secrets.token_hex(16)
        self.address = f"rtsp://127.0.0.1:{port}/{token}"
        self.first_at: datetime | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._listening.close()
        self._thread.join(WAIT_SECONDS)

    def _serve(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            client, _ = self._listening.accept()
            with (
                client,
                socket.create_connection(
                    (self._span.host, self._span.port), WAIT_SECONDS
                ) as camera,
            ):
                client.settimeout(WAIT_SECONDS)
                self._talk(_Wire(client), _Wire(camera))

    def _talk(self, client: "_Wire", camera: "_Wire") -> None:
        playing = False
        while not self._stop.is_set():
            ready, _, _ = select.select([client.socket, camera.socket], [], [], 0.5)
            if playing and camera.socket in ready and not self._pass_on(client, camera):
                return
            if client.socket in ready:
                request = client.message()
                if request is None:
                    return
                if request[:1] == b"$":
                    continue  # its receiver reports; TCP needs none
                if not request.split(b" ", 2)[1].startswith(b"rtsp://"):
                    return
                playing = self._ask(client, camera, request, playing) or playing

    def _ask(self, client: "_Wire", camera: "_Wire", request: bytes, playing: bool) -> bool:
        """Put a request to the camera; whether packets follow."""
        method = request.split(b" ", 1)[0].decode("ascii", "replace")
        answer = b""
        for _ in range(2):
            camera.socket.sendall(self._made(method, request))
            if playing:
                return True  # its answer comes among the packets
            answer = camera.message() or b""
            if not answer:
                raise ValueError("the camera hung up")
            if b" 401 " not in answer.split(b"\r\n", 1)[0] + b" ":
                break
            self._login.take(_headers(answer))
        client.socket.sendall(answer)
        return method == "PLAY" and b" 200 " in answer.split(b"\r\n", 1)[0] + b" "

    def _made(self, method: str, request: bytes) -> bytes:
        """ffmpeg's request as the camera is to have it."""
        lines = request.decode("utf-8", "replace").split("\r\n")
        verb, address, version = lines[0].split(" ", 2)
        address = address.replace(self.address, self._span.address)
        dropped = ("range:", "authorization:", "require:")
        kept = [line for line in lines[1:] if line and not line.lower().startswith(dropped)]
        if method in {"SETUP", "PLAY"}:
            kept.append("Require: onvif-replay")
        if method == "PLAY":
            kept += [f"Range: clock={_clock(self._span.begin)}-{_clock(self._span.end)}"]
            kept += ["Rate-Control: no"]
        kept += self._login.header(method, address)
        return "\r\n".join([f"{verb} {address} {version}", *kept, "", ""]).encode()

    def _pass_on(self, client: "_Wire", camera: "_Wire") -> bool:
        packet = camera.message()
        if packet is None:
            return False
        if self.first_at is None and packet[:2] == b"$\0":
            self.first_at = taken_at(packet[4:])
        client.socket.sendall(packet)
        return True


class _Wire:
    """A connection as whole messages: an interleaved packet, or text with its body."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._kept = b""

    def message(self) -> bytes | None:
        """The next one, or None when the other side has hung up. Raises OSError, ValueError."""
        while (size := self._size()) is None or len(self._kept) < size:
            piece = self.socket.recv(65_536)
            if not piece:
                return None
            self._kept += piece
        found, self._kept = self._kept[:size], self._kept[size:]
        return found

    def _size(self) -> int | None:
        if self._kept[:1] == b"$":
            return 4 + int(struct.unpack_from(">H", self._kept, 2)[0]) if self._kept[3:] else None
        end = self._kept.find(b"\r\n\r\n")
        if end < 0:
            if len(self._kept) > LARGEST_ANSWER:
                raise ValueError("no end of a header")
            return None
        body = int(_headers(self._kept[: end + 4]).get("content-length", "0"))
        if not 0 <= body <= LARGEST_ANSWER:
            raise ValueError("too long a body")
        return end + 4 + body


class _Login:
    """Digest or basic, as the camera asks."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._password = password
        self._asked: Mapping[str, str] | None = None
        self._basic = False

    def take(self, headers: Mapping[str, str]) -> None:
        """Note what the camera asks for."""
        asked = headers.get("www-authenticate", "")
        self._basic = asked.lower().startswith("basic")
        self._asked = dict(re.findall(r'(\w+)="?([^",]*)"?', asked.partition(" ")[2]))

    def header(self, method: str, address: str) -> list[str]:
        """The line that logs a request in; none before the camera has asked."""
        if self._asked is None:
            return []
        if self._basic:
            login = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
            return [f"Authorization: Basic {login}"]
        realm, nonce = self._asked.get("realm", ""), self._asked.get("nonce", "")
        who = _md5(f"{self._user}:{realm}:{self._password}")
        what = _md5(f"{method}:{address}")
        said = f'username="{self._user}", realm="{realm}", nonce="{nonce}", uri="{address}"'
        if "auth" in self._asked.get("qop", "").split(","):
            own = secrets.token_hex(8)
            answer = _md5(f"{who}:{nonce}:00000001:{own}:auth:{what}")
            said += f', qop=auth, nc=00000001, cnonce="{own}"'
        else:
            answer = _md5(f"{who}:{nonce}:{what}")
        return [f'Authorization: Digest {said}, response="{answer}"']


def taken_at(packet: bytes) -> datetime | None:
    """When an RTP packet's picture was taken, by ONVIF's header extension; None without one."""
    if len(packet) < 12 or not packet[0] & 0x10:
        return None
    at = 12 + 4 * (packet[0] & 0x0F)
    if len(packet) < at + 12:
        return None
    profile, _words, seconds, fraction = struct.unpack_from(">HHII", packet, at)
    if profile != _ONVIF_EXTENSION:
        return None
    return _NTP_EPOCH + timedelta(seconds=seconds + fraction / 2**32)


def _headers(message: bytes) -> dict[str, str]:
    lines = message.decode("utf-8", "replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _clock(moment: datetime) -> str:
    at = moment.astimezone(UTC)
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}Z"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()  # RFC 2617 says so
