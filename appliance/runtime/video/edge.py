"""Fetching what was missed from the cameras' own storage, after a line was cut (4.4.1-5).

A camera that is recorded again is asked for the spans of which there is no video. What it plays
becomes fragments like any other, so clips, sweeper and pages know no difference.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from appliance.cameras.edge import NoReplay, Replay, find_replay
from appliance.clock import BEIJING, Clock
from appliance.profile.model import Camera
from appliance.profile.secrets import SecretFault, SecretStore
from appliance.runtime.journal import Journal, JournalError
from appliance.runtime.video.boxes import Head, Piece
from appliance.runtime.video.live import Live
from appliance.runtime.video.relay import Relay, Span
from appliance.runtime.video.shelf import NoPlace, Shelf
from appliance.runtime.video.writing import OpenFragment, Pen
from appliance.trouble import failure_sentence

log = logging.getLogger(__name__)

LOOKED_BACK = timedelta(days=1)
SETTLED = timedelta(minutes=2)
"""A span is missed only when the fragment after it had time to be closed."""

LEAST = timedelta(seconds=5)
LOOK_EVERY = 60.0
MOST_TRIES = 3

Find = Callable[[Camera, str, Clock, datetime, datetime], Replay]
"""How a camera is asked what it has; `find_replay` is the one for ONVIF Profile G."""


class EdgeFetcher:
    """Looks for what is missing and fetches it; `run` is for a thread of its own."""

    name = "补录"
    trouble: str | None = None
    """Never set: a camera that keeps nothing itself is no fault (4.4.1-5 asks for none)."""

    def __init__(
        self,
        cameras: tuple[Camera, ...],
        root: Path,
        *,
        shelf: Shelf,
        secrets: SecretStore,
        clock: Clock,
        stop: threading.Event,
        find: Find = find_replay,
    ) -> None:
        self._cameras = [camera for camera in cameras if camera.onvif_port is not None]
        self._root = root
        self._shelf = shelf
        self._secrets = secrets
        self._clock = clock
        self._stop = stop
        self._find = find
        self._tries: dict[tuple[str, datetime], int] = {}

    def run(self) -> None:
        """Look once a minute until told to stop."""
        while not self._stop.wait(LOOK_EVERY):
            try:
                with Journal.open(self._root, self._clock) as journal:
                    self.look(journal)
            except (NoPlace, JournalError) as trouble:
                log.warning("nothing is fetched: %s", trouble)
            except (OSError, sqlite3.OperationalError) as error:
                log.warning("nothing is fetched: %s", failure_sentence(error))

    def look(self, journal: Journal) -> int:
        """Fetch what is missing of every camera; returns how many spans were filled.

        Raises NoPlace, OSError, sqlite3.Error.
        """
        filled = 0
        for camera in self._cameras:
            self._pen(journal, camera).adopt(self._shelf.volumes)
            for begin, end in self._missed(journal, camera):
                if self._stop.is_set():
                    return filled
                filled += self._try(journal, camera, begin, end)
        return filled

    def _missed(self, journal: Journal, camera: Camera) -> list[tuple[datetime, datetime]]:
        """Spans between two fragments: before the first nothing was missed, and after the last
        the camera is still away."""
        since, now = self._clock.now() - LOOKED_BACK, self._clock.now()
        spans = journal.video().gaps(camera.id, since, now - SETTLED, LEAST)
        newest = journal.video().newest_fragment(camera.id)
        return [
            (begin, end)
            for begin, end in spans
            if begin > since and newest is not None and end <= newest.began_at
            if self._tries.get((camera.id, begin), 0) < MOST_TRIES
        ]

    def _try(self, journal: Journal, camera: Camera, begin: datetime, end: datetime) -> bool:
        self._tries[camera.id, begin] = self._tries.get((camera.id, begin), 0) + 1
        try:
            password = self._secrets.resolve(camera.password)
            replay = self._find(camera, password, self._clock, begin, end)
        except (NoReplay, SecretFault) as reason:
            log.info("camera %s: nothing of %s: %s", camera.id, begin, reason)
            return False
        span = Span(
            host=camera.host,
            port=camera.rtsp_port,
            path=replay.path,
            begin=begin + replay.offset,
            end=end + replay.offset,
        )
        with Relay(span, camera.user, password) as relay:
            seconds = self._fetch(journal, camera, relay, replay.offset, (begin, end))
        if not seconds:
            return False
        what = f"相机 {camera.position}（{camera.id}）{begin:%m-%d %H:%M:%S} 起中断的录像，"
        journal.note("recording-filled", f"{what}已从相机存储补回 {seconds / 60:.1f} 分钟。")
        return True

    def _pen(self, journal: Journal, camera: Camera) -> Pen:
        return Pen(f"fetching:{camera.id}", camera.id, journal, self._clock)

    def _fetch(
        self,
        journal: Journal,
        camera: Camera,
        relay: Relay,
        offset: timedelta,
        span: tuple[datetime, datetime],
    ) -> float:
        """Write what the camera plays as fragments; returns how many seconds came."""
        pen = self._pen(journal, camera)
        with Live(camera.id, relay.address, self._clock) as live:
            tape = _Tape(pen, lambda: self._shelf.choose(journal))
            try:
                for _, piece in live.pieces(lambda: not self._stop.is_set()):
                    first = relay.first_at - offset if relay.first_at else span[0]
                    if not tape.take(live.head, piece, first.astimezone(BEIJING), span[1]):
                        break
            finally:
                tape.close()
        return tape.seconds


class _Tape:
    """A replay on its way into fragments, a minute each, timed by the stream itself."""

    def __init__(self, pen: Pen, choose: Callable[[], str]) -> None:
        self.seconds = 0.0
        self._pen = pen
        self._choose = choose
        self._zero: int | None = None
        self._open: tuple[OpenFragment, datetime] | None = None

    def take(self, head: Head, piece: Piece, first: datetime, end: datetime) -> bool:
        """Write a piece; False when the span is full. `first` is when the stream's first picture
        was taken."""
        if self._zero is None:
            if not piece.key:
                return True
            self._zero = piece.start
        at = first + timedelta(seconds=(piece.start - self._zero) / head.timescale)
        if at >= end:
            return False
        if self._open is not None and piece.key and at.minute != self._open[1].minute:
            self.close()
        if self._open is None:
            self._open = (self._pen.open(self._choose(), at, head, piece), at)
        else:
            self._open[0].add(piece)
        self.seconds += piece.ticks / head.timescale
        return True

    def close(self) -> None:
        """Make the last fragment known."""
        if self._open is not None:
            (fragment, began_at), self._open = self._open, None
            self._pen.close(fragment, began_at)
