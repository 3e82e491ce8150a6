"""Exact plates, colour and time a photo of every reader, on the real photos of ../shared.

Run: python benchmarks/readers.py
"""

import csv
import statistics
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelMissing, ModelStore
from appliance.profile.model import Reader
from appliance.runtime.vision.readers import build_reader

PLATES = Path(__file__).parents[2] / "shared" / "data" / "plates"
COLOURS = {colour.name.lower(): colour for colour in PlateColour}


def alike(plate: str) -> str:
    """After the second character O is 0 and I is 1."""
    return plate[:2] + plate[2:].replace("O", "0").replace("I", "1")


def main() -> None:
    """Print one line a reader."""
    photos: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (PLATES / "truth.tsv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            if row["file"].startswith("photos"):
                photos[row["file"]].append(row)
    for kind in Reader:
        try:
            reader = build_reader(kind, ModelStore.default())
        except ModelMissing as missing:
            print(f"{kind}: {missing}")
            continue
        plates = exact = coloured = 0
        milliseconds = []
        for file, rows in photos.items():
            image = np.asarray(cv2.imread(str(PLATES / file)), np.uint8)
            began = time.perf_counter()
            found = {alike(reading.text): reading for reading in reader.read(image)}
            milliseconds.append((time.perf_counter() - began) * 1000)
            for row in rows:
                plates += 1
                reading = found.get(alike(row["plate"]))
                exact += reading is not None
                coloured += reading is not None and reading.colour is COLOURS.get(row["colour"])
        p95 = statistics.quantiles(milliseconds, n=20)[-1]
        print(
            f"{kind}: {exact} of {plates} plates exact ({exact / plates:.1%}), "
            f"colour right on {coloured}, "
            f"{statistics.median(milliseconds):.0f} ms p50, {p95:.0f} ms p95"
        )


if __name__ == "__main__":
    main()
