"""What the default reader makes of the held-out photos of ../shared when they have no colour, as a
camera's pictures have none that turns to infrared light at night.

Each photo is read as it is, as grey as the eye would have it, and mostly by its red, in which
paints look otherwise, as they do in infrared light. No photo of ../shared was really taken in
such light.
Run: python -m benchmarks.infrared
"""

import cv2
import numpy as np

from appliance.models import ModelStore
from appliance.profile.model import Reader
from appliance.runtime.vision.grammar import alike
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import Image
from appliance.runtime.vision.vote import difference
from training import held_out
from training.evaluate import COLOURS, said

LIGHTS = {
    "in colour": None,
    "grey": (0.114, 0.587, 0.299),
    "grey by red": (0.05, 0.15, 0.80),
}
"""Shares of blue, green and red."""

MISREAD = 2
"""A text that differs from the plate in so many places may be a misreading of it."""


def without_colour(image: Image, shares: tuple[float, float, float]) -> Image:
    """The picture in one channel of so much of each colour, three times."""
    grey = np.clip(image @ np.array(shares), 0, 255).astype(np.uint8)
    return np.dstack([grey] * 3)


def main() -> None:
    """Print a table as Markdown."""
    cv2.setNumThreads(1)
    reader = build_reader(Reader.OWN, ModelStore.default())
    print("| Light | exact (95 %) | yellow | sure, right | wrong | colour right | colour known |")
    print(f"|{'---|' * 7}")
    for light, shares in LIGHTS.items():
        exact: list[bool] = []
        yellow: list[bool] = []
        sure = wrong = known = coloured = 0
        for row in held_out.photos():
            image = held_out.picture(row)
            found = reader.read(image if shares is None else without_colour(image, shares))
            plate = alike(row["plate"])
            same = [one for one in found if alike(one.text) == plate]
            exact.append(bool(same))
            if row["colour"] == "yellow":
                yellow.append(bool(same))
            if same:
                coloured += same[0].colour is COLOURS[row["colour"]]
                sure += same[0].sure
                known += same[0].sure and same[0].colour_known
            else:
                # Any other sure text is another car's.
                wrong += any(one.sure and difference(one.text, plate) <= MISREAD for one in found)
        of_yellow = f"{sum(yellow)} of {len(yellow)}"
        told = (light, said(sum(exact), len(exact)), of_yellow, sure, wrong, coloured, known)
        print(f"| {' | '.join(map(str, told))} |", flush=True)


if __name__ == "__main__":
    main()
