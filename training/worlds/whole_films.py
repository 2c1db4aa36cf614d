"""Whole films to judge the detector on, and what may be done to any film before it is shown."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.phantom import FilmFormat, simulate_film
from worlds.scene import Scene, SeenBody

Array = NDArray[np.float64]

VARIANTS = ("as it is", "mirrored", "inverted", "turned", "half", "quarter", "cropped")
"""`half` and `quarter`: the film fills that part of another's height."""


def phantom_film(condition: str, seed: int) -> Scene:
    """A thoracolumbar or full-spine film of the package's simulator; seeds no training film has."""
    rng = np.random.default_rng([95, seed])
    pitch = 0.5
    form = FilmFormat(
        rows=int(rng.uniform(420, 800) / pitch), columns=int(rng.uniform(230, 380) / pitch),
        pitch_mm=pitch,
    )  # fmt: skip
    film = simulate_film(condition, 910_000_000 + seed, film_format=form)
    bodies = []
    for level, body in film.truth.vertebrae.items():
        if body.superior and body.inferior:
            marks = [
                m.xy for e in (body.superior, body.inferior) for m in (e.anterior, e.posterior)
            ]
            broken = level in film.truth.fractured_levels
            bodies.append(SeenBody(corners=np.array(marks), level=level, fractured=broken))
    return Scene(
        pixels=film.pixels,
        factors=np.array(film.geometry.scale),
        facing_sign=film.facing.sign,
        bodies=tuple(bodies),
        world="phantom",
        condition=condition,
    )


def varied(scene: Scene, variant: str, rng: np.random.Generator) -> Scene:
    """The same film shown otherwise."""
    rows, columns = scene.pixels.shape
    matrix, size = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), (columns, rows)
    facing = scene.facing_sign
    if variant == "mirrored":
        matrix, facing = np.array([[-1.0, 0.0, columns], [0.0, 1.0, 0.0]]), -facing
    elif variant == "turned":
        matrix = _turn(float(rng.choice((-1, 1)) * rng.uniform(15, 30)), size)
    elif variant in ("half", "quarter"):
        part = 0.5 if variant == "half" else 0.25
        at = rng.uniform(0, 1, 2) * (1 - part) * np.array(size)
        matrix = np.column_stack((np.eye(2) * part, at))
    elif variant == "cropped":
        return _cropped(scene, rng)
    pixels = scene.pixels.astype(np.float32)
    if variant == "inverted":
        pixels = float(pixels.max()) + float(pixels.min()) - pixels
    return replace(
        scene,
        pixels=_warped(pixels, matrix, size),
        facing_sign=facing,
        bodies=tuple(
            replace(b, corners=b.corners @ matrix[:, :2].T + matrix[:, 2]) for b in scene.bodies
        ),
        factors=scene.factors / abs(float(np.linalg.det(matrix[:, :2]))) ** 0.5,
    )


def _turn(degrees: float, size: tuple[int, int]) -> Array:
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    middle = np.array(size) / 2
    return np.column_stack((turn, middle - turn @ middle))


def _warped(
    pixels: NDArray[np.float32], matrix: Array, size: tuple[int, int]
) -> NDArray[np.float32]:
    if np.array_equal(matrix[:, :2], np.eye(2)) and not matrix[:, 2].any():
        return pixels
    scale = abs(float(np.linalg.det(matrix[:, :2]))) ** 0.5
    if scale < 0.8:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.4 / scale)
    half = np.full(2, 0.5)
    shift = matrix[:, 2] + matrix[:, :2] @ half - half
    back = np.column_stack((matrix[:, :2], shift))
    grey = float(np.percentile(pixels[::4, ::4], 1))
    warped = cv2.warpAffine(pixels, back, size, flags=cv2.INTER_LINEAR, borderValue=grey)
    return np.asarray(warped, np.float32)


def _cropped(scene: Scene, rng: np.random.Generator) -> Scene:
    """From above the third body on, or until below the third last."""
    if len(scene.bodies) < 6:
        return scene
    rows = scene.pixels.shape[0]
    upper, lower = 0, rows
    if rng.random() < 0.5:
        upper = int(scene.bodies[2].corners[:, 1].min() - 3)
    else:
        lower = int(scene.bodies[-3].corners[:, 1].max() + 3)
    upper, lower = max(upper, 0), min(lower, rows)
    moved = tuple(replace(b, corners=b.corners - (0, upper)) for b in scene.bodies)
    inside = tuple(
        b for b in moved if b.corners[:, 1].min() > 0 and b.corners[:, 1].max() < lower - upper
    )
    return replace(scene, pixels=scene.pixels[upper:lower], bodies=inside)
