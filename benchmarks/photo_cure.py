"""How long the cure of forbidden words takes, and what it costs, at 60, 200 and 600 KB.

Run: python benchmarks/photo_cure.py
Real photos of ../shared are scaled up to the size when they are there, else pictures are made up.
"""

import statistics
import time
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike

from appliance.runtime.uplink.cure import clean_jpeg, holds_word, in_any_case

PHOTOS = Path(__file__).parents[2] / "shared" / "data" / "plates" / "photos"
# A size and a quality that give about so many kilobytes.
SIZES = {60: ((640, 400), 82), 200: ((1280, 720), 84), 600: ((1920, 1080), 89)}
COUNT = 40


def scene(size: tuple[int, int], seed: int) -> MatLike:
    """A photo of ../shared, or blotches, with the grain of a camera at night over it."""
    width, height = size
    chance = np.random.default_rng(seed)
    files = sorted(PHOTOS.glob("*.jpg"))
    base = cv2.imread(str(files[seed % len(files)])) if files else None
    if base is None:
        base = chance.integers(0, 255, (height // 12, width // 12, 3), dtype=np.uint8)
    smooth = cv2.resize(base, size, interpolation=cv2.INTER_CUBIC)
    grain = chance.normal(0, 6, (height, width, 1))
    return np.clip(smooth + grain, 0, 255).astype(np.uint8)


def main() -> None:
    """Print a line for each size."""
    print("   KB  photos  hit before  clean after  median ms  worst ms  larger %  least dB")
    for size, quality in SIZES.values():
        took, larger, psnr, sizes = [], [], [], []
        hit = clean = 0
        for seed in range(COUNT):
            picture = scene(size, seed)
            plain = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            hit += holds_word(plain.tobytes(), in_any_case)
            begun = time.perf_counter()
            photo = clean_jpeg(picture, quality, in_any_case)
            took.append(1000 * (time.perf_counter() - begun))
            if photo is None or holds_word(photo, in_any_case):
                continue
            clean += 1
            sizes.append(len(photo) / 1000)
            larger.append(100 * (len(photo) / plain.size - 1))
            got = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
            meant = cv2.imdecode(plain, cv2.IMREAD_COLOR)
            if got is not None and meant is not None:
                psnr.append(min(99.0, cv2.PSNR(got, meant)))
        print(
            f"{statistics.median(sizes):5.0f}  {COUNT:6}  {hit:10}  {clean:11}"
            f"  {statistics.median(took):9.1f}  {max(took):8.1f}"
            f"  {statistics.median(larger):8.2f}  {min(psnr):8.1f}"
        )


if __name__ == "__main__":
    main()
