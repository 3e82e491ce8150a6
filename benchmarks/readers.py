"""Exact plates, colour, kinds and time a photo of every reader, on the real photos of ../shared.

The first lines are of all photos, the next of those that the own reader never trained on
(training/held_out.toml). Run: python -m benchmarks.readers
"""

import statistics
import time

from appliance.models import ModelMissing, ModelStore
from appliance.profile.model import Reader
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import Image, PlateReader, PlateReading
from training import held_out
from training.evaluate import answers, report


class Timed:
    """A reader that notes how long each photo took, in milliseconds."""

    def __init__(self, reader: PlateReader) -> None:
        self._reader = reader
        self.milliseconds: list[float] = []

    def read(self, image: Image) -> list[PlateReading]:
        """What the reader reads."""
        began = time.perf_counter()
        found = self._reader.read(image)
        self.milliseconds.append((time.perf_counter() - began) * 1000)
        return found


def main() -> None:
    """Print a few lines a reader."""
    rows = [row for row in held_out.rows() if row["file"].startswith("photos")]
    store = ModelStore.default()
    for kind in Reader:
        try:
            reader = Timed(build_reader(kind, store))
        except ModelMissing as missing:
            print(f"{kind}: {missing}")
            continue
        given = answers(reader, rows)
        report(f"{kind}, all photos", given)
        apart = [answer for answer in given if held_out.is_held_out(answer.row)]
        if len(apart) < len(given):
            report(f"{kind}, held-out photos", apart)
        p95 = statistics.quantiles(reader.milliseconds, n=20)[-1]
        p50 = statistics.median(reader.milliseconds)
        print(f"  {p50:.0f} ms p50, {p95:.0f} ms p95 a photo")


if __name__ == "__main__":
    main()
