"""Train the corner network on a folder of simulated films.

    python training/train.py --films training/data/train --steps 20000 --run training/runs/a

The learning rate follows a cosine to zero over the steps (or the minutes, whichever run out first).
What is kept is the running average of the weights. Every figure goes to `log.jsonl` in the run's
folder; `last.pt` can be continued with `--start`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crops import Crops
from loss import errors, total
from network import CornerNetwork, parameters

DEPTH_MM = 31.0
"""Mean body depth, to print errors in mm."""
WARM_UP = 300


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, nargs="+", required=True)
    parser.add_argument("--check", type=Path, nargs="*", default=[], help="folders to check on")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="checkpoint to start from")
    parser.add_argument("--spreads", action="store_true", help="train the spreads only")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def quiet_worker(_: int) -> None:
    import cv2

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def loader(folders: list[Path], batch: int, seed: int, workers: int) -> DataLoader:
    return DataLoader(
        Crops(folders, seed),
        batch_size=batch,
        num_workers=workers,
        worker_init_fn=quiet_worker,
        prefetch_factor=6 if workers else None,
        multiprocessing_context="spawn" if workers else None,
    )


class Average:
    """Exponential average of a network's weights, faster at the start."""

    def __init__(self, network: nn.Module, decay: float = 0.9985) -> None:
        self.network = deepcopy(network)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self.updates += 1
        keep = min(self.decay, self.updates / (self.updates + 10))
        new = network.state_dict()
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                value.lerp_(new[name], 1 - keep)
            else:
                value.copy_(new[name])


@torch.no_grad()
def checked(network: CornerNetwork, batches: list) -> dict[str, float]:
    """Errors of a network on batches that stay the same."""
    network.eval()
    corner, line = [], []
    for crops, truth in batches:
        corners, _, _ = network.parts(crops)
        miss, angles = errors(corners, truth)
        corner.append(miss.norm(dim=2).mean(dim=1))
        line.append(angles)
    miss_mm = torch.cat(corner).cpu().numpy() * DEPTH_MM / 100
    degrees = np.degrees(torch.cat(line).cpu().numpy() / 100)
    return {
        "corner_mm": float(miss_mm.mean()),
        "corner_median_mm": float(np.median(miss_mm)),
        "line_sd_deg": float(degrees[:, :2].std()),
        "wedge_sd_deg": float(degrees[:, 2].std()),
        "wedge_bias_deg": float(degrees[:, 2].mean()),
    }


def start(network: CornerNetwork, path: Path) -> None:
    """Begin with a checkpoint's weights, less those that another shape of head cannot take."""
    with torch.serialization.safe_globals([torch.torch_version.TorchVersion]):
        old = torch.load(path, weights_only=True)["network"]
    new = network.state_dict()
    fits = {
        name: value for name, value in old.items() if name in new and value.shape == new[name].shape
    }
    print(f"{len(fits)} of {len(new)} weights from {path.name}", flush=True)
    network.load_state_dict({**new, **fits})


def set_modes(network: CornerNetwork, *, spreads_only: bool) -> None:
    """Batch statistics move only where something is trained."""
    network.train(not spreads_only)
    network.spread.train()


def learning_rate(progress: float, step: int, peak: float) -> float:
    rise = min(1.0, (step + 1) / WARM_UP)
    return peak * rise * (0.5 + 0.5 * math.cos(math.pi * min(progress, 1.0)))


def save(path: Path, average: Average, step: int, given: argparse.Namespace) -> None:
    network = average.network
    shape = (network if isinstance(network, CornerNetwork) else network.trunk).shape
    state = {
        "network": average.network.state_dict(),
        "shape": shape.record(),
        "step": step,
        "options": {name: str(value) for name, value in vars(given).items()},
        "torch": str(torch.__version__),
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def main() -> None:
    given = options()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    given.run.mkdir(parents=True, exist_ok=True)
    device = torch.device(given.device)
    network = CornerNetwork()
    if given.start:
        start(network, given.start)
    if given.spreads:
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name.startswith("spread"))
    network.to(device, memory_format=torch.channels_last)
    average = Average(network)
    trained = [p for p in network.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.ndim > 1]
    plain = [p for p in trained if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
    )
    batches = [
        (c.to(device), t.to(device))
        for folder in given.check
        for (c, t), _ in zip(loader([folder], 64, 999, 0), range(8), strict=False)
    ]
    print(f"{parameters(network)} parameters, {len(batches)} batches to check on", flush=True)
    log = (given.run / "log.jsonl").open("a")
    set_modes(network, spreads_only=given.spreads)
    begun = time.monotonic()
    sums: dict[str, float] = {}
    for step, (crops, truth) in enumerate(
        loader(given.films, given.batch, given.seed, given.workers)
    ):
        minutes = (time.monotonic() - begun) / 60
        progress = max((step + 1) / given.steps, minutes / given.minutes)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(progress, step, given.rate)
        crops = crops.to(device, memory_format=torch.channels_last, non_blocking=True)
        truth = truth.to(device, non_blocking=True)
        loss, parts = total(*network.parts(crops), network.grid, truth)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        average.update(network)
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        last = progress >= 1.0
        if (step + 1) % 100 == 0 or last:
            facts = {"step": step + 1, "minutes": round(minutes, 2)}
            facts |= {name: round(value / (step % 100 + 1), 4) for name, value in sums.items()}
            sums = {}
            if batches and ((step + 1) % 400 == 0 or last):
                facts |= {k: round(v, 4) for k, v in checked(average.network, batches).items()}
                set_modes(network, spreads_only=given.spreads)
                save(given.run / "last.pt", average, step + 1, given)
            print(json.dumps(facts), flush=True)
            log.write(json.dumps(facts) + "\n")
            log.flush()
        if last:
            break


if __name__ == "__main__":
    main()
