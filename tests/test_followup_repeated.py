"""Repeated measures against textbook tables, R's printed output, and closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kyphometer.errors import TooFewValuesError, UnusableDataError
from kyphometer.stats.mixed import mixed_model
from kyphometer.stats.paired import paired_t
from kyphometer.stats.random_intercept import fit_random_intercept
from kyphometer.stats.repeated import friedman, repeated_anova

# Field, Discovering Statistics, "bushtucker": seconds until retching, 8 people x 4 foods.
FIELD = {
    "stick insect": [8, 9, 6, 5, 8, 7, 10, 12],
    "testicle": [7, 5, 2, 3, 4, 5, 2, 6],
    "eyeball": [1, 2, 3, 1, 5, 6, 7, 8],
    "grub": [6, 5, 8, 9, 8, 7, 2, 1],
}
# Hollander and Wolfe 1973, rounding first base, as in R's help(friedman.test).
ROUNDING = np.array(
    [
        5.40, 5.50, 5.55, 5.85, 5.70, 5.75, 5.20, 5.60, 5.50, 5.55, 5.50, 5.40, 5.90, 5.85, 5.70,
        5.45, 5.55, 5.60, 5.40, 5.40, 5.35, 5.45, 5.50, 5.35, 5.25, 5.15, 5.00, 5.85, 5.80, 5.70,
        5.25, 5.20, 5.10, 5.65, 5.55, 5.45, 5.60, 5.35, 5.45, 5.05, 5.00, 4.95, 5.50, 5.50, 5.40,
        5.45, 5.55, 5.50, 5.55, 5.55, 5.35, 5.45, 5.50, 5.55, 5.50, 5.45, 5.25, 5.65, 5.60, 5.40,
        5.70, 5.65, 5.55, 6.30, 6.30, 6.25,
    ]
).reshape(22, 3)  # fmt: skip
SLEEPSTUDY = Path(__file__).parent / "data" / "followup" / "sleepstudy.csv"


def columns_of(table):
    return {f"visit {i}": list(column) for i, column in enumerate(np.asarray(table, float).T)}


def test_textbook_anova_with_epsilons_and_mauchly():
    r = repeated_anova(FIELD)
    assert (r.df_visits, r.df_error, r.n) == (3, 21, 8)
    assert r.f == pytest.approx(3.79, abs=0.005)
    assert r.p_uncorrected == pytest.approx(0.026, abs=0.0005)
    assert r.greenhouse_geisser == pytest.approx(0.533, abs=0.0005)
    assert r.huynh_feldt == pytest.approx(0.666, abs=0.0005)
    assert r.p_greenhouse_geisser == pytest.approx(0.063, abs=0.0005)
    assert r.p_huynh_feldt == pytest.approx(0.048, abs=0.0005)
    assert r.mauchly_w == pytest.approx(0.136, abs=0.0005)
    assert r.mauchly_p == pytest.approx(0.047, abs=0.0005)
    assert r.partial_eta_squared == pytest.approx(0.351, abs=0.0005)


def test_friedman_as_r_prints_it():
    r = friedman(columns_of(ROUNDING))
    assert r.chi_square == pytest.approx(11.143, abs=0.0005)
    assert r.p == pytest.approx(0.003805, abs=5e-7)
    scipy_result = stats.friedmanchisquare(*ROUNDING.T)
    assert r.chi_square == pytest.approx(scipy_result.statistic)


tables = st.integers(0, 2**31).map(
    lambda seed: np.random.default_rng(seed).normal([0, 0.5, 1], size=(9, 3))
)


@given(tables, st.floats(-50, 50), st.floats(0.1, 20))
@settings(deadline=None, max_examples=30)
def test_anova_ignores_shift_scale_and_order(table, shift, scale):
    a = repeated_anova(columns_of(table))
    b = repeated_anova(columns_of(scale * table[::-1, ::-1] + shift))
    assert a.f == pytest.approx(b.f)
    assert a.greenhouse_geisser == pytest.approx(b.greenhouse_geisser)
    assert 0.5 <= a.greenhouse_geisser <= a.huynh_feldt <= 1.0
    assert a.p_uncorrected <= a.p_greenhouse_geisser or a.f < 4


@given(tables)
@settings(deadline=None, max_examples=30)
def test_two_visits_are_the_paired_t(table):
    r = repeated_anova(columns_of(table[:, :2]))
    t = paired_t(table[:, 0], table[:, 1])
    assert r.f == pytest.approx(t.t**2)
    assert r.p_uncorrected == pytest.approx(t.p)
    assert r.greenhouse_geisser == pytest.approx(1.0)
    assert r.mauchly_w is None


def test_incomplete_patients_are_excluded_and_counted():
    table = np.vstack([np.column_stack(list(FIELD.values())), [1, np.nan, 2, 3]])
    r = repeated_anova(columns_of(table))
    assert (r.n, r.excluded) == (8, 1)
    assert r.f == pytest.approx(repeated_anova(FIELD).f)
    assert friedman(columns_of(table)).excluded == 1


def test_same_change_in_every_patient_has_no_f():
    base = np.arange(5.0)
    r = repeated_anova({"a": base + 0.1, "b": base + 0.3, "c": base})
    assert (r.f, r.p_greenhouse_geisser) == (None, None)
    assert "same amount" in r.note
    assert friedman({"a": [1.0, 2.0], "b": [1.0, 2.0]}).p is None


def test_too_few_visits_or_patients_are_refused():
    with pytest.raises(TooFewValuesError, match="2 visits"):
        repeated_anova({"a": [1.0, 2.0]})
    with pytest.raises(TooFewValuesError, match="patients with every visit"):
        friedman({"a": [1.0, None], "b": [1.0, 2.0]})


def sleepstudy():
    table = np.genfromtxt(SLEEPSTUDY, delimiter=",", skip_header=1)[:, 1:]
    days = np.tile(np.arange(10.0), 18)
    return table.ravel(), np.column_stack([np.ones(180), days]), np.repeat(np.arange(18), 10)


def test_random_intercept_as_lme4_and_lmertest_print_it():
    """Reaction ~ Days + (1 | Subject), Belenky et al. 2003 as in lme4."""
    fit = fit_random_intercept(*sleepstudy())
    assert fit.coefficients == pytest.approx([251.4051, 10.4673], abs=5e-5)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([9.7467, 0.8042], abs=5e-5)
    assert fit.variance_patients == pytest.approx(1378.2, abs=0.05)
    assert fit.variance_residual == pytest.approx(960.5, abs=0.05)
    assert fit.reml_criterion == pytest.approx(1786.5, abs=0.05)
    assert fit.contrast(np.array([1.0, 0.0]))[2] == pytest.approx(22.81, abs=0.005)
    assert fit.contrast(np.array([0.0, 1.0]))[2] == pytest.approx(161.0, abs=0.005)


def test_random_intercept_equals_statsmodels_on_unbalanced_data():
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, x, patients = sleepstudy()
    keep = np.random.default_rng(1).random(180) < 0.6
    ours = fit_random_intercept(y[keep], x[keep], patients[keep])
    theirs = MixedLM(y[keep], x[keep], groups=patients[keep]).fit(reml=True)
    assert ours.coefficients == pytest.approx(theirs.fe_params, rel=1e-4)
    assert ours.variance_patients == pytest.approx(float(theirs.cov_re[0, 0]), rel=1e-3)
    assert ours.variance_residual == pytest.approx(theirs.scale, rel=1e-3)
    assert ours.reml_criterion == pytest.approx(-2 * theirs.llf, rel=1e-6)


@given(tables)
@settings(deadline=None, max_examples=30)
def test_mixed_model_of_complete_data_is_the_anova(table):
    """Balanced: difference of means, df (n-1)(k-1), SE from the error mean square of RM-ANOVA."""
    table = table + 3 * np.arange(9)[:, None]
    m = mixed_model("VAS", columns_of(table))
    residual = table - table.mean(0) - table.mean(1)[:, None] + table.mean()
    error = (residual**2).sum() / 16
    first = m.differences[0]
    assert first.estimate == pytest.approx(table[:, 0].mean() - table[:, 1].mean())
    assert first.standard_error == pytest.approx(np.sqrt(2 * error / 9), rel=1e-4)
    assert first.degrees_of_freedom == pytest.approx(16, rel=1e-4)
    assert m.sd_residual == pytest.approx(np.sqrt(error), rel=1e-4)
    assert not m.at_boundary


def test_boundary_is_a_plain_regression_not_a_failure_and_not_zero():
    """science.md#software-traps: where patients are alike, a known fitter returns 0.0."""
    rng = np.random.default_rng(0)
    table = rng.normal([10, 20, 30], size=(20, 3))
    table -= table.mean(axis=1)[:, None] - 20
    m = mixed_model("VAS", columns_of(table))
    assert m.at_boundary
    assert m.sd_patients == 0.0
    assert [e.estimate for e in m.means] == pytest.approx(list(table.mean(axis=0)))
    assert m.differences[0].degrees_of_freedom == 57


def test_missing_visits_keep_their_patients():
    table = np.column_stack([np.arange(8.0), np.arange(8.0) + 2 + np.tile([0.2, -0.2], 4)])
    full = mixed_model("ODI", columns_of(table))
    table[7, 1] = np.nan
    m = mixed_model("ODI", columns_of(table))
    assert (m.observations, m.patients) == (15, 8)
    assert m.differences[0].estimate == pytest.approx(full.differences[0].estimate, abs=0.1)
    assert len(m.rows()) == 3
    assert m.differences[0].p == m.differences[0].p_holm


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
    with pytest.raises(TooFewValuesError, match="values at b"):
        mixed_model("X", {"a": [1.0, 2.0], "b": [None, None]})
    with pytest.raises(TooFewValuesError, match="2 patients"):
        mixed_model("X", {"a": [1.0], "b": [2.0]})
