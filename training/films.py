"""A folder of simulated training films: pixels as memory-mapped arrays, truth in one index."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TrainingFilm:
    """One film of the folder.

    Attributes
    ----------
    path
        Pixels, `.npy`, uint16, bone bright.
    factors
        Millimetres a pixel along x and y.
    facing_sign
        +1 if anterior is at image right.
    corners
        True corners of every whole body in pixels, shape (bodies, 4, 2).
    weights
        How often a body is drawn, shape (bodies,).
    levels
        Their levels.
    condition
        Name of the condition it was made under.
    """

    path: Path
    factors: Array
    facing_sign: int
    corners: Array
    weights: Array
    levels: tuple[Level, ...]
    condition: str

    def pixels(self) -> NDArray[np.uint16]:
        return np.load(self.path, mmap_mode="r")


def write_film(folder: Path, name: str, pixels: NDArray[np.uint16], facts: dict) -> None:
    """Add a film; the index line is written last, so that a broken run leaves no half film."""
    np.save(folder / f"{name}.npy", pixels)
    line = json.dumps({"name": name, **facts})
    with (folder / "index.jsonl").open("a") as index:
        index.write(line + "\n")


def read_films(folder: Path) -> list[TrainingFilm]:
    """Every film in a folder's index, by name."""
    films = []
    for line in (folder / "index.jsonl").read_text().splitlines():
        facts = json.loads(line)
        corners = np.array(facts["corners"], dtype=np.float64).reshape(-1, 4, 2)
        if len(corners):
            films.append(
                TrainingFilm(
                    path=folder / f"{facts['name']}.npy",
                    factors=np.array(facts["factors"], dtype=np.float64),
                    facing_sign=int(facts["facing_sign"]),
                    corners=corners,
                    weights=np.array(facts["weights"], dtype=np.float64),
                    levels=tuple(map(Level, facts["levels"])),
                    condition=facts["condition"],
                )
            )
    return sorted(films, key=lambda film: film.path.name)
