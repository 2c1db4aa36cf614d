"""Simulated trials of two treatments: bias, coverage and type I error of what the report prints.

    python benchmarks/two_arms.py [TRIALS]      a Markdown table (1,000 trials a row)

Baseline and three later visits, correlations 0.55, other SDs at each visit, 15 % of later values
missing at random given the earlier ones; events are enumerated exactly over both binomials.
"""

from __future__ import annotations

import math
import sys
from itertools import product

import numpy as np
from scipy.stats import binom

from kyphometer.stats.arm_model import compare_arms
from kyphometer.stats.two_arms import ancova, compare_risks, hedges_g

VISITS = ("discharge", "one_month", "six_months")
SDS = np.array([3.0, 2.2, 2.4, 2.8])
CORRELATION = np.full((4, 4), 0.55) + 0.45 * np.eye(4)


def trial(
    rng: np.random.Generator, arms: tuple[int, int], effect: float, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    first = np.arange(sum(arms)) < arms[0]
    noise = rng.multivariate_normal(np.zeros(4), CORRELATION * np.outer(SDS, SDS), sum(arms))
    noise[first] *= spread
    values = np.array([19.0, 12.0, 13.0, 14.0]) + noise
    values[first, 1:] += effect
    for visit in (2, 3):  # who did worse one visit before goes missing more often
        worse = noise[:, visit - 1] > 0
        values[rng.random(len(values)) < np.where(worse, 0.22, 0.08), visit] = np.nan
    return values, first


def models(trials: int) -> None:
    print(f"{trials} trials a row; 3 SE of a coverage are {300 * math.sqrt(0.0475 / trials):.1f}")
    print("| patients | true effect | method | bias | coverage % | p < 0.05 % |")
    print("|---|---|---|---|---|---|")
    designs = [((12, 12), -2.0, 1.0), ((20, 20), -2.0, 1.0), ((40, 40), -2.0, 1.0),
               ((10, 30), -2.0, 1.0), ((20, 20), 0.0, 1.0), ((20, 20), -2.0, 1.5),
               ((10, 30), -2.0, 1.5)]  # fmt: skip
    for arms, effect, spread in designs:
        rng = np.random.default_rng(7)
        found: dict[str, list[tuple[float, bool, bool]]] = {}
        for _ in range(trials):
            values, first = trial(rng, arms, effect, spread)
            table = [[None if math.isnan(x) else x for x in column] for column in values.T]
            one = ancova(table[0], table[3], first)
            low, high = one.difference.low, one.difference.high
            found.setdefault("ANCOVA", []).append(
                (one.difference.value, low <= effect <= high, one.p < 0.05)
            )
            later = dict(zip(VISITS, table[1:], strict=True))
            two = compare_arms("VKA", table[0], later, first).differences["six_months"]
            found.setdefault("MMRM", []).append(
                (two.estimate, two.low <= effect <= two.high, two.p < 0.05)
            )
        for method, results in found.items():
            estimates, covered, small = np.array(results).T
            name = f"{arms[0]} + {arms[1]}" + (f", SD x {spread}" if spread != 1 else "")
            print(
                f"| {name} | {effect} | {method} | {estimates.mean() - effect:+.2f} | "
                f"{100 * covered.mean():.1f} | {100 * small.mean():.1f} |",
                flush=True,
            )


def effect_sizes(trials: int) -> None:
    print("\n| patients | true g | mean | coverage % |\n|---|---|---|---|")
    rng = np.random.default_rng(8)
    for arms, size in (((8, 8), 0.8), ((20, 20), 0.8), ((10, 30), 0.8), ((20, 20), 0.0)):
        found = []
        for _ in range(trials):
            one = hedges_g(rng.normal(size, 1, arms[0]), rng.normal(0, 1, arms[1]))
            found.append((one.value, one.low <= size <= one.high))
        mean, covered = np.array(found).mean(axis=0)
        print(f"| {arms[0]} + {arms[1]} | {size} | {mean:.2f} | {100 * covered:.1f} |")


def risks() -> None:
    print("\n| patients | shares | difference | ratio | odds ratio |\n|---|---|---|---|---|")
    for (n1, n2), (p1, p2) in product(
        ((12, 12), (21, 21), (10, 30)), ((0.1, 0.1), (0.3, 0.1), (0.5, 0.3), (0.8, 0.6))
    ):
        covered = np.zeros(3)
        given = np.zeros(3)
        for x1, x2 in product(range(n1 + 1), range(n2 + 1)):
            chance = binom.pmf(x1, n1, p1) * binom.pmf(x2, n2, p2)
            found = compare_risks((x1, x2), (n1, n2))
            truths = (p1 - p2, p1 / p2, p1 / (1 - p1) / (p2 / (1 - p2)))
            for place, (item, truth) in enumerate(
                zip((found.difference, found.ratio, found.odds_ratio), truths, strict=True)
            ):
                if item is None:
                    continue
                given[place] += chance
                high = math.inf if item.high is None else item.high
                covered[place] += chance * (item.low - 1e-12 <= truth <= high + 1e-12)
        shown = " | ".join(f"{100 * c / g:.1f}" for c, g in zip(covered, given, strict=True))
        print(f"| {n1} + {n2} | {p1}, {p2} | {shown} |", flush=True)


if __name__ == "__main__":
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    models(trials)
    effect_sizes(4 * trials)
    risks()
