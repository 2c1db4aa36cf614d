"""Sample sizes of a follow-up: statsmodels, scipy and published numbers as oracles."""

import json
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from kyphometer.cli import main
from kyphometer.errors import ParameterRangeError
from kyphometer.stats import follow_up_sizes as sizes


@pytest.mark.parametrize(("effect", "n"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_a_change_needs_the_patients_of_cohens_tables(effect, n):
    """34 for half an SD at 80 % power is the usual table's number; all by statsmodels too."""
    found = sizes.patients_for_change(effect, 1.0)
    assert found.n == n
    assert found.achieved == pytest.approx(TTestPower().power(effect, n, 0.05), abs=1e-6)
    assert TTestPower().power(effect, n - 1, 0.05) < 0.8


@pytest.mark.parametrize(("effect", "ratio", "n"), [(0.5, 1, 64), (0.8, 1, 26), (0.5, 2, 48)])
def test_groups_need_the_patients_of_cohens_tables(effect, ratio, n):
    found = sizes.patients_for_groups(effect, 1.0, ratio=ratio)
    assert (found.n, found.n_reference) == (n, ratio * n)
    power = TTestIndPower().power(effect, n, 0.05, ratio=ratio)
    assert found.achieved == pytest.approx(power, abs=1e-6)


def test_adjustment_for_the_baseline_saves_r_squared_of_the_patients():
    plain = sizes.patients_for_groups(1.0, 4.0).n
    adjusted = sizes.patients_for_groups(1.0, 4.0, correlation=0.6).n
    assert adjusted == pytest.approx(plain * (1 - 0.36), abs=1)


@pytest.mark.parametrize(("n", "other", "p", "q"), [(10, 10, 0.8, 0.2), (12, 30, 0.1, 0.5)])
def test_the_power_of_fishers_test_is_that_of_all_tables(n, other, p, q):
    total = 0.0
    for a in range(n + 1):
        for b in range(other + 1):
            if stats.fisher_exact([[a, n - a], [b, other - b]]).pvalue <= 0.05:
                total += stats.binom.pmf(a, n, p) * stats.binom.pmf(b, other, q)
    assert sizes.fisher_power(n, other, p, q, 0.05) == pytest.approx(total, abs=1e-9)


def test_shares_need_what_their_exact_power_says():
    found = sizes.patients_for_shares(0.1, 0.4)
    assert found.achieved >= 0.8
    power = [sizes.fisher_power(n, n, 0.1, 0.4, 0.05) for n in range(found.n - 1, found.n + 6)]
    assert power[0] < 0.8 or min(power[1:]) >= 0.8
    assert found.n == pytest.approx(sizes._fleiss(0.1, 0.4, 1.0, 0.8, 0.95), abs=3)
    assert sizes.patients_for_shares(0.10, 0.12).method == "normal, Fleiss"


def test_an_interval_is_as_narrow_as_assured():
    found = sizes.patients_for_mean_width(1.0, 2.5, assurance=0.9)
    rng = np.random.default_rng(5)
    sd = rng.normal(0, 2.5, (4000, found.n)).std(axis=1, ddof=1)
    half = stats.t.ppf(0.975, found.n - 1) * sd / math.sqrt(found.n)
    assert np.mean(half <= 1.0) == pytest.approx(found.achieved, abs=0.02)
    share = sizes.patients_for_share_width(0.1, 0.15)
    for n in (share.n, share.n + 3):
        count = round(0.15 * n)
        ends = stats.binomtest(count, n).proportion_ci(0.95, "exact")
        assert max(0.15 - ends.low, ends.high - 0.15) <= 0.1


def test_drop_out_is_made_up_for_in_each_group():
    found = sizes.with_drop_out(sizes.patients_for_groups(0.5, 1.0), 0.2)
    assert found.recruited == 2 * 80
    with pytest.raises(ParameterRangeError):
        sizes.with_drop_out(found, 1.0)


COMMANDS = (
    ("change --change 5.5 --sd 2.46", 4, None),
    ("change --change 1.4 --sd-values 2.8 --correlation 0.5", 34, None),
    ("groups --difference 1 --sd 2 --drop-out 0.2", 64, 64),
)


@pytest.mark.parametrize(("words", "n", "other"), COMMANDS)
def test_the_command_prints_json(capsys, words, n, other):
    assert main(["plan", *words.split(), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["n_reference"]) == (n, other)
    assert main(["plan", *words.split()]) == 0
    assert "to recruit" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        "change --change 0 --sd 1", "change --change 1 --sd-values 1", "precision --within 1",
        "groups --difference 1 --sd 1 --correlation 1", "shares --share 0.2 --reference 0.2",
        "shares --share 1.2 --reference 0.2", "change --change 0.0001 --sd 1",
        "change --change 1 --sd 1 --power 1", "precision --within 0.1 --share 2",
        "change --change 1 --sd 1 --drop-out 1.5",
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(capsys, words):
    assert main(["plan", *words.split()]) != 0
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
