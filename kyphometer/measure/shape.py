"""Measurements of vertebral shape and slip from a reading: heights, compression, Genant, slip."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from kyphometer.anatomy import EndplateSide, Level, are_adjacent
from kyphometer.errors import MeasurementError
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.measure.definitions import VERSION
from kyphometer.measure.genant import Deformity, genant_grade
from kyphometer.measure.levels import Fracture, intact_neighbour
from kyphometer.measure.model import Measurement
from kyphometer.measure.morphometry import (
    Heights,
    Quantity,
    compression_percent,
    depression,
    heights,
    ratio,
    translation_percent,
)
from kyphometer.measure.uncertainty import CornerNoise
from kyphometer.messages import Word
from kyphometer.reading import Reading, Vertebra

Part = Callable[[Heights], Quantity | None]

HEIGHT_CODES = ("HA", "HM", "HP")
RATIO_CODES = ("APCR", "BICONCAVITY")
COMPRESSION_CODES = ("AVBC", "MVBC", "PVBC")
DEPRESSION_CODES = ("DEPRESSION_SUP", "DEPRESSION_INF")
SHAPE_CODES = (
    *HEIGHT_CODES,
    *RATIO_CODES,
    *COMPRESSION_CODES,
    *DEPRESSION_CODES,
    "GENANT_QM",
    "VBT",
)
"""Codes of this module, in the order they are reported."""

_NAMES = {
    "HA": "anterior vertebral height |SA - IA|",
    "HM": "middle vertebral height |SM - IM|",
    "HP": "posterior vertebral height |SP - IP|",
    "APCR": "anterior to posterior compression ratio Ha/Hp (wedge ratio)",
    "BICONCAVITY": "biconcavity ratio Hm/Hp",
    "AVBC": "anterior vertebral body compression, 100 (1 - Ha / mean Ha of the neighbours)",
    "MVBC": "middle vertebral body compression, 100 (1 - Hm / mean Hm of the neighbours)",
    "PVBC": "posterior vertebral body compression, 100 (1 - Hp / mean Hp of the neighbours)",
    "DEPRESSION_SUP": "depth of the superior endplate's middle under the chord of its rim",
    "DEPRESSION_INF": "depth of the inferior endplate's middle under the chord of its rim",
    "GENANT_QM": "computed surrogate of Genant's visual grade (bounds 20, 25, 40 %)",
    "VBT": "vertebral body translation in percent of the lower superior endplate; + anterior",
}


def _definition(code: str) -> str:
    return f"{_NAMES[code]} (version {VERSION})"


def _make(
    code: str,
    what: str,
    quantity: Quantity,
    unit: str,
    levels: tuple[Level, ...],
    note: str = "",
) -> Measurement:
    return Measurement(
        code=code,
        label=f"{code} ({what})",
        value=quantity.value,
        unit=unit,
        standard_uncertainty=quantity.standard_uncertainty,
        definition=_definition(code),
        levels=levels,
        note=note,
    )


def height_measurements(
    vertebra: Vertebra, geometry: PixelGeometry, noise: CornerNoise
) -> Iterator[Measurement]:
    """Anterior, middle and posterior height in mm.

    Raises
    ------
    NotCalibratedError
        If the film has no pixel spacing.
    MissingEndplateError, DegenerateLineError
        If the vertebra lacks an endplate, or two points are in one place.
    """
    geometry.require_mm(Word("what.height", {"level": str(vertebra.level)}))
    note = "" if geometry.in_patient else "at the detector or on the film: magnified"
    found = heights(vertebra, noise)
    for code, quantity in zip(
        HEIGHT_CODES, (found.anterior, found.middle, found.posterior), strict=True
    ):
        if quantity is not None:
            yield _make(code, str(vertebra.level), quantity, "mm", (vertebra.level,), note)


def ratio_measurements(vertebra: Vertebra, noise: CornerNoise) -> Iterator[Measurement]:
    """Ha/Hp and, with middle points, Hm/Hp."""
    found = heights(vertebra, noise, Word("what.a_height_ratio"))
    levels = (vertebra.level,)
    name = str(vertebra.level)
    yield _make("APCR", name, ratio(found.anterior, found.posterior), "ratio", levels)
    if found.middle is not None:
        yield _make("BICONCAVITY", name, ratio(found.middle, found.posterior), "ratio", levels)


def depression_measurements(
    vertebra: Vertebra, facing: Facing, geometry: PixelGeometry, noise: CornerNoise
) -> Iterator[Measurement]:
    """Depth of each endplate's floor under its chord, in mm, where its middle was marked."""
    geometry.require_mm(Word("what.depression", {"level": str(vertebra.level)}))
    for side, plate in vertebra.endplates.items():
        if plate.middle is None:
            continue
        superior = side is EndplateSide.SUPERIOR
        code = "DEPRESSION_SUP" if superior else "DEPRESSION_INF"
        quantity = depression(plate, -1 if superior else 1, noise, facing.sign)
        yield _make(code, str(vertebra.level), quantity, "mm", (vertebra.level,))


