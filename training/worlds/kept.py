"""Scenes kept in a folder, so that several networks are judged on the same ones quickly."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

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
