"""What a comparison of treatment groups rests on, agreed on beforehand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kyphometer.errors import UnusableDataError
from kyphometer.followup.clinical.columns import PRIVATE_PREFIX
from kyphometer.followup.clinical.record import ClinicalRecord

IMPORTANT_CHANGE: Mapping[str, float] = MappingProxyType({"VAS": 1.5, "ODI": 10.0})
"""Smallest improvement that matters to a patient: Ostelo et al. 2008 (VAS 15 of 100, ODI 10)."""
LOSS_LIMIT_DEG = 5.0
"""A loss of correction of as much as this counts, unless the study says otherwise."""
COVARIATES = (
    "age_years", "t_score", "screws", "sex", "corticosteroids", "posterior_wall_ruptured",
    "pedicle_fractured", "posterior_arch_fractured",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRules:
    """Choices of a comparison of treatment groups.

    Attributes
    ----------
    reference
        The group that the others are compared with; empty for the first in alphabetical order.
    important_change
        Improvement of VAS and ODI from which a patient is a responder.
    loss_limit_deg
        Loss of correction that counts as an event.
    covariates
        What differences are adjusted for beside the baseline: columns of the clinical table that
        hold numbers or yes and no, `sex`, or columns of one's own (`x_bmi`).
    """

    reference: str = ""
    important_change: Mapping[str, float] = field(default_factory=lambda: IMPORTANT_CHANGE)
    loss_limit_deg: float = LOSS_LIMIT_DEG
    covariates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        limits = {**self.important_change, "loss of correction": self.loss_limit_deg}
        for name, value in limits.items():
            if not (math.isfinite(value) and value > 0):
                raise UnusableDataError("limit_of", name=name, value=value)
        for name in self.covariates:
            if name not in COVARIATES and not name.startswith(PRIVATE_PREFIX):
                raise UnusableDataError(
                    "no_covariate",
                    name=name,
                    names=", ".join(COVARIATES),
                    private_prefix=PRIVATE_PREFIX,
                )


DEFAULT_ARM_RULES = ArmRules()


def covariate(record: ClinicalRecord, name: str) -> float | None:
    """A patient's value of a covariate; yes and female are 1, no and male 0.

    Raises
    ------
    UnusableDataError
        If it is a word.
    """
    value = record.own.get(name) if name.startswith(PRIVATE_PREFIX) else getattr(record, name)
    if name == "sex":
        return {"female": 1.0, "male": 0.0}.get(str(value))
    if isinstance(value, str):
        raise UnusableDataError("covariate_words", name=name, value=value)
    return None if value is None else float(value)
