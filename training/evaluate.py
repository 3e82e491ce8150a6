"""Measure the own network on the held-out photos. Run: python -m training.evaluate [MODEL.onnx]

Every reader sees the same photos; a plate counts as read when any plate found in its photo has
its exact text (O is 0 and I is 1 after the second character). Bounds are Wilson's, 95 %.
"""

import argparse
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelMissing, ModelStore
from appliance.runtime.vision.checked import CheckedReader
from appliance.runtime.vision.detect import ClpDetector, HyperLprDetector
from appliance.runtime.vision.evaluation import Share
from appliance.runtime.vision.grammar import alike
from appliance.runtime.vision.own import OwnNetwork, OwnReader
from appliance.runtime.vision.readers import (
    SURENESS,
    clp_detector,
    own_detector,
    second_reader,
)
from appliance.runtime.vision.reading import (
    Image,
    PlateBox,
    PlateDetector,
    PlateReader,
    PlateReading,
)
from training import held_out
from training.plates import KINDS, draw_kind
from training.weather import photograph, soil

COLOURS = {colour.name.lower(): colour for colour in PlateColour}
DRAWN_SEVERITY = 0.25
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.97, 0.99)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader said of one labelled plate: the matching reading or the best, or nothing."""

    row: held_out.Row
    reading: PlateReading | None
    exact: bool

    @property
    def coloured(self) -> bool:
        """Whether the exact reading's colour is right too."""
        wanted = COLOURS.get(self.row["colour"])
        return self.exact and self.reading is not None and self.reading.colour is wanted


def answers(reader: PlateReader, rows: list[held_out.Row]) -> list[Answer]:
    """What a reader says of every row's plate; a photo is read once."""
    photos: dict[str, list[held_out.Row]] = defaultdict(list)
    for row in rows:
        photos[row["file"]].append(row)
    given = []
    for plates in photos.values():
        found = reader.read(held_out.picture(plates[0]))
        for row in plates:
            same = [reading for reading in found if alike(reading.text) == alike(row["plate"])]
            best = (same or found or [None])[0]
            given.append(Answer(row, best, bool(same)))
    return given


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % bounds of a share; anything may be when nothing was counted."""
    low, high = Share(right, total).bounds()
    return (0.0, 1.0) if low is None or high is None else (low, high)


def said(right: int, total: int) -> str:
    """`95 of 100 (95.0 %, 88.8 to 97.8)`."""
    low, high = wilson(right, total)
    share = right / total if total else 0.0
    return f"{right} of {total} ({share:.1%}, {low:.1%} to {high:.1%})"


def report(name: str, given: list[Answer]) -> None:
    """Print exact plates and colours, all and by colour of plate."""
    exact = [answer for answer in given if answer.exact]
    coloured = sum(answer.coloured for answer in given)
    known = sum(answer.reading is not None and answer.reading.colour_known for answer in exact)
    print(f"{name}: exact {said(len(exact), len(given))}; colour {said(coloured, len(exact))}")
    print(f"  colour known of {known}")
    for colour in sorted({answer.row["colour"] for answer in given}):
        kind = [answer for answer in given if answer.row["colour"] == colour]
        print(f"  {colour}: {said(sum(answer.exact for answer in kind), len(kind))}")


def reliability(given: list[Answer]) -> None:
    """Print how many readings are as sure as a level, and how many of those are right."""
    read = [answer for answer in given if answer.reading is not None]
    for level in LEVELS:
        sure = [a for a in read if a.reading is not None and a.reading.confidence >= level]
        right = sum(answer.exact for answer in sure)
        share = f"{len(sure)} of {len(given)} answered"
        print(f"  confidence >= {level}: {share}, right {said(right, len(sure))}")


def misses(given: list[Answer]) -> None:
    """Print every plate that was not read, with what was seen instead."""
    for answer in given:
        if not answer.exact:
            seen = answer.reading
            instead = f"{seen.text} {seen.colour} {seen.confidence:.2f}" if seen else "nothing"
            print(f"  {answer.row['file']} {answer.row['plate']}: {instead}")


def drawn(network: OwnNetwork, count: int = 40) -> None:
    """Print what is read of plates drawn for no training, by kind, in moderate weather."""
    from training.dataset import seen  # noqa: PLC0415 - needs the glyphs of ../shared

    rng = np.random.default_rng(1)
    for kind in KINDS:
        read = coloured = known = misled = 0
        for _ in range(count):
            plate = draw_kind(kind, rng)
            reading = network.read(seen(plate, rng, DRAWN_SEVERITY), 1)
            if reading is None or reading.text != plate.text:
                continue
            right = reading.colour is plate.colour
            read += 1
            coloured += right
            known += reading.colour_known
            misled += reading.colour_known and not right
        told = f"colour right on {coloured}, known of {known}, of those wrong {misled}"
        print(f"  {kind.name}, drawn: {said(read, count)}; {told}")


def detectors(store: ModelStore) -> dict[str, PlateDetector]:
    """Every detector whose weights are here, by name."""
    found: dict[str, PlateDetector] = {}
    kinds: dict[str, Callable[[ModelStore], PlateDetector]] = {
        "own finder and own corners": own_detector,
        "clp_det and own corners": clp_detector,
        "clp_det": ClpDetector,
        "y5fu_640": HyperLprDetector,
    }
    for name, build in kinds.items():
        try:
            found[name] = build(store)
        except ModelMissing as missing:
            print(f"{name}: {missing}", file=sys.stderr)
    return found


def compare(store: ModelStore, network: OwnNetwork, rows: list[held_out.Row]) -> None:
    """Print what is read behind each detector, how many boxes it offers, what is read surely and
    is in no photo's labels, and the time of finding and reading."""
    labels: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        labels[row["file"]].add(alike(row["plate"]))
    for name, detector in detectors(store).items():
        counted = Counted(detector)
        reader = CheckedReader(OwnReader(counted, network), second_reader(store, network), SURENESS)
        watched = Watched(reader)
        given = answers(watched, rows)
        report(f"own behind {name}", given)
        photos = list(labels)
        sure = [
            (file, reading.text)
            for file, found in zip(photos, watched.readings, strict=True)
            for reading in found
            if reading.sure
        ]
        strange = [f"{file} {text}" for file, text in sure if alike(text) not in labels[file]]
        right = len(sure) - len(strange)
        print(f"  sure: {right} of {len(rows)} right; of no label: {', '.join(strange) or 'none'}")
        print(f"  {counted.boxes} boxes in {len(photos)} photos")
        times = statistics.median(counted.seconds) * 1000, statistics.median(watched.seconds) * 1000
        print(f"  {times[0]:.1f} ms finding, {times[1]:.1f} ms finding and reading, median")
        reliability(given)
        misses(given)


