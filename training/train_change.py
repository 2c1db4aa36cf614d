"""Train the network of changes on a folder of body pairs, starting from the corner network.

    python training/train_change.py --pairs training/data/pairs --check training/data/check_pairs \\
        --run training/runs/change --minutes 60 --threads 2

The learning rate follows a cosine to zero over the steps or the minutes, whichever run out first.
What is kept is the running average of the weights; figures go to `log.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from augment import augmented
from change_network import ChangeNetwork, start_from_onnx
from loss import PERCENT, line_angles, map_loss
from network import parameters
from pairs import Pairs, read_pairs
from train import Average, learning_rate, quiet_worker, save

from kyphometer.endplates.crop import network_tone

ONNX = Path(__file__).resolve().parent.parent / "kyphometer/endplates/models/rim-corners.onnx"
FRACTURED_WEIGHT = 2.5
"""How often a fractured body is drawn against an intact one."""
REREAD = 8_000
"""Pairs drawn before the folder is looked at again: it may still be growing."""
ALIKE = 0.4
"""Part of the pairs that went through the same detector and processing."""
WEIGHTS = {"shift": 1.0, "turn": 1.0, "corner": 0.25, "map": 0.15, "spread": 0.2}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path, nargs="+", required=True)
    parser.add_argument("--check", type=Path, help="pairs to look at errors with")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="checkpoint to start from")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--trunk-rate", type=float, default=0.3, help="part of the rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def tones(crops: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network sees of a pair: channels of the first crop, then of the second."""
    return np.concatenate([network_tone(crop) for crop in crops])


