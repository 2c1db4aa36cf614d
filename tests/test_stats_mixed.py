"""Mixed models against lme4, nlme, pbkrtest and the paired t test, and their error rates."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kyphometer.errors import TooFewValuesError, UnusableDataError
from kyphometer.stats.linear_reml import fit_linear_reml
from kyphometer.stats.long_data import (
    LongData,
    compound_symmetry,
    equal_covariances,
    unstructured,
)
from kyphometer.stats.mixed import mixed_model
from kyphometer.stats.paired import paired_t

SLEEPSTUDY = Path(__file__).parent / "data" / "followup" / "sleepstudy.csv"
NA = np.nan
GAPS = np.array(
    [
        [18.1, 14.2, 20.3, 16.8, 22.4, 19.0, 17.7, 15.9, 21.2, 18.5],
        [11.0, 9.1, 12.2, 10.4, 14.9, NA, 10.8, 9.9, 13.0, NA],
        [12.2, 9.8, 13.9, 10.1, NA, 12.6, 11.7, NA, 14.8, 11.9],
    ]
).T
# Assumed, not measured: a pre-op visit that varies more and correlates less than later ones.
COHORT = np.array(
    [[7.8, 1.9, 2.2, 2.4], [1.9, 3.0, 2.1, 2.0], [2.2, 2.1, 3.1, 2.3], [2.4, 2.0, 2.3, 3.2]]
)


def columns_of(table):
    return {f"visit {i}": list(column) for i, column in enumerate(np.asarray(table, float).T)}


def long_form(table, design=None):
    patients, visits = np.nonzero(~np.isnan(table))
    columns = np.eye(table.shape[1]) if design is None else design
    return LongData(
        values=table[patients, visits], design=columns[visits], patients=patients, visits=visits
    )


def test_unstructured_fit_as_nlme_prints_it():
    """gls(y ~ v - 1, correlation = corSymm(form = ~ t | s), weights = varIdent(form = ~ 1 | v))."""
    fit = fit_linear_reml(long_form(GAPS), unstructured(3))
    assert fit.coefficients == pytest.approx([18.41, 11.46557896, 12.27122952], abs=1e-5)
    assert np.sqrt(np.diag(fit.visit_covariance)) == pytest.approx(
        [2.4687, 1.6681, 1.9447], abs=5e-5
    )
    covariance = [0.6094325, 0.3980262, 0.4628348, 0.2828382, 0.3031543, 0.3848574]
    assert fit.model_covariance[np.triu_indices(3)] == pytest.approx(covariance, rel=1e-5)
    assert fit.reml_criterion == pytest.approx(66.86183266, abs=1e-7)


def test_kenward_roger_as_pbkrtest_prints_it():
    """KRmodcomp(lmer(y ~ v + (1 | s)), lmer(y ~ 1 + (1 | s)))."""
    design = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    fit = fit_linear_reml(long_form(GAPS, design), compound_symmetry(3))
    test = fit.joint_test(np.eye(3)[1:])
    assert (test.f, test.df_denominator) == pytest.approx((349.5359802, 14.10072187), rel=1e-6)
    assert test.p == pytest.approx(9.694241738e-13, rel=1e-5)
    errors = [0.6633099036, 0.2964378296, 0.2964378296]
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(errors, rel=1e-6)
    single = fit.joint_test(np.eye(3)[1:2])
    estimate, error, df = fit.contrast(np.eye(3)[1])
    assert single.f == pytest.approx((estimate / error) ** 2)
    assert single.df_denominator == pytest.approx(df)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="Rscript is not installed")
@pytest.mark.parametrize("seed", [1, 2])
def test_unstructured_fit_equals_nlme_on_other_data(seed):
    rng = np.random.default_rng(seed)
    table = 15 + rng.normal(size=(14, 4)) @ np.linalg.cholesky(COHORT).T
    table[rng.random(table.shape) < 0.1] = NA
    numbers = ",".join("NA" if np.isnan(x) else repr(float(x)) for x in table.ravel())
    script = f"""
    options(digits=12)
    if (!suppressWarnings(require(nlme, quietly=TRUE))) quit(status=3)
    d <- data.frame(y=c({numbers}), t=rep(1:4, 14), s=factor(rep(1:14, each=4)))
    d <- d[!is.na(d$y),]; d$v <- factor(d$t)
    f <- gls(y ~ v - 1, d, correlation=corSymm(form=~t|s), weights=varIdent(form=~1|v),
             control=glsControl(tolerance=1e-10, msTol=1e-12))
    cat(coef(f), sqrt(diag(vcov(f))), -2 * logLik(f))
    """
    done = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, timeout=120)
    if done.returncode == 3:
        pytest.skip("R's nlme is not installed")
    theirs = np.array(done.stdout.split(), float)
    ours = fit_linear_reml(long_form(table), unstructured(4))
    assert ours.reml_criterion == pytest.approx(theirs[8], abs=1e-5)
    assert ours.coefficients == pytest.approx(theirs[:4], abs=1e-3)
    assert np.sqrt(np.diag(ours.model_covariance)) == pytest.approx(theirs[4:8], rel=1e-3)


def sleepstudy():
    table = np.genfromtxt(SLEEPSTUDY, delimiter=",", skip_header=1)[:, 1:]
    return table, np.column_stack([np.ones(10), np.arange(10.0)])


def test_random_intercept_as_lme4_and_lmertest_print_it():
    """Reaction ~ Days + (1 | Subject), Belenky et al. 2003 as in lme4."""
    fit = fit_linear_reml(long_form(*sleepstudy()), compound_symmetry(10))
    assert fit.coefficients == pytest.approx([251.4051, 10.4673], abs=5e-5)
    assert np.sqrt(np.diag(fit.model_covariance)) == pytest.approx([9.7467, 0.8042], abs=5e-5)
    assert fit.parameters == pytest.approx([1378.2, 960.5], abs=0.05)
    assert fit.reml_criterion == pytest.approx(1786.5, abs=0.05)
    assert fit.contrast(np.array([1.0, 0.0]))[2] == pytest.approx(22.81, abs=0.005)
    assert fit.contrast(np.array([0.0, 1.0]))[2] == pytest.approx(161.0, abs=0.005)


def test_random_intercept_equals_statsmodels_on_unbalanced_data():
    from statsmodels.regression.mixed_linear_model import MixedLM

    table, design = sleepstudy()
    table[np.random.default_rng(1).random(table.shape) > 0.6] = NA
    data = long_form(table, design)
    ours = fit_linear_reml(data, compound_symmetry(10))
    theirs = MixedLM(data.values, data.design, groups=data.patients).fit(reml=True)
    assert ours.coefficients == pytest.approx(theirs.fe_params, rel=1e-4)
    assert ours.parameters[0] == pytest.approx(float(theirs.cov_re[0, 0]), rel=1e-3)
    assert ours.parameters[1] == pytest.approx(theirs.scale, rel=1e-3)
    assert ours.reml_criterion == pytest.approx(-2 * theirs.llf, rel=1e-6)


tables = st.integers(0, 2**31).map(
    lambda seed: np.random.default_rng(seed).normal([0, 0.5, 1], size=(9, 3))
)


@given(tables)
@settings(deadline=None, max_examples=25)
def test_complete_data_give_the_paired_t(table):
    model = mixed_model("VAS", columns_of(table))
    assert model.covariance.fallback == ""
    for found, (a, b) in zip(model.differences, [(0, 1), (0, 2), (1, 2)], strict=True):
        t = paired_t(table[:, a], table[:, b])
        assert found.estimate == pytest.approx(t.mean_difference)
        assert (found.low, found.high) == pytest.approx((t.low, t.high))
        assert (found.t, found.degrees_of_freedom, found.p) == pytest.approx((t.t, 8, t.p))


@given(tables, st.floats(-50, 50), st.floats(0.1, 20), st.integers(0, 2**31))
@settings(deadline=None, max_examples=25)
def test_shift_scale_and_order_of_patients_change_nothing_else(table, shift, scale, seed):
    rng = np.random.default_rng(seed)
    table[rng.random(9) < 0.3, 2] = NA
    a = mixed_model("VAS", columns_of(table))
    b = mixed_model("VAS", columns_of(scale * table[rng.permutation(9)] + shift))
    assert b.all_visits.f == pytest.approx(a.all_visits.f, rel=1e-4)
    for one, two in zip(a.differences, b.differences, strict=True):
        assert two.estimate == pytest.approx(scale * one.estimate, abs=1e-5 * scale)
        assert two.p == pytest.approx(one.p, rel=1e-3, abs=1e-9)
        assert one.low <= one.estimate <= one.high


def test_a_difference_is_that_of_the_stated_means():
    model = mixed_model("VKA", columns_of(GAPS))
    means = {e.first: e.estimate for e in model.means}
    for found in model.differences:
        assert found.estimate == pytest.approx(means[found.first] - means[found.second])
    assert (model.observations, model.patients) == (26, 10)
    assert len(model.rows()) == 6


def test_too_few_patients_get_fewer_parameters_and_a_sentence():
    model = mixed_model("VKA", columns_of(GAPS[:3]))
    assert model.covariance.parameters < 6
    assert model.covariance.structure in model.method
    assert "only 3 patients" in model.covariance.fallback
    fit = fit_linear_reml(long_form(GAPS), equal_covariances(3))
    assert np.linalg.eigvalsh(fit.visit_covariance).min() > 0
    assert np.ptp(fit.visit_covariance[np.triu_indices(3, 1)]) == pytest.approx(0, abs=1e-9)


def test_patients_who_do_not_vary_give_no_failure_and_no_zero():
    """science.md#software-traps: at this boundary a known fitter returns fixed effects of 0.0."""
    rng = np.random.default_rng(0)
    table = rng.normal([10, 20, 30], size=(20, 3))
    table -= table.mean(axis=1)[:, None] - 20
    model = mixed_model("VAS", columns_of(table))
    assert [e.estimate for e in model.means] == pytest.approx(list(table.mean(axis=0)))
    assert model.covariance.structure == "independent values"


