"""Treatment groups: R and closed forms as oracles, a simulated trial, table to report."""

from __future__ import annotations

import csv
import json
import math
import shutil
import subprocess

import numpy as np
import pytest
from arm_cases import VISITS, columns, trial, write_trial
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kyphometer.cli import main
from kyphometer.errors import StatisticsError, StudyRefusedError
from kyphometer.stats.arm_model import compare_arms
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.two_arms import ancova, hedges_g
from kyphometer.store import Study, StudySettings
from kyphometer.store.study.settings import merged_settings, settings_from_json, settings_to_json
from kyphometer.workflow.study import analyse_study

# ------------------------------------------------------------------------------ the models


EQUAL = StatisticsOptions(equal_scatter=True)


@pytest.mark.parametrize("options", [DEFAULT_OPTIONS, EQUAL])
def test_without_gaps_the_mixed_model_is_the_analysis_of_covariance(options):
    values, first = trial(missing=0.0)
    found = columns(values)
    before = found.pop("preoperative")
    model = compare_arms("VKA", before, found, first, options)
    for visit, column in found.items():
        one, other = model.differences[visit], ancova(before, column, first, options)
        assert one.estimate == pytest.approx(other.difference.value, rel=1e-7)
        assert (one.low, one.high) == pytest.approx(
            (other.difference.low, other.difference.high), rel=1e-6
        )
        assert one.degrees_of_freedom == pytest.approx(other.degrees_of_freedom, rel=1e-6)
    assert model.patients == (20, 20)
    assert model.covariance.structure == "unstructured"


