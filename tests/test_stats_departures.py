"""Missing values taken for worse: imputation by regression as oracle; report to checklist."""

import csv

import numpy as np
import pytest
from arm_cases import columns, trial, write_trial

from kyphometer.cli import main
from kyphometer.errors import ParameterRangeError
from kyphometer.reports.references import references
from kyphometer.reports.strobe import strobe_checklist
from kyphometer.stats.departures import departure
from kyphometer.stats.mixed import mixed_model
from kyphometer.store import Study
from kyphometer.workflow.study import analyse_study


def test_a_shift_moves_the_mean_as_shifted_imputations_do():
    """Two visits, the first known of all: the model's mean is that of regression imputation."""
    rng = np.random.default_rng(1)
    before = rng.normal(20, 3, 40)
    after = 4 + 0.5 * before + rng.normal(0, 2, 40)
    after[rng.random(40) < 0.25] = np.nan
    known = ~np.isnan(after)
    missing = int((~known).sum())
    table = {"a": [*before], "b": [None if np.isnan(x) else x for x in after]}
    (estimate,) = mixed_model("x", table).differences
    found = departure(estimate, missing, 40, [3.0])
    slope, constant = np.polyfit(before[known], after[known], 1)
    for shifted, delta in zip(found.shifted, (0.0, 3.0), strict=True):
        filled = np.where(known, after, constant + slope * before + delta)
        assert shifted.estimate == pytest.approx(before.mean() - filled.mean(), abs=1e-6)
    assert found.shifted[1].high - found.shifted[1].low > found.shifted[0].high - (
        found.shifted[0].low
    )


def test_the_spread_of_a_shifted_estimate_is_that_of_repeated_studies():
    rng, found = np.random.default_rng(2), []
    for _ in range(150):
        before = rng.normal(20, 3, 40)
        after = 4 + 0.5 * before + rng.normal(0, 2, 40)
        gone = rng.random(40) < 0.25
        table = {"a": [*before], "b": [None if g else x for g, x in zip(gone, after, strict=True)]}
        (estimate,) = mixed_model("x", table).differences
        shifted = departure(estimate, int(gone.sum()), 40, [6.0]).shifted[1]
        truth = (20 - 14) - 0.25 * 6.0
        found.append((shifted.estimate, shifted.low <= truth <= shifted.high))
    estimates, covered = np.array(found).T
    assert estimates.mean() == pytest.approx(4.5, abs=4 * estimates.std() / 150**0.5)
    assert covered.mean() >= 0.89  # 95 %, 3.4 standard errors of 150


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_at_the_tipping_point_the_interval_ends_at_0(sign):
    values, _ = trial(40, seed=2)
    table = {v: [None if x is None else sign * x for x in c] for v, c in columns(values).items()}
    model = mixed_model("VKA", table)
    estimate = next(
        e for e in model.differences if (e.first, e.second) == ("preoperative", "six_months")
    )
    missing = sum(x is None for x in table["six_months"])
    tipping = departure(estimate, missing, 40, []).tipping
    end = departure(estimate, missing, 40, [tipping]).shifted[1]
    assert min(abs(end.low), abs(end.high)) < 1e-9
    assert departure(estimate, 0, 40, []).tipping is None
    for bad in ((41, 40, []), (1, 40, [-1.0]), (0, 0, [])):
        with pytest.raises(ParameterRangeError):
            departure(estimate, *bad)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lost")
    table = write_trial(folder / "trial.csv", *trial(40, seed=3))
    command = ["study", "new", str(folder / "s.db"), "--table", str(table)]
    assert main([*command, "--position", "standing", "--reference-arm", "no cement"]) == 0
    return folder / "s.db"


def test_the_report_has_tipping_points_references_and_the_checklist(study, tmp_path):
    out = tmp_path / "tables"
    assert main(["report", str(study), "-o", str(tmp_path / "r.html"), "--tables", str(out)]) == 0
    text = (tmp_path / "r.html").read_text("utf-8")
    for words in ("Patients who were lost", "worse than predicted", "STROBE", "SciPy", "Laud"):
        assert words in text
    with (out / "missing_sensitivity.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    vka = [r for r in rows if r["endpoint"] == "VKA" and r["compared"] == "before minus after"]
    assert [float(r["delta"]) for r in vka] == [0.0, 2.5, 5.0, 10.0]
    values, _ = trial(40, seed=3)
    assert {int(r["missing"]) for r in vka} == {int(np.isnan(values[:, 3]).sum())}


def test_the_checklist_has_22_items_and_leaves_to_the_authors_what_only_they_know(study):
    with Study.open(study) as opened:
        results = analyse_study(opened)
    items = {number: text for number, _, text in strobe_checklist(results).items}
    assert [*items] == [str(n) for n in range(1, 23)]
    assert not any(items[n] for n in ("1", "2", "3", "18", "19", "20", "21", "22"))
    assert all(items[n] for n in ("7", "8", "9", "11", "12", "13", "15", "16"))
    assert "40 patients enrolled" in items["13"]
    cited = references(results)
    assert cited[0].startswith("Kyphometer")
    assert any("Kenward" in line for line in cited)
    assert not any("McNemar" in line for line in cited)  # no symptoms were compared


def test_patients_whom_a_table_brought_are_gone_when_it_is_taken_back(tmp_path, capsys):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("patient,surgery_date,VKA_preop\nP1,2023-01-10,20\n")
    second.write_text("patient,surgery_date,VKA_preop\nP2,2023-02-10,21\n")
    path = str(tmp_path / "s.db")
    assert main(["study", "new", path, "--table", str(first)]) == 0
    assert main(["study", "import-angles", path, str(second), "--add-patients"]) == 0
    capsys.readouterr()
    with Study.open(path) as opened:
        assert [p.code for p in opened.patients()] == ["P1", "P2"]
        entry = max(e.id for e in opened.audit() if e.action == "clinical.save")
        opened.undo(entry)
        assert [p.code for p in opened.patients()] == ["P1"]
        assert [r.patient for r in opened.clinical().records] == ["P1"]
    second.write_text("patient,surgery_date,VKA_preop\nP2,2023-03-10,22\n")
    assert main(["study", "import-angles", path, str(second), "--add-patients"]) == 0
    with Study.open(path) as opened:
        assert [p.code for p in opened.patients()] == ["P1", "P2"]
        assert str(opened.patients()[1].surgery_date) == "2023-03-10"
