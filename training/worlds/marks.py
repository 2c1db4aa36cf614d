"""Scenes in the package's own terms, clicks on them, and what the assist makes of a click."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.endplates import Limits, RefinedVertebra, estimate, refine
from kyphometer.endplates.calibration import Calibration
from kyphometer.endplates.corners import line_directions_deg, vertebra_corners, wrap_deg
from kyphometer.endplates.model import NAME, CornerModel, read_model
from kyphometer.film import Film, FilmHeader, FilmReference, Rendering
from kyphometer.geometry import Facing, PixelGeometry, Point
from kyphometer.reading import Endplate, Landmark, Vertebra
from worlds.scene import Region, Scene, SeenBody, visibility

Array = NDArray[np.float64]
SIDES = tuple(EndplateSide)


def film_of(pixels: NDArray, factors: Array) -> Film:
    """A film of unsigned 16-bit values, bone bright."""
    low, high = np.percentile(pixels, (0.05, 99.95))
    stored = np.clip((pixels - low) / (high - low), 0, 1) * 60000
    rows, columns = pixels.shape
    header = FilmHeader(
        reference=FilmReference(rows=rows, columns=columns),
        geometry=PixelGeometry.from_spacing(float(factors[1]), float(factors[0])),
        rendering=Rendering(bits_stored=16),
    )
    return Film(header=header, pixels=stored.astype(np.uint16))


def vertebra_of(corners: Array, level: Level) -> Vertebra:
    """Four corners (4, 2) in pixels as a reader's marks."""
    marks = [Landmark(xy=Point(float(x), float(y))) for x, y in corners]
    return Vertebra(
        level=level,
        superior=Endplate(anterior=marks[0], posterior=marks[1]),
        inferior=Endplate(anterior=marks[2], posterior=marks[3]),
    )


def facing_of(sign: int) -> Facing:
    """The facing of that sign."""
    return Facing.RIGHT if sign > 0 else Facing.LEFT


@contextmanager
def using(folder: Path | None) -> Iterator[None]:
    """Let the assist use the corner network of another folder; the package's own if None."""
    if folder is None:
        yield
        return
    own = estimate.corner_model
    loaded = _loaded(folder)
    try:
        estimate.corner_model = lambda: loaded
        yield
    finally:
        estimate.corner_model = own


@cache
def _loaded(folder: Path) -> CornerModel:
    card, network = read_model(NAME, folder)
    return CornerModel(card=card, calibration=Calibration.of_card(card), network=network)


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """One click on one body and what came of it.

    Attributes
    ----------
    body
        Tells clicks on the same body.
    world, condition, region, fractured
        Where it is.
    visibility
        Of the true lines, shape (2,), standard errors.
    vka_deg
        True angle between the endplates, kyphosis positive.
    line_error_deg, line_sd_deg
        Of both lines, shape (2,); SD NaN where the click was kept.
    accepted
        Which endplates were moved, shape (2,).
    flagged
        Which of them were moved with a warning, shape (2,).
    corner_mm
        How far the worst corner of each endplate is off, shape (2,).
    """

    body: str
    world: str
    condition: str
    region: Region
    fractured: bool
    visibility: Array
    vka_deg: float
    line_error_deg: Array
    line_sd_deg: Array
    accepted: NDArray[np.bool_]
    flagged: NDArray[np.bool_]
    corner_mm: Array

    @property
    def vka_error_deg(self) -> float:
        return float(self.line_error_deg[1] - self.line_error_deg[0])

    @property
    def vka_sd_deg(self) -> float:
        return float(np.hypot(*self.line_sd_deg))


def clicks_on(
    scene: Scene,
    seed: int,
    *,
    sd_mm: float = 1.5,
    repeats: int = 3,
    limits: Limits | None = None,
) -> Iterator[Outcome]:
    """Every body of a scene, clicked several times; the same seed gives the same clicks."""
    cv2.setNumThreads(1)
    film = film_of(scene.pixels, scene.factors)
    rng = np.random.default_rng([61, seed])
    for number, body in enumerate(scene.bodies):
        seen = visibility(scene, body)
        for _ in range(repeats):
            noise = rng.normal(0, sd_mm, (4, 2)) / scene.factors
            click = vertebra_of(body.corners + noise, body.level)
            refined = refine(film, click, facing=facing_of(scene.facing_sign), limits=limits)
            yield _outcome(scene, body, refined, seen, f"{scene.condition}-{seed}-{number}")


def _outcome(
    scene: Scene, body: SeenBody, refined: RefinedVertebra, seen: Array, name: str
) -> Outcome:
    sign, factors = scene.facing_sign, scene.factors
    found = vertebra_corners(refined.vertebra, factors, sign)
    truth = body.corners * factors
    assert found is not None
    wanted = line_directions_deg(truth)
    error = -sign * wrap_deg(line_directions_deg(found) - wanted)
    vka = -sign * wrap_deg(wanted[1] - wanted[0])
    flagged = getattr(refined, "uncertain", ())
    return Outcome(
        body=name,
        world=scene.world,
        condition=scene.condition,
        region=Region.of(body.level),
        fractured=body.fractured,
        visibility=seen,
        vka_deg=float(vka),
        line_error_deg=error,
        line_sd_deg=np.array([refined.line_sd_deg.get(side, np.nan) for side in SIDES]),
        accepted=np.array([side in refined.accepted for side in SIDES]),
        flagged=np.array([side in flagged for side in SIDES]),
        corner_mm=np.hypot(*(found - truth).T).reshape(2, 2).max(axis=1),
    )


def summary(outcomes: list[Outcome]) -> dict[str, float]:
    """Figures of one row: over bodies whose endplates were both moved, clicks kept apart."""
    whole = [o for o in outcomes if o.accepted.all()]
    error = np.array([o.vka_error_deg for o in whole])
    true = np.array([o.vka_deg for o in whole])
    broken = np.array([o.fractured for o in whole], dtype=bool)
    steep = np.array([o.fractured and abs(o.vka_deg) >= 20 for o in whole], dtype=bool)
    stated = np.array([o.vka_sd_deg for o in whole])
    bodies: dict[str, list[float]] = {}
    for o in whole:
        bodies.setdefault(o.body, []).append(o.vka_error_deg)
    within = [np.var(v, ddof=1) for v in bodies.values() if len(v) > 1]
    few = len(error) < 8
    return {
        "clicks": len(outcomes),
        "refused": 1 - float(np.mean([o.accepted for o in outcomes])),
        "flagged": float(np.mean([o.flagged for o in outcomes])),
        "bias": _mean(error),
        "sd": np.nan if few else float(error.std(ddof=1)),
        "slope": np.nan if few else float(np.polyfit(true, error, 1)[0]),
        "broken_bias": _mean(error[broken]),
        "broken_sd": float(error[broken].std()) if broken.any() else np.nan,
        "steep_bias": _mean(error[steep]),
        "covers": _mean(np.abs(error) <= 1.96 * stated),
        "stated_sd": float(np.median(stated)) if len(stated) else np.nan,
        "click_sd": float(np.sqrt(np.mean(within))) if within else np.nan,
    }


def _mean(values: NDArray) -> float:
    return float(np.mean(values)) if len(values) else np.nan
