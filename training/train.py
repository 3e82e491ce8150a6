"""Train the reader. Run: python -m training.train --samples N --out var/training

The same seed, sample count and batch size draw the same pictures in the same order; the weights
then differ only by the rounding of the machine's own arithmetic.
"""

import argparse
import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, distributed, multiprocessing, nn
from torch.utils.data import DataLoader, IterableDataset

from training.crops import Crop
from training.dataset import Batch, batches, real_crops
from training.network import OwnReader

PROCESSES = 2
PEAK_RATE = 1.5e-3
CONTINUED_RATE = 6e-4
"""The peak when weights are continued: high enough to move, too low to forget."""
WARM_UP = 0.03
FALL = 0.45
"""Share of the training after which the rate falls; CTC has left its plateau by then."""
COLOUR_WEIGHT = 0.3
PLACED_UNTIL = 0.15
"""Share of the training in which characters are also taught at the step where they stand. CTC
alone sits on a plateau for the first hundred thousand pictures; told the places, it does not."""
AVERAGING = 0.998
"""What is kept is a running mean of the weights over some five hundred steps."""


class Source(IterableDataset[Batch]):
    """The batches of one learner: every PROCESSES-th, from its own rank on."""

    def __init__(self, crops: list[Crop], size: int, seed: int, rank: int) -> None:
        self.crops, self.size, self.seed, self.rank = crops, size, seed, rank

    def __iter__(self) -> Iterator[Batch]:
        return batches(self.crops, self.size, self.seed, self.rank, PROCESSES)


def rate(progress: float) -> float:
    """The learning rate's share of its peak: up, level, then down to nothing by a cosine."""
    if progress < WARM_UP:
        return progress / WARM_UP
    if progress < FALL:
        return 1.0
    return 0.5 * (1 + float(np.cos(np.pi * (progress - FALL) / (1 - FALL))))


def losses(network: nn.Module, batch: Batch) -> Tensor:
    """CTC loss, colour loss and the loss of characters at their places."""
    pictures = torch.from_numpy(batch.pictures).permute(0, 3, 1, 2).float() / 255
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    labels, lengths = torch.from_numpy(batch.labels), torch.from_numpy(batch.lengths)
    with torch.autocast("cpu", torch.bfloat16):
        text, colour = network(pictures)
    text, colour = text.float(), colour.float()
    steps = text.shape[1]
    spelled = nn.functional.ctc_loss(
        text.log_softmax(2).transpose(0, 1),
        labels,
        torch.full_like(lengths, steps),
        lengths,
        zero_infinity=True,
    )
    coloured = nn.functional.cross_entropy(
        colour, torch.from_numpy(batch.colours), label_smoothing=0.02
    )
    owner = torch.arange(len(lengths)).repeat_interleave(lengths)
    place = (torch.from_numpy(batch.middles) * steps).long().clamp(0, steps - 1)
    placed = nn.functional.cross_entropy(text[owner, place], labels)
    return torch.stack((spelled, coloured, placed))


@dataclass(frozen=True, slots=True)
class Plan:
    """What one training is told: when to end, pictures a step and process, seed, folder."""

    samples: int
    minutes: float
    size: int
    seed: int
    out: Path
    start: Path | None = None
    """Weights to continue; none trains from nothing."""

    def progress(self, seen: int, seconds: float) -> float:
        """The share that is done, by whichever limit is nearer."""
        by_samples = seen / self.samples if self.samples else 0.0
        return max(by_samples, seconds / 60 / self.minutes if self.minutes else 0.0)


