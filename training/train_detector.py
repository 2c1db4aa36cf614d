"""Train the detector's network on whole films.

    python training/train_detector.py --films data --run training/runs/detect --minutes 60

`--films` is a folder with one folder a kind (`windows.SHARES`), as
`make_whole.py` fills them. As in `train.py` the rate falls by a cosine, the running average of the
weights is kept, a checkpoint is written every three minutes, and `--resume` goes on after a stop.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from detector_network import (
    CORNERS,
    FACING,
    FRACTURED,
    HEAT,
    LEVEL,
    SPREAD,
    UNIT_PX,
    DetectorNetwork,
)
from network import parameters
from torch.utils.data import DataLoader
from train import Average, learning_rate, optimiser_of
from windows import SHARES, Windows

SAVED_EVERY_S = 180.0


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="checkpoint to start from")
    parser.add_argument("--resume", action="store_true", help="go on where this run was stopped")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def heat_loss(logits: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """Focal loss that forgives what lies near a centre (Law and Deng 2018, Zhou et al. 2019)."""
    chance = torch.sigmoid(logits).clamp(1e-4, 1 - 1e-4)
    centre = (wanted > 0.999).float()
    hit = (1 - chance).square() * torch.log(chance) * centre
    miss = chance.square() * torch.log(1 - chance) * (1 - wanted).pow(4) * (1 - centre)
    return -((hit + miss) * weight).sum() / centre.sum().clamp(min=1.0)


def total(maps: Tensor, wanted: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
    """The loss and its parts."""
    asked = wanted["asked"]
    where = asked > 0
    count = where.sum().clamp(min=1)
    values = wanted["values"]
    miss = (maps[:, CORNERS] - values[:, :8]).abs().mean(dim=1) * UNIT_PX * asked
    spread = maps[:, SPREAD].clamp(-6, 2)
    level = (
        functional.cross_entropy(
            maps[:, LEVEL].movedim(1, -1)[where], wanted["level"][where], ignore_index=-1
        )
        if bool((wanted["level"] >= 0).any())
        else maps.sum() * 0.0
    )

    def told(channel: int, index: int) -> Tensor:
        loss = functional.binary_cross_entropy_with_logits(
            maps[:, channel], values[:, index], reduction="none"
        )
        return (loss * where).sum() / count

    likely = (spread + miss.detach() * torch.exp(-spread)) * where
    parts = {
        "body": heat_loss(maps[:, HEAT][:, :1], wanted["heat"][:, :1], wanted["weight"][:, :1]),
        "sacrum": heat_loss(maps[:, HEAT][:, 1:], wanted["heat"][:, 1:], wanted["weight"][:, 1:]),
        "corners": (miss * where).sum() / count,
        "facing": told(FACING, 8),
        "fractured": told(FRACTURED, 9),
        "spread": likely.sum() / count,
        "level": level,
    }
    weights = {
        "body": 1.0, "sacrum": 0.4, "corners": 8.0, "facing": 0.3, "fractured": 0.3,
        "spread": 0.1, "level": 0.6,
    }  # fmt: skip
    loss = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
    return loss, {name: float(part.detach()) for name, part in parts.items()}


def save(run: Path, average: Average, network: DetectorNetwork, rest: dict) -> None:
    """The averaged weights, and all that going on needs beside them."""
    state = {"network": average.network.state_dict(), "torch": str(torch.__version__)}
    more = {"network": network.state_dict(), "updates": average.updates, **rest}
    for name, kept in (("last", {**state, "step": rest["step"]}), ("resume", more)):
        torch.save(kept, run / f"{name}.part")
        (run / f"{name}.part").replace(run / f"{name}.pt")


def main() -> None:
    given = options()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(given.seed)
    given.run.mkdir(parents=True, exist_ok=True)
    network = DetectorNetwork().to(memory_format=torch.channels_last)
    if given.start:
        network.load_state_dict(torch.load(given.start, weights_only=True)["network"])
    average, optimiser = Average(network), optimiser_of(network)
    step, before = 0, 0.0
    if given.resume and (given.run / "resume.pt").exists():
        rest = torch.load(given.run / "resume.pt", weights_only=True)
        average.network.load_state_dict(
            torch.load(given.run / "last.pt", weights_only=True)["network"]
        )
        network.load_state_dict(rest["network"])
        optimiser.load_state_dict(rest["optimiser"])
        step, before, average.updates = rest["step"], rest["spent"], rest["updates"]
    print(f"{parameters(network)} parameters", flush=True)
    folders = {kind: given.films / kind for kind in SHARES}
    clock = saved = time.monotonic()
    sums: dict[str, list[float]] = {}
    with (given.run / "log.jsonl").open("a") as log:
        for films, wanted in DataLoader(Windows(folders, given.seed + step), given.batch):
            spent = before + (time.monotonic() - clock) / 60
            progress = max(step / given.steps, spent / given.minutes)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(progress, step, given.rate)
            network.train()
            maps = network(films.to(memory_format=torch.channels_last))
            loss, parts = total(maps, wanted)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            average.update(network)
            step += 1
            for name, value in parts.items():
                sums.setdefault(name, []).append(value)
            last = progress >= 1.0
            if last or time.monotonic() - saved > SAVED_EVERY_S:
                rest = {"optimiser": optimiser.state_dict(), "step": step, "spent": spent}
                save(given.run, average, network, rest)
                saved = time.monotonic()
            if step % 50 == 0 or last:
                facts = {"step": step, "minutes": round(spent, 2)}
                facts |= {name: round(float(np.mean(v)), 4) for name, v in sums.items()}
                sums = {}
                print(json.dumps(facts), flush=True)
                log.write(json.dumps(facts) + "\n")
                log.flush()
            if last:
                break


if __name__ == "__main__":
    main()
