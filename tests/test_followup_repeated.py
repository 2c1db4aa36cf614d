"""Repeated measures against textbook tables, R's printed output, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kyphometer.errors import TooFewValuesError
from kyphometer.stats.paired import paired_t
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
