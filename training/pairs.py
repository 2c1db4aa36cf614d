"""A folder of body pairs: the same vertebral body on two simulated films of one patient.

Every body is cut out of both films as `carry_over` sees it: in the frame of the corners that the
corner network finds there. So a training run reads crops, not films.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Bodies seen twice.

    Attributes
    ----------
    crops
        Grey values, shape (bodies, 2 films, pixels, pixels), float16, each crop from about 0 to 1.
    corners
        True corners in units of half the crop's side, shape (bodies, 2, 4, 2).
    fractured
        True where the body may have changed its shape, shape (bodies,).
    patient
        Number of the patient; bodies of one stand together, cranial to caudal, shape (bodies,).
    """

    crops: NDArray[np.float16]
    corners: NDArray[np.float32]
    fractured: NDArray[np.bool_]
    patient: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.corners)


def write_pairs(
    path: Path, crops: list[Array], corners: list[Array], fractured: list[bool]
) -> None:
    """Keep the bodies of one patient (see `Pairs`); the file appears whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(
            file,
            crops=np.clip(crops, -8, 8).astype(np.float16),
            corners=np.array(corners, dtype=np.float32),
            fractured=np.array(fractured),
        )
    part.replace(path)


def read_pairs(*folders: Path) -> Pairs:
    """All pairs of some folders."""
    parts = [np.load(path) for folder in folders for path in sorted(folder.glob("*.npz"))]
    sizes = [len(part["fractured"]) for part in parts]
    return Pairs(
        crops=np.concatenate([part["crops"] for part in parts]),
        corners=np.concatenate([part["corners"] for part in parts]),
        fractured=np.concatenate([part["fractured"] for part in parts]),
        patient=np.repeat(np.arange(len(parts)), sizes),
    )
