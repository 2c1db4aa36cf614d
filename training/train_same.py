"""Train the part of the network of changes that says whether two crops show the same body.

    python training/train_same.py --pairs training/data/pairs --check training/data/check_pairs \\
        --start training/runs/change/last.pt --run training/runs/same --minutes 15

Everything else of the network stays as it is. Half of the pairs are the same body on two films; of
the others most are neighbours in one patient, which is what a carry-over may mistake for it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from change_network import ChangeNetwork
from pairs import Pairs, read_pairs
from train import Average, learning_rate, quiet_worker, save
from train_change import load_weights, processed, tones

SAME, NEIGHBOUR = 0.5, 0.75
"""Part of the pairs that are the same body; of the others, part within the patient."""
PART = ("same", "match")
"""What the names of the trained weights start with."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path, nargs="+", required=True)
    parser.add_argument("--check", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True, help="checkpoint of train_change.py")
    parser.add_argument("--part", type=Path, help="checkpoint to take the part itself from")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def another(pairs: Pairs, body: int, rng: np.random.Generator) -> int:
    """Another body: mostly a near one of the same patient."""
    same = np.flatnonzero(pairs.patient == pairs.patient[body])
    same = same[same != body]
    if len(same) and rng.random() < NEIGHBOUR:
        chance = 1.0 / np.abs(same - body) ** 2.0
        return int(rng.choice(same, p=chance / chance.sum()))
    return int(rng.integers(len(pairs)))


def sample(pairs: Pairs, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A pair of crops (4, size, size) and whether it is one body (1,)."""
    body = int(rng.integers(len(pairs)))
    same = rng.random() < SAME
    other = body if same else another(pairs, body, rng)
    first = int(rng.integers(2))
    crops = np.stack((pairs.crops[body, first], pairs.crops[other, 1 - first]))
    return torch.from_numpy(tones(processed(crops, rng))), torch.tensor([float(other == body)])


class Drawn(IterableDataset):
    """Pairs without end, in an order that the seed decides."""

    def __init__(self, folders: list[Path], seed: int) -> None:
        self.folders = folders
        self.seed = seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        pairs = read_pairs(*self.folders)
        while True:
            yield sample(pairs, rng)


@torch.no_grad()
def checked(network: ChangeNetwork, batches: list[tuple[Tensor, Tensor]]) -> dict[str, float]:
    """How well the log odds tell same from other on pairs that stay the same."""
    network.eval()
    odds = torch.cat([network.log_odds(crops) for crops, _ in batches]).numpy().ravel()
    same = torch.cat([label for _, label in batches]).numpy().ravel() > 0.5
    return {
        "right": float(np.mean((odds > 0) == same)),
        "same_5th": float(np.percentile(odds[same], 5)),
        "other_95th": float(np.percentile(odds[~same], 95)),
        "other_99th": float(np.percentile(odds[~same], 99)),
    }


def main() -> None:
    given = options()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    given.run.mkdir(parents=True, exist_ok=True)
    network = ChangeNetwork()
    if given.part:
        load_weights(network, given.part)
    load_weights(network, given.start, less=PART if given.part else ())
    head = [p for name, p in network.named_parameters() if name.startswith(PART)]
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    for parameter in head:
        parameter.requires_grad_(True)
    network.to(memory_format=torch.channels_last)
    average = Average(network)
    steps = torch.optim.AdamW(head, weight_decay=0.02)
    rng = np.random.default_rng(99)
    pairs = read_pairs(given.check)
    batches = []
    for _ in range(12):
        drawn = [sample(pairs, rng) for _ in range(64)]
        batches.append(tuple(torch.stack(part) for part in zip(*drawn, strict=True)))
    loader = DataLoader(
        Drawn(given.pairs, given.seed),
        batch_size=given.batch,
        num_workers=1,
        worker_init_fn=quiet_worker,
        prefetch_factor=6,
        multiprocessing_context="spawn",
    )
    log = (given.run / "log.jsonl").open("a")
    begun, losses = time.monotonic(), []
    for step, (crops, same) in enumerate(loader):
        minutes = (time.monotonic() - begun) / 60
        progress = minutes / given.minutes
        for group in steps.param_groups:
            group["lr"] = learning_rate(progress, step, given.rate)
        network.eval()
        loss = nn.functional.binary_cross_entropy_with_logits(network.log_odds(crops), same)
        steps.zero_grad(set_to_none=True)
        loss.backward()
        steps.step()
        average.update(network)
        losses.append(float(loss.detach()))
        last = progress >= 1.0
        if (step + 1) % 200 == 0 or last:
            facts = {"step": step + 1, "minutes": round(minutes, 2)}
            facts |= {"loss": float(np.mean(losses)), **checked(average.network, batches)}
            facts = {name: round(value, 4) for name, value in facts.items()}
            losses = []
            save(given.run / "last.pt", average, step + 1, given)
            print(json.dumps(facts), flush=True)
            log.write(json.dumps(facts) + "\n")
            log.flush()
        if last:
            break


if __name__ == "__main__":
    main()
