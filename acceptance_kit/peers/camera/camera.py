"""A simulated network camera: a scene, live, as H.264 over RTSP with digest authentication.

Until `begin` the camera shows the idle gate, so that a demo can wait for the runtime to connect
(`first_client`) and to settle before the first truck comes.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np

from acceptance_kit.peers.camera.brush import Picture
from acceptance_kit.peers.camera.rtsp_child import CameraFault, RtspChild
from acceptance_kit.peers.camera.scene import HEIGHT, WIDTH, Scene, Vehicle
from appliance.clock import Clock, SystemClock

log = logging.getLogger(__name__)

BEFORE_THE_SCRIPT = -1.0  # an instant in which every scene is idle


class Failing(StrEnum):
    """What a camera may do instead of showing its gate; the stream itself goes on."""

    FROZEN = "frozen"
    BLACK = "black"
    TURNED_AWAY = "turned away"


@dataclass(frozen=True, slots=True)
class Shown:
    """A vehicle that the camera showed: aware Beijing time of its first picture, and of the first
    picture without it (None while it is there).
    """

    vehicle: Vehicle
    entered_at: datetime
    left_at: datetime | None


class SimulatedCamera:
    """Serves `scene` at `rtsp://user:password@host:port/path`, `fps` pictures a second.

    `first_client` is set when a client has begun to play for the first time, `finished` when the
    last vehicle of a scene that does not repeat has left. The time is burnt into the picture
    (4.5.3-3). With a `sub_path` the same picture comes there too, 640 x 360.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        user: str,
        password: str,
        host: str = "127.0.0.1",
        port: int = 0,
        fps: int = 10,
        path: str = "/main",
        sub_path: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.first_client = threading.Event()
        self.finished = threading.Event()
        self._scene = scene
        self._order = {"width": WIDTH, "height": HEIGHT, "fps": fps, "host": host, "port": port}
        self._order |= {"path": path, "user": user, "password": password, "sub_path": sub_path}
        self._failing: Failing | None = None
        self._fps = fps
        self._clock = clock or SystemClock()
        self._begun_at: float | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._shown: list[Shown] = []
        self._present: int | None = None  # the number of the appearance in the last picture
        self._clients = 0
        self._child: RtspChild | None = None
        self._writer: threading.Thread | None = None

    def start(self) -> None:
        """Begin to serve the idle gate; raises CameraFault with the packages that are missing."""
        self._stopping.clear()
        self._child = RtspChild(self._order, self._heard)
        self._writer = threading.Thread(target=self._film, args=(self._child,), daemon=True)
        self._writer.start()

    def begin(self) -> None:
        """Let the scene run from its second 0, once more when it has run to its end; while it runs
        a further call changes nothing."""
        with self._lock:
            if self._begun_at is None or self.finished.is_set():
                self._begun_at = self._clock.monotonic()
                self.finished.clear()

    def fail(self, failing: Failing | None) -> None:
        """Show something else from now on, or (None) the gate again."""
        self._failing = failing

    def stop(self) -> None:
        """Cut every client off and end the server's process; harmless when not started."""
        self._stopping.set()
        if self._child is not None:
            self._child.end()
        if self._writer is not None:
            self._writer.join()
        if self._child is not None:
            self._child.close()
        self._child = self._writer = None
        with self._lock:
            self._clients = 0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; raises CameraFault when not started."""
        return str(self._order["host"]), self._running().port

    @property
    def url(self) -> str:
        """The whole RTSP address, password included: for tests, not for logs."""
        user, password = (quote(str(self._order[name]), safe="") for name in ("user", "password"))
        host, port = self.address
        return f"rtsp://{user}:{password}@{host}:{port}{self._order['path']}"

    @property
    def pid(self) -> int:
        """The process that serves; raises CameraFault when not started."""
        return self._running().pid

    @property
    def clients(self) -> int:
        """How many clients are playing just now."""
        with self._lock:
            return self._clients

    def appearances(self) -> tuple[Shown, ...]:
        """Every vehicle shown so far, in order; the last may still be there."""
        with self._lock:
            return tuple(self._shown)

    def _running(self) -> RtspChild:
        if self._child is None:
            raise CameraFault("the camera is not started")
        return self._child

    def _heard(self, event: dict[str, Any]) -> None:
        change = {"playing": 1, "gone": -1}.get(event["event"], 0)
        with self._lock:
            self._clients += change
        if change > 0:
            self.first_client.set()

    def _film(self, child: RtspChild) -> None:
        """Write the present picture `fps` times a second, until told to stop."""
        due = self._clock.monotonic()
        last: Picture | None = None
        drawn: tuple[object, ...] = ()
        raw = b""
        while not self._stopping.wait(max(0.0, due - self._clock.monotonic())):
            now = self._clock.monotonic()
            # A machine that lost time skips pictures, as a camera would; it does not hurry.
            due = max(due + 1 / self._fps, now)
            begun = self._begun_at
            second = BEFORE_THE_SCRIPT if begun is None else now - begun
            picture = self._scene.frame_at(second)
            failing, words = self._failing, f"{self._clock.now():%Y-%m-%d %H:%M:%S}"
            another = picture is not last or drawn != (failing, words)
            if another and not (failing is Failing.FROZEN and raw):
                raw, last, drawn = _coded(picture, words, failing), picture, (failing, words)
            try:
                child.write(raw)
            except OSError:  # gone, or ended by `stop`
                if not self._stopping.is_set():
                    log.exception("the simulated camera's RTSP server is gone")
                return
            self._note(second)
            if second >= self._scene.ends_at and not self._scene.repeat:
                self._is_over(begun)
            self._scene.prepare(second)

    def _is_over(self, begun: float | None) -> None:
        with self._lock:
            if begun == self._begun_at:  # it has not begun anew meanwhile
                self.finished.set()

    def _note(self, second: float) -> None:
        """Keep the record of who is in the picture just written."""
        showing = None if second < 0 else self._scene.showing(second)
        number = None if showing is None else showing[0]
        with self._lock:
            if number != self._present:
                at = self._clock.now()
                if self._present is not None:
                    left = self._shown.pop()
                    self._shown.append(Shown(left.vehicle, left.entered_at, at))
                if showing is not None:
                    self._shown.append(Shown(showing[1].vehicle, at, None))
                self._present = number


def _coded(picture: Picture, words: str, failing: Failing | None) -> bytes:
    """The picture as I420 with the time burnt in, or what a failing camera shows instead."""
    if failing is Failing.BLACK:
        picture = np.zeros_like(picture)
    elif failing is Failing.TURNED_AWAY:
        picture = np.ascontiguousarray(np.roll(picture[::-1, ::-1], WIDTH // 3, axis=1))
    planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    if failing is not Failing.BLACK:
        place, font = (WIDTH - 330, 28), cv2.FONT_HERSHEY_SIMPLEX
        for thickness, grey in ((5, 20), (2, 235)):  # the first plane is the brightness
            cv2.putText(planes, words, place, font, 0.8, (grey,), thickness, cv2.LINE_AA)
    return planes.tobytes()
