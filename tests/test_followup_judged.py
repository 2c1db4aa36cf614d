"""A change is judged by the best that is known: carry-over, the study's SEM, a published one."""

from __future__ import annotations

import math

import pytest

from kyphometer.film import Position
from kyphometer.followup.carried import CARRIED
from kyphometer.followup.correction import ChangeUncertainty, CorrectionRules
from kyphometer.followup.correction_model import Verdict
from kyphometer.followup.judged import Basis, judge
from kyphometer.followup.positions import PositionPolicy
from kyphometer.followup.precision import MeasurementPrecision, PrecisionSource, published_precision
from kyphometer.followup.visit_angles import VisitAngle

ALANAY_DEG = 9.3
"""Widest 95 % intra-observer agreement in Alanay 2007 (doi 10.1007/s00586-007-0474-z)."""


def angle(visit, value, code="VKA", position=Position.STANDING):
    pair = {"upper": "L1.superior", "lower": "L1.inferior"}
    return VisitAngle(
        patient="P", visit=visit, code=code, value_deg=value, position=position, **pair
    )


def carried(sd_deg):
    pair = {"upper": "L1.superior", "lower": "L1.inferior"}
    item = ChangeUncertainty(
        patient="P",
        code="VKA",
        earlier="a",
        later="b",
        standard_uncertainty_deg=sd_deg,
        source=CARRIED,
        **pair,
    )
    return {item.key: item}


def sem(value, source=PrecisionSource.STATED):
    return {
        "VKA": MeasurementPrecision(
            code="VKA", standard_error_of_measurement_deg=value, source=source, description=""
        )
    }


def judged(difference, **rules):
    return judge(angle("a", 20.0), angle("b", 20.0 + difference), CorrectionRules(**rules))


def test_without_anything_a_published_repeatability_judges():
    """MDC95 is the repeatability coefficient itself, so the published one is the limit."""
    found = judged(-9.2)
    assert (found.basis, found.verdict) == (Basis.PUBLISHED, Verdict.UNCHANGED)
    assert found.limit_deg == pytest.approx(ALANAY_DEG)
    assert found.standard_error_deg == pytest.approx(ALANAY_DEG / (1.96 * math.sqrt(2)), rel=1e-4)
    assert judged(-9.4).verdict is Verdict.IMPROVED
    assert judged(9.4).verdict is Verdict.WORSE


def test_the_study_goes_before_the_publication_and_the_carried_change_before_both():
    stated = judged(-5.0, precision=sem(1.5))
    assert (stated.basis, stated.verdict) == (Basis.STATED, Verdict.IMPROVED)
    assert stated.limit_deg == pytest.approx(1.96 * math.sqrt(2) * 1.5, rel=1e-4)
    own = judged(-4.0, precision=sem(1.5, PrecisionSource.OWN_REPEATS))
    assert (own.basis, own.verdict) == (Basis.OWN_REPEATS, Verdict.UNCHANGED)
    known = judged(-1.0, precision=sem(1.5), change_uncertainties=carried(0.5))
    assert (known.basis, known.verdict) == (Basis.CARRIED, Verdict.IMPROVED)
    assert known.limit_deg == pytest.approx(0.98, abs=1e-3)


def test_a_carried_change_within_its_own_error_is_unchanged_whatever_the_sem_says():
    found = judged(-6.0, precision=sem(0.5), change_uncertainties=carried(4.0))
    assert found.verdict is Verdict.UNCHANGED


def test_angles_of_other_regions_have_no_published_error_of_fractures():
    assert published_precision("T4_T12") is None
    found = judge(angle("a", 40, "T4_T12"), angle("b", 20, "T4_T12"), CorrectionRules())
    assert (found.basis, found.limit_deg, found.verdict) == (None, None, Verdict.NOT_JUDGED)


def test_a_change_that_may_not_be_stated_is_not_judged():
    strict = CorrectionRules()
    found = judge(angle("a", 30), angle("b", 5, position=Position.SUPINE), strict)
    assert (found.difference_deg, found.verdict) == (None, Verdict.NOT_JUDGED)
    loose = CorrectionRules(positions=PositionPolicy(allow_mixed=True))
    found = judge(angle("a", 30), angle("b", 5, position=Position.SUPINE), loose)
    assert (found.difference_deg, found.verdict) == (-25.0, Verdict.IMPROVED)
