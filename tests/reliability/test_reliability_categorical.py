"""Kappa and its relatives against statsmodels, closed forms and simulated coverage."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kyphometer.cli import main
from kyphometer.errors import (
    DuplicateReadingsError,
    NoVariationError,
    ParameterRangeError,
    TooFewDataError,
)
from kyphometer.reliability.categorical import (
    KappaWeights,
    cohen_kappa,
    multi_observer_agreement,
)
from kyphometer.reliability.category_table import CategoryRow, analyse_categories

GRADES = ("0", "1", "2", "3")


def codes_of(table: np.ndarray) -> tuple[list[str], list[str]]:
    pairs = [(str(i), str(j)) for (i, j), count in np.ndenumerate(table) for _ in range(int(count))]
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_two_by_two_by_hand():
    """20 both yes, 15 both no, 5 and 10 split: po 0.7, pe 0.5, kappa 0.4."""
    result = cohen_kappa(*codes_of(np.array([[20, 5], [10, 15]])))
    assert result.observed_agreement == pytest.approx(0.7)
    assert result.expected_agreement == pytest.approx(0.5)
    assert result.kappa.value == pytest.approx(0.4)
    assert result.table == ((20, 5), (10, 15))
    assert result.positive_bias == pytest.approx((-0.1, 0.1))


@pytest.mark.parametrize(
    ("weights", "other"),
    [
        (KappaWeights.NONE, None),
        (KappaWeights.LINEAR, "linear"),
        (KappaWeights.QUADRATIC, "quadratic"),
    ],
)
def test_weighted_kappa_agrees_with_statsmodels(weights, other):
    inter_rater = pytest.importorskip("statsmodels.stats.inter_rater")
    table = np.array([[30, 5, 2, 0], [4, 22, 6, 1], [1, 7, 25, 5], [0, 1, 4, 20]])
    theirs = inter_rater.cohens_kappa(table, wt=other)
    ours = cohen_kappa(*codes_of(table), categories=GRADES, weights=weights)
    assert ours.kappa.value == pytest.approx(theirs.kappa, abs=1e-12)
    assert ours.standard_error == pytest.approx(theirs.std_kappa, rel=1e-9)
    half = (ours.kappa.high - ours.kappa.low) / 2
    assert half == pytest.approx(1.98 * theirs.std_kappa, rel=0.08)


def test_fleiss_kappa_agrees_with_statsmodels():
    inter_rater = pytest.importorskip("statsmodels.stats.inter_rater")
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, 40)
    codes = np.where(rng.random((40, 5)) < 0.7, truth[:, None], rng.integers(0, 4, (40, 5)))
    counts = np.array([np.bincount(row, minlength=4) for row in codes])
    ours = multi_observer_agreement([[str(c) for c in row] for row in codes], categories=GRADES)
    assert ours.fleiss_kappa.value == pytest.approx(inter_rater.fleiss_kappa(counts), abs=1e-12)


def test_ac1_stays_high_where_kappa_collapses():
    """118 yes-yes, 5 yes-no, 2 no-yes, 0 no-no (Gwet's paradox): agreement 0.944, kappa below 0.

    AC1 by hand: prevalence p = (241)/250, chance 2 p (1 - p).
    """
    codes = list(zip(*codes_of(np.array([[118, 5], [2, 0]])), strict=True))
    result = multi_observer_agreement(codes)
    p = 241 / 250 + 2 / 250
    chance = 2 * p * (1 - p)
    assert result.observed_agreement == pytest.approx(0.944)
    assert result.gwet_ac1.value == pytest.approx((0.944 - chance) / (1 - chance), abs=1e-12)
    assert result.fleiss_kappa.value < 0 < 0.9 < result.gwet_ac1.value


def test_missing_codes_count_only_where_present():
    codes = [["a", "a", None], ["b", "b", "b"], ["a", "b", "a"], ["a", None, None]]
    result = multi_observer_agreement(codes)
    assert (result.films, result.ratings) == (3, 8)
    assert result.observed_agreement == pytest.approx((1 + 1 + 1 / 3) / 3)


def test_perfect_agreement_keeps_an_interval_below_one():
    result = cohen_kappa(list("aabbab"), list("aabbab"))
    assert result.kappa.value == 1.0
    assert result.kappa.low < 0.8
    assert result.kappa.high == 1.0


@pytest.mark.parametrize("films", [21, 43])
def test_kappa_intervals_cover(films):
    """Two observers who are right with probability 0.8, else guess: kappa 0.64; 400 studies."""
    rng = np.random.default_rng(films)
    hits = 0
    for _ in range(400):
        truth = rng.integers(0, 3, films)
        first, second = (
            np.where(rng.random(films) < 0.8, truth, rng.integers(0, 3, films)) for _ in range(2)
        )
        kappa = cohen_kappa(
            [str(c) for c in first], [str(c) for c in second], categories=("0", "1", "2")
        ).kappa
        hits += kappa.low <= 0.64 <= kappa.high
    assert 0.917 <= hits / 400 <= 0.983


def test_refusals():
    with pytest.raises(NoVariationError, match="one category"):
        cohen_kappa(["a"] * 5, ["a"] * 5)
    with pytest.raises(ParameterRangeError, match="order of the categories"):
        cohen_kappa(list("abc"), list("abc"), weights=KappaWeights.LINEAR)
    with pytest.raises(ParameterRangeError, match="one of a, b"):
        cohen_kappa(list("abc"), list("abc"), categories=("a", "b"))
    with pytest.raises(TooFewDataError):
        cohen_kappa(["a"], ["a"])
    with pytest.raises(NoVariationError):
        multi_observer_agreement([["a", "a"]] * 4)


def test_level_choice_of_three_observers_with_repeats():
    levels = ["T12", "L1", "L1", "L2", "T12", "L1"]
    rows = [
        CategoryRow(film=f"f{i}", observer=o, replicate=str(r), category=level)
        for i, level in enumerate(levels)
        for o in ("A", "B", "C")
        for r in (1, 2)
    ]
    rows[2] = CategoryRow(film="f0", observer="B", replicate="1", category="L1")
    result = analyse_categories(rows)
    assert (result.films, result.observers) == (6, 3)
    assert result.disputed == (("f0", (("A", "T12"), ("B", "L1"), ("C", "T12"))),)
    kappas = {item.label: item.kappa.kappa.value for item in (*result.pairs, *result.repeats)}
    assert kappas["A - C"] == kappas["C, first - second reading"] == 1.0
    assert kappas["A - B"] == pytest.approx(1 - (1 / 6) / (1 - (2 * 1 + 3 * 4 + 1) / 36))
    assert result.together.observed_agreement == pytest.approx((5 + 1 / 3) / 6)
    with pytest.raises(DuplicateReadingsError):
        analyse_categories([rows[0], rows[0]])


# Landis-like table made for this test: 20 films, grades 0 to 2; Cohen's formulas by hand
PAIRS = [("0", "0")] * 8 + [("0", "1")] * 2 + [("1", "1")] * 5 + [("1", "2")] + [("2", "2")] * 4


def write_grades(path, header="film,observer,replicate,category", missing="NA"):
    lines = [header]
    for number, (first, second) in enumerate(PAIRS):
        lines += [f"f{number},A,1,{first}", f"f{number},B,1,{second}"]
    lines += [f"f99,A,1,{missing}", "f99,B,1,2"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_strangers_grades_are_read_and_weighed(tmp_path, capsys):
    path = write_grades(tmp_path / "grades.csv", "Image,Rater,Trial,Grade")
    assert main(["reliability", str(path), "--grades", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    observed = 17 / 20
    expected = (10 * 8 + 6 * 7 + 4 * 5) / 400
    kappa = found["pairs"][0]["kappa"]["kappa"]["value"]
    assert kappa == pytest.approx((observed - expected) / (1 - expected), abs=1e-12)
    words = ["--grades", "--order", "0,1,2", "--weights", "linear", "--format", "csv"]
    assert main(["reliability", str(path), *words]) == 0
    line = next(t for t in capsys.readouterr().out.splitlines() if t.startswith("A - B"))
    # mean distance seen 3/20; expected from the margins 10 6 4 and 8 7 5
    chance = (10 * 7 + 2 * 10 * 5 + 6 * 8 + 6 * 5 + 2 * 4 * 8 + 4 * 7) / 400
    assert '"kappa, linear weights"' in line
    assert float(line.split('",')[1].split(",")[0]) == pytest.approx(1 - 0.15 / chance, abs=1e-12)


def test_bad_grades_are_refused_by_row(tmp_path, capsys):
    path = write_grades(tmp_path / "grades.csv")
    assert main(["reliability", str(path), "--grades", "--order", "0,1"]) == 7
    assert "Row 34: the category '2' is none of 0, 1" in capsys.readouterr().err
    assert main(["reliability", str(path), "--grades", "--weights", "linear"]) == 2
    assert "--order" in capsys.readouterr().err
    path.write_text("film,observer\nf1,A\n", encoding="utf-8")
    assert main(["reliability", str(path), "--grades"]) == 7
    assert "There is no column category (nor grade" in capsys.readouterr().err


@pytest.mark.parametrize("films", [10, 20, 50, 200])
@pytest.mark.parametrize("disagreements", [0, 1, 2, 3, 6])
def test_few_disagreements_keep_every_interval_within_its_range(films, disagreements):
    first = ["T12"] * (films // 2) + ["L1"] * (films - films // 2)
    second = [b if i >= disagreements else "L1" for i, b in enumerate(first)]
    kappa = cohen_kappa(first, second).kappa
    together = multi_observer_agreement(list(zip(first, second, strict=True)))
    for found in (kappa, together.fleiss_kappa, together.gwet_ac1):
        assert -1.0 <= found.low <= found.value <= found.high <= 1.0


def test_one_disagreement_is_the_exact_binomial_interval_over_chance():
    """1 of 20: Clopper-Pearson 0.0013 to 0.2487; chance disagreement of 10:10 by 9:11 is 0.5."""
    first = ["a"] * 10 + ["b"] * 10
    kappa = cohen_kappa(first, ["b", *first[1:]]).kappa
    assert (1 - kappa.high) * 0.5 == pytest.approx(0.00127, abs=5e-6)
    assert (1 - kappa.low) * 0.5 == pytest.approx(0.24873, abs=5e-6)


def test_kappa_intervals_of_good_observers_cover():
    """Kappa 0.95, 20 films: the log jackknife printed lower limits of -5000 here."""
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(300):
        first = rng.integers(0, 3, 20)
        second = np.where(rng.random(20) < 0.95, first, rng.integers(0, 3, 20))
        found = cohen_kappa([str(c) for c in first], [str(c) for c in second]).kappa
        hits += found.low <= 0.95 <= found.high
    assert hits >= 0.93 * 300
