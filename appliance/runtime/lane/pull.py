"""A plate camera that reads by itself and is asked over ONVIF: a thread that keeps asking."""

import logging
import threading
from collections import deque

from appliance.cameras.channel import CameraRefused, CameraSilent, Channel
from appliance.cameras.events import PlateEvent, PullPoint
from appliance.cameras.transport import Untrustworthy
from appliance.clock import Clock
from appliance.profile.model import Camera
from appliance.runtime.lane.push_form import believed
from appliance.runtime.vision.grammar import spelled
from appliance.runtime.vision.report import PlateReport

log = logging.getLogger(__name__)

WAITING = 8
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


class EventPuller:
    """Asks one camera for the plates it read; `take` hands them on."""

    def __init__(self, camera: Camera, password: str, clock: Clock) -> None:
        self._channel = Channel(camera, password, clock)
        self._clock = clock
        self._came: deque[PlateReport] = deque(maxlen=WAITING)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="onvif-events", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it still asks."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Ask from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; a question that is under way ends by itself."""
        self._over.set()
        self._thread.join(timeout=5)

    def take(self) -> list[PlateReport]:
        """What came since the last call, oldest first; never waits."""
        came = []
        while self._came:
            came.append(self._came.popleft())
        return came

    def _run(self) -> None:
        point, pause, is_open = PullPoint(self._channel), FIRST_PAUSE, False
        while not self._over.is_set():
            try:
                if not is_open:
                    point.open()
                    log.info("the camera's events are subscribed to")
                    is_open = True
                for event in point.pull():
                    self._hear(event)
                pause = FIRST_PAUSE
            except (CameraSilent, CameraRefused, Untrustworthy) as trouble:
                log.warning("no events from the camera: %s", trouble or type(trouble).__name__)
                is_open = False
                self._over.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _hear(self, event: PlateEvent) -> None:
        plate = spelled(event.text)
        if plate is None:
            log.info("the camera read what is numbered as no plate")
            return
        now = self._clock.now()
        self._came.append(
            PlateReport(
                plate=plate,
                at=believed(event.at, now),
                instant=self._clock.monotonic(),
                confidence=event.likelihood,
            )
        )
