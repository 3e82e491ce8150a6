"""A camera's live stream: the newest frame wins, and a lost camera is called again for ever."""

import logging
import os
import threading
from urllib.parse import quote

import cv2
import numpy as np

from appliance.clock import Clock
from appliance.profile.model import Camera
from appliance.runtime.vision.reading import Frame

log = logging.getLogger(__name__)

OPEN_MILLISECONDS = 8_000
READ_MILLISECONDS = 5_000
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0

# TCP, because a lost packet costs a smeared plate; little buffering and a short look at the
# stream before the first frame, because a gate is live.
os.environ.setdefault(
    "OPENCV_FFMPEG_CAPTURE_OPTIONS",
    "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay|analyzeduration;500000",
)


class CameraStream:
    """Reads one camera in a thread of its own (4.5.3-1) and keeps only its newest frame."""

    def __init__(self, camera: Camera, password: str, clock: Clock) -> None:
        self._camera = camera
        self._url = _url(camera, password)
        self._clock = clock
        self._fresh = threading.Condition()
        self._frame: Frame | None = None
        self._taken = False
        self._connected = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.id}", daemon=True)

    def start(self) -> None:
        """Begin to call the camera."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up; returns when the thread has ended or its read has timed out."""
        self._stop.set()
        self._thread.join(READ_MILLISECONDS / 1000 + 1)

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
            came = self._watch_once()
            pause = FIRST_PAUSE if came else min(pause * 2, LONGEST_PAUSE)
            self._stop.wait(pause)

    def _watch_once(self) -> bool:
        """Read until the stream breaks; whether any frame came."""
        capture = cv2.VideoCapture()
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MILLISECONDS]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MILLISECONDS]
        came = False
        try:
            if not capture.open(self._url, cv2.CAP_FFMPEG, limits):
                log.warning("camera %s does not answer", self._camera.id)
                return False
            while not self._stop.is_set():
                ok, image = capture.read()
                if not ok:
                    log.warning("camera %s: the stream broke off", self._camera.id)
                    break
                if not came:
                    log.info("camera %s is live", self._camera.id)
                came = self._connected = True
                with self._fresh:
                    pixels = np.asarray(image, np.uint8)
                    self._frame = Frame(pixels, self._clock.now(), self._clock.monotonic())
                    self._taken = False
                    self._fresh.notify_all()
        finally:
            self._connected = False
            capture.release()
        return came


def _url(camera: Camera, password: str) -> str:
    """The RTSP address with its login; never logged."""
    login = f"{quote(camera.user, safe='')}:{quote(password, safe='')}"
    return f"rtsp://{login}@{camera.host}:{camera.rtsp_port}{camera.rtsp_path}"
