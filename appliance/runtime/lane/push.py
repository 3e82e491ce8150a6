"""The door at which a plate camera hands in what it read: `POST /plate`, one camera a port.

A port of its own for each camera keeps the lanes apart: each lane process listens for its own
camera, and the firewall lets that camera's address in and nobody else's.
"""

import json
import logging
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from waitress import create_server, wasyncore

from appliance.clock import Clock
from appliance.profile.model import PlatePush
from appliance.runtime.lane.push_form import LARGEST_BODY, Doorkeeper, Refused
from appliance.runtime.vision.report import PlateReport
from appliance.trouble import Trouble

log = logging.getLogger(__name__)

WAITING = 4
"""Reports not yet looked at: a lane that is so far behind is told to come again."""

THREADS = 2
MOST_CONNECTIONS = 16
LARGEST_HEAD = 16_384
IDLE_SECONDS = 15

STATUS = {
    202: "202 Accepted",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    409: "409 Conflict",
    411: "411 Length Required",
    413: "413 Content Too Large",
    503: "503 Service Unavailable",
}


class DoorUnavailable(Trouble):
    """The profile's address cannot be listened on: taken, or not this machine's."""


class PushDoor:
    """Takes the reports of one camera; `take` hands them on."""

    def __init__(self, push: PlatePush, token: str, clock: Clock) -> None:
        self._push = push
        self._keeper = Doorkeeper(token, clock)
        self._lock = threading.Lock()
        self._waiting: queue.Queue[PlateReport] = queue.Queue(WAITING)
        self._sockets: dict[int, Any] = {}
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """Whether the door is open."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.effective_port)

    def start(self) -> None:
        """Listen from now on; raises DoorUnavailable."""
        address, port = str(self._push.address), self._push.port
        try:
            # Bound here, because waitress leaves its own socket open when it cannot bind.
            listening = socket.create_server((address, port))
        except OSError as error:
            raise DoorUnavailable(
                f"相机上报接收无法监听 {address}:{port}（{error.strerror}）。"
                "请核对站点配置中相机的 push，并查看端口是否被其他程序占用。"
            ) from error
        self._server = create_server(
            self._answer,
            map=self._sockets,
            sockets=[listening],
            threads=THREADS,
            ident=None,  # no Server banner
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            max_request_header_size=LARGEST_HEAD,
            max_request_body_size=LARGEST_BODY,
        )
        self._thread = threading.Thread(target=self._server.run, name="push-door", daemon=True)
        self._thread.start()
        log.info("plates are taken at %s:%d", address, self.port)

    def stop(self) -> None:
        """Close the door."""
        if self._thread is None:
            return
        self._server.task_dispatcher.shutdown()
        # Closed by the thread that runs the loop: waitress is not made to be closed by another.
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._sockets))
        self._thread.join(timeout=5)

    def take(self) -> list[PlateReport]:
        """What came since the last call, oldest first; never waits."""
        return list(_emptied(self._waiting))

    def _answer(
        self, request: dict[str, Any], begin: Callable[[str, list[tuple[str, str]]], object]
    ) -> Iterable[bytes]:
        status, said = 202, dict[str, object]()
        try:
            said["taken"] = self._taken(request)
        except Refused as refusal:
            log.warning("a report was not taken: %s", refusal)
            status, said["error"] = refusal.status, str(refusal)
        content = json.dumps(said).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        begin(STATUS[status], headers)
        return [content]

    def _taken(self, request: dict[str, Any]) -> bool:
        """Whether a request brought something new; raises Refused."""
        if request["PATH_INFO"] != "/plate":
            raise Refused(404, "only /plate is here")
        if request["REQUEST_METHOD"] != "POST":
            raise Refused(405, "only POST")
        body = request["wsgi.input"].read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise Refused(413, "too large")
        with self._lock:
            self._keeper.prove(request, body, room=not self._waiting.full())
            report = self._keeper.report(body)
            if report is None:
                return False
            self._waiting.put_nowait(report)
        return True


def _emptied(waiting: queue.Queue[PlateReport]) -> Iterator[PlateReport]:
    while True:
        try:
            yield waiting.get_nowait()
        except queue.Empty:
            return