def sample(pairs: Pairs, body: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A pair of crops (4, size, size) and its corners (2, 4, 2), in either order."""
    order = rng.permutation(2)
    crops = processed(pairs.crops[body, order], rng)
    return torch.from_numpy(tones(crops)), torch.from_numpy(pairs.corners[body, order])


def processed(crops: NDArray[np.float16], rng: np.random.Generator) -> NDArray[np.float32]:
    """Both crops as detectors would show them, now and then the same detector."""
    seeds = rng.integers(2**31, size=2)
    if rng.random() < ALIKE:
        seeds[:] = seeds[0]
    changed = [
        augmented(crop.astype(np.float32), np.random.default_rng(seed))
        for crop, seed in zip(crops, seeds, strict=True)
    ]
    return np.array(changed)


class Drawn(IterableDataset):
    """Pairs without end, in an order that the seed decides."""

    def __init__(self, folders: list[Path], seed: int) -> None:
        self.folders = folders
        self.seed = seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            pairs = read_pairs(*self.folders)
            weights = np.where(pairs.fractured, FRACTURED_WEIGHT, 1.0)
            for body in rng.choice(len(pairs), REREAD, p=weights / weights.sum()):
                yield sample(pairs, int(body), rng)


def changes(corners: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Errors of the corners' shifts (N, 4, 2) and of the lines' turns (N, 4), in percent."""
    shift = (corners[:, 1] - corners[:, 0]) - (truth[:, 1] - truth[:, 0])
    said, true = (line_angles(c[:, 1]) - line_angles(c[:, 0]) for c in (corners, truth))
    turn = said - true
    wedge, middle = turn[:, 1] - turn[:, 0], turn.mean(dim=1)
    return shift * PERCENT, torch.cat((turn, wedge[:, None], middle[:, None]), dim=1) * PERCENT


def total(
    corners: Tensor, spreads: Tensor, logits: Tensor, grid: Tensor, truth: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """The loss and its parts."""
    shift, turn = changes(corners, truth)
    parts = {
        "shift": shift.abs().mean(),
        "turn": turn[:, :2].abs().mean() + 0.5 * turn[:, 2:].abs().mean(),
        "corner": (corners - truth).abs().mean() * PERCENT,
        "map": map_loss(logits.flatten(0, 1), grid, truth.flatten(0, 1)),
        "spread": (spreads + turn.detach().abs() * torch.exp(-spreads)).mean(),
    }
    loss = torch.stack([WEIGHTS[name] * part for name, part in parts.items()]).sum()
    return loss, {name: float(part.detach()) for name, part in parts.items()}


@torch.no_grad()
def checked(network: ChangeNetwork, pairs: Pairs, device: torch.device) -> dict[str, float]:
    """SD and bias of the changes of lines and wedges on pairs that stay the same, in degrees."""
    network.eval()
    turns = []
    for first in range(0, len(pairs), 64):
        part = slice(first, first + 64)
        crops = np.array([tones(pair) for pair in pairs.crops[part].astype(np.float32)])
        corners, _, _ = network.parts(torch.from_numpy(crops).to(device))
        turns.append(changes(corners.cpu(), torch.from_numpy(pairs.corners[part]))[1])
    degrees = np.degrees(torch.cat(turns).numpy() / PERCENT)
    facts = {}
    for name, rows in (("intact", ~pairs.fractured), ("fractured", pairs.fractured)):
        facts[f"{name}_line_sd_deg"] = float(degrees[rows, :2].std())
        facts[f"{name}_middle_sd_deg"] = float(degrees[rows, 3].std())
        facts[f"{name}_wedge_sd_deg"] = float(degrees[rows, 2].std())
        facts[f"{name}_wedge_bias_deg"] = float(degrees[rows, 2].mean())
    return facts


def optimiser(network: ChangeNetwork, trunk_rate: float) -> torch.optim.Optimizer:
    """Weights of the trunk learn slower than those of the joint part."""
    named = list(network.named_parameters())
    groups = [
        {
            "params": [
                p for n, p in named if n.startswith("trunk.") == inside and (p.ndim > 1) == many
            ],
            "weight_decay": 0.02 if many else 0.0,
            "part": trunk_rate if inside else 1.0,
        }
        for inside in (True, False)
        for many in (True, False)
    ]
    return torch.optim.AdamW(groups)


def load_weights(network: ChangeNetwork, path: Path, less: tuple[str, ...] = ()) -> None:
    """Take a checkpoint's weights; what it lacks, or what starts with `less`, stays as it is."""
    with torch.serialization.safe_globals([torch.torch_version.TorchVersion]):
        found = torch.load(path, weights_only=True)["network"]
    taken = {name: value for name, value in found.items() if not less or not name.startswith(less)}
    network.load_state_dict({**network.state_dict(), **taken})


def prepared(given: argparse.Namespace) -> ChangeNetwork:
    """The network to train, from the corner network or from a checkpoint."""
    network = ChangeNetwork()
    if given.start:
        load_weights(network, given.start)
    else:
        start_from_onnx(network, ONNX)
    return network.to(given.device, memory_format=torch.channels_last)


def main() -> None:
    given = options()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    given.run.mkdir(parents=True, exist_ok=True)
    device = torch.device(given.device)
    network = prepared(given)
    average = Average(network)
    steps = optimiser(network, given.trunk_rate)
    check = read_pairs(given.check) if given.check else None
    print(f"{parameters(network)} parameters", flush=True)
    drawn = DataLoader(
        Drawn(given.pairs, given.seed),
        batch_size=given.batch,
        num_workers=1,
        worker_init_fn=quiet_worker,
        prefetch_factor=6,
        multiprocessing_context="spawn",
    )
    log = (given.run / "log.jsonl").open("a")
    begun = time.monotonic()
    sums: dict[str, float] = {}
    for step, (crops, truth) in enumerate(drawn):
        minutes = (time.monotonic() - begun) / 60
        progress = max((step + 1) / given.steps, minutes / given.minutes)
        for group in steps.param_groups:
            group["lr"] = group["part"] * learning_rate(progress, step, given.rate)
        network.train()
        crops = crops.to(device, memory_format=torch.channels_last)
        loss, parts = total(*network.parts(crops), network.trunk.grid, truth.to(device))
        steps.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        steps.step()
        average.update(network)
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        last = progress >= 1.0
        if (step + 1) % 100 == 0 or last:
            facts = {"step": step + 1, "minutes": round(minutes, 2)}
            facts |= {name: round(value / (step % 100 + 1), 4) for name, value in sums.items()}
            sums = {}
            if (step + 1) % 400 == 0 or last:
                if check is not None:
                    found = checked(average.network, check, device)
                    facts |= {name: round(value, 4) for name, value in found.items()}
                save(given.run / "last.pt", average, step + 1, given)
            print(json.dumps(facts), flush=True)
            log.write(json.dumps(facts) + "\n")
            log.flush()
        if last:
            break


if __name__ == "__main__":
    main()
