"""Time to an event and paired shares: R's survival, closed forms, enumeration as oracles."""

import csv
import shutil
import subprocess
from datetime import date, timedelta

import numpy as np
import pytest
from arm_cases import trial, write_trial
from scipy import stats

from kyphometer.cli import main
from kyphometer.errors import StatisticsError
from kyphometer.stats.paired_shares import compare_paired_shares
from kyphometer.stats.survival import log_rank, survival_curve
from kyphometer.store import Study
from kyphometer.workflow.study import analyse_study

# Two groups of a trial of 6-mercaptopurine against placebo in leukaemia (Freireich and others 1963,
# Blood 21:699), weeks in remission, as printed in many textbooks; events False where censored.
DRUG = (
    [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
    [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0],
)
PLACEBO = ([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], [1] * 21)


def test_the_published_curve_and_test():
    """S(10) = 0.753, S(23) = 0.448 of the drug; chi-square 16.79 between groups (textbooks)."""
    curve = survival_curve(*DRUG)
    assert curve.at(10).value == pytest.approx(0.7529, abs=1e-4)
    assert curve.at(23).value == pytest.approx(0.4482, abs=1e-4)
    assert log_rank(DRUG, PLACEBO) == pytest.approx(stats.chi2.sf(16.79, 1), rel=5e-3)
    assert curve.at(36) is None
    assert curve.risk_set(10) == 15


R_PROGRAM = """
library(survival)
d <- read.csv(commandArgs(TRUE)[1])
fit <- survfit(Surv(day, event) ~ 1, data = d)
cat(summary(fit, times = c(30, 90, 182))$surv, survdiff(Surv(day, event) ~ arm, data = d)$chisq)
"""


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_curve_and_test_are_those_of_r(tmp_path):
    rng = np.random.default_rng(3)
    days = rng.choice([30, 90, 182], 60)
    events, arm = rng.random(60) < 0.4, rng.random(60) < 0.5
    with (tmp_path / "d.csv").open("w") as stream:
        print("day,event,arm", file=stream)
        for row in zip(days, events, arm, strict=True):
            print(*map(int, row), sep=",", file=stream)
    (tmp_path / "fit.R").write_text(R_PROGRAM)
    command = ["Rscript", "--vanilla", tmp_path / "fit.R", tmp_path / "d.csv"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "no package called" in done.stderr:
        pytest.skip("R's package survival is not installed")
    *free, chi_square = map(float, done.stdout.split())
    curve = survival_curve(days, events)
    assert [curve.at(day).value for day in (30, 90, 182)] == pytest.approx(free, abs=1e-6)
    p = log_rank((days[arm], events[arm]), (days[~arm], events[~arm]))
    assert p == pytest.approx(stats.chi2.sf(chi_square, 1), rel=1e-4)


@pytest.mark.parametrize("events", range(11))
def test_without_losses_to_follow_up_the_interval_is_clopper_and_pearsons(events):
    curve = survival_curve(
        [10] * events + [20] * (10 - events), [True] * events + [False] * (10 - events)
    )
    exact = stats.binomtest(10 - events, 10).proportion_ci(0.95, "exact")
    found = curve.at(15 if events < 10 else 10)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_the_interval_covers_where_patients_leave():
    rng = np.random.default_rng(11)
    for patients, rate in ((10, 0.05), (21, 0.3), (21, 0.02), (40, 0.6)):
        covered = []
        for _ in range(250):
            when, leaves = rng.exponential(1 / rate, patients), rng.uniform(0.2, 3.0, patients)
            found = survival_curve(np.minimum(when, leaves), when <= leaves).at(1.0)
            if found is not None:
                covered.append(found.low <= np.exp(-rate) <= found.high)
        assert np.mean(covered) > 0.92  # 0.95 less two standard errors


def test_without_events_there_is_no_test_and_bad_days_are_refused():
    assert log_rank(([1, 2], [0, 0]), ([3], [0])) is None
    for days, events in (([], []), ([-1.0], [True]), ([np.nan], [True]), ([1.0], [True, False])):
        with pytest.raises(StatisticsError):
            survival_curve(days, events)


def test_mcnemar_is_that_of_statsmodels():
    from statsmodels.stats.contingency_tables import mcnemar

    before = [True] * 21 + [False] * 23
    after = [True] * 12 + [False] * 9 + [True] * 2 + [False] * 21
    found = compare_paired_shares(before, after)
    table = [[12, 9], [2, 21]]
    assert found.p_exact == pytest.approx(mcnemar(table, exact=True).pvalue)
    chi = mcnemar(table, exact=False, correction=False)
    assert (found.chi_square, found.p_chi_square) == pytest.approx((chi.statistic, chi.pvalue))
    assert (found.both, found.gone, found.come, found.neither) == (12, 9, 2, 21)


@pytest.mark.parametrize("chances", [(0.05, 0.3), (0.02, 0.5), (0.1, 0.1), (0.0, 0.4)])
@pytest.mark.parametrize("patients", [10, 21])
def test_tangos_interval_covers_by_enumeration(chances, patients):
    come, gone = chances
    true, total = come - gone, 0.0
    chance = stats.multinomial(patients, [come, gone, 1 - come - gone])
    for b in range(patients + 1):
        for c in range(patients + 1 - b):
            weight = chance.pmf([b, c, patients - b - c])
            if weight < 1e-7:
                continue
            rest = patients - b - c
            pairs = [(False, True)] * b + [(True, False)] * c + [(False, False)] * rest
            found = compare_paired_shares(*zip(*pairs, strict=True)).difference
            assert -1 <= found.low <= found.value <= found.high <= 1
            total += weight * (found.low - 1e-9 <= true <= found.high + 1e-9)
    assert 0.935 < total <= 1.0 + 1e-9


# --------------------------------------------------------------------- from a table to the report


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """A trial with losses of 8 degrees at 6 months in half of one group, revisions, symptoms."""
    folder = tmp_path_factory.mktemp("times")
    values, first = trial(40, seed=3, missing=0.1)
    values[1::4, 3] = values[1::4, 1] + 8.0
    table = write_trial(folder / "trial.csv", values, first)
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    for place, row in enumerate(rows):
        surgery = date(2023, 1, 10) + timedelta(days=place)
        row["surgery_date"] = surgery
        row["clinic_date_six_months"] = surgery + timedelta(days=182)
        row["revision_date"] = surgery + timedelta(days=60) if place in (1, 3) else ""
        row["symptoms_preoperative"] = "numbness|weakness" if place % 2 else "none"
        row["symptoms_six_months"] = "weakness" if place % 10 == 0 else "none"
    with (folder / "whole.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    command = ["study", "new", str(folder / "s.db"), "--table", str(folder / "whole.csv")]
    assert main([*command, "--position", "standing", "--reference-arm", "no cement"]) == 0
    return folder / "s.db", values, first


def test_losses_are_counted_at_the_visit_at_which_they_are_seen(studied):
    path, values, _ = studied
    with Study.open(path) as study:
        loss, revision = analyse_study(study).cohort.times
    lost = values[:, 2:] - values[:, [1]]
    known = ~np.isnan(lost).all(axis=1)
    events = int((np.nan_to_num(lost, nan=-99.0).round(6) >= 5 - 1e-2).any(axis=1)[known].sum())
    everybody, cement, reference = loss.groups
    assert (everybody.curve.patients, everybody.curve.events) == (known.sum(), events)
    assert (cement.group, reference.group) == ("cement", "no cement")
    assert cement.curve.events + reference.curve.events == events
    assert 0 <= cement.p <= 1
    assert reference.p is None
    assert revision.groups[0].curve.events == 2
    assert revision.groups[0].at_visits["six_months"].value == pytest.approx(1 - 2 / 40)


def test_symptoms_are_compared_in_the_same_patients(studied):
    path, _, _ = studied
    with Study.open(path) as study:
        cohort = analyse_study(study).cohort
    found = {(c.symptom, c.visit): c.shares for c in cohort.symptoms}
    weak = found["weakness", "six_months"]
    assert (weak.both, weak.gone, weak.come, weak.neither) == (0, 20, 4, 16)
    assert weak.p_exact == pytest.approx(stats.binomtest(4, 24).pvalue)
    numb = found["numbness", "six_months"]
    assert (numb.gone, numb.come) == (20, 0)
    assert {risk.outcome for risk in cohort.arms.risks} >= {"Symptom: numbness"}


def test_the_report_prints_times_and_symptoms(studied, tmp_path, capsys):
    path, _, _ = studied
    tables = tmp_path / "tables"
    command = ["report", str(path), "-o", str(tmp_path / "r.html"), "--tables", str(tables)]
    assert main([*command, "--no-films"]) == 0
    assert "Revision surgery: 2 of 40 patients; free of it at 6 months 95.0 %" in (
        capsys.readouterr().out
    )
    text = (tmp_path / "r.html").read_text("utf-8")
    for words in ("Time to loss of correction or revision", "McNemar", "log-rank", "Tango"):
        assert words in text
    with (tables / "time_to_event.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["visit"] for row in rows} == {"discharge", "one_month", "six_months"}


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [("symptoms_six_months", "none|weak", "stands beside others"),
     ("symptoms_six_months", "weak|weak", "there twice"),
     ("revision_date", "2023-01-02", "before surgery")],
)  # fmt: skip
def test_contradictions_are_refused(tmp_path, capsys, column, cell, words):
    path = tmp_path / "t.csv"
    path.write_text(f"patient,surgery_date,{column}\nP1,2023-01-10,{cell}\n")
    assert main(["study", "new", str(tmp_path / "s.db"), "--table", str(path)]) != 0
    assert words in capsys.readouterr().err
