"""The detector's network: a film in, maps of bodies out, at a quarter of its resolution.

Fully convolutional. Each cell says whether a body's centre (or the sacrum's endplate) lies there,
where the four corners are, on which side anterior lies, whether the body has lost height, how far
off the corners may be, and which level this is.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from network import Block, conv
from torch import Tensor, nn

STRIDE = 4
"""Pixels of a cell."""
UNIT_PX = 16.0
"""Corner vectors count in this."""
LEVELS = 18
"""C7 to L5."""
HEAT, CORNERS, FACING, FRACTURED, SPREAD, LEVEL = (
    slice(0, 2), slice(2, 10), 10, 11, 12, slice(13, 13 + LEVELS),
)  # fmt: skip
"""Channels: body and sacrum (logits); upper left, upper right, lower left, lower right corner from
the centre of the cell; anterior at the right (logit); fractured (logit); log of the mean corner
error as a part of the body's depth; level (logits)."""
OUTPUTS = 13 + LEVELS


class DetectorNetwork(nn.Module):
    """Maps (N, 31, rows / 4, columns / 4) of films (N, 2, rows, columns)."""

    def __init__(
        self,
        widths: tuple[int, ...] = (16, 32, 64, 96),
        blocks: tuple[int, ...] = (1, 1, 2, 2),
        stem: int = 16,
        head: int = 32,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            conv(2, stem, size=5, stride=2), nn.ReLU(inplace=True), conv(stem, widths[0], stride=2)
        )
        self.down = nn.ModuleList(conv(a, b, stride=2) for a, b in pairwise(widths))
        self.encode = nn.ModuleList(
            nn.Sequential(*(Block(w) for _ in range(n)))
            for w, n in zip(widths, blocks, strict=True)
        )
        self.lift = nn.ModuleList(conv(b, a, size=1) for a, b in pairwise(widths))
        self.decode = nn.ModuleList(Block(w) for w in widths[:-1])
        self.head = nn.Sequential(
            conv(widths[0], head), nn.ReLU(inplace=True), nn.Conv2d(head, OUTPUTS, 1)
        )
        last = self.head[-1]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        nn.init.constant_(last.bias[HEAT], -4.0)
        nn.init.constant_(last.bias[SPREAD], -2.0)

    def forward(self, films: Tensor) -> Tensor:
        x = torch.relu(self.stem(films))
        skips: list[Tensor] = []
        for level, encode in enumerate(self.encode):
            if level:
                x = torch.relu(self.down[level - 1](x))
            x = encode(x)
            skips.append(x)
        for level in reversed(range(len(skips) - 1)):
            up = nn.functional.interpolate(
                self.lift[level](x), scale_factor=2, mode="bilinear", align_corners=False
            )
            x = self.decode[level](torch.relu(up + skips[level]))
        maps: Tensor = self.head(x)
        return maps
