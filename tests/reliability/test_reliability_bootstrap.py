"""The cluster bootstrap against brute force, against the components, and its coverage."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from kyphometer.errors import IncompleteDesignError, TooFewDataError
from kyphometer.reliability.bootstrap import cluster_bootstrap
from kyphometer.reliability.bootstrap_quantities import film_features, log_quantities
from kyphometer.reliability.components import variance_components
from kyphometer.reliability.crossed import mean_squares

BIAS = np.array([-0.8, 0.1, 0.7])


def simulate(rng, films, replicates=2):
    return (
        20.0
        + rng.normal(0, math.sqrt(8), (films, 1, 1))
        + BIAS[None, :, None]
        + rng.normal(0, 1, (films, 3, 1))
        + rng.normal(0, math.sqrt(2), (films, 3, replicates))
    )


@pytest.mark.parametrize("replicates", [1, 2])
def test_one_matrix_product_equals_resampling_by_hand(replicates):
    rng = np.random.default_rng(1)
    cube = simulate(rng, 12, replicates)
    picks = rng.integers(0, 12, (5, 12))
    weights = np.array([np.bincount(p, minlength=12) for p in picks]) / 12
    found = log_quantities(weights, film_features(cube), cube.shape).estimate
    for row, pick in zip(found, picks, strict=True):
        table = mean_squares(cube[pick])
        p, o, r = 12, 3, replicates
        residual = table.residual or 0.0
        interaction = (table.interaction - residual) / r
        observer = (table.observer - table.interaction) / (p * r)
        film = (table.film - table.interaction) / (o * r)
        error = residual + interaction + observer
        assert row[1] == pytest.approx(math.log(residual + interaction))
        assert row[2] == pytest.approx(math.log(error))
        assert row[3] == pytest.approx(math.log(error / (error + film)))


def test_standard_errors_agree_with_the_spread_of_the_samples():
    cube = simulate(np.random.default_rng(2), 200)
    weights = np.random.default_rng(3).multinomial(200, np.full(200, 1 / 200), 4000) / 200
    drawn = log_quantities(weights, film_features(cube), cube.shape)
    observed = log_quantities(np.full((1, 200), 1 / 200), film_features(cube), cube.shape)
    assert drawn.estimate.std(axis=0) == pytest.approx(observed.standard_error[0], rel=0.1)


def test_values_are_those_of_the_components_and_seeds_repeat():
    cube = simulate(np.random.default_rng(4), 30)
    one, other = (cluster_bootstrap(cube, seed=7) for _ in range(2))
    assert one == other
    components = variance_components(cube)
    assert one.quantity("SEM, agreement").estimate.value == pytest.approx(
        components.precision.agreement.value
    )
    assert one.quantity("inter-observer ICC").estimate.value == pytest.approx(
        components.icc_inter_observer.value
    )
    sem, mdc = (one.quantity(n).estimate for n in ("SEM, intra-observer", "MDC95, intra-observer"))
    assert mdc.high / sem.high == pytest.approx(NormalDist().inv_cdf(0.975) * math.sqrt(2))


def test_intra_observer_needs_replicates():
    names = [i.name for i in cluster_bootstrap(simulate(np.random.default_rng(5), 20, 1)).intervals]
    assert not [name for name in names if "intra" in name]


@pytest.mark.parametrize("films", [10, 21, 43])
def test_bootstrap_t_covers(films):
    """150 studies; 95 % less 3 standard errors and 1.5 points that a bootstrap of 10 may lack."""
    rng = np.random.default_rng(films)
    bias = BIAS.var(ddof=1)
    truth = {
        "SEM, intra-observer": math.sqrt(2),
        "SEM, consistency": math.sqrt(3),
        "SEM, agreement": math.sqrt(3 + bias),
        "inter-observer ICC": 8 / (11 + bias),
        "intra-observer ICC": 1 - 2 / (11 + bias),
    }
    hits = dict.fromkeys(truth, 0)
    for seed in range(150):
        result = cluster_bootstrap(simulate(rng, films), replicates=400, seed=seed)
        for name, value in truth.items():
            low, high = result.quantity(name).estimate.interval()
            hits[name] += low <= value <= high
    assert all(hit / 150 > 0.882 for hit in hits.values()), hits


def test_refusals():
    cube = simulate(np.random.default_rng(6), 10)
    with pytest.raises(TooFewDataError):
        cluster_bootstrap(cube[:4])
    cube[0, 0, 0] = np.nan
    with pytest.raises(IncompleteDesignError):
        cluster_bootstrap(cube)


def test_patients_are_drawn_with_all_their_films():
    """Standard errors are those of samples of patients; with one film each nothing changes."""
    rng = np.random.default_rng(8)
    owner = np.repeat(np.arange(80), 3)
    cube = simulate(rng, 240) + rng.normal(0, 3, (80, 1, 1))[owner]
    drawn = np.random.default_rng(9).multinomial(80, np.full(80, 1 / 80), 4000)[:, owner] / 240
    features = film_features(cube)
    spread = log_quantities(drawn, features, cube.shape, owner).estimate.std(axis=0)
    one = np.full((1, 240), 1 / 240)
    by_patient = log_quantities(one, features, cube.shape, owner).standard_error[0]
    by_film = log_quantities(one, features, cube.shape).standard_error[0]
    assert spread == pytest.approx(by_patient, rel=0.1)
    assert by_patient[3] > 1.1 * by_film[3]
    apart, films = (cluster_bootstrap(cube[:40], patients=who) for who in (range(40), None))
    assert apart == films
