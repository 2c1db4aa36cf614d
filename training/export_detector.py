"""Write a checkpoint of the detector as the ONNX file and the card that ship in the package.

    python training/export_detector.py --run training/runs/detect --version 1

The file takes films of any size (multiples of 32); it is run through OpenCV and compared.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from detector_network import OUTPUTS, STRIDE, DetectorNetwork
from export import ABOUT, read_state
from network import parameters

MODELS = Path(__file__).resolve().parent.parent / "kyphometer" / "detect" / "models"
NAME = "whole-film"
TOLERANCE = 1e-3
SHAPES = ((96, 64), (192, 160), (64, 320))


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=Path, default=MODELS)
    return parser.parse_args()


def write_onnx(network: DetectorNetwork, path: Path) -> None:
    films = torch.zeros(1, 2, *SHAPES[0])
    torch.onnx.export(
        network,
        (films,),
        str(path),
        input_names=["film"],
        output_names=["maps"],
        dynamic_axes={"film": {2: "rows", 3: "columns"}, "maps": {2: "y", 3: "x"}},
        dynamo=False,
        opset_version=13,
    )


def largest_difference(network: DetectorNetwork, path: Path) -> float:
    """Between torch and OpenCV, over films of several sizes."""
    engine = getattr(cv2.dnn, "ENGINE_CLASSIC", None)
    net = cv2.dnn.readNetFromONNX(str(path), *(() if engine is None else (engine,)))
    rng = np.random.default_rng(0)
    most = 0.0
    for shape in SHAPES:
        film = rng.standard_normal((1, 2, *shape)).astype(np.float32)
        net.setInput(film)
        with torch.no_grad():
            wanted = network(torch.from_numpy(film)).numpy()
        most = max(most, float(np.abs(net.forward() - wanted).max()))
    return most


def main() -> None:
    given = options()
    state = read_state(given.run / "last.pt")
    network = DetectorNetwork()
    network.load_state_dict(state["network"])
    network.eval()
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / f"{NAME}.onnx"
    write_onnx(network, path)
    difference = largest_difference(network, path)
    if difference > TOLERANCE:
        raise SystemExit(f"OpenCV differs from torch by {difference}")
    log = (given.run / "log.jsonl").read_text().splitlines()
    card = {
        "name": NAME,
        "version": given.version,
        "task": "vertebral bodies C7 to L5 on a whole lateral film, with their corners and level",
        **ABOUT,
        "intended_use": "proposals that a reader confirms or corrects; not for unattended use",
        "data": (
            "simulated and painted films, no patient's picture; shapes partly after public NHANES "
            "2013-2014 outlines (National Center for Health Statistics)"
        ),
        "limits": "see docs/detect.md",
        "stride": STRIDE,
        "outputs": OUTPUTS,
        "parameters": parameters(network),
        "steps": state["step"],
        "torch": state["torch"],
        "last_losses": json.loads(log[-1]),
        "opencv_difference": difference,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n")
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, differs by {difference:.1e}")


if __name__ == "__main__":
    main()
