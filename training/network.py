"""The corner network: one crop of a vertebra in, four rim corners and their spreads out.

A small residual U-Net. Four heat maps at half the crop's resolution give the corners by
soft-argmax; a head on the coarsest features and on the heat maps' own moments gives the logarithms
of the spreads. Everything is inside the network, so that the exported file needs no code beside it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

CROP = 112
"""Side of a crop in pixels."""
CHANNELS = 2
"""Grey values and local contrast."""
CORNERS = 4
"""Superior anterior, superior posterior, inferior anterior, inferior posterior."""
SPREADS = 12
"""Per corner along and across (8), superior line, inferior line, wedge, mid line."""


@dataclass(frozen=True)
class Shape:
    """Width of the network at each resolution, finest first, and blocks at each."""

    widths: tuple[int, ...] = (16, 32, 48, 64)
    encode: tuple[int, ...] = (0, 1, 2, 2)
    decode: tuple[int, ...] = (0, 1, 1)
    hidden: int = 64

    def record(self) -> dict[str, object]:
        return asdict(self)


def conv(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution and batch normalisation (folded into one when exported)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class Block(nn.Module):
    """Two convolutions with a short cut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv(width, width)
        self.second = conv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class CornerNetwork(nn.Module):
    """Corners (N, 4, 2) in units of half the crop's side, centre 0, and log spreads (N, 12)."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        widths = shape.widths
        self.stem = conv(CHANNELS, widths[0], size=5, stride=2)
        self.down = nn.ModuleList(
            conv(a, b, stride=2) for a, b in zip(widths[:-1], widths[1:], strict=True)
        )
        self.encode = nn.ModuleList(
            nn.Sequential(*(Block(w) for _ in range(n)))
            for w, n in zip(widths, shape.encode, strict=True)
        )
        self.lift = nn.ModuleList(
            conv(b, a, size=1) for a, b in zip(widths[:-1], widths[1:], strict=True)
        )
        self.decode = nn.ModuleList(
            nn.Sequential(*(Block(w) for _ in range(n)))
            if n
            else nn.Sequential(conv(w, w), nn.ReLU())
            for w, n in zip(widths[:-1], shape.decode, strict=True)
        )
        self.maps = nn.Conv2d(widths[0], CORNERS, 1)
        self.spread = nn.Sequential(
            nn.Linear(2 * widths[-1] + 3 * CORNERS, shape.hidden),
            nn.ReLU(),
            nn.Linear(shape.hidden, SPREADS),
        )
        cells = CROP // 2
        axis = (torch.arange(cells) + 0.5) * (2.0 / cells) - 1.0
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        x, y = x.reshape(-1), y.reshape(-1)
        self.register_buffer("grid", torch.stack((x, y, x * x, y * y, x * y), dim=1))

    def forward(self, crops: Tensor) -> Tensor:
        """One row a crop: 8 corner coordinates, then the 12 log spreads."""
        corners, spreads, _ = self.parts(crops)
        return torch.cat((corners.flatten(1), spreads), dim=1)

    def parts(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Corners, log spreads and the heat maps' logits (N, 4, cells)."""
        x = torch.relu(self.stem(crops))
        skips: list[Tensor] = []
        for level, encode in enumerate(self.encode):
            if level:
                x = torch.relu(self.down[level - 1](x))
            x = encode(x)
            skips.append(x)
        coarse = skips[-1]
        x = coarse
        for level in reversed(range(len(skips) - 1)):
            up = nn.functional.interpolate(
                self.lift[level](x), scale_factor=2, mode="bilinear", align_corners=False
            )
            x = self.decode[level](torch.relu(up + skips[level]))
        logits = self.maps(x).flatten(2)
        moments = torch.matmul(torch.softmax(logits, dim=2), self.grid)
        corners = moments[:, :, :2]
        squares = corners * corners
        mixed = corners[:, :, :1] * corners[:, :, 1:]
        second = moments[:, :, 2:] - torch.cat((squares, mixed), dim=2)
        pooled = torch.cat((coarse.mean(dim=(2, 3)), coarse.amax(dim=(2, 3))), dim=1)
        features = torch.cat((pooled, 100.0 * second.flatten(1)), dim=1)
        return corners, self.spread(features), logits


def parameters(network: nn.Module) -> int:
    """Number of trained numbers."""
    return sum(p.numel() for p in network.parameters())
