"""Variance components: identities, published numbers, unbalanced readings and coverage."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kyphometer.errors import NoVariationError, ParameterRangeError, TooFewDataError
from kyphometer.reliability.component_intervals import (
    component_pivots,
    icc_estimates,
    precision_estimates,
)
from kyphometer.reliability.components import anova_components, variance_components
from kyphometer.reliability.crossed import MeanSquares
from kyphometer.reliability.gauge import gauge_study
from kyphometer.reliability.icc import icc_value, intraclass_correlations, two_way_table
from kyphometer.reliability.reml import _cells, fit_reml, restricted_deviance
from kyphometer.reliability.repeatability import repeatability

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
VARIANCES = (8.0, 0.5, 1.0, 2.0)  # film, observer, film x observer, residual


def simulate(rng, films, observers, replicates, variances=VARIANCES):
    film, observer, crossed, residual = (math.sqrt(v) for v in variances)
    return (
        20.0
        + rng.normal(0, film, (films, 1, 1))
        + rng.normal(0, observer, (1, observers, 1))
        + rng.normal(0, crossed, (films, observers, 1))
        + rng.normal(0, residual, (films, observers, replicates))
    )


def test_shrout_fleiss_standard_errors_of_measurement():
    """science.md#sem: agreement 2.50278, consistency 1.00968; inter-observer ICC is ICC(A,1)."""
    result = variance_components(SHROUT_FLEISS)
    assert result.precision.agreement.value == pytest.approx(2.50278, abs=5e-6)
    assert result.precision.consistency.value == pytest.approx(1.00968, abs=5e-6)
    assert result.icc_inter_observer.value == pytest.approx(
        icc_value("A", two_way_table(SHROUT_FLEISS)), abs=1e-12
    )
    assert result.precision.intra_observer is None
    assert result.film_by_observer is None


def test_components_add_up_and_mdc_is_2_77_sem():
    result = variance_components(simulate(np.random.default_rng(2), 21, 3, 2))
    total = (
        result.film.value
        + result.observer.value
        + result.film_by_observer.value
        + result.residual.value
    )
    assert sum(result.shares) == pytest.approx(1.0)
    assert result.icc_inter_observer.value == pytest.approx(result.film.value / total)
    assert result.icc_intra_observer.value == pytest.approx(1 - result.residual.value / total)
    assert result.precision.mdc95_agreement.value == pytest.approx(
        2.7719 * result.precision.agreement.value, rel=1e-4
    )


def test_intra_observer_sem_has_the_exact_interval():
    """science.md#sem: SEM sqrt(df / chi-square), here with 21 x 1 x 1 = 21 degrees of freedom."""
    result = repeatability(simulate(np.random.default_rng(4), 21, 2, 2)[:, 0])
    sem = result.standard_error_of_measurement
    assert result.df == 21
    assert (sem.low / sem.value, sem.high / sem.value) == pytest.approx((0.77, 1.43), abs=0.006)
    crossed = variance_components(simulate(np.random.default_rng(4), 20, 2, 2)).precision
    ratio = crossed.intra_observer.high / crossed.intra_observer.value
    assert ratio == pytest.approx(1.28, abs=0.006)  # 40 degrees of freedom


def test_sem_of_two_readings_is_sd_of_difference_over_root_two():
    first, second = np.random.default_rng(6).normal(20, 3, (2, 30))
    sem = repeatability(np.column_stack([first, second])).standard_error_of_measurement.value
    rms = math.sqrt(np.mean((first - second) ** 2))
    assert sem == pytest.approx(rms / math.sqrt(2))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(5, 15), st.integers(2, 4), st.integers(1, 3))
def test_reml_equals_anova_where_readings_are_balanced(seed, films, observers, replicates):
    cube = simulate(np.random.default_rng(seed), films, observers, replicates)
    result = variance_components(cube)
    film, observer, crossed, residual = anova_components(result.mean_squares)
    fit = fit_reml(cube)
    if min(film, observer, 1.0 if crossed is None else crossed) > 0.0:
        total = film + observer + residual
        assert fit.film == pytest.approx(film, abs=1e-4 * total)
        assert fit.observer == pytest.approx(observer, abs=1e-4 * total)
        assert fit.residual == pytest.approx(residual, abs=1e-4 * total)


