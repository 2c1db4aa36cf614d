"""Scenes kept in a folder, so that several networks are judged on the same ones quickly."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from worlds.scene import Scene


def kept(folder: Path | None, name: str, make: Callable[[], Scene]) -> Scene:
    """The scene of that name from a folder, made first if it is not there; without one, anew."""
    if folder is None:
        return make()
    path = folder / f"{name.replace(' ', '-')}.pickle"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".part").write_bytes(pickle.dumps(make()))
        path.with_suffix(".part").replace(path)
    scene: Scene = pickle.loads(path.read_bytes())
    return scene


class KeptScenes:
    """Scenes of folders that may still be growing, drawn at random."""

    def __init__(self, folders: Sequence[Path], reread: int = 200) -> None:
        self.folders = folders
        self.reread = reread
        self.drawn = 0

    def __call__(self, rng: np.random.Generator) -> Scene:
        if self.drawn % self.reread == 0:
            self.paths = [path for f in self.folders for path in sorted(f.glob("*.pickle"))]
        self.drawn += 1
        scene: Scene = pickle.loads(self.paths[int(rng.integers(len(self.paths)))].read_bytes())
        return scene
