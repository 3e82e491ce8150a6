"""What every training here does: when it ends, how its rate goes, what is kept of the weights, and
the steps of a network that learns from drawings in one process."""

import argparse
import copy
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

DRAWN_RATE = 2e-3
"""The peak of the learning rate where all is drawn."""
WARM_UP = 0.03
FALL = 0.45
"""Share of the training after which the rate falls; CTC has left its plateau by then."""
AVERAGING = 0.998
"""What is kept is a running mean of the weights over some five hundred steps."""
EVERY = 100
"""Steps between two lines of progress, each with a checkpoint."""

Batch = TypeVar("Batch")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one training is told: when to end, pictures a step and process, seed, folder."""

    samples: int
    minutes: float
    size: int
    seed: int
    out: Path

    def progress(self, seen: int, seconds: float) -> float:
        """The share that is done, by whichever limit is nearer."""
        by_samples = seen / self.samples if self.samples else 0.0
        return max(by_samples, seconds / 60 / self.minutes if self.minutes else 0.0)


def asked(
    parser: argparse.ArgumentParser, *, size: int, seed: int, out: str
) -> tuple[Plan, argparse.Namespace]:
    """The plan that the command line tells, whose folder is made, and all its options."""
    parser.add_argument("--samples", type=int, default=0, help="stop after so many pictures")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many minutes")
    parser.add_argument("--batch", type=int, default=size, help="pictures a step and process")
    parser.add_argument("--seed", type=int, default=seed, help="of weights and pictures")
    parser.add_argument("--out", type=Path, default=Path(out), help="folder to write")
    options = parser.parse_args()
    if not options.samples and not options.minutes:
        parser.error("say --samples or --minutes")
    options.out.mkdir(parents=True, exist_ok=True)
    plan = Plan(options.samples, options.minutes, options.batch, options.seed, options.out)
    return plan, options


def as_input(pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures as bytes (N x H x W x 3) to what a network takes (N x 3 x H x W, 0 to 1)."""
    shares = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    return shares.contiguous(memory_format=torch.channels_last)


def rate(progress: float) -> float:
    """The learning rate's share of its peak: up, level, then down to nothing by a cosine."""
    if progress < WARM_UP:
        return progress / WARM_UP
    if progress < FALL:
        return 1.0
    return 0.5 * (1 + float(np.cos(np.pi * (progress - FALL) / (1 - FALL))))


@torch.no_grad()
def follow(mean: nn.Module, network: nn.Module, step: int) -> None:
    """Move the running mean a little towards the network; farther in the first steps."""
    keep = min(AVERAGING, step / (step + 10))
    for kept, new in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - keep)
        else:
            kept.copy_(new)


def tell(progress: float, seen: int, seconds: float, losses: Mapping[str, float]) -> None:
    """Print a line of progress."""
    told = " ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
    print(f"{progress:6.1%} {seen:8} pictures {seen / seconds:5.0f}/s {told}", flush=True)


@dataclass(frozen=True, slots=True)
class Lesson(Generic[Batch]):
    """What a network learns from drawings: `draw` makes the batch of a size, seed and number, the
    same on every machine; `losses` are as many as there are `weights`, by name."""

    network: Callable[[], nn.Module]
    draw: Callable[[int, int, int], Batch]
    losses: Callable[[nn.Module, Batch], Tensor]
    weights: Mapping[str, float]


class Drawings(IterableDataset[Batch]):
    """Batches without end; each worker takes every n-th."""

    def __init__(self, draw: Callable[[int, int, int], Batch], size: int, seed: int) -> None:
        self.draw, self.size, self.seed = draw, size, seed

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(0)
        worker = torch.utils.data.get_worker_info()
        index, step = (worker.id, worker.num_workers) if worker else (0, 1)
        while True:
            yield self.draw(self.size, self.seed, index)
            index += step


def learn(lesson: Lesson[Batch], plan: Plan) -> None:
    """Train until the plan is fulfilled; writes `weights.pt` in its folder."""
    torch.manual_seed(plan.seed)
    torch.set_num_threads(1)
    network = lesson.network().to(memory_format=torch.channels_last).train()
    mean = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=DRAWN_RATE, weight_decay=0.02)
    drawings = Drawings(lesson.draw, plan.size, plan.seed)
    weights = torch.tensor(tuple(lesson.weights.values()))
    began, seen, progress, shown = time.monotonic(), 0, 0.0, torch.zeros(len(weights))
    for step, batch in enumerate(DataLoader(drawings, batch_size=None, num_workers=1), 1):
        for group in optimiser.param_groups:
            group["lr"] = DRAWN_RATE * rate(progress)
        parts = lesson.losses(network, batch)
        optimiser.zero_grad(set_to_none=True)
        (parts * weights).sum().backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        follow(mean, network, step)
        seen += plan.size
        seconds = time.monotonic() - began
        progress = plan.progress(seen, seconds)
        shown += parts.detach()
        if step % EVERY == 0:
            losses = (shown / EVERY).tolist()
            tell(progress, seen, seconds, dict(zip(lesson.weights, losses, strict=True)))
            shown.zero_()
            torch.save(mean.state_dict(), plan.out / "checkpoint.pt")
        if progress >= 1:
            break
    torch.save(mean.state_dict(), plan.out / "weights.pt")
    print(f"{seen} pictures in {(time.monotonic() - began) / 60:.1f} minutes, seed {plan.seed}")
