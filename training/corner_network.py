"""The corner network: a small convolutional net that says where a plate's corners lie in a cut.

Each corner is a map of likelihood at a quarter of the cut's size; its mean place is the corner, so
that a corner is told to a fraction of a pixel and a doubtful one lies between its two candidates.
"""

import torch
from torch import Tensor, nn

from training.network import Block, _convolution

STRIDE = 4


class CornerNetwork(nn.Module):
    """N x 3 x 96 x 128 (0 to 1) to corner maps, and logits of no plate, one row, two rows."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _convolution(3, 24, 3, (2, 2))
        self.quarter = Block(24, 40, (2, 2))
        self.eighth = Block(40, 72, (2, 2))
        self.sixteenth = nn.Sequential(Block(72, 112, (2, 2)), Block(112, 112, (1, 1)))
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(inside, 40, 1, bias=False), nn.BatchNorm2d(40))
            for inside in (72, 112)
        )
        self.join = _convolution(40, 40, 3)
        self.maps = nn.Conv2d(40, 4, 1)
        self.kind = nn.Linear(112, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N x 4 x 24 x 32 logits) and kinds (N x 3 logits)."""
        quarter = self.quarter(self.stem(x * 2 - 1))
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        joined = quarter + _up(self.down[0](eighth), 2) + _up(self.down[1](sixteenth), 4)
        return self.maps(self.join(torch.relu(joined))), self.kind(sixteenth.mean((2, 3)))


def _up(x: Tensor, factor: int) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def places(maps: Tensor) -> Tensor:
    """The mean place of each map, N x 4 x 2 in pixels of the cut (x, y)."""
    height, width = maps.shape[2:]
    share = maps.flatten(2).softmax(2).view_as(maps)
    across = (torch.arange(width, dtype=maps.dtype) + 0.5) * STRIDE
    down = (torch.arange(height, dtype=maps.dtype) + 0.5) * STRIDE
    return torch.stack(((share.sum(2) * across).sum(2), (share.sum(3) * down).sum(2)), 2)
