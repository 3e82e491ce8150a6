"""Train the corner network. Run: python -m training.train_corners --samples N --out var/corners

The same seed, sample count and batch size draw the same cuts in the same order; no photo and no
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

from appliance.runtime.vision.corners import HEIGHT, WIDTH
from training.corner_network import STRIDE, CornerNetwork, places
from training.scenes import cut
from training.train import AVERAGING, follow, rate

PEAK_RATE = 2e-3
SPREAD = 0.8
"""Width of the hill that a corner's map is taught, in its cells; the mean place does the rest."""


@dataclass(frozen=True, slots=True)
class Batch:
    """N cuts (N x HEIGHT x WIDTH x 3 bytes), corners (N x 4 x 2 pixels), rows (0 where none)."""

    pictures: NDArray[np.uint8]
    corners: NDArray[np.float32]
    rows: NDArray[np.int64]


def batch(size: int, seed: int, index: int) -> Batch:
    """The batch with a number: the same for the same seed on every machine."""
    rng = np.random.default_rng((seed, index))
    cuts = [cut(rng) for _ in range(size)]
    return Batch(
        np.stack([each.picture for each in cuts]),
        np.stack([each.corners for each in cuts]),
        np.array([each.rows for each in cuts]),
    )


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
    """Loss of the maps, of the mean places (as shares of the plate's width), of the kinds."""
    pictures = torch.from_numpy(each.pictures).permute(0, 3, 1, 2).float() / 255
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    rows = torch.from_numpy(each.rows)
    with torch.autocast("cpu", torch.bfloat16):
        maps, kinds = network(pictures)
    maps, kinds = maps.float(), kinds.float()
    kind = nn.functional.cross_entropy(kinds, rows, label_smoothing=0.02)
    there = rows > 0
    corners, maps = torch.from_numpy(each.corners)[there], maps[there]
    inside = (corners >= 0).all(2) & (corners < torch.tensor((WIDTH, HEIGHT))).all(2)
    mapped = nn.functional.cross_entropy(
        maps.flatten(0, 1).flatten(1), _hills(corners, maps).flatten(0, 1), reduction="none"
    )
    width = (corners[:, 1:3].mean(1) - corners[:, [0, 3]].mean(1)).norm(dim=1).clamp(min=8)
    off = (places(maps) - corners).abs().sum(2) / width[:, None]
    # A far miss is a cut that nobody could tell; it shall not drown what can be told.
    placed = nn.functional.smooth_l1_loss(off, torch.zeros_like(off), reduction="none", beta=0.02)
    share = inside.float()
    total = share.sum().clamp(min=1)
    return torch.stack(
        ((mapped.view_as(share) * share).sum() / total, (placed * share).sum() / total, kind)
    )


def _hills(corners: Tensor, maps: Tensor) -> Tensor:
    """N x 4 x cells: a hill of likelihood around each corner, its sum one."""
    height, width = maps.shape[2:]
    across = (torch.arange(width) + 0.5) * STRIDE - corners[..., :1]
    down = (torch.arange(height) + 0.5) * STRIDE - corners[..., 1:]
    narrow = -0.5 / (SPREAD * STRIDE) ** 2
    hill = (down**2 * narrow).exp()[..., :, None] * (across**2 * narrow).exp()[..., None, :]
    flat = hill.flatten(2)
    return flat / flat.sum(2, keepdim=True).clamp(min=1e-6)


def train(samples: int, minutes: float, size: int, seed: int, out: Path) -> None:
    """Train until `samples` or `minutes` are over; writes `weights.pt` in `out`."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    network = CornerNetwork().to(memory_format=torch.channels_last).train()
    mean = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=0.02)
    loader = DataLoader(Source(size, seed), batch_size=None, num_workers=1)
    began, seen, progress, shown = time.monotonic(), 0, 0.0, torch.zeros(3)
    for index, each in enumerate(loader, 1):
        for group in optimiser.param_groups:
            group["lr"] = PEAK_RATE * rate(progress)
        parts = losses(network, each)
        optimiser.zero_grad(set_to_none=True)
        (parts * torch.tensor((0.3, 10.0, 0.5))).sum().backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        follow(mean, network, min(AVERAGING, index / (index + 10)))
        seen += size
        seconds = time.monotonic() - began
        by_samples = seen / samples if samples else 0.0
        progress = max(by_samples, seconds / 60 / minutes if minutes else 0.0)
        shown += parts.detach()
        if index % 100 == 0:
            mapped, placed, kind = (shown / 100).tolist()
            told = f"maps {mapped:.3f} places {placed:.4f} kind {kind:.3f}"
            print(f"{progress:6.1%} {seen:8} cuts {seen / seconds:5.0f}/s {told}", flush=True)
            shown.zero_()
            torch.save(mean.state_dict(), out / "checkpoint.pt")
        if progress >= 1:
            break
    torch.save(mean.state_dict(), out / "weights.pt")
    print(f"{seen} cuts in {(time.monotonic() - began) / 60:.1f} minutes, seed {seed}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=0, help="stop after so many cuts")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many minutes")
    parser.add_argument("--batch", type=int, default=32, help="cuts a step")
    parser.add_argument("--seed", type=int, default=20261125, help="of weights and cuts")
    parser.add_argument("--out", type=Path, default=Path("var/corners"), help="folder to write")
    options = parser.parse_args()
    if not options.samples and not options.minutes:
        parser.error("say --samples or --minutes")
    options.out.mkdir(parents=True, exist_ok=True)
    train(options.samples, options.minutes, options.batch, options.seed, options.out)


if __name__ == "__main__":
    main()
