"""Complications by characteristics of the patients."""

from datetime import date

import pytest
from scipy import stats

from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable, Complication
from kyphometer.followup.cohort.associations import complications_by

LEAK = (Complication(type="cement_leak", site="disc", symptomatic=False),)


def table(groups):
    """Records from (posterior wall ruptured, complications, patients)."""
    records = [
        ClinicalRecord(
            patient=f"P{k}-{i}", surgery_date=date(2026, 1, 1), posterior_wall_ruptured=wall,
            complications=complications,
        )
        for k, (wall, complications, patients) in enumerate(groups)
        for i in range(patients)
    ]  # fmt: skip
    return ClinicalTable(records=tuple(records), source="made here")


def test_few_patients_are_compared_by_fishers_exact_test():
    (found,) = complications_by(
        table([(True, LEAK, 3), (True, (), 5), (False, LEAK, 1), (False, (), 12)])
    )
    assert found.groups == (("yes", 3, 8), ("no", 1, 13))
    assert found.test.p == pytest.approx(stats.fisher_exact([[3, 5], [1, 12]]).pvalue, abs=1e-12)
    assert found.test.odds_ratio == pytest.approx(3 * 12 / 5)
    assert "Fisher" in found.test.method
    first, second = found.rows()
    assert (first["percent"], second["percent"]) == (37.5, pytest.approx(100 / 13))
    assert first["p"] == found.test.p
    assert "p" not in second


def test_the_odds_ratio_has_the_interval_of_fishers_test():
    """R 4.2, fisher.test: matrix(c(3, 1, 5, 12), 2), and matrix(c(0, 4, 5, 12), 2): a 0."""
    (found,) = complications_by(
        table([(True, LEAK, 3), (True, (), 5), (False, LEAK, 1), (False, (), 12)])
    )
    first, _ = found.rows()
    got = [first[name] for name in ("odds_ratio", "odds_ratio_low", "odds_ratio_high")]
    assert got == pytest.approx([6.481881, 0.408739929, 407.351848], rel=4e-3)
    (found,) = complications_by(table([(True, (), 5), (False, LEAK, 4), (False, (), 12)]))
    first, _ = found.rows()
    assert (first["odds_ratio"], first["odds_ratio_low"]) == (0.0, 0.0)
    assert first["odds_ratio_high"] == pytest.approx(5.129366368, rel=1e-3)


def test_many_patients_are_compared_by_chi_square():
    (found,) = complications_by(
        table([(True, LEAK, 20), (True, (), 30), (False, LEAK, 15), (False, (), 60)])
    )
    expected = stats.chi2_contingency([[20, 30], [15, 60]], correction=False).pvalue
    assert found.test.p == pytest.approx(expected, abs=1e-12)
    assert "chi-square" in found.test.method


def test_what_is_not_known_is_left_out_and_one_group_is_no_comparison():
    with_gaps = [(True, LEAK, 2), (None, LEAK, 4), (False, None, 3), (False, (), 5)]
    (found,) = complications_by(table(with_gaps))
    assert found.groups == (("yes", 2, 2), ("no", 0, 5))
    assert complications_by(table([(True, LEAK, 2), (True, (), 9)])) == ()
    assert complications_by(table([(True, (), 2), (False, (), 9)])) == ()


def test_everybody_with_a_complication_gives_counts_without_a_test():
    (found,) = complications_by(table([(True, LEAK, 2), (False, LEAK, 3)]))
    assert found.test is None
    assert [row["percent"] for row in found.rows()] == [100.0, 100.0]
