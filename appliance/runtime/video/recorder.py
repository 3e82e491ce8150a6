"""Recording one camera for ever: call it, write its fragments, call again when it is lost (4.3-1).

Nothing but `stop` ends it. A disk that is not there or is the wrong one, a policy that says stop,
a camera that is away: each is tried again, and told meanwhile.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from appliance.clock import Clock
from appliance.profile.model import Camera
from appliance.profile.secrets import SecretFault, SecretStore
from appliance.runtime.journal import Journal, JournalError
from appliance.runtime.video.boxes import Piece
from appliance.runtime.video.live import Live, address_of
from appliance.runtime.video.shelf import NoPlace, Shelf
from appliance.runtime.video.timing import Timing
from appliance.runtime.video.writing import OpenFragment, Pen, StepHook, pass_by
from appliance.trouble import failure_sentence

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
AWAY_SECONDS = 30.0
"""After so long without a picture written, it is an event."""

GAP = timedelta(seconds=AWAY_SECONDS)


class CameraRecorder:
    """Records one camera; `run` is for a thread of its own."""

    def __init__(
        self,
        camera: Camera,
        root: Path,
        *,
        shelf: Shelf,
        secrets: SecretStore,
        clock: Clock,
        stop: threading.Event,
        step: StepHook = pass_by,
    ) -> None:
        self.camera = camera
        self._root = root
        self._shelf = shelf
        self._secrets = secrets
        self._clock = clock
        self._stop = stop
        self._step = step
        self._wrote = clock.monotonic()
        self._trouble: str | None = None

    def run(self) -> None:
        """Record until `stop` is set."""
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            before = self._wrote
            try:
                with Journal.open(self._root, self._clock) as journal:
                    self._call(journal)
            except (NoPlace, SecretFault, JournalError) as trouble:
                self._tell(str(trouble).rstrip("。"))
            except (OSError, sqlite3.OperationalError) as error:
                self._tell(failure_sentence(error).rstrip("。"))
            pause = FIRST_PAUSE if self._wrote != before else min(pause * 2, LONGEST_PAUSE)
            self._stop.wait(pause)

    @property
    def name(self) -> str:
        """The camera's."""
        return self.camera.id

    @property
    def away(self) -> bool:
        """Whether nothing was written for so long that it is an event."""
        return self._clock.monotonic() - self._wrote > AWAY_SECONDS

    @property
    def trouble(self) -> str | None:
        """What keeps it from recording (Chinese), or None."""
        return self._trouble or ("相机没有图像" if self.away else None)

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("camera %s is not recorded: %s", self.camera.id, trouble)
        self._trouble = trouble

    def _call(self, journal: Journal) -> None:
        """One call to the camera, until it is over."""
        pen = Pen(f"recording:{self.camera.id}", self.camera.id, journal, self._clock, self._step)
        if (left := pen.adopt(self._shelf.volumes)) is not None:
            log.info("camera %s: %s was left behind and is known now", left.camera, left.path)
        self._shelf.choose(journal)  # no picture is asked for that could not be kept
        address = address_of(self.camera, self._secrets.resolve(self.camera.password))
        with Live(self.camera.id, address, self._clock) as live:
            call = _Call(self, live, pen, journal, self._clock)
            with call.kept():
                for arrived, piece in live.pieces(lambda: not self._stop.is_set()):
                    if not call.take(arrived, piece):
                        return
                    self._wrote = self._clock.monotonic()
                    self._trouble = None

    def choose(self, journal: Journal) -> str:
        """The volume of the next fragment; raises NoPlace."""
        return self._shelf.choose(journal)

    def tell_gap(self, journal: Journal, began: datetime) -> None:
        """Note what is missing before a fragment that begins a call."""
        newest = journal.video().newest_fragment(self.camera.id)
        if newest is None or began - newest.ended_at < GAP:
            return
        gone = began - newest.ended_at
        journal.note(
            "recording-gap",
            f"相机 {self.camera.position}（{self.camera.id}）的录像从 "
            f"{newest.ended_at:%m-%d %H:%M:%S} 中断到 {began:%m-%d %H:%M:%S}，"
            f"共 {gone.total_seconds() / 60:.1f} 分钟，现已恢复。",
        )


class _Call:
    """The fragments of one call, one after the other."""

    def __init__(
        self, recorder: CameraRecorder, live: Live, pen: Pen, journal: Journal, clock: Clock
    ) -> None:
        self._recorder = recorder
        self._live = live
        self._pen = pen
        self._journal = journal
        self._clock = clock
        self._open: tuple[OpenFragment, Timing] | None = None
        self._follows: datetime | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Close what is open however the call ends."""
        try:
            yield
        finally:
            self._close()

    def take(self, arrived: float, piece: Piece) -> bool:
        """Write a piece; False when the call had better end."""
        timescale = self._live.head.timescale
        lasted = piece.ticks / timescale
        if self._open is not None and piece.key and self._open[1].is_over(lasted):
            self._close()
        if self._open is None:
            if not piece.key:
                return True  # nobody could see it
            volume = self._recorder.choose(self._journal)
            timing = Timing(self._clock, arrived, lasted)
            began = timing.began_at(self._follows)
            if self._follows is None:
                self._recorder.tell_gap(self._journal, began)
            self._open = (self._pen.open(volume, began, self._live.head, piece), timing)
            return True
        fragment, timing = self._open
        if not timing.takes(arrived, (piece.end - fragment.start) / timescale):
            log.warning("camera %s: its time is astray", self._recorder.camera.id)
            return False
        fragment.add(piece)
        return True

    def _close(self) -> None:
        if self._open is None:
            return
        (fragment, timing), self._open = self._open, None
        self._follows = self._pen.close(fragment, timing.began_at(self._follows)).ended_at
