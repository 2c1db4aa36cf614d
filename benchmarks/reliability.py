"""Speed of the cluster bootstrap beside pingouin, and simulated coverage of every interval.

    python benchmarks/reliability.py            speed
    python benchmarks/reliability.py coverage [STUDIES]   coverage, 2,000 studies a line (an hour)
    python benchmarks/reliability.py bias [STUDIES]       mean estimates of unbalanced studies

pingouin is compared where it is installed; it is no dependency of Kyphometer.
"""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections import defaultdict

import numpy as np

from kyphometer.reliability import (
    bland_altman,
    cluster_bootstrap,
    intraclass_correlations,
    limits_true_value_constant,
    limits_true_value_varies,
    repeatability,
    variance_components,
)

FILMS, OBSERVERS, REPLICATES = 50, 5, 2
FILM, OBSERVER, CROSSED, RESIDUAL = 8.0, 0.5, 1.0, 2.0
TOTAL = FILM + OBSERVER + CROSSED + RESIDUAL
Z = 1.959963984540054


def simulate(rng, films, observers, replicates, missing=0.0, fixed=None):
    bias = rng.normal(0, math.sqrt(OBSERVER), observers) if fixed is None else fixed
    cube = (
        20.0
        + rng.normal(0, math.sqrt(FILM), (films, 1, 1))
        + bias[None, :, None]
        + rng.normal(0, math.sqrt(CROSSED), (films, observers, 1))
        + rng.normal(0, math.sqrt(RESIDUAL), (films, observers, replicates))
    )
    if missing:
        cube[rng.random(cube.shape) < missing] = np.nan
    return cube


def speed() -> None:
    cube = simulate(np.random.default_rng(1), FILMS, OBSERVERS, REPLICATES)
    cluster_bootstrap(cube)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        cluster_bootstrap(cube, replicates=2000)
        times.append(time.perf_counter() - start)
    ours = sorted(times)[2]
    print(f"{FILMS} films x {OBSERVERS} observers x {REPLICATES} readings")
    print(f"{'':34}{'seconds':>10}{'replicates/s':>14}")
    print(f"{'kyphometer, 2,000 replicates':34}{ours:10.3f}{2000 / ours:14.0f}")
    print("  (each: 3 SEM, 3 MDC95, 2 ICC with bootstrap-t and percentile intervals)")
    theirs = pingouin_seconds_a_replicate(cube[:, :, 0])
    if theirs is None:
        print("pingouin is not installed: no comparison")
        return
    print(f"{'pingouin.intraclass_corr, 2,000':34}{2000 * theirs:10.1f}{1 / theirs:14.1f}")
    print("  (timed on 50 replicates, ICC only, one reading a cell)")
    print(f"ratio of rates: {theirs * 2000 / ours:.0f}")


def pingouin_seconds_a_replicate(table: np.ndarray) -> float | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pandas as pd
            import pingouin
    except ImportError:
        return None
    films, observers = table.shape
    rng = np.random.default_rng(2)
    long = {"film": np.repeat(np.arange(films), observers)}
    long["observer"] = np.tile(np.arange(observers), films)
    start, count = time.perf_counter(), 50
    for _ in range(count):
        pick = rng.integers(0, films, films)
        frame = pd.DataFrame({**long, "value": table[pick].ravel()})
        pingouin.intraclass_corr(frame, targets="film", raters="observer", ratings="value")
    return (time.perf_counter() - start) / count


def covered(estimate, truth: float) -> bool:
    return estimate.low <= truth <= estimate.high


def component_hits(cube: np.ndarray) -> dict[str, bool]:
    result = variance_components(cube)
    precision = result.precision
    truths = {
        "film variance": (result.film, FILM),
        "observer variance": (result.observer, OBSERVER),
        "film x observer variance": (result.film_by_observer, CROSSED),
        "residual variance": (result.residual, RESIDUAL),
        "inter-observer ICC": (result.icc_inter_observer, FILM / TOTAL),
        "intra-observer ICC": (result.icc_intra_observer, 1 - RESIDUAL / TOTAL),
        "SEM, intra-observer": (precision.intra_observer, math.sqrt(RESIDUAL)),
        "SEM, consistency": (precision.consistency, math.sqrt(RESIDUAL + CROSSED)),
        "SEM, agreement": (precision.agreement, math.sqrt(RESIDUAL + CROSSED + OBSERVER)),
    }
    return {name: covered(*pair) for name, pair in truths.items()}


