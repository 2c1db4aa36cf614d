"""Assist: rough marks in, rim corners with their uncertainty out, or the marks and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import dist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.endplates.corners import (
    ROWS,
    square_factors,
    vertebra_corners,
)
from kyphometer.endplates.crop import cut_window
from kyphometer.endplates.estimate import Estimate, Refiner, estimate, looks_inverted
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.guards import Found, Limits, doubt, judge
from kyphometer.endplates.posterior import joined
from kyphometer.endplates.results import (
    RefinedReading,
    RefinedVertebra,
    Refusal,
    RefusalReason,
)
from kyphometer.endplates.tone import bone_sign
from kyphometer.errors import ReadingFilmMismatchError
from kyphometer.film import Film
from kyphometer.geometry import Facing, PixelGeometry, Point
from kyphometer.reading import Endplate, Landmark, MarkSource, Reading, Vertebra
from kyphometer.reading.facing import derive_facing

Array = NDArray[np.float64]

Target = tuple[EndplateSide, str]
"""A corner to refine: its endplate, and `anterior` or `posterior`."""
_Seen = tuple[list[float], list[list[float]]]
"""Where a corner is seen, in pixels, and its covariance."""
CORNERS = ("anterior", "posterior")
LEAST_DEPTH_PX = 12.0
"""A body that is shallower than this on the film shows no rim to refine."""


def refine(
    film: Film,
    vertebra: Vertebra,
    *,
    facing: Facing,
    geometry: PixelGeometry | None = None,
    targets: Collection[Target] | None = None,
    limits: Limits | None = None,
    refiner: Refiner = Refiner.LEARNED,
) -> RefinedVertebra:
    """Move rough marks of a vertebra onto its rim corners, with a covariance for each.

    What is no endplate of this body stays where it was clicked, with the reason (see `Limits`):
    where there is nothing to be seen, so far away that it is another endplate, the neighbour's, on
    metal, or against the film's polarity. All else is moved, with its interval; where that is wide,
    the endplate is named in `uncertain` and its marks say so.

    Parameters
    ----------
    film
        With its pixels.
    vertebra
        One or two marked endplates, each corner within about 4 mm of its rim.
    facing
        Where anterior is on the film.
    geometry
        Pixel geometry to use instead of the film's.
    targets
        Corners to move; all marked ones if None.
    limits
        How far to go before asking.
    refiner
        Which refiner places the marks.

    Returns
    -------
    refined
        The vertebra with moved and kept marks, the lines' uncertainty, refusals.

    Raises
    ------
    ModelFileError
        If the network's file cannot be read; the classical refiner needs none.
    """
    factors = square_factors(geometry or film.geometry)
    start = _start(vertebra, factors, facing)
    if isinstance(start, Refusal):
        return _kept(vertebra, start, refiner)
    clicks, frame = start
    window = cut_window(film.pixels, frame, sign=bone_sign(film))
    if window is None:
        return _kept(vertebra, _outside(vertebra), refiner)
    found = estimate(window, frame, clicks, refiner)
    bounds = limits or Limits()
    sure = bounds.sure_sd_deg(by_path=refiner is Refiner.CLASSICAL)
    if looks_inverted(window, frame, clicks, found, refiner, sure):
        return _kept(vertebra, _polarity(vertebra), refiner)
    known = (geometry or film.geometry).is_calibrated
    judged = _Judged(vertebra, clicks, found, bounds, known, film.shape)
    refused, doubts = judged.refusals(), judged.doubts()
    if refiner is Refiner.LEARNED:
        found = joined(found, clicks, sure)
    return _result(vertebra, found, refused, doubts, targets)


def refine_reading(
    film: Film,
    reading: Reading,
    *,
    geometry: PixelGeometry | None = None,
    levels: Collection[Level] | None = None,
    limits: Limits | None = None,
    refiner: Refiner = Refiner.LEARNED,
) -> RefinedReading:
    """Refine every vertebra of a reading, or those of some levels.

    Raises
    ------
    ReadingFilmMismatchError
        If the reading was made on a film of another size.
    FacingError
        If the reading does not tell where anterior is.
    """
    size = (reading.film.rows, reading.film.columns)
    if size != film.shape:
        raise ReadingFilmMismatchError("size", str(size), str(film.shape))
    facing = reading.facing or derive_facing(reading)
    done: list[RefinedVertebra] = []
    result = reading
    for level, vertebra in reading.vertebrae.items():
        if levels is not None and level not in levels:
            continue
        refined = refine(
            film, vertebra, facing=facing, geometry=geometry, limits=limits, refiner=refiner
        )
        done.append(refined)
        result = result.with_vertebra(refined.vertebra)
    return RefinedReading(reading=result, vertebrae=tuple(done))


def _start(
    vertebra: Vertebra, factors: Array, facing: Facing
) -> tuple[Array, VertebraFrame] | Refusal:
    """The clicks in square units and their frame, or why there is nothing to start from."""
    corners = vertebra_corners(vertebra, factors, facing.sign)
    if corners is None or vertebra.level is Level.S1 or vertebra.level.order < _T1_ORDER:
        return Refusal(
            level=vertebra.level,
            endplate=None,
            reason=RefusalReason.NO_BODY,
            message=f"{vertebra.level}: marks kept, the assist knows bodies from T1 to L6 only.",
        )
    frame = VertebraFrame.of_corners(corners, factors, facing.sign)
    if frame.depth < LEAST_DEPTH_PX * float(factors.min()):
        return _outside(vertebra)
    local = frame.from_square(corners)
    ordered = local[2, 1] > local[0, 1] and local[3, 1] > local[1, 1]
    forward = local[1, 0] > local[0, 0] and local[3, 0] > local[2, 0]
    if not (ordered and forward):
        return Refusal(
            level=vertebra.level,
            endplate=None,
            reason=RefusalReason.FACING,
            message=(
                f"{vertebra.level}: marks kept, they contradict the facing ({facing}) or are "
                "swapped; correct them first."
            ),
        )
    return corners, frame


_T1_ORDER = Level.T1.order


def _outside(vertebra: Vertebra) -> Refusal:
    return Refusal(
        level=vertebra.level,
        endplate=None,
        reason=RefusalReason.OUTSIDE,
        message=f"{vertebra.level}: marks kept, too little of the body is on the film.",
    )


def _polarity(vertebra: Vertebra) -> Refusal:
    return Refusal(
        level=vertebra.level,
        endplate=None,
        reason=RefusalReason.POLARITY,
        message=(
            f"{vertebra.level}: marks kept, bone is darker than its surroundings here; if the film "
            "is shown inverted its header is wrong about that."
        ),
    )


def _kept(vertebra: Vertebra, refusal: Refusal, refiner: Refiner) -> RefinedVertebra:
    """Nothing was moved."""
    return RefinedVertebra(
        vertebra=vertebra,
        line_sd_deg={},
        moved_px={},
        refusals=(refusal,),
        method=str(refiner),
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """The guards, applied to each marked endplate."""

    vertebra: Vertebra
    clicks: Array
    found: Estimate
    limits: Limits
    calibrated: bool
    shape: tuple[int, int]

    def refusals(self) -> dict[EndplateSide, Refusal]:
        refused = {}
        facts = self._facts()
        for side in self.vertebra.endplates:
            refusal = judge(facts[side], self.limits, self.vertebra.level, side)
            if refusal is not None:
                refused[side] = refusal
        return refused

    def doubts(self) -> dict[EndplateSide, str]:
        facts = self._facts()
        said = {side: doubt(facts[side], self.limits) for side in self.vertebra.endplates}
        return {side: f"uncertain: {text}" for side, text in said.items() if text}

    def _facts(self) -> dict[EndplateSide, Found]:
        found, frame = self.found, self.found.frame
        now = frame.to_square(found.corners)
        pixels = now / frame.factors
        moved = np.hypot(*(now - self.clicks).T).reshape(2, 2) / frame.depth
        outside = (pixels <= 0) | (pixels >= self.shape[::-1])
        return {
            side: Found(
                moved_depths=moved[index],
                depth_mm=frame.depth if self.calibrated else None,
                line_sd_deg=float(found.line_sd_deg[index]),
                step=float(found.evidence.step[index]),
                ridge=float(found.evidence.ridge[index]),
                by_path=found.refiner is Refiner.CLASSICAL,
                on_metal=bool(found.on_metal[list(rows)].any()),
                inside_film=not outside[list(rows)].any(),
                off_chance=0.0 if found.off_chance is None else float(found.off_chance[index]),
            )
            for index, (side, rows) in enumerate(ROWS.items())
        }


def _result(
    vertebra: Vertebra,
    found: Estimate,
    refused: dict[EndplateSide, Refusal],
    doubts: dict[EndplateSide, str],
    targets: Collection[Target] | None,
) -> RefinedVertebra:
    """The vertebra with accepted marks moved and refused ones annotated."""
    plates: dict[str, Endplate] = {}
    moved, line_sd, chances = {}, {}, {}
    seen = _seen(found)
    for side, plate in vertebra.endplates.items():
        if side in refused:
            plates[str(side)] = _annotated(plate, refused[side])
            continue
        wanted = {name for name in CORNERS if targets is None or (side, name) in targets}
        if not wanted:
            continue
        note = "; ".join(filter(None, (doubts.get(side), _differs(found, side))))
        here = {name: seen[side, name] for name in wanted}
        placed = plates[str(side)] = _moved(plate, here, found.method, note)
        anterior, posterior = (getattr(placed, name).xy for name in CORNERS)
        moved[side] = (dist(anterior, plate.anterior.xy), dist(posterior, plate.posterior.xy))
        index = list(EndplateSide).index(side)
        line_sd[side] = float(found.line_sd_deg[index])
        if found.off_chance is not None:
            chances[side] = float(found.off_chance[index])
    changes: dict[str, Any] = dict(plates)
    return RefinedVertebra(
        vertebra=replace(vertebra, **changes),
        line_sd_deg=line_sd,
        moved_px=moved,
        refusals=tuple(refused.values()),
        method=found.method,
        uncertain={side: text for side, text in doubts.items() if side in line_sd},
        off_chance=chances,
        metal=found.metal,
    )


def _annotated(plate: Endplate, refusal: Refusal) -> Endplate:
    """A kept endplate whose marks say why they were kept."""
    return replace(
        plate,
        anterior=replace(plate.anterior, note=refusal.message),
        posterior=replace(plate.posterior, note=refusal.message),
    )


def _seen(found: Estimate) -> dict[Target, _Seen]:
    """Where the image shows each corner, in pixels, with its covariance there."""
    places = found.frame.to_pixels(found.corners).tolist()
    covariances = found.frame.covariance_to_pixels(found.covariances).tolist()
    targets = [(side, name) for side in ROWS for name in CORNERS]
    return dict(zip(targets, zip(places, covariances, strict=True), strict=True))


def _differs(found: Estimate, side: EndplateSide) -> str:
    """What the path refiner says against a line."""
    differs = float(found.differs_deg[list(EndplateSide).index(side)])
    return f"the path refiner's line differs by {differs:.1f} degrees" if differs else ""


def _moved(plate: Endplate, wanted: dict[str, _Seen], method: str, note: str) -> Endplate:
    """An endplate with its wanted corners where the image shows them."""
    marks = {name: _mark(getattr(plate, name), seen, method, note) for name, seen in wanted.items()}
    changes: dict[str, Any] = dict(marks)
    return replace(plate, **changes)


def _mark(click: Landmark, seen: _Seen, method: str, note: str) -> Landmark:
    """A corner where the image shows it, keeping where the reader clicked."""
    (x, y), ((a, b), (_, d)) = seen
    again = click.source is MarkSource.REFINED and click.raw is not None
    return Landmark(
        xy=Point(x, y),
        covariance=((a, b), (b, d)),
        source=MarkSource.REFINED,
        raw=click.raw if again else click.xy,
        method=method,
        note=note,
    )
