"""Fractures are drawn as their docstrings say, and keep the heights that are not lost."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kyphometer.phantom.fractures import DEEPEST_DENT, SUPERIOR_SHARE, FractureKind, fracture
from kyphometer.phantom.patient import simulate_patient

DRAWN = 300


def bodies(kind: FractureKind, severity: float, **options: object) -> list[tuple]:
    out = []
    for seed in range(DRAWN // 10):
        intact = list(simulate_patient(seed).bodies.values())[4:14]
        rng = np.random.default_rng([7, seed])
        out += [(body, fracture(body, kind, severity, rng, **options)) for body in intact]
    return out


def shares(pairs: list[tuple]) -> np.ndarray:
    """Part of the lost wedge at the superior endplate, from the slopes alone."""
    lost = [
        (
            broken.superior.slope - intact.superior.slope,
            broken.inferior.slope - intact.inferior.slope,
        )
        for intact, broken in pairs
    ]
    superior, inferior = np.transpose(lost)
    return superior / (superior + inferior)


@pytest.mark.parametrize("wanted", [SUPERIOR_SHARE, (0.0, 1.0), (0.2, 0.4)])
def test_the_superior_endplate_takes_the_share_that_was_asked_for(wanted):
    found = shares(bodies(FractureKind.WEDGE, 0.4, superior_share=wanted))
    low, high = wanted
    assert found.min() >= low - 1e-9
    assert found.max() <= high + 1e-9
    # uniform: mean and SD of a few hundred draws, four standard errors
    width = high - low
    assert abs(found.mean() - (low + high) / 2) < 4 * width / math.sqrt(12 * DRAWN)
    assert abs(found.std() - width / math.sqrt(12)) < 0.03


@pytest.mark.parametrize(
    ("kind", "anterior", "posterior"),
    [
        (FractureKind.WEDGE, (1.0, 1.0), (0.0, 0.35)),
        (FractureKind.CRUSH, (1.0, 1.0), (0.55, 0.9)),
        (FractureKind.BICONCAVE, (0.3, 0.3), (0.15, 0.15)),
        (FractureKind.DEPRESSED, (0.35, 0.35), (0.05, 0.05)),
    ],
)
def test_heights_are_lost_in_the_parts_that_a_kind_means(kind, anterior, posterior):
    severity = 0.4
    for intact, broken in bodies(kind, severity):
        front = 1 - broken.anterior_height_mm / intact.anterior_height_mm
        back = 1 - broken.height_mm / intact.height_mm
        assert anterior[0] * severity - 1e-9 <= front <= anterior[1] * severity + 1e-9
        assert posterior[0] * severity - 1e-9 <= back <= posterior[1] * severity + 1e-9


def test_a_severe_wedge_leaves_three_tenths_of_the_posterior_height():
    for intact, broken in bodies(FractureKind.WEDGE, 0.6):
        assert broken.anterior_height_mm >= 0.3 * intact.height_mm - 1e-9


@pytest.mark.parametrize("kind", [FractureKind.BICONCAVE, FractureKind.DEPRESSED])
def test_dents_are_no_deeper_than_a_third_of_the_height_and_no_steep_pits(kind):
    for _, broken in bodies(kind, 0.6):
        dents = [*broken.superior.dents, *broken.inferior.dents]
        assert len(dents) == (2 if kind is FractureKind.BICONCAVE else 1)
        for dent in dents:
            assert 0.5 <= dent.depth_mm <= DEEPEST_DENT * broken.mid_height_mm + 1e-9
            assert 0.4 <= dent.spread_x <= 0.75