def icc_hits(cube: np.ndarray) -> dict[str, bool]:
    table = intraclass_correlations(cube[:, :, 0])
    error = CROSSED + RESIDUAL
    consistency = FILM / (FILM + error)
    own = repeatability(cube[:, 0]).standard_error_of_measurement
    return {
        "ICC(A,1)": covered(table.form("ICC(A,1)").estimate, FILM / TOTAL),
        "ICC(C,1)": covered(table.form("ICC(C,1)").estimate, consistency),
        "SEM of one observer": covered(own, math.sqrt(RESIDUAL)),
    }


def limits_hits(cube: np.ndarray, rng: np.random.Generator) -> dict[str, bool]:
    films = cube.shape[0]
    between = 2 * CROSSED
    true = rng.normal(0, 1, (films, 1))
    own = rng.normal(0, math.sqrt(between), (films, 1))
    x = true + own + rng.normal(0, math.sqrt(RESIDUAL), (films, 2))
    y = true + rng.normal(0, math.sqrt(RESIDUAL), (films, 2))
    sd = math.sqrt(between + 2 * RESIDUAL)
    single = bland_altman(x[:, 0], y[:, 0])
    constant = limits_true_value_constant(x, y)
    varies = limits_true_value_varies(list(x - y))
    return {
        "limit, single, exact": covered(single.upper, Z * sd),
        "bias, single": covered(single.bias, 0.0),
        "limit, repeats (true constant)": covered(constant.upper, Z * sd),
        "limit, visits (true varies)": covered(varies.upper, Z * sd),
    }


def bootstrap_hits(rng: np.random.Generator, films: int, seed: int) -> dict[str, bool]:
    fixed = np.array([-0.8, 0.1, 0.7])
    bias = float(fixed.var(ddof=1))
    result = cluster_bootstrap(simulate(rng, films, 3, 2, fixed=fixed), replicates=1000, seed=seed)
    error = RESIDUAL + CROSSED + bias
    truths = {
        "SEM, intra-observer": math.sqrt(RESIDUAL),
        "SEM, consistency": math.sqrt(RESIDUAL + CROSSED),
        "SEM, agreement": math.sqrt(error),
        "inter-observer ICC": FILM / (FILM + error),
        "intra-observer ICC": 1 - RESIDUAL / (FILM + error),
    }
    return {
        f"bootstrap-t, {name}": covered(result.quantity(name).estimate, truth)
        for name, truth in truths.items()
    }


def coverage(studies: int = 2000) -> None:
    error = 300 * math.sqrt(0.0475 / studies)
    print(f"{studies} studies a line; Monte Carlo error, 3 standard errors: {error:.1f} points")
    for films in (10, 21, 43):
        for observers, missing in ((2, 0.0), (3, 0.0), (3, 0.15)):
            hits: dict[str, int] = defaultdict(int)
            rng = np.random.default_rng(1000 * films + 10 * observers + int(100 * missing))
            for seed in range(studies):
                cube = simulate(rng, films, observers, 2, missing)
                found = component_hits(cube)
                if not missing:
                    found |= icc_hits(cube)
                if not missing and observers == 2:
                    found |= limits_hits(cube, rng)
                if not missing and observers == 3:
                    found |= bootstrap_hits(rng, films, seed)
                for name, hit in found.items():
                    hits[name] += hit
            print(f"\n{films} films x {observers} observers x 2, {100 * missing:.0f} % missing")
            for name, count in hits.items():
                print(f"  {name:36}{100 * count / studies:6.1f} %", flush=True)


def bias(studies: int = 400) -> None:
    """Mean of the estimated components over the true ones, where readings are missing."""
    true = {"film": FILM, "observer": OBSERVER, "film_by_observer": CROSSED, "residual": RESIDUAL}
    print(
        f"{studies} studies a line of 30 films x 4 observers x 2; mean estimate / truth, +- its SE"
    )
    print(f"{'missing':>8}" + "".join(f"{name:>22}" for name in true))
    for missing in (0.0, 0.1, 0.2, 0.3):
        rng = np.random.default_rng(int(100 * missing))
        found = []
        for _ in range(studies):
            result = variance_components(simulate(rng, 30, 4, 2, missing))
            found.append([getattr(result, name).value / value for name, value in true.items()])
        mean, error = np.mean(found, axis=0), np.std(found, axis=0) / math.sqrt(studies)
        cells = "".join(f"{m:>14.3f} +-{e:.3f}" for m, e in zip(mean, error, strict=True))
        print(f"{100 * missing:>6.0f} %{cells}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["coverage"]:
        coverage(*(int(text) for text in sys.argv[2:]))
    elif sys.argv[1:2] == ["bias"]:
        bias(*(int(text) for text in sys.argv[2:]))
    else:
        speed()
