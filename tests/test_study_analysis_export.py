"""The tidy file of a study: read by pandas, openpyxl, SPSS's reader and R without cleaning."""

from __future__ import annotations

import csv
import shutil
import subprocess

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from arm_cases import VISITS, trial, write_trial

from kyphometer.cli import main
from kyphometer.store import Study
from kyphometer.workflow.study import analyse_study


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Study of a trial, its results, its files."""
    folder = tmp_path_factory.mktemp("analysis")
    values, first = trial()
    write_trial(folder / "trial.csv", values, first)
    assert main([
        "study", "new", str(folder / "study.db"), "--table", str(folder / "trial.csv"),
        "--position", "standing", "--adjust-for", "sex,age_years,x_bmi",
    ]) == 0  # fmt: skip
    out = folder / "out"
    assert main(["study", "export", str(folder / "study.db"), str(out), "--analysis"]) == 0
    with Study.open(folder / "study.db") as study:
        results = analyse_study(study)
    return out, results, values


def test_the_file_has_a_row_for_every_patient_and_visit(exported):
    out, _, values = exported
    frame = pd.read_csv(out / "analysis.csv")
    assert len(frame) == 40 * 4
    assert list(frame.visit.unique()) == list(VISITS)
    vka = frame.pivot(index="patient", columns="visit", values="vka")[list(VISITS)]
    assert vka.to_numpy() == pytest.approx(np.round(values, 2), nan_ok=True)
    at = frame[frame.visit == "six_months"].set_index("patient")
    before = frame[frame.visit == "preoperative"].set_index("patient")
    assert (before.vka - at.vka).to_numpy() == pytest.approx(
        at.vka_correction.to_numpy(), nan_ok=True
    )
    assert set(frame.complication.dropna().unique()) <= {0, 1}
    assert pd.api.types.is_float_dtype(frame.x_bmi)
    assert set(frame.arm.unique()) == {"cement", "no cement"}


def test_all_formats_hold_the_same(exported):
    out, *_ = exported
    frame = pd.read_csv(out / "analysis.csv")
    spss, about = pyreadstat.read_sav(str(out / "analysis.sav"))
    assert list(spss.columns) == list(frame.columns)
    sheet = openpyxl.load_workbook(out / "analysis.xlsx")["data"]
    cells = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert cells[0] == list(frame.columns)
    book = pd.DataFrame(cells[1:], columns=cells[0])
    for name in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            words = list(frame[name].fillna(""))
            assert list(spss[name].fillna("")) == words
            assert list(book[name].fillna("")) == words
        else:
            assert spss[name].to_numpy(float) == pytest.approx(
                frame[name].to_numpy(float), nan_ok=True
            )
            assert book[name].to_numpy(float) == pytest.approx(
                frame[name].to_numpy(float), nan_ok=True
            )
    assert about.variable_value_labels["complication"] == {0.0: "no", 1.0: "yes"}
    assert about.variable_value_labels["visit_number"][3.0] == "6 months"
    assert about.column_names_to_labels["vka"].startswith("VKA: films within")
    assert about.variable_measure["sex"] == "nominal"


def test_the_codebook_explains_every_column(exported):
    out, *_ = exported
    with (out / "codebook.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["column"] for row in rows] == list(pd.read_csv(out / "analysis.csv").columns)
    assert all(row["meaning"] for row in rows)
    named = {row["column"]: row for row in rows}
    assert named["complication"]["values"] == "0 = no; 1 = yes"
    assert "six_months = 6 months" in named["visit"]["values"]


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_the_program_repeats_the_headline_in_r(exported):
    out, results, _ = exported
    done = subprocess.run(
        ["Rscript", "--vanilla", out / "analysis.R"], capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    numbers = [float(word) for word in done.stdout.split() if _is_number(word)]
    cohort = results.cohort
    endpoints = [*(item.endpoint for item in cohort.angles), cohort.pain, cohort.disability]
    wanted = []
    for endpoint in endpoints:
        pair = next(
            c
            for c in endpoint.comparisons.comparisons
            if (c.first, c.second) == (endpoint.visits[0], endpoint.visits[-1])
        )
        wanted += [pair.t.mean_difference, pair.t.low, pair.t.high]
    for effect in cohort.arms.effects:
        found = effect.adjusted.difference
        wanted += [found.value, found.low, found.high]
    assert len(cohort.arms.effects) == 9  # three endpoints at three visits
    for value in wanted:
        assert min(abs(value - number) for number in numbers) < 1e-6 * max(1, abs(value))


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def test_changes_that_may_not_be_stated_stand_empty(tmp_path):
    values, first = trial(12, missing=0.0)
    write_trial(tmp_path / "t.csv", values, first)
    path = str(tmp_path / "s.db")
    assert main(["study", "new", path, "--table", str(tmp_path / "t.csv")]) == 0
    assert main(["study", "export", path, str(tmp_path / "out"), "--analysis"]) == 0
    frame = pd.read_csv(tmp_path / "out" / "analysis.csv")
    assert frame.vka.notna().all()
    assert frame.vka_correction.isna().all()  # positions are not known
    assert set(frame.vka_position) == {"unknown"}


def test_nothing_is_written_over(tmp_path, exported):
    out, *_ = exported
    study = out.parent / "study.db"
    before = (out / "analysis.csv").read_bytes()
    assert main(["study", "export", str(study), str(out), "--analysis"]) != 0
    assert (out / "analysis.csv").read_bytes() == before


def test_changes_of_angles_against_scores_are_scipys_correlation(exported):
    from scipy import stats

    out, results, _ = exported
    frame = pd.read_csv(out / "analysis.csv")
    found = {(c.score, c.visit): c for c in results.cohort.outcomes}
    assert set(found) == {(s, v) for s in ("VAS", "ODI") for v in VISITS[1:]}
    at = frame[frame.visit == "six_months"].set_index("patient")
    before = frame[frame.visit == "preoperative"].set_index("patient")
    both = pd.DataFrame({"x": at.vka_correction, "y": before.vas - at.vas}).dropna()
    one, other = found["VAS", "six_months"], stats.pearsonr(both.x, both.y)
    assert one.patients == len(both)
    assert one.estimate.value == pytest.approx(other.statistic)
    interval = other.confidence_interval()
    assert (one.estimate.low, one.estimate.high) == pytest.approx((interval.low, interval.high))
