"""Train the corner network on a mixture of worlds.

    python training/train.py --drawn 1 --films training/data/train --run training/runs/a

The learning rate falls by a cosine to zero over the steps or the minutes, whichever run out first.
What is kept is the running average of the weights. Every figure goes to `log.jsonl` in the run's
folder; `last.pt` can be continued with `--start`, and a run that was stopped goes on where it was
with `--resume`. A checkpoint is written every three minutes.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crops import Crops, Worlds
from loss import errors, total
from network import CornerNetwork, parameters

DEPTH_MM = 31.0
"""Mean body depth, to print errors in mm."""
WARM_UP = 300
SAVED_EVERY_S = 180.0


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, nargs="*", default=[], help="of the phantom")
    parser.add_argument("--phantom", type=float, default=1.0, help="weight of these films")
    parser.add_argument("--drawn", type=float, default=0.0, help="weight of the drawn world")
    parser.add_argument("--outlines", type=float, default=0.0, help="weight of real outlines")
    parser.add_argument("--outlines-file", type=Path, help="array file of outlines")
    parser.add_argument("--scenes", type=Path, nargs="*", default=[], help="of `make_scenes.py`")
    parser.add_argument("--projected", type=float, default=0.0, help="weight of these scenes")
    parser.add_argument("--check", type=Path, nargs="*", default=[], help="folders to check on")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="checkpoint to start from")
    parser.add_argument("--spreads", action="store_true", help="train the spreads only")
    parser.add_argument("--frozen", action="store_true", help="leave batch statistics as they are")
    parser.add_argument("--resume", action="store_true", help="go on where this run was stopped")
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


def loader(worlds: Worlds, batch: int, seed: int, workers: int) -> DataLoader:
    return DataLoader(
        Crops(worlds, seed),
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


def set_modes(network: CornerNetwork, given: argparse.Namespace) -> None:
    """Batch statistics move only where something is trained."""
    network.train(not (given.spreads or given.frozen))
    network.spread.train(not given.frozen)


def learning_rate(progress: float, step: int, peak: float) -> float:
    rise = min(1.0, (step + 1) / WARM_UP)
    return peak * rise * (0.5 + 0.5 * math.cos(math.pi * min(progress, 1.0)))


def save(
    path: Path, average: Average, step: int, given: argparse.Namespace, **more: object
) -> None:
    network = average.network
    shape = (network if isinstance(network, CornerNetwork) else network.trunk).shape
    state = {
        "network": average.network.state_dict(),
        "shape": shape.record(),
        "step": step,
        "options": {name: str(value) for name, value in vars(given).items()},
        "torch": str(torch.__version__),
        **more,
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def worlds_of(given: argparse.Namespace) -> Worlds:
    return Worlds(
        drawn=given.drawn,
        outlines=given.outlines,
        phantom=given.phantom,
        outlines_file=given.outlines_file,
        films=tuple(given.films),
        projected=given.projected,
        scenes=tuple(given.scenes),
    )


def optimiser_of(network: nn.Module) -> torch.optim.Optimizer:
    trained = [p for p in network.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.ndim > 1]
    plain = [p for p in trained if p.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
    )


@dataclass
class Run:
    """A training under way.

    Attributes
    ----------
    network, average, optimiser
        What is trained, the running average of its weights, and how.
    given
        Options.
    step, spent
        Steps made, and minutes spent on them.
    """

    network: CornerNetwork
    average: Average
    optimiser: torch.optim.Optimizer
    given: argparse.Namespace
    step: int = 0
    spent: float = 0.0

    @property
    def path(self) -> Path:
        return self.given.run / "last.pt"

    @property
    def progress(self) -> float:
        return max(self.step / self.given.steps, self.spent / self.given.minutes)

    def learn(self, crops: Tensor, truth: Tensor) -> dict[str, float]:
        """One step; the parts of the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.progress, self.step, self.given.rate)
        loss, parts = total(*self.network.parts(crops), self.network.grid, truth)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.average.update(self.network)
        self.step += 1
        return parts

    def save(self) -> None:
        """The averaged weights, and all that going on needs beside them."""
        save(self.path, self.average, self.step, self.given)
        rest = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "updates": self.average.updates,
            "spent": self.spent,
        }
        torch.save(rest, self.path.with_name("resume.part"))
        self.path.with_name("resume.part").replace(self.path.with_name("resume.pt"))

    def resume(self) -> None:
        """Go on where `save` was last called."""
        with torch.serialization.safe_globals([torch.torch_version.TorchVersion]):
            kept = torch.load(self.path, weights_only=True)
        rest = torch.load(self.path.with_name("resume.pt"), weights_only=True)
        self.average.network.load_state_dict(kept["network"])
        self.network.load_state_dict(rest["network"])
        self.optimiser.load_state_dict(rest["optimiser"])
        self.average.updates, self.step, self.spent = rest["updates"], kept["step"], rest["spent"]


def begun(given: argparse.Namespace, device: torch.device) -> Run:
    network = CornerNetwork()
    if given.start:
        start(network, given.start)
    if given.spreads:
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name.startswith("spread"))
    network.to(device, memory_format=torch.channels_last)
    run = Run(network, Average(network), optimiser_of(network), given)
    if given.resume and run.path.exists():
        run.resume()
    return run


def train(run: Run, batches: list, device: torch.device) -> None:
    """Learn until steps or minutes are over, with figures every hundred steps."""
    given = run.given
    before, clock, saved = run.spent, time.monotonic(), time.monotonic()
    sums: dict[str, list[float]] = {}
    with (given.run / "log.jsonl").open("a") as log:
        data = loader(worlds_of(given), given.batch, given.seed + run.step, given.workers)
        for crops, truth in data:
            crops = crops.to(device, memory_format=torch.channels_last, non_blocking=True)
            for name, value in run.learn(crops, truth.to(device, non_blocking=True)).items():
                sums.setdefault(name, []).append(value)
            run.spent = before + (time.monotonic() - clock) / 60
            last = run.progress >= 1.0
            if last or time.monotonic() - saved > SAVED_EVERY_S:
                run.save()
                saved = time.monotonic()
            if run.step % 100 == 0 or last:
                facts = {"step": run.step, "minutes": round(run.spent, 2)}
                facts |= {name: round(float(np.mean(v)), 4) for name, v in sums.items()}
                sums = {}
                if batches and (run.step % 400 == 0 or last):
                    found = checked(run.average.network, batches)
                    facts |= {k: round(v, 4) for k, v in found.items()}
                print(json.dumps(facts), flush=True)
                log.write(json.dumps(facts) + "\n")
                log.flush()
            if last:
                break


def main() -> None:
    given = options()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    cv2.setNumThreads(1)
    given.run.mkdir(parents=True, exist_ok=True)
    device = torch.device(given.device)
    run = begun(given, device)
    batches = [
        (c.to(device), t.to(device))
        for folder in given.check
        for (c, t), _ in zip(loader(Worlds(films=(folder,)), 64, 999, 0), range(8), strict=False)
    ]
    print(f"{parameters(run.network)} parameters, {len(batches)} batches to check on", flush=True)
    set_modes(run.network, given)
    train(run, batches, device)


if __name__ == "__main__":
    main()
