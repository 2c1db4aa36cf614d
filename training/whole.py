"""A folder of whole films for the detector: pictures, and what is on them in one index."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NAMES = ("C7", *(f"T{n}" for n in range(1, 13)), *(f"L{n}" for n in range(1, 6)))
"""Classes of the level map."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WholeFilm:
    """One film.

    Attributes
    ----------
    path
        Picture, 16 bit, bone bright.
    mm
        Size of a pixel, roughly.
    facing_sign
        +1 if anterior is at image right, 0 if the film shows no lateral spine.
    corners
        Of every whole body as in `worlds.scene.SeenBody`, (bodies, 4, 2), cranial to caudal.
    levels, fractured, metal
        Of each.
    s1
        Anterior and posterior corner of the sacrum's endplate, (2, 2), or None.
    unsure
        Centres (n, 2) of what may be a body and counts as neither.
    """

    path: Path
    mm: float
    facing_sign: int
    corners: Array
    levels: tuple[str, ...]
    fractured: tuple[bool, ...]
    metal: tuple[bool, ...]
    s1: Array | None
    unsure: Array

    def pixels(self) -> NDArray[np.uint16]:
        return _pixels(self.path)


@lru_cache(maxsize=4000)
def _pixels(path: Path) -> NDArray[np.uint16]:
    """A picture; decoded once, because training looks at each many times."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None, path
    return np.asarray(picture, np.uint16)


def as_words(image: NDArray) -> NDArray[np.uint16]:
    """Any grey scale as 16 bit, its extremes clipped."""
    low, high = np.percentile(image, (0.3, 99.7))
    scaled = (image.astype(np.float32) - low) / max(float(high - low), 1e-6)
    return np.asarray(np.clip(scaled * 65535, 0, 65535), np.uint16)


def write_whole(folder: Path, name: str, image: NDArray, facts: dict) -> None:
    """Add a film; the index line is written last."""
    cv2.imwrite(str(folder / f"{name}.png"), as_words(image))
    with (folder / "index.jsonl").open("a") as index:
        index.write(json.dumps({"name": name, **facts}) + "\n")


def read_whole(folder: Path) -> list[WholeFilm]:
    """Every film in a folder's index."""
    films = []
    for line in (folder / "index.jsonl").read_text().splitlines():
        facts = json.loads(line)
        films.append(
            WholeFilm(
                path=folder / f"{facts['name']}.png",
                mm=facts["mm"],
                facing_sign=facts["facing_sign"],
                corners=np.array(facts["corners"], np.float64).reshape(-1, 4, 2),
                levels=tuple(facts["levels"]),
                fractured=tuple(facts["fractured"]),
                metal=tuple(facts["metal"]),
                s1=None if facts["s1"] is None else np.array(facts["s1"], np.float64),
                unsure=np.array(facts["unsure"], np.float64).reshape(-1, 2),
            )
        )
    return films