def drawn_scenes(store: ModelStore, network: OwnNetwork, count: int = 15) -> None:
    """Print how many drawn plates in drawn pictures are found, told rows and read, behind each
    detector. Seeds that trained nothing, but the own networks have learnt from such drawings."""
    from training.scenes import hung, placed, scenery  # noqa: PLC0415 - reads ../shared

    found = detectors(store)
    for kind in KINDS:
        rng = np.random.default_rng(77)
        tally: dict[str, list[int]] = {name: [0, 0, 0] for name in found}
        for _ in range(count):
            plate = draw_kind(kind, rng)
            shape = placed(plate.picture.shape[:2], rng)
            shape *= rng.uniform(80, 220) / np.ptp(shape[:, 0])
            corners = (shape + rng.uniform((300, 250), (980, 600))).astype(np.float32)
            picture = scenery(1280, 720, rng)
            picture = hung(soil(plate.picture, rng, DRAWN_SEVERITY), picture, corners, rng)
            picture = photograph(picture, rng, 0.1)
            for name, detector in found.items():
                boxes = detector.detect(picture)
                apart = [np.linalg.norm(box.corners.mean(0) - corners.mean(0)) for box in boxes]
                near = [b for b, far in zip(boxes, apart, strict=True) if far < 0.3 * np.ptp(shape)]
                tally[name][0] += bool(near)
                tally[name][1] += any(box.rows == plate.rows for box in near)
                texts = {reading.text for reading in OwnReader(Boxes(near), network).read(picture)}
                tally[name][2] += plate.text in texts
        told = "; ".join(f"{name} {a}, {b}, {c}" for name, (a, b, c) in tally.items())
        print(f"  {kind.name}, of {count} found, rows told, read: {told}")


@dataclass(frozen=True, slots=True)
class Boxes:
    """A detector that gives the boxes it was given."""

    boxes: list[PlateBox]

    def detect(self, image: Image) -> list[PlateBox]:  # noqa: ARG002 - they are of that picture
        """The boxes."""
        return self.boxes


class Counted:
    """A detector whose boxes are counted and whose processor time is noted."""

    def __init__(self, detector: PlateDetector) -> None:
        self._detector = detector
        self.boxes = 0
        self.seconds: list[float] = []

    def detect(self, image: Image) -> list[PlateBox]:
        """The detector's boxes."""
        began = time.process_time()
        found = self._detector.detect(image)
        self.seconds.append(time.process_time() - began)
        self.boxes += len(found)
        return found


class Watched:
    """A reader whose readings are kept and whose processor time is noted."""

    def __init__(self, reader: PlateReader) -> None:
        self._reader = reader
        self.readings: list[list[PlateReading]] = []
        self.seconds: list[float] = []

    def read(self, image: Image) -> list[PlateReading]:
        """The reader's readings."""
        began = time.process_time()
        self.readings.append(self._reader.read(image))
        self.seconds.append(time.process_time() - began)
        return self.readings[-1]


def milliseconds(network: OwnNetwork) -> float:
    """The network alone, one thread, median of 300."""
    plate = np.full((48, 168, 3), 90, np.uint8)
    times = []
    for _ in range(300):
        began = time.perf_counter()
        network.probabilities(plate, 1)
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1000


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", help="default: the model of the lock")
    parser.add_argument("--detectors", action="store_true", help="behind each detector, instead")
    parser.add_argument("--drawn", action="store_true", help="drawn plates of every kind too")
    options = parser.parse_args()
    rows = held_out.photos()
    store = ModelStore.default()
    network = OwnNetwork(options.model or store.locate("own_plate_reader.onnx"))
    if options.detectors:
        compare(store, network, rows)
        if options.drawn:
            drawn_scenes(store, network)
        return
    own = answers(OwnReader(own_detector(store), network), rows)
    report("own", own)
    misses(own)
    reliability(own)
    print(f"network alone: {milliseconds(network):.2f} ms, one thread")
    if options.drawn:
        drawn(network)


if __name__ == "__main__":
    main()
