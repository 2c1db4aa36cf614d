"""A computed surrogate of Genant's visual grade, with the probability of each grade.

Genant's grade is visual and includes qualitative signs; this one is computed from heights and is
therefore called `genant_qm`. Boundaries: grade 1 from 20 %, grade 2 from 25 %, grade 3 from 40 %
height loss (science.md#heights).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from kyphometer.measure.morphometry import Quantity

BOUNDS_PERCENT = (20.0, 25.0, 40.0)


class Deformity(StrEnum):
    """Which height is lost most."""

    NONE = "none"
    WEDGE = "wedge"
    BICONCAVE = "biconcave"
    CRUSH = "crush"


@dataclass(frozen=True, slots=True)
class GenantGrade:
    """Computed grade.

    Attributes
    ----------
    grade
        0 to 3, by the measured loss.
    deformity
        The height that is lost most; none for grade 0.
    loss
        Height loss in percent, with its variance.
    probabilities
        Probability of grades 0 to 3, given the uncertainty of the loss; sums to 1.
    """

    grade: int
    deformity: Deformity
    loss: Quantity
    probabilities: tuple[float, float, float, float]


def grade_of(loss_percent: float) -> int:
    """Grade 0 to 3 of a height loss in percent.

    Examples
    --------
    >>> [grade_of(loss) for loss in (19.9, 20.0, 25.0, 40.0)]
    [0, 1, 2, 3]
    """
    return sum(loss_percent >= bound for bound in BOUNDS_PERCENT)


def genant_grade(losses: dict[Deformity, Quantity]) -> GenantGrade:
    """Grade of the worst height loss.

    Parameters
    ----------
    losses
        Height losses in percent by the deformity that they would make, at least one.
    """
    deformity, loss = max(losses.items(), key=lambda item: item[1].value)
    grade = grade_of(loss.value)
    return GenantGrade(
        grade=grade,
        deformity=deformity if grade else Deformity.NONE,
        loss=loss,
        probabilities=_probabilities(loss),
    )


def _probabilities(loss: Quantity) -> tuple[float, float, float, float]:
    spread = loss.standard_uncertainty
    if spread == 0.0:
        grade = grade_of(loss.value)
        a, b, c, d = (1.0 if grade == i else 0.0 for i in range(4))
        return (a, b, c, d)
    below = [
        0.5 * math.erfc((loss.value - bound) / (spread * math.sqrt(2.0)))
        for bound in BOUNDS_PERCENT
    ]
    return (below[0], below[1] - below[0], below[2] - below[1], 1.0 - below[2])
