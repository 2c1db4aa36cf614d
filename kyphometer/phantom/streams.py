"""Independent random streams by name, so that one part's draws never shift another's."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, *names: object) -> np.random.Generator:
    """A generator that depends on the seed and the names only.

    Examples
    --------
    >>> bool(stream(1, "noise").random() == stream(1, "noise").random())
    True
    >>> bool(stream(1, "noise").random() == stream(1, "anatomy").random())
    False
    """
    keys = [zlib.crc32(str(name).encode()) for name in names]
    return np.random.default_rng(np.random.SeedSequence([int(seed) & (2**63 - 1), *keys]))


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """One uniform draw."""
    return float(rng.uniform(low, high))


def near(rng: np.random.Generator, mean: float, relative_sd: float) -> float:
    """One draw around a positive mean, within 2.5 relative SD."""
    return float(mean * (1 + relative_sd * np.clip(rng.standard_normal(), -2.5, 2.5)))
