"""The trained corner network: an ONNX file in the package, run by OpenCV, loaded once."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.calibration import Calibration
from kyphometer.errors import ModelFileError

Array = NDArray[np.float64]
Image = NDArray[np.float32]

FOLDER = Path(__file__).parent / "models"
NAME = "rim-corners"
PERCENT = 100.0
"""The network counts spreads in hundredths of a body depth and of a radian."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """What the network says about crops.

    Attributes
    ----------
    corners
        In units of half the crop's side, centre 0, shape (crops, 4, 2).
    corner_spread
        Laplace scale of each coordinate, in the same units, shape (crops, 4, 2).
    line_spread
        Laplace scale of superior line, inferior line, wedge and mid line in radians, shape
        (crops, 4).
    """

    corners: Array
    corner_spread: Array
    line_spread: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A loaded network with its card.

    Attributes
    ----------
    card
        Name, version, training facts and calibration, as written by `training/export.py`.
    network
        OpenCV's network; not safe for several threads at once, hence the lock.
    lock
        Held while the network runs.
    """

    card: dict[str, Any]
    network: Any
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def method(self) -> str:
        """Name and version stored with every mark."""
        return f"{self.card['name']} {self.card['version']}"

    def run(self, picture: Image) -> Image:
        """What the network says of one picture, shape (channels, rows, columns)."""
        with self.lock:
            self.network.setInput(picture[None])
            said: Image = np.asarray(self.network.forward(), dtype=np.float32)[0]
            return said


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CornerModel(Network):
    """The corner network.

    Attributes
    ----------
    calibration
        The calibration of the card.
    """

    calibration: Calibration

    def predict(self, crops: Image) -> Prediction:
        """Corners in crops, shape (crops, 2, pixels, pixels), one after the other."""
        out = np.stack([self.run(crop).ravel() for crop in crops]).astype(np.float64)
        spreads = np.exp(out[:, 8:]) / PERCENT
        return Prediction(
            corners=out[:, :8].reshape(-1, 4, 2),
            corner_spread=spreads[:, :8].reshape(-1, 4, 2),
            line_spread=spreads[:, 8:12],
        )


@cache
def corner_model() -> CornerModel:
    """The network that ships with the package; read from its file when first asked for.

    Raises
    ------
    ModelFileError
        If the file is missing or cannot be read by the installed OpenCV.
    """
    card, network = read_model(NAME)
    return CornerModel(card=card, calibration=Calibration.of_card(card), network=network)


def read_model(name: str, folder: Path | None = None) -> tuple[dict[str, Any], Any]:
    """Card and OpenCV's network of a model in the package, or in another folder.

    Raises
    ------
    ModelFileError
        If a file is missing or cannot be read by the installed OpenCV.
    """
    path = (folder or FOLDER) / f"{name}.onnx"
    try:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return card, _read_network(path)
    except (OSError, ValueError, cv2.error) as problem:
        raise ModelFileError(path.name, problem) from problem


def _read_network(path: Path) -> Any:
    """OpenCV's network; its classic engine runs these in half the time of the new one."""
    engine = getattr(cv2.dnn, "ENGINE_CLASSIC", None)
    extra = () if engine is None else (engine,)
    return cv2.dnn.readNetFromONNX(str(path), *extra)
