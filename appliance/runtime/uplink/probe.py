"""The field engineer's first ten minutes on site: which dialect does this platform speak?

A marked test record is sent in one dialect after another, from HJ 212's own to the most lenient,
until one is understood. First the points that decide whether a frame is read at all are varied;
if the platform reads frames but refuses the record, the points inside the fields are.
"""

import hashlib
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, product
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from appliance.clock import Clock
from appliance.guideline.dictionaries import EmissionStage, PlateColour, RaiseMethod
from appliance.guideline.messages import Result
from appliance.profile.model import Dialect, Profile
from appliance.runtime.journal.qn import next_qn
from appliance.runtime.journal.values import (
    Admission,
    Decision,
    PhotoKind,
    RecordedPassage,
    StoredPhoto,
    Vehicle,
)
from appliance.runtime.uplink.compose import Composer, Packet, Qns
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.message import Unsendable
from appliance.runtime.uplink.replies import Reply
from appliance.runtime.uplink.results import sentence_of

TEST_MARK = "联调测试"
"""Stands in the test record's plate, position and fleet, so that nobody takes it for a truck."""

NOT_YET_OURS = {Result.WRONG_MN, Result.NOT_FILED}
"""Answers of a platform that could read the frame but does not know the enterprise: what it
thinks of the fields cannot be learnt before the filing."""

# The first choice of each point is HJ 212-2017's own.
FRAME_POINTS: dict[str, tuple[str, ...]] = {
    "body": ("cp", "literal"),
    "length": ("packets", "bytes", "shrink"),
    "crc": ("computed", "constant"),
    "length_field": ("computed", "constant"),
    "version": ("2017", "2025"),
}
FIELD_POINTS: dict[str, tuple[str, ...]] = {
    "dictionary": ("codes", "names"),
    "dates": ("compact", "dashed"),
    "photos": ("side-by-side", "front-only", "two-messages"),
    "forbidden_words": ("off", "as-written", "any-case"),
    "mn": ("credit-code", "enterprise-number"),
}
MOST_CHANGED_FIELD_POINTS = 2

RECEIVE_BYTES = 65_536
QUIET_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Trial:
    """One dialect tried: what came back, as a sentence in Chinese and, when answered, a code."""

    dialect: Dialect
    code: int | None
    sentence: str
    raw: str
    seconds: float

    @property
    def fits(self) -> bool:
        """Whether the platform took the record."""
        return self.code == Result.RECEIVED

    @property
    def readable(self) -> bool:
        """Whether the platform could at least read the frame."""
        return self.fits or self.code in NOT_YET_OURS


def probe(
    profile: Profile, clock: Clock, tell: Callable[[Trial], None]
) -> tuple[Dialect | None, tuple[Trial, ...]]:
    """Try dialects against the profile's platform; the one that fits, or None, and all trials.

    Where the enterprise is not filed yet, the first dialect whose frame was read is as far as it
    goes. `tell` hears of each trial as it ends. Sends marked test records and nothing else.
    """
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="gatehouse-probe-") as folder:
        line = _Line(profile, clock, Path(folder))

        def first(dialects: Iterator[Dialect], good: Callable[[Trial], bool]) -> Dialect | None:
            for dialect in dialects:
                trial = line.attempt(dialect)
                trials.append(trial)
                tell(trial)
                if good(trial):
                    return dialect
            return None

        found = first(frame_dialects(), lambda trial: trial.readable)
        if found is None:
            answered = [trial.dialect for trial in trials if trial.code is not None]
            found = first(field_dialects(answered), lambda trial: trial.fits)
    return found, tuple(trials)


def frame_dialects() -> Iterator[Dialect]:
    """Every way to write a frame, HJ 212's own first, fewer departures before more."""
    dialects = (Dialect(**choice) for choice in _choices(FRAME_POINTS))
    yield from sorted(filter(_is_plausible, dialects), key=_departures(FRAME_POINTS))


def _is_plausible(dialect: Dialect) -> bool:
    """Whoever reads a constant for the length does not count, so needs no short frames either."""
    return dialect.length_field == "computed" or dialect.length == "bytes"


def field_dialects(frames: Sequence[Dialect]) -> Iterator[Dialect]:
    """Dialects that were answered, with one and then two points of their fields changed."""
    for count in range(1, MOST_CHANGED_FIELD_POINTS + 1):
        for points in combinations(FIELD_POINTS, count):
            for choice in _choices({point: FIELD_POINTS[point][1:] for point in points}):
                yield from (frame.model_copy(update=choice) for frame in frames)


def _choices(points: dict[str, tuple[str, ...]]) -> Iterator[dict[str, Any]]:
    for values in product(*points.values()):
        yield dict(zip(points, values, strict=True))


def _departures(points: dict[str, tuple[str, ...]]) -> Callable[[Dialect], int]:
    return lambda dialect: sum(
        values.index(getattr(dialect, point)) for point, values in points.items()
    )