def train(rank: int, plan: Plan) -> None:
    """One of PROCESSES learners: each has its own pictures, all share the mean gradient.

    Two processes of one thread each do twice the work of one process of two threads, which
    mostly wait for one another on a machine that has other work too. The first writes
    `weights.pt`.
    """
    torch.manual_seed(plan.seed)
    torch.set_num_threads(1)
    meeting = f"file://{(plan.out / 'meeting').absolute()}"
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=PROCESSES)
    network = OwnReader()
    peak, placed_until = PEAK_RATE, PLACED_UNTIL
    if plan.start:
        # Continued weights know where characters stand and need not be told again.
        network.load_state_dict(torch.load(plan.start, weights_only=True))
        peak, placed_until = CONTINUED_RATE, 0.0
    network = network.to(memory_format=torch.channels_last).train()
    mean = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=peak, weight_decay=0.02)
    loader = DataLoader(
        Source(real_crops(), plan.size, plan.seed, rank), batch_size=None, num_workers=1
    )
    began, seen, progress, shown = time.monotonic(), 0, 0.0, torch.zeros(3)
    for index, batch in enumerate(loader, 1):
        for group in optimiser.param_groups:
            group["lr"] = peak * rate(progress)
        parts = losses(network, batch)
        told = max(1 - progress / placed_until, 0.0) if placed_until else 0.0
        weights = torch.tensor((1.0, COLOUR_WEIGHT, told))
        optimiser.zero_grad(set_to_none=True)
        (parts * weights).sum().backward()
        seen += plan.size * PROCESSES
        # The first learner's clock holds for all, so that all end at the same step.
        done = plan.progress(seen, time.monotonic() - began) if rank == 0 else 0.0
        progress = share_gradients(network, done)
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        follow(mean, network, min(AVERAGING, index / (index + 10)))
        shown += parts.detach()
        if rank == 0 and index % 100 == 0:
            tell(progress, seen, time.monotonic() - began, shown / 100)
            shown.zero_()
            torch.save(mean.state_dict(), plan.out / "checkpoint.pt")
        if progress >= 1:
            break
    if rank == 0:
        torch.save(mean.state_dict(), plan.out / "weights.pt")
        print(f"{seen} samples in {(time.monotonic() - began) / 60:.1f} minutes, seed {plan.seed}")
    distributed.destroy_process_group()


def share_gradients(network: nn.Module, done: float) -> float:
    """Put the learners' mean gradient into the network; returns the sum of their `done`."""
    gradients = [parameter.grad for parameter in network.parameters()]
    vector = torch.cat([*(g.flatten() for g in gradients), torch.tensor([done * PROCESSES])])
    distributed.all_reduce(vector)
    vector /= PROCESSES
    at = 0
    for gradient in gradients:
        gradient.copy_(vector[at : at + gradient.numel()].view_as(gradient))
        at += gradient.numel()
    return float(vector[-1])


def tell(progress: float, seen: int, seconds: float, parts: Tensor) -> None:
    """Print a line of progress."""
    text, colour, placed = parts.tolist()
    print(
        f"{progress:6.1%} {seen:8} samples {seen / seconds:5.0f}/s "
        f"text {text:.4f} colour {colour:.4f} placed {placed:.4f}",
        flush=True,
    )


@torch.no_grad()
def follow(mean: nn.Module, network: nn.Module, keep: float) -> None:
    """Move the running mean a little towards the network."""
    for kept, new in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - keep)
        else:
            kept.copy_(new)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=0, help="stop after so many pictures")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many minutes")
    parser.add_argument("--batch", type=int, default=32, help="pictures a step and process")
    parser.add_argument("--seed", type=int, default=20261124, help="of weights and pictures")
    parser.add_argument("--out", type=Path, default=Path("var/training"), help="folder to write")
    parser.add_argument("--start", type=Path, help="weights.pt to continue, at a lower rate")
    options = parser.parse_args()
    if not options.samples and not options.minutes:
        parser.error("say --samples or --minutes")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "meeting").unlink(missing_ok=True)
    plan = Plan(
        options.samples,
        options.minutes,
        options.batch,
        options.seed,
        options.out,
        options.start,
    )
    multiprocessing.spawn(train, (plan,), nprocs=PROCESSES)


if __name__ == "__main__":
    main()
