"""Turn the network that ships back into a checkpoint that training can start from.

    python training/recover.py --out training/runs/shipped/last.pt
    python training/recover.py --kind change --out training/runs/changes/last.pt

The exported file keeps every weight by name, batch statistics folded into the convolutions; here
they become convolutions behind which batch normalisation does nothing. Train on with `--frozen`,
which leaves the statistics as they are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import onnx
import torch
from change_network import ChangeNetwork
from export import KINDS, MODELS
from network import CornerNetwork, Shape
from onnx import numpy_helper
from torch import nn


def weights(path: Path) -> dict[str, torch.Tensor]:
    """Everything that an ONNX file stores, by name."""
    return {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in onnx.load(path).graph.initializer
    }


def fill(network: nn.Module, stored: dict[str, torch.Tensor]) -> None:
    """Put stored weights into a network of the same shape."""
    state = network.state_dict()
    folded = [name for name in stored if name.endswith(".weight_bias")]
    taken = {name: stored[name] for name in state if name in stored}
    for name in folded:
        before, place, _ = name.rsplit(".", 2)
        norm = f"{before}.{int(place) + 1}"
        eps = network.get_submodule(norm).eps
        bias = stored[name]
        taken[f"{norm}.weight"] = torch.ones_like(bias)
        taken[f"{norm}.bias"] = bias
        taken[f"{norm}.running_mean"] = torch.zeros_like(bias)
        taken[f"{norm}.running_var"] = torch.full_like(bias, 1.0 - eps)
    missing = {n for n in state if not n.endswith("num_batches_tracked")} - taken.keys()
    if missing:
        raise SystemExit(f"not in the file: {', '.join(sorted(missing))}")
    network.load_state_dict({**state, **taken})


def fill_change(network: ChangeNetwork, stored: dict[str, torch.Tensor]) -> None:
    """The same for the network of changes: no normalisation, and no spreads of a single film."""
    taken = {name.replace("weight_bias", "bias"): value for name, value in stored.items()}
    state = network.state_dict()
    missing = {n for n in state if not n.startswith("trunk.spread.")} - taken.keys()
    if missing:
        raise SystemExit(f"not in the file: {', '.join(sorted(missing))}")
    network.load_state_dict({name: taken.get(name, value) for name, value in state.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=("corners", "change"), default="corners")
    parser.add_argument("--model", type=Path, help="ONNX file; the package's own if not given")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.model = given.model or MODELS / f"{KINDS[given.kind].name}.onnx"
    card = json.loads(given.model.with_suffix(".json").read_text())
    shape = {k: tuple(v) if isinstance(v, list) else v for k, v in card["shape"].items()}
    network: CornerNetwork | ChangeNetwork
    if given.kind == "change":
        network = ChangeNetwork(Shape(**shape))
        fill_change(network, weights(given.model))
    else:
        network = CornerNetwork(Shape(**shape))
        fill(network, weights(given.model))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "network": network.state_dict(),
        "shape": card["shape"],
        "step": 0,
        "options": {"recovered": f"{card['name']} {card['version']}"},
        "torch": str(torch.__version__),
    }
    torch.save(state, given.out)
    print(f"{given.out}: {card['name']} {card['version']}")


if __name__ == "__main__":
    main()