class _Line:
    """Sends the test record; every trial on a connection of its own, as a fault may break it."""

    def __init__(self, profile: Profile, clock: Clock, folder: Path) -> None:
        self._profile = profile
        self._clock = clock
        self._folder = folder
        self._last_qn: str | None = None
        self._record = _test_record(profile, clock, folder)

    def attempt(self, dialect: Dialect) -> Trial:
        """One trial from connecting to the last answer."""
        began = self._clock.monotonic()
        uplink = self._profile.uplink.model_copy(update={"dialect": dialect})
        profile = self._profile.model_copy(update={"uplink": uplink})
        composer = Composer(profile, lambda photo: self._folder / photo.path)
        try:
            replies = self._exchange(
                HJ212Dialect.of(dialect), composer.passage(self._record, self._qns())
            )
        except Unsendable as unsendable:
            return self._trial(dialect, began, None, f"无法组成报文：{unsendable}")
        except OSError as trouble:
            return self._trial(
                dialect, began, None, f"连接失败或中断：{trouble.strerror or trouble}"
            )
        if replies is None:
            return self._trial(dialect, began, None, "没有应答")
        worst = max(replies, key=lambda reply: reply.code != Result.RECEIVED)
        return self._trial(dialect, began, worst.code, sentence_of(worst.code), worst.raw)

    def _trial(
        self, dialect: Dialect, began: float, code: int | None, sentence: str, raw: str = ""
    ) -> Trial:
        return Trial(dialect, code, sentence, raw, round(self._clock.monotonic() - began, 1))

    def _qns(self) -> Qns:
        """QNs of this probe alone: from the present on, a millisecond apart."""
        given: list[str] = []

        def qns(count: int) -> tuple[str, ...]:
            while len(given) < count:
                self._last_qn = next_qn(self._clock.now(), self._last_qn)
                given.append(self._last_qn)
            return tuple(given[:count])

        return qns

    def _exchange(
        self, dialect: HJ212Dialect, packets: tuple[Packet, ...]
    ) -> tuple[Reply, ...] | None:
        """Send packet by packet, each after the answer to the one before; None when one is not
        answered in time. Raises OSError."""
        uplink = self._profile.uplink
        replies: list[Reply] = []
        reader = dialect.reply_reader()
        with socket.create_connection(
            (uplink.host, uplink.port), uplink.acknowledge_seconds
        ) as wire:
            for packet in packets:
                wire.settimeout(uplink.acknowledge_seconds)
                wire.sendall(packet.raw)
                deadline = self._clock.monotonic() + uplink.acknowledge_seconds
                reply: Reply | None = None
                while reply is None and self._clock.monotonic() < deadline:
                    events = self._events(wire, reader)
                    answers = [event for event in events if isinstance(event, Reply)]
                    reply = next((a for a in answers if a.qn in {None, packet.qn}), None)
                if reply is None:
                    return None
                replies.append(reply)
                if reply.code != Result.RECEIVED:
                    break
        return tuple(replies)

    @staticmethod
    def _events(wire: socket.socket, reader: Any) -> list[Any]:
        wire.settimeout(QUIET_SECONDS)
        try:
            data = wire.recv(RECEIVE_BYTES)
        except TimeoutError:
            return list(reader.quiet())
        if not data:
            events = list(reader.quiet())
            if not events:
                raise ConnectionResetError(0, "平台关闭了连接")
            return events
        return list(reader.feed(data))


def _test_record(profile: Profile, clock: Clock, folder: Path) -> RecordedPassage:
    """A passage with every field filled, so that every point of a dialect shows."""
    lane = profile.lanes()[0]
    now = clock.now()
    return RecordedPassage(
        id=0,
        key=TEST_MARK,
        entrance=lane.entrance.id,
        barrier=lane.barrier.id,
        position=TEST_MARK,
        direction=lane.barrier.direction,
        passed_at=now,
        recorded_at=now,
        plate=TEST_MARK,
        plate_colour=PlateColour.OTHER,
        confidence=0.0,
        admission=Admission(Decision.ADMIT, "probe", TEST_MARK),
        raise_method=RaiseMethod.AUTOMATIC,
        vehicle=Vehicle(
            plate=TEST_MARK,
            plate_colour=PlateColour.OTHER,
            registered_on=date(2025, 1, 1),
            vehicle_type="Q11",
            fuel="B",
            emission_stage=EmissionStage.CHINA_6,
            networked=True,
            use="F",
            fleet=TEST_MARK,
            terminal_ok=True,
        ),
        photos=tuple(_test_photo(kind, folder) for kind in PhotoKind),
        corrected=False,
    )


def _test_photo(kind: PhotoKind, folder: Path) -> StoredPhoto:
    """Stripes of the two kinds' own colours: as good as a photo to a platform, and plainly none."""
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:, ::2] = (0, 120, 255) if kind is PhotoKind.FRONT else (255, 120, 0)
    jpeg = cv2.imencode(".jpg", cv2.GaussianBlur(picture, (9, 9), 0))[1].tobytes()
    (folder / f"{kind}.jpg").write_bytes(jpeg)
    return StoredPhoto(kind, f"{kind}.jpg", hashlib.sha256(jpeg).hexdigest(), len(jpeg))
