"""Write a checkpoint as the ONNX file and the card that ship in the package.

    python training/export.py --run training/runs/a --version 1
    python training/export.py --kind change --run training/runs/change --version 1

The exported file is run through OpenCV and compared with the training framework before it is kept.
An existing card's calibration belongs to another network and is dropped: run `calibrate.py` next.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from change_network import ChangeNetwork
from network import CHANNELS, CROP, CornerNetwork, Shape, parameters
from torch import nn

MODELS = Path(__file__).resolve().parent.parent / "kyphometer" / "endplates" / "models"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a network is for.

    Attributes
    ----------
    name
        Of its files.
    task
        One sentence for the card.
    network
        Its class.
    films
        How many crops of a body it sees at once.
    coordinates
        How many corner coordinates it says; log spreads follow.
    data_source, limits
        What it was trained on and where it is known to fail, for the card.
    """

    name: str
    task: str
    network: type[nn.Module]
    films: int
    coordinates: int
    data_source: str
    limits: str


KINDS = {
    "corners": Kind(
        name="rim-corners",
        task="four rim corners of a vertebral body, T1 to L6, on a lateral film, from rough marks",
        network=CornerNetwork,
        films=1,
        coordinates=8,
        data_source=(
            "simulated and drawn films, no patient's picture; shapes partly after public NHANES "
            "2013-2014 outlines (National Center for Health Statistics)"
        ),
        limits=(
            "steep wedges are read a few percent too flat where the film hardly shows the edge; "
            "bodies under ribs and scapula, oblique views and noise: see the tables of left-out "
            "worlds in docs/endplates.md"
        ),
    ),
    "change": Kind(
        name="body-changes",
        task="four rim corners of one vertebral body on each of two lateral films of a patient",
        network=ChangeNetwork,
        films=2,
        coordinates=16,
        data_source=(
            "simulated and drawn films, no patient's picture; shapes partly after public NHANES "
            "2013-2014 outlines (National Center for Health Statistics)"
        ),
        limits=(
            "changes of a steep fracture on films unlike those of the training are known to a few "
            "degrees only: see the tables of left-out worlds in docs/endplates.md"
        ),
    ),
}
ABOUT = {
    "truth": "apex of the rounded rim in the mid-sagittal plane of the body",
    "real_films": "not validated on real films; see docs/endplates.md",
    "licence": "MIT",
    "intended_use": "proposals that a reader confirms or corrects; not for unattended use",
}
"""What stands in every card."""
FIGURES = {"corner_mm", "intact_line_sd_deg", "right"}
"""Figures that tell a check from other lines of a log."""
TOLERANCE = 1e-4
"""Largest difference of corners between the two runs, in half crop sides."""


def read_state(path: Path) -> dict:
    """A checkpoint."""
    with torch.serialization.safe_globals([torch.torch_version.TorchVersion]):
        return torch.load(path, weights_only=True, map_location="cpu")


def load(kind: Kind, path: Path) -> tuple[nn.Module, dict]:
    """A network with its averaged weights, and the checkpoint it came from."""
    state = read_state(path)
    shape = {k: tuple(v) if isinstance(v, list) else v for k, v in state["shape"].items()}
    network = kind.network(Shape(**shape))
    network.load_state_dict(state["network"])
    return network.eval(), state


def write_onnx(kind: Kind, network: nn.Module, path: Path) -> None:
    crops = torch.zeros(1, kind.films * CHANNELS, CROP, CROP)
    program = torch.onnx.export(
        network, (crops,), input_names=["crop"], output_names=["said"], dynamo=True, verbose=False
    )
    program.optimize()
    for node in program.model.graph:
        node.metadata_props.clear()
        node.doc_string = ""
    program.save(path, external_data=False)


def largest_difference(kind: Kind, network: nn.Module, path: Path) -> tuple[float, float]:
    """Of corners and of log spreads between torch and OpenCV, over random crops."""
    rng = np.random.default_rng(0)
    net = cv2.dnn.readNetFromONNX(str(path))
    corners = spreads = 0.0
    for _ in range(16):
        crop = rng.standard_normal((1, kind.films * CHANNELS, CROP, CROP)).astype(np.float32)
        net.setInput(crop)
        with torch.no_grad():
            wanted = network(torch.from_numpy(crop)).numpy()
        difference = np.abs(net.forward() - wanted)[0]
        corners = max(corners, float(difference[: kind.coordinates].max()))
        spreads = max(spreads, float(difference[kind.coordinates :].max()))
    return corners, spreads


def folder_names(option: str) -> str:
    """An option as it was given, without the part of a path that only one machine knows."""
    return re.sub(r"(?<![\w.-])/[^\s',)]*?(?=[^/\s',)]+/[^/\s',)]+(?:[\s',)]|$))", "", option)


def last_check(run: Path) -> dict[str, float] | None:
    """The last line of a run's log that tells errors on pairs or crops never trained on."""
    path = run / "log.jsonl"
    log = path.read_text().splitlines() if path.exists() else []
    checks = [fact for fact in map(json.loads, log) if not FIGURES.isdisjoint(fact)]
    return checks[-1] if checks else None


def runs_before(state: dict) -> Iterator[dict[str, object]]:
    """The runs that this one was started from, latest first, as far as they are still there."""
    while (path := Path(state["options"].get("start", "None"))).is_file():
        state = read_state(path)
        options = {name: folder_names(text) for name, text in state["options"].items()}
        yield {"steps": state["step"], "options": options, "last_check": last_check(path.parent)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=KINDS, default="corners")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=Path, default=MODELS)
    given = parser.parse_args()
    kind = KINDS[given.kind]
    network, state = load(kind, given.run / "last.pt")
    path = given.out / f"{kind.name}.onnx"
    write_onnx(kind, network, path)
    difference, in_spreads = largest_difference(kind, network, path)
    if difference > TOLERANCE or in_spreads > 20 * TOLERANCE:
        sys.exit(f"OpenCV and torch differ by {difference:.2g}, {in_spreads:.2g}: not usable.")
    card = {
        "format": "kyphometer-model",
        "name": kind.name,
        "version": given.version,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "about": {
            "task": kind.task,
            "data_source": kind.data_source,
            "known_limits": kind.limits,
            **ABOUT,
        },
        "crop": {"pixels": CROP, "channels": CHANNELS, "depths": 2.0},
        "parameters": parameters(network),
        "shape": state["shape"],
        "training": {
            "steps": state["step"],
            "options": {name: folder_names(text) for name, text in state["options"].items()},
            "torch": str(state["torch"]),
            "before": list(runs_before(state)),
            "last_check": last_check(given.run),
        },
        "largest_difference": difference,
    }
    (given.out / f"{kind.name}.json").write_text(json.dumps(card, indent=1) + "\n")
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, differs by {difference:.1e}")


if __name__ == "__main__":
    main()
