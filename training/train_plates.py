"""Train the endplate network on a mixture of worlds; options and files as of `train.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import train as common
from loss import PERCENT, map_loss, spread_loss
from plate_network import PlateNetwork
from plates import Strips

WEIGHTS = {"corner": 1.0, "line": 1.5, "map": 0.3, "spread": 0.2}


def direction(ends: Tensor) -> Tensor:
    """Direction of the line (N, 1) in radians."""
    along = ends[:, 1] - ends[:, 0]
    return torch.atan2(along[:, 1], along[:, 0])[:, None]


def total(
    ends: Tensor, spreads: Tensor, logits: Tensor, grid: Tensor, truth: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """The loss and its parts; lengths in hundredths of half a strip, angles of a radian."""
    corner = (ends - truth) * PERCENT
    line = (direction(ends) - direction(truth)) * PERCENT
    parts = {
        "corner": corner.abs().mean(),
        "line": line.abs().mean(),
        "map": map_loss(logits, grid, truth),
        "spread": spread_loss(corner, line, spreads),
    }
    loss = torch.stack([WEIGHTS[name] * part for name, part in parts.items()]).sum()
    return loss, {name: float(part.detach()) for name, part in parts.items()}


def main() -> None:
    given = common.options()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    cv2.setNumThreads(1)
    given.run.mkdir(parents=True, exist_ok=True)
    common.total = total
    common.loader = lambda worlds, batch, seed, workers: DataLoader(
        Strips(worlds, seed), batch_size=batch, num_workers=workers,
        worker_init_fn=common.quiet_worker, prefetch_factor=6 if workers else None,
        multiprocessing_context="spawn" if workers else None,
    )  # fmt: skip
    network = PlateNetwork().to(memory_format=torch.channels_last)
    if given.start:
        common.start(network, given.start)
    run = common.Run(network, common.Average(network), common.optimiser_of(network), given)
    if given.resume and run.path.exists():
        run.resume()
    print(f"{common.parameters(network)} parameters", flush=True)
    network.train(not given.frozen)
    common.train(run, [], torch.device("cpu"))


if __name__ == "__main__":
    main()
