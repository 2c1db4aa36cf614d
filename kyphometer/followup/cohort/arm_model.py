"""What is found when treatment groups are compared, as plain results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kyphometer.followup.cohort.arm_rules import ArmRules
from kyphometer.followup.cohort.table_one import Characteristic
from kyphometer.stats.descriptive import Summary
from kyphometer.stats.estimate import Estimate
from kyphometer.stats.mixed import MixedEstimate
from kyphometer.stats.tabular import Row
from kyphometer.stats.two_arms import AdjustedDifference, RiskComparison


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCharacteristic:
    """One variable of table 1 by group.

    Attributes
    ----------
    arms
        Summary or counts of each group.
    differences
        Standardised differences of each group from the reference: one of a variable of numbers,
        one a category otherwise, by group and category (empty for numbers).
    """

    arms: Mapping[str, Characteristic]
    differences: Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMeans:
    """One endpoint of one group at one visit: values, and change (later minus baseline)."""

    endpoint: str
    unit: str
    visit: str
    arm: str
    values: Summary
    change: Summary | None

    def row(self) -> Row:
        """Row of a table."""
        s, c = self.values, self.change
        return {
            "endpoint": self.endpoint,
            "visit": self.visit,
            "arm": self.arm,
            "n": s.n,
            "missing": s.missing,
            "mean": s.mean,
            "sd": s.sd,
            "change_n": c.n if c else None,
            "change_mean": c.mean if c else None,
            "change_sd": c.sd if c else None,
            "change_low": c.mean_low if c else None,
            "change_high": c.mean_high if c else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmEffect:
    """Difference between a group and the reference at one later visit.

    Attributes
    ----------
    endpoint, unit, visit, arm
        What is compared.
    adjusted
        Analysis of covariance of patients with both visits: group minus reference at the visit,
        adjusted for baseline and covariates. None with `note` where it cannot be made.
    repeated
        The same by a mixed model of all visits, which keeps patients with gaps; None with fewer
        than two later visits.
    effect_size
        Hedges' g of the changes, unadjusted; None where it cannot be had.
    note
        Why something is missing.
    """

    endpoint: str
    unit: str
    visit: str
    arm: str
    adjusted: AdjustedDifference | None
    repeated: MixedEstimate | None
    effect_size: Estimate | None
    note: str = ""

    def row(self) -> Row:
        """Row of a table."""
        a, m, g = self.adjusted, self.repeated, self.effect_size
        return {
            "endpoint": self.endpoint,
            "unit": self.unit,
            "visit": self.visit,
            "arm": self.arm,
            "n_arm": a.patients[0] if a else None,
            "n_reference": a.patients[1] if a else None,
            "difference": a.difference.value if a else None,
            "low": a.difference.low if a else None,
            "high": a.difference.high if a else None,
            "p": a.p if a else None,
            "mmrm_difference": m.estimate if m else None,
            "mmrm_low": m.low if m else None,
            "mmrm_high": m.high if m else None,
            "mmrm_p": m.p if m else None,
            "g": g.value if g else None,
            "g_low": g.low if g else None,
            "g_high": g.high if g else None,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRisk:
    """How many of a group and of the reference had an event.

    Attributes
    ----------
    outcome
        The event in words, for example `VAS better by 1.5 points or more`.
    better
        True if the event is what one hopes for.
    visit
        When, or None for events at any time.
    arm
        The group compared with the reference.
    comparison
        Risks, their difference, ratio and odds ratio.
    """

    outcome: str
    better: bool
    visit: str | None
    arm: str
    comparison: RiskComparison

    def row(self) -> Row:
        """Row of a table."""
        c = self.comparison
        row: Row = {"outcome": self.outcome, "visit": self.visit, "arm": self.arm}
        for place, name in enumerate(("arm", "reference")):
            row[f"events_{name}"], row[f"n_{name}"] = c.events[place], c.totals[place]
        for name, found in (
            ("risk_difference", c.difference), ("risk_ratio", c.ratio), ("odds_ratio", c.odds_ratio)
        ):  # fmt: skip
            row[name] = found.value if found else None
            row[f"{name}_low"] = found.low if found else None
            row[f"{name}_high"] = found.high if found else None
        return row | {"p": c.p}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmComparison:
    """Treatment groups compared.

    Attributes
    ----------
    arms
        Patients of each group; the reference comes last.
    reference
        The group that the others are compared with.
    unknown
        Patients whose group is not known.
    rules
        What was agreed on.
    characteristics
        Table 1 by group.
    means, effects, risks
        Of every endpoint and later visit.
    notes
        What could not be done, and why.
    """

    arms: Mapping[str, int]
    reference: str
    unknown: int
    rules: ArmRules
    characteristics: tuple[ArmCharacteristic, ...]
    means: tuple[ArmMeans, ...]
    effects: tuple[ArmEffect, ...]
    risks: tuple[ArmRisk, ...]
    notes: tuple[str, ...]

    @property
    def compared(self) -> tuple[str, ...]:
        """Groups that are compared with the reference."""
        return tuple(arm for arm in self.arms if arm != self.reference)