_PARTS: tuple[tuple[str, Part], ...] = (
    ("AVBC", lambda found: found.anterior),
    ("MVBC", lambda found: found.middle),
    ("PVBC", lambda found: found.posterior),
)


def compression_measurements(
    reading: Reading, level: Level, noise: CornerNoise, *, allow_next_intact: bool = False
) -> Iterator[Measurement]:
    """Height loss of a fractured vertebra against its two intact neighbours.

    Raises
    ------
    MissingEndplateError, FracturedNeighbourError
        If a neighbour is not marked or fractured and the next intact level is not allowed.
    """
    own, others, used = _with_neighbours(reading, level, noise, allow_next=allow_next_intact)
    what = f"{level} / {used[0]}, {used[1]}"
    marked = set(reading.levels)
    apart = not (are_adjacent(used[0], level, marked) and are_adjacent(level, used[1], marked))
    note = "next intact level used" if apart else ""
    for code, part in _PARTS:
        height, around = part(own), [part(item) for item in others]
        known = tuple(item for item in around if item is not None)
        if height is not None and len(known) == len(around):
            yield _make(
                code, what, compression_percent(height, known), "%", (used[0], level, used[1]), note
            )


def _with_neighbours(
    reading: Reading, level: Level, noise: CornerNoise, *, allow_next: bool
) -> tuple[Heights, tuple[Heights, Heights], tuple[Level, Level]]:
    name = "Vertebral body compression"
    fracture = Fracture((level,))
    above, below = (
        intact_neighbour(reading, fracture, step, name, allow_next=allow_next) for step in (-1, 1)
    )
    own, first, second = (
        heights(reading.vertebrae[item], noise, name) for item in (level, above, below)
    )
    return own, (first, second), (above, below)


def genant_measurement(
    reading: Reading, level: Level, noise: CornerNoise, *, allow_next_intact: bool = False
) -> Measurement:
    """Computed Genant grade of a vertebra, with the probability of each grade.

    Losses are taken against the mean of the two intact neighbours where they are marked; otherwise
    anterior and middle height against the vertebra's own posterior height, and crush cannot be
    told.
    """
    losses: dict[Deformity, Quantity] = {}
    note = ""
    kinds = (Deformity.WEDGE, Deformity.BICONCAVE, Deformity.CRUSH)
    own = heights(reading.vertebrae[level], noise, Word("what.genant"))
    levels: tuple[Level, ...] = (level,)
    try:
        _, others, used = _with_neighbours(reading, level, noise, allow_next=allow_next_intact)
        levels = (used[0], level, used[1])
        for kind, (_, part) in zip(kinds, _PARTS, strict=True):
            height, around = part(own), [part(item) for item in others]
            known = tuple(item for item in around if item is not None)
            if height is not None and len(known) == 2:
                losses[kind] = compression_percent(height, known)
    except MeasurementError:
        note = "against its own posterior height (no intact neighbours): crush cannot be told"
        losses[Deformity.WEDGE] = compression_percent(own.anterior, (own.posterior,))
        if own.middle is not None:
            losses[Deformity.BICONCAVE] = compression_percent(own.middle, (own.posterior,))
    if Deformity.BICONCAVE not in losses:
        note = "; ".join(filter(None, (note, "middle points not marked: biconcavity not judged")))
    result = genant_grade(losses)
    return Measurement(
        code="GENANT_QM",
        label=f"GENANT_QM ({level}, {result.deformity})",
        value=float(result.grade),
        unit="grade",
        standard_uncertainty=None,
        definition=_definition("GENANT_QM"),
        levels=levels,
        note=note,
        details=(
            ("loss_percent", result.loss.value),
            ("loss_standard_uncertainty_percent", result.loss.standard_uncertainty),
            *((f"p_grade_{i}", p) for i, p in enumerate(result.probabilities)),
        ),
    )


def translation_measurements(reading: Reading, noise: CornerNoise) -> Iterator[Measurement]:
    """Slip between every two adjacent marked vertebrae."""
    levels = reading.levels
    for upper, lower in itertools.pairwise(levels):
        top = reading.vertebrae[upper].inferior
        bottom = reading.vertebrae[lower].superior
        if top is None or bottom is None or not are_adjacent(upper, lower, levels):
            continue
        quantity = translation_percent(top, bottom, noise)
        yield _make("VBT", f"{upper} on {lower}", quantity, "%", (upper, lower))