def test_reml_agrees_with_statsmodels_on_missing_cells():
    pandas = pytest.importorskip("pandas")
    mixed = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    rng = np.random.default_rng(5)
    cube = simulate(rng, 15, 3, 2, (8.0, 2.0, 2.0, 2.0))
    cube[rng.random(cube.shape) < 0.2] = np.nan
    film, observer, replicate = np.nonzero(np.isfinite(cube))
    frame = pandas.DataFrame(
        {"y": cube[film, observer, replicate], "film": film, "observer": observer, "one": 1}
    )
    frame["cell"] = frame.film * 10 + frame.observer
    model = mixed.MixedLM.from_formula(
        "y ~ 1",
        frame,
        groups="one",
        vc_formula={"a": "0+C(film)", "b": "0+C(observer)", "c": "0+C(cell)"},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # statsmodels complains at its own stopping rule
        other = model.fit()
    ours = fit_reml(cube)
    assert [ours.film, ours.observer, ours.interaction] == pytest.approx(
        list(other.vcomp), abs=2e-3
    )
    assert ours.residual == pytest.approx(other.scale, abs=1e-3)


def test_the_gradient_of_the_likelihood_is_its_slope():
    rng = np.random.default_rng(7)
    cube = simulate(rng, 8, 3, 2)
    cube[rng.random(cube.shape) < 0.2] = np.nan
    cells, _ = _cells(cube)
    at = np.array([0.7, 0.1, 0.2, 0.4])
    _, gradient, _ = restricted_deviance(at, cells)
    for index, step in enumerate(1e-6 * np.eye(4)):
        up, down = (restricted_deviance(at + s * step, cells)[0] for s in (1, -1))
        assert gradient[index] == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-6)


def test_missing_cells_leave_the_estimators_unbiased():
    """Mean of 100 REML fits with a fifth of the readings missing, within 3 standard errors."""
    rng = np.random.default_rng(11)
    found = []
    for _ in range(100):
        cube = simulate(rng, 30, 4, 2, (8.0, 2.0, 2.0, 2.0))
        cube[rng.random(cube.shape) < 0.2] = np.nan
        fit = fit_reml(cube)
        found.append((fit.film, fit.observer, fit.interaction, fit.residual))
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / math.sqrt(len(found))
    assert np.all(np.abs(mean - [8.0, 2.0, 2.0, 2.0]) < 3.0 * error)


def test_unbalanced_result_says_so_and_keeps_the_design_open():
    cube = simulate(np.random.default_rng(8), 12, 3, 2)
    cube[0, 0, 1] = cube[3, 2, 0] = np.nan
    result = variance_components(cube)
    assert "REML" in result.method
    assert (result.design.missing, result.design.readings) == (2, 70)
    balanced = variance_components(simulate(np.random.default_rng(8), 12, 3, 2))
    assert balanced.method == "ANOVA (balanced)"
    assert result.precision.intra_observer.value == pytest.approx(
        balanced.precision.intra_observer.value, rel=0.1
    )


def table_of(rng, films, observers, replicates):
    film, observer, crossed, residual = VARIANCES
    interaction = residual + replicates * crossed
    expected = (
        interaction + observers * replicates * film,
        interaction + films * replicates * observer,
        interaction,
        residual,
    )
    dfs = (
        films - 1,
        observers - 1,
        (films - 1) * (observers - 1),
        films * observers * (replicates - 1),
    )
    found = [e * rng.chisquare(df) / df for e, df in zip(expected, dfs, strict=True)]
    return MeanSquares(
        film=found[0],
        observer=found[1],
        interaction=found[2],
        residual=found[3],
        film_df=dfs[0],
        observer_df=dfs[1],
        interaction_df=dfs[2],
        residual_df=dfs[3],
        films=films,
        observers=observers,
        replicates=replicates,
    )


@pytest.mark.parametrize("films", [10, 21, 43])
@pytest.mark.parametrize("observers", [2, 3])
def test_intervals_cover_the_true_values(films, observers):
    """500 studies each: 95 % coverage within 3 standard errors, 0.921 to 0.979."""
    rng = np.random.default_rng(100 * films + observers)
    film, observer, crossed, residual = VARIANCES
    total = sum(VARIANCES)
    truth = [film / total, 1 - residual / total] + [
        math.sqrt(v) for v in (residual, residual + crossed, residual + crossed + observer)
    ]
    hits = np.zeros(5)
    for _ in range(500):
        table = table_of(rng, films, observers, 2)
        pieces, pivots = anova_components(table), component_pivots(table)
        precision = precision_estimates(pieces, pivots, 0.95, "deg")
        estimates = (
            *icc_estimates(pieces, pivots, 0.95),
            precision.intra_observer,
            precision.consistency,
            precision.agreement,
        )
        hits += [e.low <= t <= e.high for e, t in zip(estimates, truth, strict=True)]
    assert np.all((hits / 500 > 0.921) & (hits / 500 < 0.979)), hits / 500


