"""How sure is sure? Rate and accuracy of the own reader by the confidence it is believed from, with
and without a second opinion, on the photos that trained nothing.

Run: PYTHONPATH=. python benchmarks/calibration.py [--picture docs/calibration.png]
"""

import argparse
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from PIL import Image as PillowImage
from PIL import ImageDraw

from appliance.fonts import chinese_font
from appliance.models import ModelStore
from appliance.models.readers import OWN_NETWORK
from appliance.runtime.vision.checked import SecondReader, differ_in_province
from appliance.runtime.vision.evaluation import Share, evaluate, photos_of, read_truth
from appliance.runtime.vision.grammar import alike
from appliance.runtime.vision.own import OwnNetwork, OwnReader
from appliance.runtime.vision.photo_files import read_photo_files
from appliance.runtime.vision.readers import SURENESS, own_detector, second_reader
from appliance.runtime.vision.reading import Image, PlateBox, PlateReader, PlateReading
from appliance.runtime.vision.rectify import straighten
from training.held_out import PLATES, is_held_out, rows

LEVELS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 0.9995, 0.9999)
BINS = (0.0, 0.5, 0.8, 0.95, 1.0)
SIDE, RIM = 460, 60


@dataclass(frozen=True, slots=True)
class Told:
    """One plate: whether its text was right, how sure the own reader was, whether both agreed, or
    on all but the province."""

    right: bool
    confidence: float
    agreed: bool
    on_the_rest: bool


class AskedReader:
    """The own reader with the second's text beside every reading, sure or not."""

    def __init__(self, reader: PlateReader, second: SecondReader) -> None:
        self._reader = reader
        self._second = second

    def read(self, image: Image) -> list[PlateReading]:
        """Every plate in the image."""
        return [
            replace(reading, second=self._second(self._cut(image, reading), reading.rows).text)
            for reading in self._reader.read(image)
        ]

    @staticmethod
    def _cut(image: Image, reading: PlateReading) -> Image:
        return straighten(image, PlateBox(reading.corners, reading.confidence, reading.rows))


def told() -> list[Told | None]:
    """Every held-out plate; None where no plate was read."""
    held_out = {PLATES / row["file"] for row in rows() if is_held_out(row)}
    truth = [plate for plate in read_truth(PLATES / "truth.tsv") if plate.file in held_out]
    store = ModelStore.default()
    network = OwnNetwork(store.locate(OWN_NETWORK))
    own = OwnReader(own_detector(store), network)
    reader = AskedReader(own, second_reader(store, network))
    evaluation = evaluate(truth, read_photo_files(reader, photos_of(truth)))
    return [
        each.answer
        and Told(
            each.right,
            each.answer.confidence,
            alike(each.answer.second or "") == alike(each.answer.text),
            differ_in_province(each.answer.text, each.answer.second or ""),
        )
        for each in evaluation.judged
    ]


def line(name: str, plates: list[Told | None], answered: list[Told]) -> str:
    """Rate and accuracy with 95 % bounds."""
    right = Share(sum(each.right for each in answered), len(answered))
    low, high = right.bounds()
    bounds = "" if low is None or high is None else f" ({low:.1%} to {high:.1%})"
    accuracy = right.count / max(right.total, 1)
    rate = len(answered) / len(plates)
    return (
        f"{name:>14}: answered {len(answered)} of {len(plates)} ({rate:.1%}),"
        f" right {right.count} of {right.total} ({accuracy:.1%}){bounds}"
    )


def draw(plates: list[Told], path: Path) -> None:
    """The reliability diagram: share right by confidence, each dot with its count."""
    picture = PillowImage.new("RGB", (SIDE + 2 * RIM, SIDE + 2 * RIM), "white")
    pen = ImageDraw.Draw(picture)
    font = chinese_font(15)

    def at(x: float, y: float) -> tuple[float, float]:
        return RIM + x * SIDE, RIM + (1 - y) * SIDE

    pen.rectangle((*at(0, 1), *at(1, 0)), outline="#888")
    pen.line((*at(0, 0), *at(1, 1)), fill="#bbb")
    for tick in (0, 0.25, 0.5, 0.75, 1):
        pen.text(at(tick, -0.03), f"{tick:.2f}", fill="#444", font=font, anchor="mt")
        pen.text(at(-0.02, tick), f"{tick:.2f}", fill="#444", font=font, anchor="rm")
    pen.text(at(0.5, -0.08), "最弱字符的置信度", fill="#000", font=font, anchor="mt")
    pen.text(at(0, 1.05), "读对的比例（点旁为车牌数）", fill="#000", font=font, anchor="lm")
    for low, high in pairwise(BINS):
        inside = [p for p in plates if low <= p.confidence < high or p.confidence == high == 1]
        if inside:
            x = sum(p.confidence for p in inside) / len(inside)
            x0, y0 = at(x, sum(p.right for p in inside) / len(inside))
            pen.ellipse((x0 - 5, y0 - 5, x0 + 5, y0 + 5), fill="#0b5a78")
            pen.text((x0 - 9, y0 + 3), str(len(inside)), fill="#0b5a78", font=font, anchor="rt")
    picture.save(path)


def main() -> None:
    """Print a line a threshold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    plates = told()
    answered = [each for each in plates if each is not None]
    print("own reader alone, believed from a confidence:")
    for level in LEVELS:
        print(line(f"{level}", plates, [each for each in answered if each.confidence >= level]))
    print("or else when the second reader agrees:")
    for level in (*LEVELS[4:], 2.0):
        sure = [each for each in answered if each.confidence >= level or each.agreed]
        print(line("agreed only" if level > 1 else f"{level}", plates, sure))
    print(f"or else on all but the province, alone from {SURENESS.alone}:")
    for level in LEVELS[4:]:
        sure = [
            each
            for each in answered
            if each.agreed
            or each.confidence >= SURENESS.alone
            or (each.on_the_rest and each.confidence >= level)
        ]
        ours = " (ours)" if level == SURENESS.province else ""
        print(line(f"{level}{ours}", plates, sure))
    if options.picture:
        draw(answered, options.picture)


if __name__ == "__main__":
    main()