R_PROGRAM = """
library(nlme)
d <- read.csv(commandArgs(TRUE)[1])
d$visit <- factor(d$visit); d$place <- as.integer(d$visit)
fit <- gls(y ~ 0 + visit + visit:first + visit:before, data = d, method = "REML",
           correlation = corSymm(form = ~ place | id), weights = varIdent(form = ~ 1 | visit),
           control = glsControl(tolerance = 1e-12, msTol = 1e-12, msMaxIter = 500))
cat(coef(fit)[grep("first", names(coef(fit)))], -2 * as.numeric(logLik(fit)), sep = "\\n")
"""


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_with_gaps_the_mixed_model_is_that_of_nlme(tmp_path):
    values, first = trial(30, seed=4)
    centred = values[:, 0] - values[:, 0].mean()
    with (tmp_path / "long.csv").open("w") as stream:
        print("id,visit,first,before,y", file=stream)
        for i, row in enumerate(values):
            for place, value in enumerate(row[1:]):
                if not np.isnan(value):
                    print(i, place, int(first[i]), centred[i], value, sep=",", file=stream)
    (tmp_path / "fit.R").write_text(R_PROGRAM)
    command = ["Rscript", "--vanilla", tmp_path / "fit.R", tmp_path / "long.csv"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "no package called" in done.stderr:
        pytest.skip("R's package nlme is not installed")
    assert done.returncode == 0, done.stderr
    *effects, _ = map(float, done.stdout.split())
    found = columns(values)
    model = compare_arms("VKA", found.pop("preoperative"), found, first)
    assert [model.differences[v].estimate for v in VISITS[1:]] == pytest.approx(effects, abs=1e-4)


def test_covariates_are_those_of_the_regression_of_statsmodels():
    import statsmodels.api as sm

    values, first = trial(missing=0.0)
    age = np.random.default_rng(3).normal(65, 6, len(values))
    fit = sm.OLS(
        values[:, 3], sm.add_constant(np.column_stack([first, values[:, 0], age]).astype(float))
    ).fit()
    found = ancova(values[:, 0], values[:, 3], first, EQUAL, covariates=[[*age]])
    assert found.difference.value == pytest.approx(fit.params[1])
    assert (found.difference.low, found.difference.high) == pytest.approx(fit.conf_int()[1])
    assert found.p == pytest.approx(fit.pvalues[1])
    same = ancova(values[:, 0], values[:, 3], first, covariates=[[7.0] * len(values)])
    assert same.difference == ancova(values[:, 0], values[:, 3], first).difference


def test_a_simulated_trial_with_gaps_is_unbiased_and_its_intervals_cover():
    found = []
    for seed in range(60):
        values, first = trial(40, effect=-2.0, seed=1000 + seed)
        table = columns(values)
        model = compare_arms("VKA", table.pop("preoperative"), table, first)
        one = model.differences["six_months"]
        found.append((one.estimate, one.low <= -2.0 <= one.high))
    estimates, covered = np.array(found).T
    assert estimates.mean() == pytest.approx(-2.0, abs=4 * estimates.std() / math.sqrt(60))
    assert covered.mean() >= 0.86  # 95 %, 3.2 standard errors of 60 trials


def test_hedges_g_is_the_closed_form_with_the_noncentral_t():
    rng = np.random.default_rng(1)
    one, two = rng.normal(1.0, 1, 11), rng.normal(0.0, 1, 14)
    found, df = hedges_g(one, [*two, None]), 23
    root = math.sqrt(11 * 14 / 25)
    t = stats.ttest_ind(one, two).statistic
    correction = math.gamma(df / 2) / (math.sqrt(df / 2) * math.gamma((df - 1) / 2))
    assert found.value == pytest.approx(correction * t / root)
    for end, share in ((found.low, 0.975), (found.high, 0.025)):
        assert stats.nct.cdf(t, df, end / correction * root) == pytest.approx(share, abs=1e-6)


@given(
    st.lists(st.floats(-50, 50), min_size=2, max_size=15),
    st.lists(st.floats(-50, 50), min_size=2, max_size=15),
)
@settings(max_examples=60, deadline=None)
def test_the_effect_size_lies_in_its_interval_and_turns_with_the_groups(one, two):
    try:
        found, turned = hedges_g(one, two), hedges_g(two, one)
    except StatisticsError:
        return
    if abs(found.value) > 5:
        return
    assert found.low <= found.value + 1e-9
    assert found.value <= found.high + 1e-9
    assert (turned.value, turned.low, turned.high) == pytest.approx(
        (-found.value, -found.high, -found.low), abs=1e-6
    )


# ------------------------------------------------------------------------ from table to report


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study of a table and its report in every form, as from the command line."""
    folder = tmp_path_factory.mktemp("arms")
    values, first = trial()
    write_trial(folder / "trial.csv", values, first)
    status = main([
        "study", "new", str(folder / "study.db"), "--table", str(folder / "trial.csv"),
        "--position", "standing", "--reference-arm", "No cement", "--adjust-for", "sex, x_bmi",
        "--important-change", "VAS=2",
    ])  # fmt: skip
    assert status == 0
    status = main([
        "report", str(folder / "study.db"), "--tables", str(folder / "tables"), "-o",
        str(folder / "r.html"), "--figures", str(folder / "figures"), "--json",
        str(folder / "r.json"),
    ])  # fmt: skip
    assert status == 0
    return folder, values, first


def rows(folder, key):
    with (folder / "tables" / f"{key}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_difference_printed_is_that_of_a_regression_of_the_table(made):
    import statsmodels.api as sm

    folder, _, first = made
    with (folder / "trial.csv").open() as stream:
        given = list(csv.DictReader(stream))
    row = next(
        r
        for r in rows(folder, "arm_effects")
        if (r["endpoint"], r["visit"]) == ("VKA", "six_months")
    )
    known = [i for i, g in enumerate(given) if g["VKA_six_months"]]
    design = [
        [first[i], float(given[i]["VKA_preoperative"]), given[i]["sex"] == "female",
         float(given[i]["x_bmi"])] for i in known
    ]  # fmt: skip
    after = [float(given[i]["VKA_six_months"]) for i in known]
    fit = sm.OLS(after, sm.add_constant(np.array(design, dtype=float))).fit()
    assert float(row["difference"]) == pytest.approx(fit.params[1])
    middle = (float(row["low"]) + float(row["high"])) / 2
    assert middle == pytest.approx(fit.params[1])
    half = (float(row["high"]) - float(row["low"])) / 2
    assert half == pytest.approx(fit.HC2_se[1] * 2.05, rel=0.03)  # t of 24 to 33 degrees of freedom
    assert row["arm"] == "cement"
    assert int(row["n_arm"]) + int(row["n_reference"]) == len(known)


def test_responders_and_losses_are_counted_from_the_table(made):
    folder, values, first = made
    with (folder / "trial.csv").open() as stream:
        given = list(csv.DictReader(stream))
    row = next(
        r
        for r in rows(folder, "arm_risks")
        if r["outcome"].startswith("VAS better by 2 points") and r["visit"] == "one_month"
    )
    better = [
        float(g["vas_preoperative"]) - float(g["vas_one_month"]) >= 2 - 1e-9
        for g, one in zip(given, first, strict=True)
        if one and g["vas_one_month"]
    ]
    assert (int(row["events_arm"]), int(row["n_arm"])) == (sum(better), len(better))
    loss = next(
        r
        for r in rows(folder, "arm_risks")
        if r["outcome"].startswith("VKA: correction lost") and r["visit"] == "six_months"
    )
    shown = np.round(values, 2)
    lost = (shown[~first, 3] - shown[~first, 1])[~np.isnan(shown[~first][:, [1, 3]]).any(axis=1)]
    assert int(loss["events_reference"]) == int(np.sum(lost >= 5 - 1e-9))
    assert int(loss["n_reference"]) == len(lost)
    risk = float(row["events_arm"]) / float(row["n_arm"]) - float(row["events_reference"]) / float(
        row["n_reference"]
    )
    assert float(row["risk_difference"]) == pytest.approx(risk)


def test_table_1_by_group_has_standardised_differences(made):
    folder, _, first = made
    with (folder / "trial.csv").open() as stream:
        given = list(csv.DictReader(stream))
    table = {r["characteristic"]: r for r in rows(folder, "table_1_by_arm")}
    age = np.array([float(g["age_years"]) for g in given])
    pooled = math.sqrt((age[first].var() + age[~first].var()) / 2)
    far = (age[first].mean() - age[~first].mean()) / pooled
    assert float(table["Age, years"]["standardised_difference_1"]) == pytest.approx(far)
    women = sum(g["sex"] == "female" for g, one in zip(given, first, strict=True) if one)
    assert table["Sex: female"]["arm_1"].startswith(f"{women}/20")
    assert "bmi" in table


def test_the_report_tells_the_comparison_in_words_pictures_and_json(made):
    folder, *_ = made
    text = (folder / "r.html").read_text("utf-8")
    assert "Treatment groups" in text
    assert "cement minus no cement" in text
    assert "reference is no cement" in text
    assert "and sex, x bmi as covariate" in text
    assert (folder / "figures" / "forest_vka.svg").is_file()
    document = json.loads((folder / "r.json").read_text("utf-8"))
    effects = document["tables"]["arm_effects"]["rows"]
    printed = rows(folder, "arm_effects")
    assert [r["difference"] for r in effects] == [float(r["difference"]) for r in printed]
    assert any("cement minus no cement" in line for line in document["summary"])


def test_three_groups_are_each_compared_with_the_reference(tmp_path):
    values, first = trial(45)
    table = write_trial(tmp_path / "t.csv", values, first)
    lines = table.read_text().splitlines()
    third = [line.replace("no cement", "brace") if i % 6 == 2 else line for i, line in
             enumerate(lines)]  # fmt: skip
    table.write_text("\n".join(third))
    assert main(["study", "new", str(tmp_path / "s.db"), "--table", str(table), "--position",
                 "standing"]) == 0  # fmt: skip
    with Study.open(tmp_path / "s.db") as study:
        arms = analyse_study(study).cohort.arms
    assert arms.reference == "brace"
    assert arms.compared == ("cement", "no cement")
    assert sum(arms.arms.values()) == 45
    assert {effect.arm for effect in arms.effects} == {"cement", "no cement"}


def test_spellings_of_one_group_are_one_and_patients_without_are_left_out(tmp_path):
    values, first = trial(20)
    table = write_trial(tmp_path / "t.csv", values, first)
    text = table.read_text().replace("P00,cement", "P00,Cement ").replace("P02,cement", "P02,")
    table.write_text(text)
    assert main(["study", "new", str(tmp_path / "s.db"), "--table", str(table)]) == 0
    with Study.open(tmp_path / "s.db") as study:
        arms = analyse_study(study).cohort.arms
    assert sum(arms.arms.values()) == 19
    assert arms.unknown == 1
    assert any("were taken as one" in note for note in arms.notes)
    assert any("1 patients whose treatment group" in note for note in arms.notes)


def test_settings_of_groups_are_kept_merged_and_checked():
    made = StudySettings(reference_arm="A", covariates=("age_years",), loss_limit_deg=7.0)
    assert settings_from_json(settings_to_json(made)) == made
    merged, different = merged_settings(made, '{"important_change": {"VAS": 2}}')
    assert dict(merged.important_change) == {"VAS": 2, "ODI": 10.0}
    assert merged.reference_arm == "A"
    assert not different  # the default counts as not known
    for bad in (
        {"covariates": ["history"]},
        {"loss_limit_deg": -1},
        {"important_change": {"VAS": 0}},
    ):
        with pytest.raises(StudyRefusedError):
            settings_from_json(json.dumps(bad))


def test_a_reference_that_nobody_is_in_is_refused(tmp_path, capsys):
    values, first = trial(12)
    table = write_trial(tmp_path / "t.csv", values, first)
    path = tmp_path / "s.db"
    assert main(["study", "new", str(path), "--table", str(table), "--reference-arm", "gips"]) == 0
    assert main(["report", str(path), "-o", str(tmp_path / "r.html")]) != 0
    assert "'gips' is none of" in capsys.readouterr().err
