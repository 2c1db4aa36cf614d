"""The endplate network: one strip along an endplate in, its two rim corners and their spreads out.

It sees one endplate and hardly anything of the other, so it cannot lean towards the wedges that
are usual; and it sees that one finer than the corner network sees the body. A small residual U-Net
whose two heat maps have half the strip's resolution; their soft-argmax are the corners.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from network import CHANNELS, Block, conv, pooled
from torch import Tensor, nn

from kyphometer.endplates.plates import STRIP_PIXELS, STRIP_ROWS

ENDS = 2
"""Anterior and posterior corner."""
SPREADS = 5
"""Per corner along and across (4), the line."""


@dataclass(frozen=True, slots=True)
class PlateShape:
    """Width of the network at each resolution, finest first, and blocks at each."""

    widths: tuple[int, ...] = (16, 32, 48, 64)
    encode: tuple[int, ...] = (0, 1, 2, 2)
    decode: tuple[int, ...] = (0, 1, 1)
    hidden: int = 48

    def record(self) -> dict[str, object]:
        return asdict(self)


class PlateNetwork(nn.Module):
    """Corners (N, 2, 2) in units of half the strip's length, centre 0, and log spreads (N, 5)."""

    def __init__(self, shape: PlateShape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or PlateShape()
        widths = shape.widths
        self.stem = conv(CHANNELS, widths[0], size=5, stride=2)
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
        self.maps = nn.Conv2d(widths[0], ENDS, 3, padding=1)
        features = 2 * widths[-1] + 3 * ENDS
        self.spread = nn.Sequential(
            nn.BatchNorm1d(features),
            nn.Linear(features, shape.hidden),
            nn.LeakyReLU(0.1),
            nn.Linear(shape.hidden, SPREADS),
        )
        self.register_buffer("grid", _grid())

    def forward(self, strips: Tensor) -> Tensor:
        """One row a strip: 4 corner coordinates, then the 5 log spreads."""
        corners, spreads, _ = self.parts(strips)
        return torch.cat((corners.flatten(1), spreads), dim=1)

    def parts(self, strips: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Corners, log spreads and the heat maps' logits (N, 2, cells)."""
        fine, coarse = self.features(strips)
        logits = self.maps(fine).flatten(2)
        corners, shape = self.corners(logits)
        return corners, self.spread(torch.cat((pooled(coarse), shape), dim=1)), logits

    def features(self, strips: Tensor) -> tuple[Tensor, Tensor]:
        """Features at half the strip's resolution, and the coarsest ones."""
        x = torch.relu_(self.stem(strips))
        skips: list[Tensor] = []
        for level, encode in enumerate(self.encode):
            if level:
                x = torch.relu_(self.down[level - 1](x))
            x = encode(x)
            skips.append(x)
        coarse = x
        for level in reversed(range(len(skips) - 1)):
            up = nn.functional.interpolate(
                self.lift[level](x), scale_factor=2, mode="bilinear", align_corners=False
            )
            x = self.decode[level](torch.relu_(up + skips[level]))
        return x, coarse

    def corners(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Corners (N, 2, 2) by soft-argmax, and the heat maps' widths and slants (N, 6)."""
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


def _grid() -> Tensor:
    """Coordinates x, y, x^2, y^2, xy of every heat map value, row by row."""
    columns, rows = STRIP_PIXELS // 2, STRIP_ROWS // 2
    step = 2.0 / columns
    x = (torch.arange(columns) + 0.5) * step - 1.0
    y = (torch.arange(rows) + 0.5 - rows / 2) * step
    x, y = x.expand(rows, columns).reshape(-1), y[:, None].expand(rows, columns).reshape(-1)
    return torch.stack((x, y, x * x, y * y, x * y), dim=1)
