"""Coverage of every interval of precision over a grid of designs; type I error of the mixed model.

    python benchmarks/coverage.py [STUDIES] [--only NAME] [--no-patients]   a Markdown table (1,000)
    python benchmarks/coverage.py agreement [STUDIES]       ICC(A,1) in 192 cells, theirs beside it
    python benchmarks/coverage.py mmrm [STUDIES]            visits compared, 15 % missing

Each design changes one thing about: 21 films x 3 observers x 2 readings, variances of films 8,
observers 0.5, film x observer 1, residual 2.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from kyphometer.reliability import intraclass_correlations, variance_components


@dataclass(frozen=True)
class Design:
    name: str
    films: int = 21
    observers: int = 3
    replicates: int = 2
    film: float = 8.0
    observer: float = 0.5
    crossed: float = 1.0
    residual: float = 2.0
    missing: float = 0.0
    repeated: float = 1.0  # share of films read more than once
    patients: int = 0  # 0: every film of another patient
    share: float = 0.0  # of the variance of films, between patients
    uneven: bool = False  # 1, 2, 3, 6 films a patient
    spread: float = 1.0  # residual SD of the second half of films over that of the first

    @property
    def error(self) -> float:
        return self.residual * (1.0 + self.spread**2) / 2.0

    @property
    def truths(self) -> dict[str, float]:
        within = self.crossed + self.error
        total = self.film + self.observer + within
        return {
            "film": self.film,
            "observer": self.observer,
            "residual": self.error,
            "ICC inter": self.film / total,
            "ICC intra": 1 - self.error / total,
            "SEM intra": math.sqrt(self.error),
            "SEM consistency": math.sqrt(within),
            "SEM agreement": math.sqrt(within + self.observer),
            "ICC(A,1)": self.film / total,
            "ICC(C,1)": self.film / (self.film + within),
        }

    def owner(self) -> np.ndarray | None:
        if not self.patients:
            return None
        if self.uneven:
            return np.repeat(np.arange(self.patients), np.resize([1, 2, 3, 6], self.patients))
        return np.repeat(np.arange(self.patients), self.films // self.patients)

    def simulate(self, rng: np.random.Generator) -> np.ndarray:
        owner = self.owner()
        films = self.films if owner is None else owner.size
        true = rng.normal(0, math.sqrt(self.film * (1 - self.share)), films)
        if owner is not None:
            true += rng.normal(0, math.sqrt(self.film * self.share), self.patients)[owner]
        scale = np.where(np.arange(films) % 2, self.spread, 1.0)[:, None, None]
        shape = (films, self.observers, self.replicates)
        cube = (
            20.0
            + true[:, None, None]
            + rng.normal(0, math.sqrt(self.observer), (1, self.observers, 1))
            + rng.normal(0, math.sqrt(self.crossed), (films, self.observers, 1))
            + rng.normal(0, math.sqrt(self.residual), shape) * scale
        )
        cube[rng.random(shape) < self.missing] = np.nan
        cube[round(films * self.repeated) :, :, 1:] = np.nan
        return cube


BASE = Design("21 films x 3 observers x 2")
CLUSTERED = replace(BASE, films=84, patients=21, replicates=1, crossed=0.0)
GRID = (
    BASE,
    *(replace(BASE, name=f"{n} films", films=n) for n in (10, 43, 84)),
    *(replace(BASE, name=f"{k} observers", observers=k) for k in (2, 5)),
    replace(BASE, name="10 films x 2 observers", films=10, observers=2),
    *(replace(BASE, name=f"observers {x:g} x residual", observer=2.0 * x) for x in (0, 1, 3)),
    *(
        replace(BASE, name=f"2 observers, {x:g} x residual", observers=2, observer=2.0 * x)
        for x in (0, 3)
    ),
    replace(BASE, name="films alike", film=0.2),
    replace(BASE, name="film x observer 0", crossed=0.0),
    replace(BASE, name="film x observer 0, observers 0", crossed=0.0, observer=0.0),
    replace(BASE, name="film x observer 3 x residual", crossed=6.0),
    replace(BASE, name="near-perfect agreement", observer=0.001, crossed=0.002, residual=0.01),
    replace(BASE, name="15 % missing", missing=0.15),
    replace(BASE, name="30 % missing", missing=0.3),
    replace(BASE, name="a fifth repeated", repeated=0.2),
    replace(BASE, name="a tenth of 84 repeated", repeated=0.1, films=84),
    replace(BASE, name="half the films 2 x SD", spread=2.0),
    *(
        replace(CLUSTERED, name=f"21 patients x 4, share {s:g}", share=s)
        for s in (0.0, 0.5, 0.8, 1.0)
    ),
    replace(CLUSTERED, name="20 patients x 1-6, share 0.8", patients=20, uneven=True, share=0.8),
    replace(CLUSTERED, name="10 patients x 4, share 0.8", patients=10, films=40, share=0.8),
    replace(CLUSTERED, name="21 patients x 4, 0.8, 15 % missing", share=0.8, missing=0.15),
)


def estimates(cube: np.ndarray, owner: np.ndarray | None) -> dict[str, object]:
    found = variance_components(cube, patients=owner)
    precision = found.precision
    named = {
        "film": found.film,
        "observer": found.observer,
        "residual": found.residual,
        "ICC inter": found.icc_inter_observer,
        "ICC intra": found.icc_intra_observer,
        "SEM intra": precision.intra_observer,
        "SEM consistency": precision.consistency,
        "SEM agreement": precision.agreement,
    }
    first = cube[:, :, 0]
    if np.isfinite(first).all():
        forms = intraclass_correlations(first, patients=owner)
        named |= {name: forms.form(name).estimate for name in ("ICC(A,1)", "ICC(C,1)")}
    return {name: estimate for name, estimate in named.items() if estimate is not None}


def coverage(studies: int, only: str = "", *, patients: bool = True) -> None:
    print(f"{studies} studies a row; 3 standard errors are {300 * math.sqrt(0.0475 / studies):.1f}")
    columns = tuple(BASE.truths)
    print("| design | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for number, design in enumerate(GRID):
        if only not in design.name:
            continue
        rng, hits, tries = np.random.default_rng(1000 + number), defaultdict(int), defaultdict(int)
        owner, truths = design.owner() if patients else None, design.truths
        for _ in range(studies):
            for name, estimate in estimates(design.simulate(rng), owner).items():
                tries[name] += 1
                hits[name] += estimate.low <= truths[name] + 1e-12 <= estimate.high + 1e-12
        cells = (f"{100 * hits[n] / tries[n]:.1f}" if tries[n] else "" for n in columns)
        print(f"| {design.name} | " + " | ".join(cells) + " |", flush=True)


def agreement(studies: int = 500) -> None:
    """Both intervals of ICC(A,1), from mean squares drawn as they are distributed."""
    from kyphometer.reliability.icc import TwoWayTable, agreement_interval, icc_value
    from kyphometer.reliability.icc import published_interval as theirs

    rng = np.random.default_rng(5)
    print("| observers | films | variance of observers | of films | generalised | McGraw-Wong |")
    print("|---|---|---|---|---|---|")
    cells = itertools.product((2, 3, 5), (10, 21, 43, 84), (0, 0.25, 1, 3), (0.1, 1, 4, 30))
    for k, n, observer, film in cells:
        dfs = np.array([n - 1, k - 1, (n - 1) * (k - 1)])
        expected = np.array([k * film + 1, n * observer + 1, 1])
        truth, hits = film / (film + observer + 1), np.zeros(2)
        for rows, columns, error in expected * rng.chisquare(dfs, (studies, 3)) / dfs:
            within = (columns + (n - 1) * error) / n
            table = TwoWayTable(
                films=n, observers=k, rows=rows, columns=columns, error=error, within=within
            )
            value = icc_value("A", table)
            both = (agreement_interval(table, 0.95), theirs(value, table, 0.95))
            hits += [min(low, value) <= truth <= max(high, value) for low, high in both]
        ours, published = 100 * hits / studies
        print(f"| {k} | {n} | {observer} | {film} | {ours:.1f} | {published:.1f} |", flush=True)


VISITS = ("pre-op", "discharge", "1 month", "6 months")


def cohort_covariance() -> np.ndarray:
    """Of the simulated cohort's VKA (kyphometer simulate --cohort), by an exponential decay."""
    sds, order = np.array([2.8, 1.9, 1.85, 1.8]), np.arange(4)
    return np.outer(sds, sds) * 0.7 ** np.abs(order[:, None] - order)


