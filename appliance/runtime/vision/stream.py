"""A camera's live stream: the newest frame wins, and a lost camera is called again for ever; so is
one whose pictures pile up before a machine that has no time for them.

Of an idle lane a few pictures a second are wanted, and where it may doze not even all are decoded.
"""

import logging
import threading
from contextlib import closing
from urllib.parse import quote

from appliance.clock import Clock
from appliance.profile.model import Camera
from appliance.runtime.vision.doze import Doze
from appliance.runtime.vision.lag import Lag
from appliance.runtime.vision.reading import Frame
from appliance.runtime.vision.rtsp import READ_SECONDS, Call, CameraSilent, decoder_in_hardware

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
IDLE_PAUSE, BUSY_PAUSE = 0.12, 0.04
"""Seconds between two pictures of an empty lane, and of one with somebody in it."""

SLACK = 0.005
"""Frames do not come on the very beat."""


class CameraStream:
    """Reads one stream of a camera in a thread of its own (4.5.3-1), keeping its newest frame.

    `path` is the main stream's unless another is given. One that `dozes` looks away from an empty
    lane for moments (vision/doze.py).
    """

    def __init__(
        self,
        camera: Camera,
        password: str,
        clock: Clock,
        *,
        path: str | None = None,
        dozes: bool = False,
    ) -> None:
        self._camera = camera
        self._url = _url(camera, password, path or camera.rtsp_path)
        self._clock = clock
        self._dozes = dozes
        self._fresh = threading.Condition()
        self._frame: Frame | None = None
        self._taken = False
        self._connected = False
        self._busy = False
        self._stop = threading.Event()
        self._awake = threading.Event()
        self._awake.set()
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.id}", daemon=True)

    def start(self) -> None:
        """Begin to call the camera."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up; returns when the thread has ended or its read has timed out."""
        self._stop.set()
        self._awake.set()
        self._thread.join(READ_SECONDS + 1)

    def attend(self, busy: bool) -> None:
        """Say whether somebody is in the lane: then every frame counts."""
        self._busy = busy

    def rest(self) -> None:
        """Hang up until `wake`."""
        self._awake.clear()

    def wake(self) -> None:
        """Call the camera again; harmless when it is called already."""
        self._awake.set()

    @property
    def alive(self) -> bool:
        """Whether the thread still works; it never ends by itself."""
        return self._thread.is_alive()

    @property
    def connected(self) -> bool:
        """Whether frames are coming."""
        return self._connected

    def next_frame(self, timeout: float) -> Frame | None:
        """The newest frame not yet handed out, waiting at most `timeout` seconds; else None."""
        with self._fresh:
            self._fresh.wait_for(lambda: self._frame is not None and not self._taken, timeout)
            if self._taken:
                return None
            self._taken = self._frame is not None
            return self._frame

    def newest(self) -> Frame | None:
        """The newest frame, handed out or not."""
        return self._frame

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            self._awake.wait()
            hardware = decoder_in_hardware()
            came = self._watch_once(hardware)
            if not came and hardware and self._wanted:
                # Perhaps it is a decoder in hardware that does not know this stream. Asked at once,
                # so that a camera that comes back is met by the hardware again.
                came = self._watch_once(None)
            pause = FIRST_PAUSE if came else min(pause * 2, LONGEST_PAUSE)
            if self._awake.is_set():
                self._stop.wait(pause)

    @property
    def _wanted(self) -> bool:
        return self._awake.is_set() and not self._stop.is_set()

    def _watch_once(self, hardware: str | None) -> bool:
        """Call the camera and read until the stream breaks; whether any frame came."""
        try:
            with closing(Call(self._url, hardware=hardware)) as call:
                self._watch(call)
        except CameraSilent:
            log.warning("camera %s does not answer", self._camera.id)
        came, self._connected = self._connected, False
        return came

    def _watch(self, call: Call) -> None:
        doze, lag = Doze(), Lag()
        shown = self._clock.monotonic() - IDLE_PAUSE
        for packet in call.packets():
            if not self._wanted:
                return
            instant = self._clock.monotonic()
            if lag.hopeless(packet.seconds, instant):
                log.warning("camera %s: the machine fell behind", self._camera.id)
                return
            picture = None
            for due in doze.due(packet, busy=self._busy or not self._dozes):
                picture = call.decoded(due) or picture
            pause = BUSY_PAUSE if self._busy else IDLE_PAUSE
            wanted = picture if instant - shown >= pause - SLACK else None
            image = call.image(wanted) if wanted else None
            if image is None:
                if instant - shown > READ_SECONDS:
                    log.warning("camera %s: no picture can be made of its stream", self._camera.id)
                    return
                continue
            if not self._connected:
                how = "in hardware" if call.in_hardware else "by FFmpeg"
                log.info("camera %s is live, decoded %s", self._camera.id, how)
            self._connected = True
            shown = instant
            self._publish(Frame(image, self._clock.now(), instant))
        log.warning("camera %s: the stream broke off", self._camera.id)

    def _publish(self, frame: Frame) -> None:
        with self._fresh:
            self._frame = frame
            self._taken = False
            self._fresh.notify_all()


def _url(camera: Camera, password: str, path: str) -> str:
    """The RTSP address with its login; never logged."""
    login = f"{quote(camera.user, safe='')}:{quote(password, safe='')}"
    return f"rtsp://{login}@{camera.host}:{camera.rtsp_port}{path}"
