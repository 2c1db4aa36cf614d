"""The corner network: one crop of a vertebra in, four rim corners and their spreads out.

A small residual U-Net that works at a quarter of the crop's resolution and below; each of its cells
gives 2 x 2 values of every heat map, so that the four heat maps have half the crop's resolution.
Their soft-argmax are the corners; a head on the coarsest features and on the heat maps' own moments
gives the logarithms of the spreads. Everything is inside the network, so that the exported file
needs no code beside it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

CROP = 112
"""Side of a crop in pixels."""
CHANNELS = 2
"""Grey values and local contrast."""
SUB = 2
"""Heat map values that each cell gives along x and y."""
CORNERS = 4
"""Superior anterior, superior posterior, inferior anterior, inferior posterior."""
SPREADS = 12
"""Per corner along and across (8), superior line, inferior line, wedge, mid line."""


@dataclass(frozen=True)
class Shape:
    """Width of the network at each resolution, finest first, and blocks at each."""

    stem: int = 16
    widths: tuple[int, ...] = (24, 48, 72)
    encode: tuple[int, ...] = (1, 2, 2)
    decode: tuple[int, ...] = (1, 1)
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
        return torch.relu_(x + self.second(torch.relu_(self.first(x))))


class CornerNetwork(nn.Module):
    """Corners (N, 4, 2) in units of half the crop's side, centre 0, and log spreads (N, 12)."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        widths = shape.widths
        self.stem = nn.Sequential(
            conv(CHANNELS, shape.stem, size=5, stride=2),
            nn.ReLU(inplace=True),
            conv(shape.stem, widths[0], stride=2),
        )
        self.down = nn.ModuleList(conv(a, b, stride=2) for a, b in pairwise(widths))
        self.encode = nn.ModuleList(
            nn.Sequential(*(Block(w) for _ in range(n)))
            for w, n in zip(widths, shape.encode, strict=True)
        )
        self.lift = nn.ModuleList(conv(b, a, size=1) for a, b in pairwise(widths))
        self.decode = nn.ModuleList(
            nn.Sequential(*(Block(w) for _ in range(n)))
            for w, n in zip(widths[:-1], shape.decode, strict=True)
        )
        self.maps = nn.Conv2d(widths[0], CORNERS * SUB * SUB, 1)
        features = 2 * widths[-1] + 3 * CORNERS
        self.spread = nn.Sequential(
            nn.BatchNorm1d(features),
            nn.Linear(features, shape.hidden),
            nn.LeakyReLU(0.1),
            nn.Linear(shape.hidden, SPREADS),
        )
        self.register_buffer("grid", _grid())

    def forward(self, crops: Tensor) -> Tensor:
        """One row a crop: 8 corner coordinates, then the 12 log spreads."""
        corners, spreads, _ = self.parts(crops)
        return torch.cat((corners.flatten(1), spreads), dim=1)

    def parts(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Corners, log spreads and the heat maps' logits (N, 4, cells)."""
        fine, coarse = self.features(crops)
        logits = self.logits(self.maps(fine))
        corners, shape = self.corners(logits)
        features = torch.cat((pooled(coarse), shape), dim=1)
        return corners, self.spread(features), logits

    def features(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Features at a quarter of the crop's resolution, and the coarsest ones."""
        x = torch.relu_(self.stem(crops))
        skips: list[Tensor] = []
        for level, encode in enumerate(self.encode):
            if level:
                x = torch.relu_(self.down[level - 1](x))
            x = encode(x)
            skips.append(x)
        coarse = skips[-1]
        x = coarse
        for level in reversed(range(len(skips) - 1)):
            up = nn.functional.interpolate(
                self.lift[level](x), scale_factor=2, mode="bilinear", align_corners=False
            )
            x = self.decode[level](torch.relu_(up + skips[level]))
        return x, coarse

    def logits(self, maps: Tensor) -> Tensor:
        """Heat maps (N, 16, rows, columns) as logits (N, 4, cells)."""
        return maps.flatten(2).reshape(-1, CORNERS, self.grid.shape[0])

    def corners(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Corners (N, 4, 2) by soft-argmax, and the heat maps' widths and slants (N, 12)."""
        moments = torch.matmul(torch.softmax(logits, dim=2), self.grid)
        corners = moments[:, :, :2]
        squares = corners * corners
        mixed = corners[:, :, :1] * corners[:, :, 1:]
        second = moments[:, :, 2:] - torch.cat((squares, mixed), dim=2)
        width = torch.log(torch.clamp(second[:, :, :2], min=0.0) + 1e-6)
        slant = second[:, :, 2] / torch.sqrt(
            torch.clamp(second[:, :, 0] * second[:, :, 1], min=0.0) + 1e-9
        )
        return corners, torch.cat((width.flatten(1), slant), dim=1)


def pooled(features: Tensor) -> Tensor:
    """Mean and largest value of every channel."""
    return torch.cat((features.mean(dim=(2, 3)), features.amax(dim=(2, 3))), dim=1)


def _grid() -> Tensor:
    """Coordinates x, y, x^2, y^2, xy of every heat map value, in the order of the logits."""
    cells = CROP // 4
    fine = (torch.arange(cells * SUB) + 0.5) * (2.0 / (cells * SUB)) - 1.0
    axis = fine.reshape(cells, SUB)
    x = axis.T.reshape(1, SUB, 1, cells).expand(SUB, SUB, cells, cells).reshape(-1)
    y = axis.T.reshape(SUB, 1, cells, 1).expand(SUB, SUB, cells, cells).reshape(-1)
    return torch.stack((x, y, x * x, y * y, x * y), dim=1)


def parameters(network: nn.Module) -> int:
    """Number of trained numbers."""
    return sum(p.numel() for p in network.parameters())
