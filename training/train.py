"""Train the reader. Run: python -m training.train --samples 600000 --out var/training

The same seed, sample count and batch size draw the same pictures in the same order; the weights
then differ only by the rounding of the machine's own arithmetic.
"""

import argparse
import copy
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from training.crops import Crop
from training.dataset import Batch, batches, real_crops
from training.network import OwnReader

PEAK_RATE = 1.5e-3
WARM_UP = 0.03
FALL = 0.45
"""Share of the training after which the rate falls; CTC has left its plateau by then."""
COLOUR_WEIGHT = 0.3
PLACED_UNTIL = 0.25
"""Share of the training in which characters are also taught at the step where they stand. CTC
alone sits on a plateau for the first hundred thousand pictures; told the places, it does not."""
AVERAGING = 0.998
"""What is kept is a running mean of the weights over some five hundred steps."""


class Source(IterableDataset[Batch]):
    """Batches by number, dealt out to the loader's workers in turn."""

    def __init__(self, crops: list[Crop], size: int, seed: int, first: int) -> None:
        self.crops, self.size, self.seed, self.first = crops, size, seed, first

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        place, step = (worker.id, worker.num_workers) if worker else (0, 1)
        return batches(self.crops, self.size, self.seed, self.first + place, step)


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


def train(
    samples: int, minutes: float, *, size: int, seed: int, out: Path, start: Path | None
) -> None:
    """Train until the samples or the minutes are used up; writes `weights.pt` into `out`."""
    torch.manual_seed(seed)
    torch.set_num_threads(2)
    out.mkdir(parents=True, exist_ok=True)
    network = OwnReader().to(memory_format=torch.channels_last)
    if start:
        network.load_state_dict(torch.load(start, weights_only=True))
    mean = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=0.02)
    crops = real_crops()
    print(f"{len(crops)} real crops; {sum(p.numel() for p in network.parameters())} parameters")
    loader = DataLoader(
        Source(crops, size, seed, 0), batch_size=None, num_workers=2, prefetch_factor=4
    )
    began = time.monotonic()
    seen, shown = 0, torch.zeros(3)
    for index, batch in enumerate(loader, 1):
        elapsed = (time.monotonic() - began) / 60
        progress = max(seen / samples if samples else 0, elapsed / minutes if minutes else 0)
        if progress >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = PEAK_RATE * rate(progress)
        network.train()
        parts = losses(network, batch)
        weights = torch.tensor((1.0, COLOUR_WEIGHT, max(1 - progress / PLACED_UNTIL, 0.0)))
        optimiser.zero_grad(set_to_none=True)
        (parts * weights).sum().backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        follow(mean, network, min(AVERAGING, index / (index + 10)))
        seen += size
        shown += parts.detach()
        if index % 100 == 0:
            spelled, coloured, placed = (shown / 100).tolist()
            shown.zero_()
            pace = seen / (time.monotonic() - began)
            print(
                f"{progress:6.1%} {seen:8} samples {pace:5.0f}/s "
                f"text {spelled:.4f} colour {coloured:.4f} placed {placed:.4f}",
                flush=True,
            )
        if index % 400 == 0:
            torch.save(mean.state_dict(), out / "checkpoint.pt")
    torch.save(mean.state_dict(), out / "weights.pt")
    print(f"{seen} samples in {(time.monotonic() - began) / 60:.1f} minutes, seed {seed}")


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
    parser.add_argument("--batch", type=int, default=32, help="pictures a step")
    parser.add_argument("--seed", type=int, default=20261124, help="of weights and pictures")
    parser.add_argument("--out", type=Path, default=Path("var/training"), help="folder to write")
    parser.add_argument("--start", type=Path, help="weights to go on from")
    options = parser.parse_args()
    if not options.samples and not options.minutes:
        parser.error("say --samples or --minutes")
    train(
        options.samples,
        options.minutes,
        size=options.batch,
        seed=options.seed,
        out=options.out,
        start=options.start,
    )


if __name__ == "__main__":
    main()
