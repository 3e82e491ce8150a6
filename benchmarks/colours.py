"""Two opinions of the colour of plates in real photos (../shared), on what the reader `hyperlpr3`
finds and reads rightly: the hue rule of `vision/colour.py`, and HyperLPR3's classifier.

Run: python -m benchmarks.colours
"""

from collections import Counter

import cv2

from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.profile.model import Reader
from appliance.runtime.vision.grammar import alike
from appliance.runtime.vision.hyperlpr3_whole import HyperLprColours
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import PlateBox
from appliance.runtime.vision.rectify import straighten
from training import held_out
from training.evaluate import COLOURS, said

TOLD_APART = (PlateColour.BLUE, PlateColour.YELLOW)


def main() -> None:
    """Print what each has right, by the plate's true colour."""
    cv2.setNumThreads(1)
    store = ModelStore.default()
    reader, classifier = build_reader(Reader.HYPERLPR3, store), HyperLprColours(store)
    seen, by_hue, by_classifier = Counter[str](), Counter[str](), Counter[str]()
    for row in held_out.photos():
        true = COLOURS.get(row["colour"])
        if true not in TOLD_APART:
            continue
        image = held_out.picture(row)
        for reading in reader.read(image):
            if alike(reading.text) == alike(row["plate"]):
                box = PlateBox(reading.corners, reading.confidence, reading.rows)
                plate = straighten(image, box)
                seen[row["colour"]] += 1
                by_hue[row["colour"]] += reading.colour is true
                by_classifier[row["colour"]] += classifier.of(plate) is true
                break
    for colour, total in seen.items():
        print(f"{colour}: hue rule right on {said(by_hue[colour], total)}")
        print(f"{colour}: classifier right on {said(by_classifier[colour], total)}")


if __name__ == "__main__":
    main()
