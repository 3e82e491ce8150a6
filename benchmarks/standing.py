"""What a lane passes on of each real photo: as of a truck that stands there, by many pictures.

Each photo is shown some times, a little moved, turned, brighter or noisier each time, to the reader
as a lane has it; its readings vote as a lane's do. A single picture is `benchmarks/readers.py`.

Run: PYTHONPATH=. python benchmarks/standing.py [PICTURES]
"""

import sys
from collections import Counter

import cv2
import numpy as np

from appliance.models import ModelStore
from appliance.profile.loading import load_profile
from appliance.profile.model import Reader, Recognition
from appliance.runtime.vision.grammar import alike
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import Image
from appliance.runtime.vision.vote import PlateVote, Verdict, difference
from training import held_out

PROFILE = "site_profiles/demo.yaml"
ITS_OWN = 3
"""Most characters that differ where a reading is of the labelled plate at all."""


def main(pictures: int) -> None:
    """Print how many plates are passed on, right and wrong, and how many wait for a person."""
    settings = load_profile(PROFILE).recognition
    chance = np.random.default_rng(1)
    told: Counter[str] = Counter()
    for row in held_out.photos():
        photo = held_out.picture(row)
        pace = settings.frames_per_second
        reader = build_reader(Reader.OWN, ModelStore.default(), frames_per_second=pace)
        vote = PlateVote()
        for _ in range(pictures):
            readings = reader.read(jittered(photo, chance))
            apart = {difference(each.text, row["plate"]): each for each in readings}
            if apart and min(apart) <= ITS_OWN:
                vote.add(apart[min(apart)])
        verdict = vote.verdict()
        right = verdict is not None and alike(verdict.text) == alike(row["plate"])
        what = "nothing" if verdict is None else passed(verdict, settings)
        told[f"{what}, {'right' if right else 'wrong'}"] += 1
        if what == "passed on" and not right:
            print(f"  {row['file']} {row['plate']}: {verdict.text if verdict else ''}")
    print(f"{pictures} pictures of each of {told.total()} photos: {dict(told)}")


def passed(verdict: Verdict, settings: Recognition) -> str:
    """Whether a lane passes a verdict on or leaves it to a person."""
    enough = verdict.support >= settings.confirm_readings
    certain = verdict.confidence >= settings.least_confidence and verdict.sure
    return "passed on" if verdict.agreed and enough and certain else "left to a person"


def jittered(photo: Image, chance: np.random.Generator) -> Image:
    """The photo as another picture of the same standing truck."""
    height, width = photo.shape[:2]
    turn = np.eye(2, 3) + chance.normal(0, ((0.004, 0.003, 1), (0.003, 0.004, 1)))
    moved = cv2.warpAffine(photo, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    lit = moved * (1 + chance.normal(0, 0.03)) + chance.normal(0, 4, moved.shape)
    return np.clip(lit, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
