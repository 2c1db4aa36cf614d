"""The detector's network: an ONNX file in the package, run by OpenCV, loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.endplates.model import Network, read_model

Image = NDArray[np.float32]

FOLDER = Path(__file__).parent / "models"
NAME = "whole-film"
STRIDE = 4
"""Pixels of a cell."""
UNIT_PX = 16.0
"""Corner vectors count in this."""
MULTIPLE = 32
"""Pictures have sides that this divides."""
LEVELS = tuple(level for level in Level if Level.C7 <= level <= Level.L5 and not level.is_variant)
"""Classes of the level map."""


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """What the network says about each cell of a picture, each (..., rows, columns).

    Attributes
    ----------
    body, sacrum
        Probability that a body's centre, or the middle of the sacrum's endplate, lies there.
    corners
        Upper left, upper right, lower left, lower right corner, (x, y) in pixels, (4, 2, ...).
    right
        Log odds that anterior is at the right.
    fractured
        Log odds that the body has lost height.
    spread
        Mean error that the network expects of a corner, as a part of the body's depth.
    levels
        Log probability of each of `LEVELS`.
    """

    body: Image
    sacrum: Image
    corners: Image
    right: Image
    fractured: Image
    spread: Image
    levels: Image


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DetectorModel(Network):
    """The detector's network."""

    def maps(self, channels: Image) -> Maps:
        """What is seen on a picture given as two channels, shape (2, rows, columns)."""
        rows, columns = channels.shape[1:]
        pad = [(0, 0), (0, -rows % MULTIPLE), (0, -columns % MULTIPLE)]
        padded = np.pad(channels, pad)
        out = self.run(padded)[:, : -(-rows // STRIDE), : -(-columns // STRIDE)]
        return _split(out)


def _split(out: Image) -> Maps:
    y, x = np.mgrid[: out.shape[1], : out.shape[2]].astype(np.float32)
    centres = (np.stack((x, y)) + np.float32(0.5)) * STRIDE
    body, sacrum = 1 / (1 + np.exp(-np.clip(out[:2], -30, 30)))
    levels = out[13 : 13 + len(LEVELS)]
    top = levels.max(axis=0, keepdims=True)
    return Maps(
        body=body,
        sacrum=sacrum,
        corners=out[2:10].reshape(4, 2, *out.shape[1:]) * np.float32(UNIT_PX) + centres,
        right=out[10],
        fractured=out[11],
        spread=np.exp(np.clip(out[12], -6, 2)),
        levels=levels - top - np.log(np.exp(levels - top).sum(axis=0, keepdims=True)),
    )


@cache
def detector_model() -> DetectorModel:
    """The network that ships with the package; read from its file when first asked for.

    Raises
    ------
    ModelFileError
        If the file is missing or cannot be read by the installed OpenCV.
    """
    card, network = read_model(NAME, FOLDER)
    return DetectorModel(card=card, network=network)
