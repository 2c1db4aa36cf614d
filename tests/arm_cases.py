"""A simulated trial of two treatments as tables: baseline, three later visits, gaps."""

from __future__ import annotations

import numpy as np

VISITS = ("preoperative", "discharge", "one_month", "six_months")


def trial(patients: int = 40, *, effect: float = -3.0, missing: float = 0.15, seed: int = 1):
    """Values of shape (patients, 4), NaN where missing, and who is in the first group."""
    rng = np.random.default_rng(seed)
    correlation = np.full((4, 4), 0.55) + 0.45 * np.eye(4)
    sds = np.array([3.0, 2.2, 2.4, 2.8])
    values = rng.multivariate_normal([19, 12, 13, 14], correlation * np.outer(sds, sds), patients)
    first = np.arange(patients) % 2 == 0
    values[first, 1:] += effect
    gone = rng.random((patients, 3)) < missing
    values[:, 1:][gone] = np.nan
    return values, first


def columns(values):
    """Values as lists by visit, None where missing."""
    return {
        visit: [None if np.isnan(x) else float(x) for x in values[:, place]]
        for place, visit in enumerate(VISITS)
    }


def write_trial(path, values, first, *, names=("cement", "no cement")):
    """The trial as a CSV with VKA, VAS and ODI, sex, age, an own column, complications."""
    rng = np.random.default_rng(5)
    header = ["patient", "Group", "sex", "age_years", "x_bmi", "complication_types"]
    for name in ("VKA", "vas", "odi"):
        header += [f"{name}_{visit}" for visit in VISITS]
    lines = [",".join(header)]
    for place, row in enumerate(values):
        cells = [f"P{place:02}", names[0 if first[place] else 1]]
        cells += [
            "female" if place % 3 else "male",
            str(55 + place % 20),
            f"{rng.normal(25, 3):.1f}",
        ]
        cells += ["none" if place % 4 else "cement_leak"]
        shown = ["" if np.isnan(x) else f"{x:.2f}" for x in row]
        scores = [["" if np.isnan(x) else f"{np.clip(x / 3, 0, 10):.1f}" for x in row]]
        scores += [["" if np.isnan(x) else f"{np.clip(3 * x, 0, 100):.0f}" for x in row]]
        lines.append(",".join([*cells, *shown, *scores[0], *scores[1]]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
