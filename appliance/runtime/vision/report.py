"""What a plate camera that reads by itself says it read, and our reader's second opinion of it.

Two independent readers, one honest answer (4.5.1-1): a camera's reading counts when our reader sees
the same plate, in the picture that came with it or in the lane's own frames. A camera's word alone
is 待复核, however sure the camera says it is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.grammar import alike
from appliance.runtime.vision.reading import Image, PlateReader, PlateReading

EARLY_SECONDS = 3.0
"""A camera may report a vehicle this long before the lane's own picture shows it."""

REPEAT_SECONDS = 10.0
"""A camera that tells the same plate again within this time tells of the same vehicle."""

MOST_OPEN = 4
"""Reports that wait to be claimed: their pictures are large."""

MOST_SETTLED = 16


@dataclass(frozen=True, slots=True, eq=False)
class PlateReport:
    """One reading of a camera: `plate` in the journal's spelling, `at` when it was read by our
    clock, `instant` (monotonic seconds) when it came. Colour, confidence (0 to 1) and picture are
    None where the camera tells none.
    """

    plate: str
    at: datetime
    instant: float
    colour: PlateColour | None = None
    confidence: float | None = None
    picture: Image | None = None


class PlateReports(Protocol):
    """A camera that reads by itself, however it hands in what it read."""

    def start(self) -> None:
        """Begin to listen or to ask."""

    def stop(self) -> None:
        """End it."""

    @property
    def alive(self) -> bool:
        """Whether the threads still work."""

    def take(self) -> list[PlateReport]:
        """What came since the last call, oldest first; never waits."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A report and what our reader sees in the picture that came with it (None: nothing); `last`
    is the instant at which the camera told it last."""

    report: PlateReport
    last: float
    ours: PlateReading | None = None

    @classmethod
    def of(cls, report: PlateReport, reader: PlateReader) -> "Heard":
        """Have our reader look at the report's picture: the same plate if it is there, else the
        best."""
        seen = [] if report.picture is None else reader.read(report.picture)
        same = [reading for reading in seen if alike(reading.text) == alike(report.plate)]
        return cls(report, report.instant, next(iter(same or seen), None))

    @property
    def confirmed(self) -> bool:
        """Whether our reader reads the same in the camera's own picture."""
        return self.ours is not None and self.is_plate(self.ours.text)

    def is_plate(self, text: str) -> bool:
        """Whether a text is the reported plate (O is 0, I is 1 after the second character)."""
        return alike(text) == alike(self.report.plate)

    def with_repeat(self, again: "Heard") -> "Heard":
        """This report after the camera told it again: the first instant stays, the surer word and
        the better picture, with its time, are taken over."""
        first, later = self.report, again.report
        better = first.picture is None or (again.confirmed and not self.confirmed)
        shown = again if later.picture is not None and better else self
        surest = max((first.confidence, later.confidence), key=lambda share: share or 0.0)
        report = replace(
            first,
            at=shown.report.at,
            colour=first.colour or later.colour,
            confidence=surest,
            picture=shown.report.picture,
        )
        return Heard(report, again.last, shown.ours)


class OpenReports:
    """What a camera told and nobody has claimed yet, and what of it was settled a moment ago.

    Each report is settled once: claimed by a vehicle, or handed out because none will claim it. A
    repeat of what is settled can be claimed, but is not handed out again, unless it can be
    recorded now and could not before. With more than `MOST_OPEN` the oldest is handed out.
    """

    def __init__(self) -> None:
        self._open: list[Heard] = []
        self._settled: dict[str, tuple[float, bool]] = {}
        """By plate: when it was told last, and whether there is a record of it."""

    def hear(self, heard: Heard) -> None:
        """The camera told a plate, for the first time or again."""
        for index, known in enumerate(self._open):
            if known.is_plate(heard.report.plate):
                self._open[index] = known.with_repeat(heard)
                return
        self._open.append(heard)

    def since(self, instant: float) -> list[Heard]:
        """What the camera told at an instant or later."""
        return [heard for heard in self._open if heard.last >= instant]

    def settle(self, heard: Heard, *, recorded: bool) -> None:
        """A report is a vehicle's, or somebody is told of it: its repeats are nothing new."""
        self._open = [known for known in self._open if known is not heard]
        plate = alike(heard.report.plate)
        self._settled.pop(plate, None)
        self._settled[plate] = heard.last, recorded
        if len(self._settled) > MOST_SETTLED:
            del self._settled[next(iter(self._settled))]

    def hand_out(self, given_up: Callable[[Heard], bool], *, blind: bool) -> Heard | None:
        """The oldest report that no vehicle will claim, once; None when there is none. `blind`
        says that those with a picture are recorded by it."""
        for heard in tuple(self._open):
            if len(self._open) <= MOST_OPEN and not given_up(heard):
                continue
            recorded = blind and heard.report.picture is not None
            last, before = self._settled.get(alike(heard.report.plate), (-math.inf, False))
            repeat = heard.report.instant - last <= REPEAT_SECONDS
            self.settle(heard, recorded=recorded or (repeat and before))
            if not repeat or (recorded and not before):
                return heard
        return None