def mmrm(studies: int = 2000) -> None:
    """Type I error of every comparison of visits whose true means are equal, 15 % missing."""
    from kyphometer.stats.mixed import mixed_model

    print(f"{studies} studies a row; 3 standard errors are {300 * math.sqrt(0.0475 / studies):.1f}")
    for patients in (21, 42):
        rng, rejected = np.random.default_rng(77), defaultdict(int)
        structures: dict[str, int] = defaultdict(int)
        for _ in range(studies):
            values = rng.multivariate_normal(np.full(4, 15.0), cohort_covariance(), patients)
            values[:, 1:][rng.random((patients, 3)) < 0.15] = np.nan
            columns = {
                visit: [None if math.isnan(x) else x for x in values[:, place]]
                for place, visit in enumerate(VISITS)
            }
            found = mixed_model("VKA", columns)
            structures[found.covariance.structure] += 1
            for item in found.differences:
                rejected[f"{item.first} - {item.second}"] += item.p < 0.05
        print(f"{patients} patients: {dict(structures)}")
        for label, count in rejected.items():
            print(f"  {label:28}{100 * count / studies:6.1f} %", flush=True)


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:] if text.isdigit()]
    if sys.argv[1:2] == ["mmrm"]:
        mmrm(*numbers)
    elif sys.argv[1:2] == ["agreement"]:
        agreement(*numbers)
    else:
        words = sys.argv[1:]
        only = words[words.index("--only") + 1] if "--only" in words else ""
        studies = int(words[0]) if words and words[0].isdigit() else 1000
        coverage(studies, only, patients="--no-patients" not in words)
