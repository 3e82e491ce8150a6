"""Exact plates, colours and time a photo of every chain that can be run here, in one run, on the
real photos of ../shared that nothing of ours was trained on (training/held_out.toml).

The readers of gatehouse come first, then single chains of the networks that others made (one
detector, one text network, the plate grammar), then whole packages, in an environment of their
own. Run: python -m benchmarks.readers [--packages PYTHON], where PYTHON is made by

python3.11 -m venv var/packages
var/packages/bin/pip install --no-deps --require-hashes -r benchmarks/packages.txt
"""

import argparse
import json
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

import cv2
import numpy as np

from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelMissing, ModelStore
from appliance.models.readers import has_whole_hyperlpr3
from appliance.profile.model import Reader
from appliance.runtime.vision.detect import ClpDetector, HyperLprDetector
from appliance.runtime.vision.grammar import alike
from appliance.runtime.vision.readers import ChainReader, build_reader
from appliance.runtime.vision.reading import PlateDetector, PlateReader
from appliance.runtime.vision.recognise import PlateNetwork, clp_network, general_network
from training import held_out
from training.evaluate import COLOURS, said

KINDS = ("blue", "yellow", "green")
PACKAGES = Path(__file__).with_name("packages.py")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a chain read in one photo, each text with its colour where the chain tells it, and the
    time without opening the file, in milliseconds."""

    texts: dict[str, PlateColour | None]
    milliseconds: float


Chain = Callable[[Path], Seen]


def ours(reader: PlateReader) -> Chain:
    """A reader of gatehouse's own protocol."""

    def look(file: Path) -> Seen:
        image = np.asarray(cv2.imread(str(file)), np.uint8)
        began = time.perf_counter()
        found = reader.read(image)
        spent = (time.perf_counter() - began) * 1000
        return Seen({alike(reading.text): reading.colour for reading in found}, spent)

    return look


def single(
    detector: Callable[[ModelStore], PlateDetector],
    network: Callable[[ModelStore], PlateNetwork],
    store: ModelStore,
) -> PlateReader:
    """One detector, one text network, the plate grammar."""
    return ChainReader(detector(store), (network(store),))


def readers(store: ModelStore) -> dict[str, Callable[[], PlateReader]]:
    """Every chain that is run in this process, by name."""
    y5fu_640, y5fu_320 = HyperLprDetector, partial(HyperLprDetector, side=320)
    whole = "whole" if has_whole_hyperlpr3(store) else "its detector, clp_v2_c_rec and PP-OCRv6"
    return {
        "own": partial(build_reader, Reader.OWN, store),
        "ocr": partial(build_reader, Reader.OCR, store),
        f"hyperlpr3 ({whole})": partial(build_reader, Reader.HYPERLPR3, store),
        "y5fu_640 + clp_v2_c_rec": partial(single, y5fu_640, clp_network, store),
        "y5fu_320 + clp_v2_c_rec": partial(single, y5fu_320, clp_network, store),
        "y5fu_640 + PP-OCRv6 small": partial(single, y5fu_640, general_network, store),
        "clp_det + clp_v2_c_rec": partial(single, ClpDetector, clp_network, store),
    }


@contextmanager
def package(name: str, python: Path) -> Iterator[Chain]:
    """A whole package, read with by a Python that has it."""
    with (
        subprocess.Popen(  # noqa: S603 - our own script, no shell
            [python, PACKAGES, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
        cast(IO[str], process.stdin) as asked,
        cast(IO[str], process.stdout) as answers,
    ):

        def look(file: Path) -> Seen:
            print(file, file=asked, flush=True)
            told = json.loads(answers.readline())
            return Seen({alike(text): None for text in told["texts"]}, told["ms"])

        yield look


def row(name: str, chain: Chain, photos: dict[Path, list[held_out.Row]]) -> str:
    """The chain's line of the table."""
    right: dict[str, list[bool]] = defaultdict(list)
    colours: list[bool] = []
    times = []
    for file, plates in photos.items():
        seen = chain(file)
        times.append(seen.milliseconds)
        for plate in plates:
            text = alike(plate["plate"])
            right[plate["colour"]].append(text in seen.texts)
            colour = seen.texts.get(text)
            if colour is not None:
                colours.append(colour is COLOURS[plate["colour"]])
    every = [exact for kind in right.values() for exact in kind]
    kinds = [f"{sum(right[kind])} of {len(right[kind])}" for kind in KINDS]
    coloured = f"{sum(colours)} of {len(colours)}" if colours else "not told"
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    cells = [name, said(sum(every), len(every)), *kinds, coloured, f"{p50:.0f} / {p95:.0f}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, help="a Python that has hyperlpr2 and agentclpr")
    python = parser.parse_args().packages
    photos: dict[Path, list[held_out.Row]] = defaultdict(list)
    for plate in held_out.photos():
        photos[held_out.PLATES / plate["file"]].append(plate)
    cv2.setNumThreads(1)
    print(f"| Chain | exact (95 %) | {' | '.join(KINDS)} | colour right, of those | ms p50 / p95 |")
    print(f"|{'---|' * (len(KINDS) + 4)}")
    for name, build in readers(ModelStore.default()).items():
        try:
            print(row(name, ours(build()), photos), flush=True)
        except ModelMissing as missing:
            print(f"{name}: {missing}")
    with ExitStack() as started:
        for name in ("hyperlpr2", "agentclpr") if python else ():
            chain = started.enter_context(package(name, python))
            print(row(f"{name} whole", chain, photos), flush=True)


if __name__ == "__main__":
    main()
