"""The reader's network: a plain convolutional net with two heads, text (CTC) and colour."""

import torch
from torch import Tensor, nn

from appliance.runtime.vision.grammar import ALPHABET
from appliance.runtime.vision.own import COLOURS


class Block(nn.Module):
    """Two 3 x 3 convolutions; the first may halve the picture, the second adds to what it got."""

    def __init__(self, inside: int, outside: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.first = _convolution(inside, outside, 3, stride)
        self.second = _convolution(outside, outside, 3)

    def forward(self, x: Tensor) -> Tensor:
        """N x inside x H x W to N x outside x H/stride x W/stride."""
        x = self.first(x)
        return x + self.second(x)


class OwnReader(nn.Module):
    """N x 3 x 48 x 168 (0 to 1) to 42 steps x (blank + ALPHABET) logits and colour logits."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _convolution(3, 32, 3, (2, 2))
        self.low = _convolution(32, 64, 3, (2, 2))
        self.high = nn.Sequential(Block(64, 64, (2, 1)), Block(64, 128, (2, 1)))
        self.squeeze = _convolution(128, 192, (3, 1), padding=(0, 0))
        self.along = _convolution(192, 192, (1, 5))
        self.text = nn.Conv2d(192, len(ALPHABET) + 1, 1)
        self.colour = nn.Linear(64 * 4, len(COLOURS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Text logits (N x 42 x characters) and colour logits (N x 7)."""
        low = self.low(self.stem(x * 2 - 1))
        line = self.squeeze(self.high(low))
        line = line + self.along(line)
        text = self.text(line).squeeze(2).transpose(1, 2)
        # A large new-energy plate is yellow on its left and green on its right: four parts.
        quarters = torch.stack([part.mean((2, 3)) for part in _quarters(low)], 2)
        return text, self.colour(quarters.flatten(1))


def _quarters(x: Tensor) -> list[Tensor]:
    step = x.shape[3] // 4
    return [x[..., start : start + step] for start in range(0, 4 * step, step)]


def _convolution(
    inside: int,
    outside: int,
    kernel: int | tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] | None = None,
) -> nn.Sequential:
    down, across = (kernel, kernel) if isinstance(kernel, int) else kernel
    around = (down // 2, across // 2) if padding is None else padding
    return nn.Sequential(
        nn.Conv2d(inside, outside, (down, across), stride, around, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )
