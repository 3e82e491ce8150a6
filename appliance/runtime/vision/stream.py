"""A camera's live stream: the newest frame wins, and a lost camera is called again for ever; so is
one whose pictures pile up before a machine that has no time for them.

Every frame is decoded (H.264 cannot skip one), but only as many as are wanted are turned into
pictures: in an idle lane that is a few a second.
"""

import logging
import os
import threading
from urllib.parse import quote

import cv2
import numpy as np

from appliance.clock import Clock
from appliance.profile.model import Camera
from appliance.runtime.vision.lag import Lag
from appliance.runtime.vision.reading import Frame

log = logging.getLogger(__name__)

OPEN_MILLISECONDS = 8_000
READ_MILLISECONDS = 5_000
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
IDLE_PAUSE, BUSY_PAUSE = 0.12, 0.04
"""Seconds between two pictures of an empty lane, and of one with somebody in it."""

SLACK = 0.005
"""Frames do not come on the very beat."""

# TCP, because a lost packet costs a smeared plate; little buffering and a short look at the
# stream before the first frame, because a gate is live.
os.environ.setdefault(
    "OPENCV_FFMPEG_CAPTURE_OPTIONS",
    "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay|analyzeduration;500000",
)


class CameraStream:
    """Reads one stream of a camera in a thread of its own (4.5.3-1), keeping its newest frame.

    `path` is the main stream's unless another is given. A stream whose size changes on the way
    keeps coming in its first size; the next connection has the new one.
    """

    def __init__(
        self, camera: Camera, password: str, clock: Clock, *, path: str | None = None
    ) -> None:
        self._camera = camera
        self._url = _url(camera, password, path or camera.rtsp_path)
        self._clock = clock
        self._fresh = threading.Condition()
        self._frame: Frame | None = None
        self._taken = False
        self._connected = False
        self._pause = IDLE_PAUSE
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
        self._thread.join(READ_MILLISECONDS / 1000 + 1)

    def attend(self, busy: bool) -> None:
        """Say whether somebody is in the lane: then every frame counts."""
        self._pause = BUSY_PAUSE if busy else IDLE_PAUSE

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
            came = self._watch_once(hardware=True)
            if not came and self._awake.is_set() and not self._stop.is_set():
                # Perhaps it is a decoder in hardware that does not know this stream. Asked at once,
                # so that a camera that comes back is met by the hardware again.
                came = self._watch_once(hardware=False)
            pause = FIRST_PAUSE if came else min(pause * 2, LONGEST_PAUSE)
            if self._awake.is_set():
                self._stop.wait(pause)

    def _watch_once(self, *, hardware: bool) -> bool:
        """Read until the stream breaks; whether any frame came."""
        capture = cv2.VideoCapture()
        settings = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MILLISECONDS]
        settings += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MILLISECONDS]
        # FFmpeg's own number, one a core, decodes so many pictures at a time, and hands each out
        # later by as many less one: on eight cores by more than a quarter of a second.
        settings += [cv2.CAP_PROP_N_THREADS, 1]
        if hardware:  # where the machine has one; FFmpeg decodes itself otherwise
            settings += [cv2.CAP_PROP_HW_ACCELERATION, cv2.VIDEO_ACCELERATION_ANY]
        came = False
        shown, lag = -1.0, Lag()
        try:
            if not capture.open(self._url, cv2.CAP_FFMPEG, settings):
                log.warning("camera %s does not answer", self._camera.id)
                return False
            whole = self._clock.monotonic()
            while self._awake.is_set() and not self._stop.is_set():
                if not capture.grab():
                    log.warning("camera %s: the stream broke off", self._camera.id)
                    break
                instant = self._clock.monotonic()
                if lag.hopeless(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, instant):
                    log.warning("camera %s: the machine fell behind", self._camera.id)
                    break
                if instant - shown < self._pause - SLACK:
                    continue
                ok, image = capture.retrieve()
                if not ok:
                    if instant - whole < READ_MILLISECONDS / 1000:
                        continue  # a damaged frame; the next one may be whole
                    # A camera that was dumb while it was called: FFmpeg knows no size, for ever.
                    log.warning("camera %s: no picture can be made of its stream", self._camera.id)
                    break
                whole = instant
                if not came:
                    decoder = capture.get(cv2.CAP_PROP_HW_ACCELERATION)
                    log.info("camera %s is live (decoder %d)", self._camera.id, decoder)
                came = self._connected = True
                shown = instant
                self._publish(Frame(np.asarray(image, np.uint8), self._clock.now(), instant))
        except cv2.error as trouble:
            log.warning("camera %s: %s", self._camera.id, trouble.err)
        finally:
            self._connected = False
            capture.release()
        return came

    def _publish(self, frame: Frame) -> None:
        with self._fresh:
            self._frame = frame
            self._taken = False
            self._fresh.notify_all()


def _url(camera: Camera, password: str, path: str) -> str:
    """The RTSP address with its login; never logged."""
    login = f"{quote(camera.user, safe='')}:{quote(password, safe='')}"
    return f"rtsp://{login}@{camera.host}:{camera.rtsp_port}{path}"
