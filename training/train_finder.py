"""Train the finder. Run: python -m training.train_finder --samples N --out var/finder

The same seed, sample count and batch size draw the same pictures in the same order; no photo and no
real plate is among them.
"""

import argparse
import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from appliance.runtime.vision.finder import STRIDE
from training.finder_network import FinderNetwork
from training.pictures import HEIGHT, WIDTH, sight
from training.train import AVERAGING, follow, rate

PEAK_RATE = 2e-3
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


class Source(IterableDataset[Batch]):
    """Batches without end; each worker takes every n-th."""

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seed = size, seed

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(0)
        worker = torch.utils.data.get_worker_info()
        index, step = (worker.id, worker.num_workers) if worker else (0, 1)
        while True:
            yield batch(self.size, self.seed, index)
            index += step


def losses(network: nn.Module, each: Batch) -> Tensor:
    """Loss of the hills, of the places, of the sizes."""
    pictures = torch.from_numpy(each.pictures).permute(0, 3, 1, 2).float() / 255
    pictures = pictures.contiguous(memory_format=torch.channels_last)
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


def train(samples: int, minutes: float, size: int, seed: int, out: Path) -> None:
    """Train until `samples` or `minutes` are over; writes `weights.pt` in `out`."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    network = FinderNetwork().to(memory_format=torch.channels_last).train()
    mean = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=0.02)
    loader = DataLoader(Source(size, seed), batch_size=None, num_workers=1)
    began, seen, progress, shown = time.monotonic(), 0, 0.0, torch.zeros(3)
    for index, each in enumerate(loader, 1):
        for group in optimiser.param_groups:
            group["lr"] = PEAK_RATE * rate(progress)
        parts = losses(network, each)
        optimiser.zero_grad(set_to_none=True)
        (parts * torch.tensor((1.0, 0.3, 0.5))).sum().backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        follow(mean, network, min(AVERAGING, index / (index + 10)))
        seen += size
        seconds = time.monotonic() - began
        by_samples = seen / samples if samples else 0.0
        progress = max(by_samples, seconds / 60 / minutes if minutes else 0.0)
        shown += parts.detach()
        if index % 50 == 0:
            hills, places, sizes = (shown / 50).tolist()
            told = f"hills {hills:.3f} places {places:.3f} sizes {sizes:.3f}"
            print(f"{progress:6.1%} {seen:8} pictures {seen / seconds:5.1f}/s {told}", flush=True)
            shown.zero_()
            torch.save(mean.state_dict(), out / "checkpoint.pt")
        if progress >= 1:
            break
    torch.save(mean.state_dict(), out / "weights.pt")
    print(f"{seen} pictures in {(time.monotonic() - began) / 60:.1f} minutes, seed {seed}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=0, help="stop after so many pictures")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many minutes")
    parser.add_argument("--batch", type=int, default=16, help="pictures a step")
    parser.add_argument("--seed", type=int, default=20261130, help="of weights and pictures")
    parser.add_argument("--out", type=Path, default=Path("var/finder"), help="folder to write")
    options = parser.parse_args()
    if not options.samples and not options.minutes:
        parser.error("say --samples or --minutes")
    options.out.mkdir(parents=True, exist_ok=True)
    train(options.samples, options.minutes, options.batch, options.seed, options.out)


if __name__ == "__main__":
    main()
