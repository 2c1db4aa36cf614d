"""The network of changes: one body on two films in, its corners on both, told from each other.

It also says whether both crops show the same body at all.

The corner network's own layers look at each crop; a small joint part compares what they see and
corrects the heat maps of both. It starts as the corner network twice, so that training has only to
learn what two films say more than one: the errors of a body's corners become alike on both, and
cancel in every change.
"""

from __future__ import annotations

from pathlib import Path

import torch
from network import CHANNELS, CORNERS, SUB, Block, CornerNetwork, Shape, pooled
from torch import Tensor, nn

LINES = 4
"""Turn of the superior line, of the inferior line, change of the wedge, turn of the mid line."""


def without_norms(network: nn.Module) -> nn.Module:
    """The network with every normalisation folded away: convolutions with a bias alone."""
    for name, child in network.named_children():
        if isinstance(child, nn.Sequential) and [type(m) for m in child] == [
            nn.Conv2d,
            nn.BatchNorm2d,
        ]:
            old = child[0]
            new = nn.Conv2d(
                old.in_channels, old.out_channels, old.kernel_size, old.stride, old.padding
            )
            setattr(network, name, nn.Sequential(new))
        else:
            without_norms(child)
    return network


class ChangeNetwork(nn.Module):
    """Corners on both films (N, 16), log spreads (N, 4), log odds of the same body (N, 1).

    Corners are in units of half the crop's side.
    """

    def __init__(self, shape: Shape | None = None, width: int = 48, hidden: int = 64) -> None:
        super().__init__()
        self.trunk = without_norms(CornerNetwork(shape))
        fine, coarse = self.trunk.shape.widths[0], self.trunk.shape.widths[-1]
        self.width, self.hidden = width, hidden
        self.join = nn.Conv2d(2 * fine, width, 1)
        self.near = Block(width)
        self.wide = nn.Conv2d(width, width, 3, 2, 1)
        self.far = Block(width)
        self.lift = nn.Conv2d(width, width, 1)
        self.both = Block(width)
        for block in (self.near, self.far, self.both):
            without_norms(block)
        self.maps = nn.Conv2d(width, 2 * CORNERS * SUB * SUB, 1)
        nn.init.zeros_(self.maps.weight)
        nn.init.zeros_(self.maps.bias)
        self.spread = nn.Sequential(
            nn.Linear(4 * coarse + 6 * CORNERS, hidden), nn.LeakyReLU(0.1), nn.Linear(hidden, LINES)
        )
        self.match = nn.Conv2d(coarse, coarse, 1)
        self.match_fine = nn.Conv2d(fine, fine, 1)
        self.same = nn.Sequential(
            nn.Linear(2 * (width + coarse + fine), hidden), nn.LeakyReLU(0.1), nn.Linear(hidden, 1)
        )

    def forward(self, crops: Tensor) -> Tensor:
        """One row a pair of crops (N, 4, size, size): 16 coordinates, 4 log spreads, log odds."""
        corners, spreads, _ = self.parts(crops)
        return torch.cat((corners.flatten(1), spreads, self.log_odds(crops)), dim=1)

    def parts(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Corners (N, 2, 4, 2), log spreads and the heat maps' logits (N, 2, 4, cells)."""
        seen = self._seen(crops)
        more = self.maps(self._compared(seen[0][0], seen[1][0]))
        half = CORNERS * SUB * SUB
        corners, shapes, logits = [], [], []
        for (fine, _), extra in zip(seen, (more[:, :half], more[:, half:]), strict=True):
            said = self.trunk.logits(self.trunk.maps(fine) + extra)
            place, shape = self.trunk.corners(said)
            corners.append(place)
            shapes.append(shape)
            logits.append(said)
        features = torch.cat((pooled(seen[0][1]), pooled(seen[1][1]), *shapes), dim=1)
        return torch.stack(corners, 1), self.spread(features), torch.stack(logits, 1)

    def log_odds(self, crops: Tensor) -> Tensor:
        """Logarithm of the odds that both crops show the same body, (N, 1)."""
        (first, deep), (second, other) = self._seen(crops)
        compared = pooled(self._compared(first, second))
        apart = torch.abs(torch.relu(self.match(deep)) - torch.relu(self.match(other)))
        near = torch.abs(torch.relu(self.match_fine(first)) - torch.relu(self.match_fine(second)))
        return self.same(torch.cat((compared, pooled(apart), pooled(near)), dim=1))

    def _seen(self, crops: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Fine and coarse features of each crop."""
        return [self.trunk.features(crops[:, first : first + CHANNELS]) for first in (0, CHANNELS)]

    def _compared(self, first: Tensor, second: Tensor) -> Tensor:
        """Joint features of both crops."""
        x = self.near(torch.relu(self.join(torch.cat((first, second), dim=1))))
        far = self.far(torch.relu(self.wide(x)))
        up = nn.functional.interpolate(
            self.lift(far), scale_factor=2, mode="bilinear", align_corners=False
        )
        return self.both(torch.relu(x + up))


def start_from_onnx(network: ChangeNetwork, path: Path) -> None:
    """Give the trunk the weights of an exported corner network."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    found = {
        item.name.replace("weight_bias", "bias"): torch.tensor(numpy_helper.to_array(item))
        for item in graph.initializer
    }
    own = network.trunk.state_dict()
    missing = {name for name in own if not name.startswith("spread.")} - found.keys()
    if missing:
        raise ValueError(f"{path.name} lacks {', '.join(sorted(missing))}")
    network.trunk.load_state_dict({name: found.get(name, own[name]) for name in own})
