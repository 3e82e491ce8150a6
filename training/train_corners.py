"""Train the corner network. Run: python -m training.train_corners --samples N --out var/corners

The same seed, sample count and batch size draw the same cuts in the same order; no photo and no
real plate is among them.
"""

import argparse
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from appliance.runtime.vision.corners import HEIGHT, WIDTH
from training.corner_network import STRIDE, CornerNetwork, places
from training.learning import Lesson, as_input, asked, learn
from training.scenes import cut

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


def losses(network: nn.Module, each: Batch) -> Tensor:
    """Loss of the maps, of the mean places (as shares of the plate's width), of the kinds."""
    pictures = as_input(each.pictures)
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


def main() -> None:
    """The command line."""
    lesson = Lesson(CornerNetwork, batch, losses, {"maps": 0.3, "places": 10.0, "kind": 0.5})
    parser = argparse.ArgumentParser(description=__doc__)
    plan, _ = asked(parser, size=32, seed=20261125, out="var/corners")
    learn(lesson, plan)


if __name__ == "__main__":
    main()
