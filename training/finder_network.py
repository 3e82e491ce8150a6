"""The finder: a small fully convolutional net that says where in a picture plates may be.

Each cell of an eighth of the picture says how likely a plate's middle lies in it, where exactly,
and how wide and high the plate is.
"""

import torch
from torch import Tensor, nn

from training.network import Block, _convolution


class FinderNetwork(nn.Module):
    """N x 3 x H x W (0 to 1; H and W multiples of 32) to N x 5 x H/8 x W/8: a logit of a plate's
    middle, its place in the cell (x, y; cells), log width and log height (cells)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _convolution(3, 16, 3, (2, 2))
        self.quarter = Block(16, 24, (2, 2))
        self.eighth = nn.Sequential(Block(24, 48, (2, 2)), Block(48, 48, (1, 1)))
        self.sixteenth = nn.Sequential(Block(48, 80, (2, 2)), Block(80, 80, (1, 1)))
        self.far = nn.Sequential(Block(80, 96, (2, 2)), Block(96, 96, (1, 1)))
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(inside, 48, 1, bias=False), nn.BatchNorm2d(48))
            for inside in (80, 96)
        )
        self.join = nn.Sequential(_convolution(48, 48, 3), _convolution(48, 48, 3))
        self.told = nn.Conv2d(48, 5, 1)
        nn.init.constant_(self.told.bias, 0.0)
        with torch.no_grad():
            self.told.bias[0] = -4.0

    def forward(self, x: Tensor) -> Tensor:
        """What every cell tells."""
        eighth = self.eighth(self.quarter(self.stem(x * 2 - 1)))
        sixteenth = self.sixteenth(eighth)
        far = self.far(sixteenth)
        joined = eighth + _up(self.down[0](sixteenth), 2) + _up(self.down[1](far), 4)
        return self.told(self.join(torch.relu(joined)))


def _up(x: Tensor, factor: int) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=factor, mode="nearest")
