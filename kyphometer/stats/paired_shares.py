"""A yes or no of the same patients, before and after: McNemar's test with its difference."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scipy import optimize, special

from kyphometer.errors import TooFewValuesError
from kyphometer.stats.estimate import Estimate
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions

Counts = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedShares:
    """Shares of the same patients at two times.

    Attributes
    ----------
    both, gone, come, neither
        Patients with yes at both times, only before, only after, and at neither.
    missing
        Patients of whom one of both is not known.
    difference
        Share after minus share before, with Tango's (1998) score interval.
    chi_square, p_chi_square
        McNemar's statistic with one degree of freedom, without continuity correction; None where
        nobody changed.
    p_exact
        Of the exact test: who changed, changed either way with the same chance.
    """

    both: int
    gone: int
    come: int
    neither: int
    missing: int
    difference: Estimate
    chi_square: float | None
    p_chi_square: float | None
    p_exact: float

    @property
    def patients(self) -> int:
        """Patients of whom both are known."""
        return self.both + self.gone + self.come + self.neither


def compare_paired_shares(
    before: Iterable[bool | None],
    after: Iterable[bool | None],
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> PairedShares:
    """Compare a share before and after in the same patients (McNemar 1947).

    Raises
    ------
    TooFewValuesError
        If nobody is known at both times.
    """
    pairs = list(zip(before, after, strict=True))
    known = [(bool(a), bool(b)) for a, b in pairs if a is not None and b is not None]
    if not known:
        raise TooFewValuesError("paired_shares", n=0)
    both, gone, come, neither = (
        known.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))
    )
    changed = gone + come
    chi_square = (gone - come) ** 2 / changed if changed else None
    return PairedShares(
        both=both,
        gone=gone,
        come=come,
        neither=neither,
        missing=len(pairs) - len(known),
        difference=_difference(come, gone, len(known), options.confidence),
        chi_square=chi_square,
        p_chi_square=None if chi_square is None else float(special.chdtrc(1.0, chi_square)),
        p_exact=min(1.0, 2.0 * float(special.bdtr(min(gone, come), changed, 0.5)))
        if changed
        else 1.0,
    )


def tango_statistic(come: int, gone: int, patients: int, difference: float) -> float:
    """Score statistic, standard normal if the shares differ by `difference` (Tango 1998)."""
    a = 2.0 * patients
    b = -come - gone + (2.0 * patients - come + gone) * difference
    c = -gone * difference * (1.0 - difference)
    share = (math.sqrt(max(0.0, b * b - 4.0 * a * c)) - b) / (2.0 * a)
    variance = patients * (2.0 * share + difference * (1.0 - difference))
    distance = come - gone - patients * difference
    if variance <= 1e-12:
        return 0.0 if abs(distance) < 1e-9 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def _difference(come: int, gone: int, patients: int, confidence: float) -> Estimate:
    value = (come - gone) / patients
    limit = float(special.ndtri(0.5 + confidence / 2.0))

    def end(edge: float, wanted: float) -> float:
        def beyond(difference: float) -> float:
            found = tango_statistic(come, gone, patients, difference)
            return max(-1e6, min(1e6, found)) - wanted

        if abs(value - edge) < 1e-12 or beyond(edge) * beyond(value) > 0:
            return edge
        return float(optimize.brentq(beyond, value, edge))

    return Estimate(
        name="difference of paired shares",
        value=value,
        low=end(-1.0, limit),
        high=end(1.0, -limit),
        confidence=confidence,
        method="score (Tango)",
    )
