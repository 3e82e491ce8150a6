"""Train the reader. Run: python -m training.train --samples N --out var/training

The same seed, sample count and batch size draw the same pictures in the same order; the weights
then differ only by the rounding of the machine's own arithmetic.
"""

import argparse
import copy
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, distributed, multiprocessing, nn
from torch.utils.data import DataLoader, IterableDataset

from training.crops import Crop
from training.dataset import Batch, batches, real_crops
from training.learning import EVERY, Plan, as_input, asked, follow, rate, tell
from training.network import OwnReader

PROCESSES = 2
PEAK_RATE = 1.5e-3
CONTINUED_RATE = 6e-4
"""The peak when weights are continued: high enough to move, too low to forget."""
COLOUR_WEIGHT = 0.3
PLACED_UNTIL = 0.15
"""Share of the training in which characters are also taught at the step where they stand. CTC
alone sits on a plateau for the first hundred thousand pictures; told the places, it does not."""


class Source(IterableDataset[Batch]):
    """The batches of one learner: every PROCESSES-th, from its own rank on."""

    def __init__(self, crops: list[Crop], size: int, seed: int, rank: int) -> None:
        self.crops, self.size, self.seed, self.rank = crops, size, seed, rank

    def __iter__(self) -> Iterator[Batch]:
        return batches(self.crops, self.size, self.seed, self.rank, PROCESSES)


def losses(network: nn.Module, batch: Batch) -> Tensor:
    """CTC loss, colour loss and the loss of characters at their places."""
    pictures = as_input(batch.pictures)
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


def train(rank: int, plan: Plan, start: Path | None) -> None:
    """One of PROCESSES learners: each has its own pictures, all share the mean gradient. `start`
    are weights to continue; none trains from nothing.

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
    if start:
        # Continued weights know where characters stand and need not be told again.
        network.load_state_dict(torch.load(start, weights_only=True))
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
        follow(mean, network, index)
        shown += parts.detach()
        if rank == 0 and index % EVERY == 0:
            text, colour, placed = (shown / EVERY).tolist()
            named = {"text": text, "colour": colour, "placed": placed}
            tell(progress, seen, time.monotonic() - began, named)
            shown.zero_()
            torch.save(mean.state_dict(), plan.out / "checkpoint.pt")
        if progress >= 1:
            break
    if rank == 0:
        torch.save(mean.state_dict(), plan.out / "weights.pt")
        print(f"{seen} pictures in {(time.monotonic() - began) / 60:.1f} minutes, seed {plan.seed}")
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


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=Path, help="weights.pt to continue, at a lower rate")
    plan, options = asked(parser, size=32, seed=20261124, out="var/training")
    (plan.out / "meeting").unlink(missing_ok=True)
    multiprocessing.spawn(train, (plan, options.start), nprocs=PROCESSES)


if __name__ == "__main__":
    main()
