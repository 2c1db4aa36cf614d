"""What the network is asked for: corners, lines and honest spreads."""

from __future__ import annotations

import torch
from torch import Tensor

PERCENT = 100.0
"""Lengths count in hundredths of a body depth (0.3 mm), angles in hundredths of a radian."""
MAP_SD = 0.030
"""Standard deviation of the target heat maps in units of half the crop's side (0.9 mm)."""


def line_angles(corners: Tensor) -> Tensor:
    """Directions of both endplates (N, 2) in radians."""
    vectors = corners[:, 1::2] - corners[:, ::2]
    return torch.atan2(vectors[..., 1], vectors[..., 0])


def errors(corners: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Errors of corners (N, 4, 2) and of superior, inferior, wedge, mid line (N, 4), percent."""
    lines = (line_angles(corners) - line_angles(truth)) * PERCENT
    wedge = lines[:, 1] - lines[:, 0]
    middle = lines.mean(dim=1)
    return (corners - truth) * PERCENT, torch.cat((lines, wedge[:, None], middle[:, None]), dim=1)


def map_loss(logits: Tensor, grid: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy of the heat maps against a narrow Gaussian at the truth."""
    offset = grid[None, None, :, :2] - truth[:, :, None, :]
    target = torch.softmax(-offset.square().sum(-1) / (2 * MAP_SD**2), dim=2)
    return -(target * torch.log_softmax(logits, dim=2)).sum(2).mean()


def spread_loss(corner: Tensor, line: Tensor, spreads: Tensor) -> Tensor:
    """Negative log likelihood of Laplace distributions; the errors themselves are not moved."""
    miss = torch.cat((corner.flatten(1), line), dim=1).detach().abs()
    return (spreads + miss * torch.exp(-spreads)).mean()


def total(
    corners: Tensor, spreads: Tensor, logits: Tensor, grid: Tensor, truth: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """The loss and its parts."""
    corner, line = errors(corners, truth)
    parts = {
        "corner": corner.abs().mean(),
        "line": line[:, :2].abs().mean() + 0.5 * line[:, 2:].abs().mean(),
        "map": map_loss(logits, grid, truth),
        "spread": spread_loss(corner, line, spreads),
    }
    weights = {"corner": 1.0, "line": 0.5, "map": 0.3, "spread": 0.2}
    loss = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
    return loss, {name: float(part.detach()) for name, part in parts.items()}
