"""Train the finder. Run: python -m training.train_finder --samples N --out var/finder

The same seed, sample count and batch size draw the same pictures in the same order; no photo and no
real plate is among them.
"""

import argparse
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from appliance.runtime.vision.finder import STRIDE
from training.finder_network import FinderNetwork
from training.learning import Lesson, as_input, asked, learn
from training.pictures import HEIGHT, WIDTH, sight

ROWS, COLUMNS = HEIGHT // STRIDE, WIDTH // STRIDE
NEAR = 0.5
"""Cells whose share in a plate's hill is as high as this tell its place and size, too."""


@dataclass(frozen=True, slots=True)
class Batch:
    """N pictures (bytes), the hills of plates' middles (N x ROWS x COLUMNS), and where each cell's
    plate stands (N x 4 x ROWS x COLUMNS: x, y, log width, log height, in cells)."""

    pictures: NDArray[np.uint8]
    hills: NDArray[np.float32]
    places: NDArray[np.float32]


def batch(size: int, seed: int, index: int) -> Batch:
    """The batch with a number: the same for the same seed on every machine."""
    rng = np.random.default_rng((seed, index))
    sights = [sight(rng) for _ in range(size)]
    taught = [taught_by(each.boxes) for each in sights]
    return Batch(
        np.stack([each.picture for each in sights]),
        np.stack([hills for hills, _ in taught]),
        np.stack([places for _, places in taught]),
    )


def taught_by(boxes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The hills and places of one picture's plates."""
    hills = np.zeros((ROWS, COLUMNS), np.float32)
    places = np.zeros((4, ROWS, COLUMNS), np.float32)
    x, y = np.arange(COLUMNS) + 0.5, np.arange(ROWS)[:, None] + 0.5
    for left, top, right, bottom in boxes / STRIDE:
        middle, size = ((left + right) / 2, (top + bottom) / 2), (right - left, bottom - top)
        spread = (max(size[0] / 9, 0.45), max(size[1] / 6, 0.45))
        away = ((x - middle[0]) / spread[0]) ** 2 + ((y - middle[1]) / spread[1]) ** 2
        hill = np.exp(-away / 2).astype(np.float32)
        hill[int(np.clip(middle[1], 0, ROWS - 1)), int(np.clip(middle[0], 0, COLUMNS - 1))] = 1.0
        nearer = hill > hills
        hills = np.maximum(hills, hill)
        for place, value in enumerate(
            (middle[0] - x + 0 * y, middle[1] - y + 0 * x, np.log(size[0]), np.log(size[1]))
        ):
            places[place] = np.where(nearer, value, places[place])
    return hills, places


def losses(network: nn.Module, each: Batch) -> Tensor:
    """Loss of the hills, of the places, of the sizes."""
    pictures = as_input(each.pictures)
    hills, places = torch.from_numpy(each.hills), torch.from_numpy(each.places)
    with torch.autocast("cpu", torch.bfloat16):
        told = network(pictures)
    told = told.float()
    likely = told[:, 0].sigmoid().clamp(1e-4, 1 - 1e-4)
    peaks = (hills == 1).float()
    right = peaks * (1 - likely) ** 2 * likely.log()
    wrong = (1 - peaks) * (1 - hills) ** 4 * likely**2 * (1 - likely).log()
    plates = peaks.sum().clamp(min=1)
    share = (hills >= NEAR).float() * hills
    off = (told[:, 1:] - places).abs() * share[:, None]
    total = share.sum().clamp(min=1)
    return torch.stack(
        (-(right + wrong).sum() / plates, off[:, :2].sum() / total, off[:, 2:].sum() / total)
    )


def main() -> None:
    """The command line."""
    lesson = Lesson(FinderNetwork, batch, losses, {"hills": 1.0, "places": 0.3, "sizes": 0.5})
    parser = argparse.ArgumentParser(description=__doc__)
    plan, _ = asked(parser, size=16, seed=20261130, out="var/finder")
    learn(lesson, plan)


if __name__ == "__main__":
    main()