def rejections(missing, studies=150):
    """Share of studies without any true difference in which p is below 0.05, by pair."""
    rng = np.random.default_rng(5)
    factor = np.linalg.cholesky(COHORT).T
    found = []
    for _ in range(studies):
        table = rng.normal(size=(21, 4)) @ factor
        table[rng.random(21) < missing, -1] = NA
        found.append([e.p < 0.05 for e in mixed_model("VKA", columns_of(table)).differences])
    return np.mean(found, axis=0)


def test_error_rate_is_the_nominal_one_for_every_pair_with_missing_visits():
    """3 standard errors of 150 studies: 5.3 points."""
    assert np.abs(rejections(0.15) - 0.05).max() < 0.055


def test_actual_days_recover_a_known_slope():
    """Values made with 0.05 a day away from the target day: found, and the means adjusted."""
    rng = np.random.default_rng(7)
    patients = rng.normal(0, 3, 40)
    late = rng.integers(-5, 15, 40).astype(float)
    columns = {
        "preoperative": patients + 18 + rng.normal(0, 0.1, 40),
        "six_months": patients + 12 + 0.05 * late + rng.normal(0, 0.1, 40),
    }
    m = mixed_model("VKA", columns, {"six_months": late})
    assert m.day_slope == pytest.approx(0.05, abs=0.015)
    assert m.day_slope_p < 0.001
    assert m.differences[0].estimate == pytest.approx(6.0, abs=0.1)
    assert "actual day" in m.method
    unadjusted = mixed_model("VKA", columns, {"six_months": np.zeros(40)})
    assert unadjusted.day_slope is None


def test_mixed_model_refuses_what_it_cannot_fit():
    with pytest.raises(UnusableDataError, match="patient 2 at b has no day"):
        mixed_model("X", {"a": [1.0, 2, 4], "b": [1.0, 3, 9]}, {"b": [1, None, 2]})
    with pytest.raises(UnusableDataError, match="no variation left"):
        mixed_model("X", {"a": [1.0, 2, 3], "b": [2.0, 3, 4]})
    with pytest.raises(TooFewValuesError, match="1 value at b"):
        mixed_model("X", {"a": [1.0, 2.0], "b": [None, None]})
    with pytest.raises(TooFewValuesError, match="2 patients"):
        mixed_model("X", {"a": [1.0], "b": [2.0]})


def test_kenward_roger_on_a_saturated_design_is_the_limit_of_its_neighbours():
    """Two contrasts with a1 = 2 and a2 = 1: their F's variance has no bound there."""
    from kyphometer.stats.linear_reml import _kenward_roger

    assert _kenward_roger(2, 2.0, 1.0) == pytest.approx((1.0, 4.0))
    assert _kenward_roger(2, 2.0000001, 1.0) == pytest.approx((1.0, 4.0), abs=1e-6)