def test_gauge_identities():
    """science.md#gauge: %GRR = 100 sqrt(1 - ICC); 30 % is ICC 0.91; five categories 0.926."""
    components = variance_components(simulate(np.random.default_rng(9), 40, 3, 2))
    gauge = gauge_study(components, tolerance=10.0)
    icc = components.icc_inter_observer
    assert gauge.percent_gauge.value == pytest.approx(100 * math.sqrt(1 - icc.value))
    assert gauge.percent_gauge.value == pytest.approx(100 * gauge.gauge.value / gauge.total)
    assert gauge.percent_gauge.low == pytest.approx(100 * math.sqrt(1 - icc.high))
    assert gauge.category_ratio.value == pytest.approx(1.41 * gauge.film / gauge.gauge.value)
    assert gauge.distinct_categories == math.floor(gauge.category_ratio.value)
    assert gauge.precision_to_tolerance.value == pytest.approx(0.6 * gauge.gauge.value)
    assert 1.41 * math.sqrt(0.9263 / (1 - 0.9263)) == pytest.approx(5.0, abs=0.01)
    parts = math.hypot(gauge.repeatability, gauge.reproducibility)
    assert gauge.gauge.value == pytest.approx(parts)
    with pytest.raises(ParameterRangeError):
        gauge_study(components, tolerance=0.0)


def test_refusals():
    with pytest.raises(TooFewDataError):
        variance_components([[1.0, 2.0]])
    with pytest.raises(NoVariationError):
        variance_components([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    with pytest.raises(TooFewDataError):
        repeatability([[1.0, np.nan], [2.0, np.nan]])
    with pytest.raises(NoVariationError):
        repeatability([[1.0, 1.0], [2.0, 2.0]])


def test_table_rows_carry_every_estimate():
    rows = variance_components(simulate(np.random.default_rng(1), 10, 2, 2)).table_rows()
    names = {row["name"] for row in rows}
    assert {"inter-observer ICC", "SEM, agreement", "MDC95, intra-observer"} <= names
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)


def test_agreement_covers_where_observers_agree_and_is_not_widened_by_a_few_repeats():
    """Sums of cut pivots covered 87 to 91 % here; two repeats tripled an interval."""
    rng = np.random.default_rng(6)
    hits, widths = 0, []
    for _ in range(300):
        cube = rng.normal(0, 5, (10, 1, 1)) + rng.normal(0, 1, (10, 2, 2))
        found = variance_components(cube).precision.agreement
        hits += found.low <= 1.0 <= found.high
        few = cube.copy()
        few[2:, :, 1] = np.nan
        one, two = (variance_components(c).precision.consistency for c in (few, cube[:, :, :1]))
        widths.append((one.high - one.low) / (two.high - two.low))
    assert 0.92 * 300 <= hits <= 0.985 * 300
    assert np.median(widths) < 1.25


def clustered_cube(rng, patients, share, observers=3, replicates=1):
    """Films of patients: `share` of their variance of 9 lies between patients."""
    films = len(patients)
    own = rng.normal(0, math.sqrt(9 * share), patients.max() + 1)[patients]
    film = own + rng.normal(0, math.sqrt(9 * (1 - share)), films)
    return (
        film[:, None, None]
        + rng.normal(0, math.sqrt(0.05), (1, observers, 1))
        + rng.normal(0, math.sqrt(1.5), (films, observers, replicates))
    )


@pytest.mark.parametrize("share", [0.0, 0.8, 1.0])
def test_intervals_count_patients_where_films_share_them(share):
    """This program's own design: 21 patients at 4 visits (as 0.8: 76 to 89 % before)."""
    rng, patients, hits = np.random.default_rng(11), np.repeat(np.arange(21), 4), []
    true = 9 / (9 + 0.05 + 1.5)
    for _ in range(120):
        cube = clustered_cube(rng, patients, share)
        icc = variance_components(cube, patients=patients).icc_inter_observer
        forms = intraclass_correlations(cube[:, :, 0], patients=patients)
        agreement = forms.form("ICC(A,1)").estimate
        hits.append([icc.low <= true <= icc.high, agreement.low <= true <= agreement.high])
    assert np.mean(hits, axis=0).min() > 0.95 - 3 * math.sqrt(0.0475 / 120)


def test_films_of_patients_have_the_variances_of_the_nested_analysis():
    """By hand: F and P mean squares of a balanced nested design give the sum of both variances."""
    patients = np.repeat(np.arange(6), 3)
    cube = clustered_cube(np.random.default_rng(3), patients, 0.5)
    means = cube[:, :, 0].mean(axis=1).reshape(6, 3)
    between = 3 * 3 * means.mean(axis=1).var(ddof=1)
    within = 3 * means.var(axis=1, ddof=1).mean()
    error = variance_components(cube).mean_squares.interaction
    both = (between - within) / 9 + (within - error) / 3
    found = variance_components(cube, patients=[f"P{p}" for p in patients])
    assert found.film.value == pytest.approx(both)
    assert found.levels is not None
    assert (found.levels.patients, found.levels.films_a_patient) == (6, pytest.approx(3.0))
    assert variance_components(cube, patients=range(18)).film == variance_components(cube).film
