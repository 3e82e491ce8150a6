"""The TCP connection to the platform (7.2, 4.5.1-8): outgoing only, never blocking for long.

Every wait is cut into slices, and `idle` is called between them: there the sender beats its
heart, and leaves by an exception of its own when it is to stop.
"""

import errno
import os
import select
import socket
from collections.abc import Callable
from typing import Any

from appliance.clock import Clock
from appliance.runtime.uplink.reply_reader import Event, ReplyReader

SLICE_SECONDS = 0.1

# A dead line must not pass for a quiet platform: after 15 s of silence the kernel asks every
# 5 s, and after 30 s without an acknowledged byte the connection is given up.
_KEEPALIVE = {socket.TCP_KEEPIDLE: 15, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}
_USER_TIMEOUT_MILLISECONDS = 30_000

# A bare answer without an end of line is over after this silence.
_QUIET_SECONDS = 1.0
_RECEIVE_BYTES = 65_536

Idle = Callable[[], None]


class LinkDown(Exception):
    """There is no connection (any more); `sentence` says so in Chinese for the status page."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(reason)
        self.sentence = sentence


class Link:
    """One connection, from `connect` to `close`."""

    def __init__(
        self, connection: socket.socket, clock: Clock, idle: Idle, reader: ReplyReader
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._idle = idle
        self._reader = reader
        self._heard_at = clock.monotonic()

    @classmethod
    def connect(
        cls,
        host: str,
        port: int,
        *,
        seconds: float,
        clock: Clock,
        idle: Idle,
        reader: Callable[[], ReplyReader],
    ) -> "Link":
        """Connect to the first address of `host` that answers within `seconds`.

        `reader` makes what takes the platform's bytes apart. Raises LinkDown.
        """
        error: Exception = OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))
        try:
            for family, kind, protocol, _, address in socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            ):
                connection = socket.socket(family, kind, protocol)
                link = cls(connection, clock, idle, reader())
                try:
                    link._open(address, seconds)
                except OSError as failed:
                    link.close()
                    error = failed
                except BaseException:
                    link.close()
                    raise
                else:
                    return link
        except (OSError, UnicodeError) as failed:  # a name that does not resolve, or is none
            error = failed
        raise LinkDown(
            f"no connection to {host}:{port}: {error}", f"无法连接平台 {host}:{port}（{error}）"
        ) from error

    def send(self, raw: bytes, *, seconds: float) -> None:
        """Hand all of `raw` to the network; raises LinkDown, also after `seconds` without progress.

        After a LinkDown nobody knows how much of it the platform has.
        """
        left = memoryview(raw)
        deadline = self._clock.monotonic() + seconds
        while left:
            if not self._ready(select.POLLOUT, SLICE_SECONDS):
                self._idle()
                if self._clock.monotonic() >= deadline:
                    raise LinkDown("the platform takes no more bytes", "平台停止接收数据")
                continue
            try:
                left = left[self._connection.send(left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise _lost(error) from error
            deadline = self._clock.monotonic() + seconds

    def receive(self, seconds: float = SLICE_SECONDS) -> list[Event]:
        """What has come within `seconds`, maybe nothing; raises LinkDown when the line is gone."""
        if not self._ready(select.POLLIN, seconds):
            silent = self._clock.monotonic() - self._heard_at >= _QUIET_SECONDS
            return self._reader.quiet() if silent else []
        try:
            data = self._connection.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            raise _lost(error) from error
        if not data:
            raise LinkDown("the platform closed the connection", "平台关闭了连接")
        self._heard_at = self._clock.monotonic()
        return self._reader.feed(data)

    def close(self) -> None:
        """Let the connection go; closing twice does no harm."""
        self._connection.close()

    def _open(self, address: Any, seconds: float) -> None:
        self._connection.setblocking(False)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option, value in _KEEPALIVE.items():
            self._connection.setsockopt(socket.IPPROTO_TCP, option, value)
        self._connection.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MILLISECONDS
        )
        deadline = self._clock.monotonic() + seconds
        number = self._connection.connect_ex(address)
        if number == errno.EINPROGRESS:
            while not self._ready(select.POLLOUT, SLICE_SECONDS):
                self._idle()
                if self._clock.monotonic() >= deadline:
                    raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            number = self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))

    def _ready(self, event: int, seconds: float) -> bool:
        poller = select.poll()
        poller.register(self._connection, event)
        return bool(poller.poll(seconds * 1000))


def _lost(error: OSError) -> LinkDown:
    return LinkDown(f"connection lost: {error}", f"与平台的连接中断（{error}）")
