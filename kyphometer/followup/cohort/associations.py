"""Complications by characteristics of the patients: Fisher's exact test, or chi-square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kyphometer.errors import UnusableDataError
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.stats.association import Association, association
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.tabular import Row, Tabular

_CHARACTERISTICS = (
    ("sex", "Sex"),
    ("mechanism", "Mechanism"),
    ("corticosteroids", "On corticosteroids"),
    ("posterior_wall_ruptured", "Posterior wall ruptured"),
    ("pedicle_fractured", "Pedicle fractured"),
    ("posterior_arch_fractured", "Posterior arch fractured"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplicationsBy(Tabular):
    """Patients with a complication in each group of one characteristic.

    Attributes
    ----------
    label
        The characteristic.
    groups
        Name, patients with a complication, and patients of each group.
    test
        Of independence, or None where it cannot be made.
    """

    label: str
    groups: tuple[tuple[str, int, int], ...]
    test: Association | None

    def rows(self) -> list[Row]:
        """One row a group; the test stands in the first."""
        rows: list[Row] = [
            {
                "characteristic": self.label,
                "group": name,
                "complications": count,
                "patients": total,
                "percent": 100.0 * count / total,
            }
            for name, count, total in self.groups
        ]
        if self.test is not None:
            odds = self.test.conditional_odds_ratio
            rows[0] |= {
                "odds_ratio": odds and odds.value,
                "odds_ratio_low": odds and odds.low,
                "odds_ratio_high": odds and odds.high,
                "p": self.test.p,
                "method": self.test.method,
            }
        return rows


def complications_by(
    table: ClinicalTable, options: StatisticsOptions = DEFAULT_OPTIONS
) -> tuple[ComplicationsBy, ...]:
    """Complications by each characteristic that divides the patients; none if nobody has any.

    Patients whose complications or characteristic are not known are left out. The tests are
    exploratory: their p values are not adjusted.
    """
    known = [record for record in table.records if record.complications is not None]
    if not any(record.complications for record in known):
        return ()
    found = (_by(known, name, label, options) for name, label in _CHARACTERISTICS)
    return tuple(item for item in found if len(item.groups) > 1)


def _by(
    known: Sequence[ClinicalRecord], name: str, label: str, options: StatisticsOptions
) -> ComplicationsBy:
    counts: dict[str, list[int]] = {}
    for record in known:
        value = getattr(record, name)
        if value is None:
            continue
        group = {True: "yes", False: "no"}.get(value, str(value).replace("_", " "))
        count = counts.setdefault(group, [0, 0])
        count[0] += bool(record.complications)
        count[1] += 1
    groups = [(group, with_any, total) for group, (with_any, total) in counts.items()]
    groups.sort(reverse=True)
    return ComplicationsBy(
        label=label,
        groups=tuple(groups),
        test=_test([[with_any, total - with_any] for _, with_any, total in groups], options),
    )


def _test(counts: list[list[int]], options: StatisticsOptions) -> Association | None:
    try:
        return association(counts, options)
    except UnusableDataError:  # everybody or nobody has a complication, or there is one group
        return None
