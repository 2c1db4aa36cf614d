"""Ordered grades before and after (AIS): the whole transition table and exact paired tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from kyphometer.errors import UnusableDataError
from kyphometer.stats.tabular import Row, Tabular


@dataclass(frozen=True, slots=True, kw_only=True)
class Transitions(Tabular):
    """Grades before against grades after.

    Attributes
    ----------
    grades
        Names from worst to best.
    counts
        Patients by grade before (first index) and after (second index).
    n, missing
        Patients with both grades, and those without one of them.
    improved, unchanged, worse
        Patients above, on and below the diagonal.
    p_sign
        Exact two-sided sign test of improved against worse; 1 if nobody changed.
    p_marginal_homogeneity
        Exact permutation test of equal margins, grades scored 0, 1, 2, ...: each change may have
        gone the other way. Equals the sign test where all changes are by the same number of grades.
    mean_steps
        Mean number of grades gained.
    """

    grades: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    n: int
    missing: int
    improved: int
    unchanged: int
    worse: int
    p_sign: float
    p_marginal_homogeneity: float
    mean_steps: float | None

    def rows(self) -> list[Row]:
        """One row a grade before, one column a grade after."""
        return [
            {"before": grade, **dict(zip(self.grades, counts, strict=True)), "total": sum(counts)}
            for grade, counts in zip(self.grades, self.counts, strict=True)
        ]


def transitions(
    before: Sequence[str | None], after: Sequence[str | None], grades: Sequence[str]
) -> Transitions:
    """Transition table with exact tests (science.md#tests).

    Never an unpaired chi-square on paired grades, and no Stuart-Maxwell statistic, which does not
    exist when grades are empty.

    Parameters
    ----------
    before, after
        Grade of each patient, None where missing.
    grades
        Names from worst to best.

    Raises
    ------
    UnusableDataError
        If lists differ in length or a grade is not among `grades`.

    Examples
    --------
    >>> t = transitions(["D"] * 5 + ["E"], ["E"] * 6, "ABCDE")
    >>> t.improved, t.unchanged, t.p_sign
    (5, 1, 0.0625)
    """
    scores = {grade: score for score, grade in enumerate(grades)}
    _check(before, after, scores)
    pairs = [
        (scores[b], scores[a])
        for b, a in zip(before, after, strict=True)
        if b is not None and a is not None
    ]
    table = Counter(pairs)
    steps = [a - b for b, a in pairs]
    improved, worse = sum(s > 0 for s in steps), sum(s < 0 for s in steps)
    size = range(len(scores))
    return Transitions(
        grades=tuple(scores),
        counts=tuple(tuple(table[(b, a)] for a in size) for b in size),
        n=len(pairs),
        missing=len(before) - len(pairs),
        improved=improved,
        unchanged=len(pairs) - improved - worse,
        worse=worse,
        p_sign=sign_test(improved, worse),
        p_marginal_homogeneity=_marginal_homogeneity(steps),
        mean_steps=sum(steps) / len(steps) if steps else None,
    )


def sign_test(up: int, down: int) -> float:
    """Exact two-sided sign test: probability of a split at least as uneven, ties left out.

    Examples
    --------
    >>> sign_test(6, 0)
    0.03125
    """
    total = up + down
    return min(1.0, 2.0 * float(special.bdtr(min(up, down), total, 0.5))) if total else 1.0


def _check(
    before: Sequence[str | None], after: Sequence[str | None], scores: dict[str, int]
) -> None:
    if len(before) != len(after):
        raise UnusableDataError("grades_mismatch", count=len(before), count2=len(after))
    for grade in (*before, *after):
        if grade is not None and grade not in scores:
            raise UnusableDataError("no_grade", grade=grade, names=", ".join(scores))


def _marginal_homogeneity(steps: Sequence[int]) -> float:
    """Two-sided p of |sum of steps| when every step may flip its sign, by convolution."""
    sizes = [abs(step) for step in steps if step]
    total = sum(sizes)
    chance = np.zeros(2 * total + 1)
    chance[total] = 1.0
    for size in sizes:
        chance = (np.roll(chance, size) + np.roll(chance, -size)) / 2.0
    reached = np.abs(np.arange(-total, total + 1)) >= abs(sum(steps))
    return min(1.0, float(chance[reached].sum()))
