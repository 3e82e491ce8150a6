"""A camera with a sub stream: the small picture watches the empty lane, the large one the vehicle.

The main stream is called when something comes and let go a while after the lane is empty again,
so an idle lane decodes small pictures only. Until the main stream has come, and whenever it does
not come, the sub stream's pictures are read: later is better than never.
"""

from typing import Protocol

from appliance.clock import Clock
from appliance.runtime.vision.reading import Frame
from appliance.runtime.vision.stream import CameraStream

LINGER_SECONDS = 30.0
"""How long the main stream is kept after the lane was last occupied: trucks come in queues."""

STALE_SECONDS = 1.0
"""A main stream without a picture for so long is not what is looked at."""


class LiveView(Protocol):
    """What the lane needs of a camera: one stream, or two that take turns."""

    def start(self) -> None:
        """Begin to call the camera."""

    def stop(self) -> None:
        """Hang up."""

    def attend(self, busy: bool) -> None:
        """Say whether somebody is in the lane."""

    @property
    def alive(self) -> bool:
        """Whether the threads still work."""

    @property
    def connected(self) -> bool:
        """Whether frames are coming."""

    def next_frame(self, timeout: float) -> Frame | None:
        """The newest frame not yet handed out, waiting at most `timeout` seconds; else None."""

    def newest(self) -> Frame | None:
        """The newest frame, handed out or not."""


class TwoStreams:
    """Main and sub stream of one camera behind the face of one."""

    def __init__(
        self,
        main: CameraStream,
        sub: CameraStream,
        clock: Clock,
        *,
        linger_seconds: float = LINGER_SECONDS,
    ) -> None:
        self._main, self._sub, self._clock = main, sub, clock
        self._linger = linger_seconds
        self._busy_at = clock.monotonic()

    def start(self) -> None:
        """Begin to call the camera: the sub stream, and once the main one, so that a wrong path
        is in the log before the first truck."""
        self._sub.start()
        self._main.start()

    def stop(self) -> None:
        """Hang up."""
        self._main.stop()
        self._sub.stop()

    def attend(self, busy: bool) -> None:
        """Call the main stream while somebody is in the lane, or the sub stream is lost."""
        now = self._clock.monotonic()
        if busy or not self._sub.connected:
            self._busy_at = now
        if now - self._busy_at < self._linger:
            self._main.wake()
        else:
            self._main.rest()
        self._main.attend(busy)
        self._sub.attend(busy)

    @property
    def alive(self) -> bool:
        """Whether both threads still work."""
        return self._main.alive and self._sub.alive

    @property
    def connected(self) -> bool:
        """Whether frames of either are coming."""
        return self._main.connected or self._sub.connected

    def next_frame(self, timeout: float) -> Frame | None:
        """The newest frame not yet handed out, of the main stream where it runs."""
        return (self._main if self._main_runs() else self._sub).next_frame(timeout)

    def newest(self) -> Frame | None:
        """The newest frame of the stream that is looked at."""
        return (self._main if self._main_runs() else self._sub).newest()

    def _main_runs(self) -> bool:
        frame = self._main.newest()
        recent = frame and self._clock.monotonic() - frame.instant < STALE_SECONDS
        return bool(recent) and self._main.connected


def live_view(camera_main: CameraStream, camera_sub: CameraStream | None, clock: Clock) -> LiveView:
    """One stream or two behind one face."""
    return TwoStreams(camera_main, camera_sub, clock) if camera_sub else camera_main
