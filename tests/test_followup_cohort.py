"""Every result of the study from a cohort whose means, SDs and counts are the published ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from kyphometer.anatomy import Level
from kyphometer.film import Position
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable, Complication
from kyphometer.followup.cohort.analysis import analyse_cohort
from kyphometer.followup.cohort.radiographic import analyse_angles
from kyphometer.followup.correction import CorrectionRules, correct_cohort
from kyphometer.followup.correction_model import ChangeKind, Verdict
from kyphometer.followup.positions import PositionPolicy
from kyphometer.followup.precision import MeasurementPrecision, PrecisionSource
from kyphometer.followup.remarks import RemarkKind
from kyphometer.followup.visit_angles import VisitAngle
from kyphometer.followup.visit_model import DatedFilm
from kyphometer.followup.visits import assign_visits
from kyphometer.stats.formatting import format_p
from kyphometer.stats.options import SPSS_OPTIONS

N = 21
PUBLISHED = {
    "VKA": {"preoperative": (18.3, 2.8), "six_months": (12.8, 1.8)},
    "RKA": {"preoperative": (20.8, 3.2), "six_months": (14.0, 1.8)},
    "VAS": {"preoperative": (7.6, 0.7), "discharge": (3.9, 0.7), "one_month": (2.7, 0.6),
            "six_months": (1.8, 0.6)},
    "ODI": {"preoperative": (69.9, 12.1), "one_month": (30.0, 7.3), "six_months": (24.6, 7.7)},
}  # fmt: skip
DAYS = {"preoperative": -3, "discharge": 5, "one_month": 30, "six_months": 182}


def column(mean, sd, seed):
    """21 values with exactly this mean and SD (n - 1)."""
    x = np.random.default_rng(seed).normal(size=N)
    return mean + sd * (x - x.mean()) / x.std(ddof=1)


def columns(code):
    seeds = {"VKA": 1, "RKA": 2, "VAS": 3, "ODI": 4}
    return {
        visit: column(mean, sd, 10 * seeds[code] + place)
        for place, (visit, (mean, sd)) in enumerate(PUBLISHED[code].items())
    }


def angles(position=Position.STANDING):
    pairs = {"VKA": ("L1.superior", "L1.inferior"), "RKA": ("T12.superior", "L2.inferior")}
    return [
        VisitAngle(
            patient=f"P{i + 1:02}", visit=visit, code=code, upper=pair[0], lower=pair[1],
            value_deg=float(values[i]), standard_uncertainty_deg=0.9, day=DAYS[visit],
            position=position,
        )
        for code, pair in pairs.items()
        for visit, values in columns(code).items()
        for i in range(N)
    ]  # fmt: skip


def clinical():
    vas, odi, age = columns("VAS"), columns("ODI"), column(65.2, 5.5, 77)
    sites = ["disc", "perivertebral_vessels", "anterior_margin", "anterior_margin"]
    records = [
        ClinicalRecord(
            patient=f"P{i + 1:02}",
            sex="female" if i < 16 else "male",
            age_years=float(age[i]),
            mechanism="household_fall" if i < 16 else "traffic_fall",
            corticosteroids=True,
            surgery_date=date(2024, 3, 1),
            fractured_levels=(Level.L1,),
            posterior_wall_ruptured=i < 8,
            pedicle_fractured=i < 4,
            posterior_arch_fractured=i < 3,
            screws=6,
            screws_with_leak=int(i < 4),
            complications=(Complication(type="cement_leak", site=sites[i], symptomatic=False),)
            if i < 4
            else (),
            vas={visit: float(values[i]) for visit, values in vas.items()},
            odi={visit: float(values[i]) for visit, values in odi.items()},
            ais={"preoperative": "D" if i < 3 else "E", "six_months": "E"},
        )
        for i in range(N)
    ]
    return ClinicalTable(records=tuple(records), source="cohort.csv")


def rules(sem=1.5, **options):
    precision = {
        code: MeasurementPrecision(
            code=code, standard_error_of_measurement_deg=sem, source=PrecisionSource.STATED,
            description="test",
        )
        for code in ("VKA", "RKA")
    }  # fmt: skip
    return CorrectionRules(precision=precision, **options)


@pytest.fixture(scope="module")
def results():
    return analyse_cohort(angles(), clinical(), rules())


def test_radiographic_table(results):
    for code in ("VKA", "RKA"):
        rows = results.angle(code).rows()
        assert [row["visit"] for row in rows] == ["preoperative", "six_months"]
        for row in rows:
            mean, sd = PUBLISHED[code][row["visit"]]
            assert (row["n"], row["missing"]) == (N, 0)
            assert row["mean"] == pytest.approx(mean)
            assert row["sd"] == pytest.approx(sd)
            assert row["minimum"] < mean < row["maximum"]
        assert rows[0]["p"] is None
        assert format_p(rows[1]["p"]) == "<0.001"


def test_group_corrections_and_responders(results):
    (change,) = results.angle("VKA").changes
    assert (change.kind, change.earlier, change.later) == (
        ChangeKind.CORRECTION, "preoperative", "six_months",
    )  # fmt: skip
    assert change.amounts.mean == pytest.approx(5.5)
    assert change.ratio_of_means_percent == pytest.approx(30.05, abs=0.01)
    limit = 1.959964 * 2**0.5 * 1.5
    data = columns("VKA")
    drop = data["preoperative"] - data["six_months"]
    assert change.verdicts[Verdict.IMPROVED].count == (drop > limit).sum()
    assert change.verdicts[Verdict.UNCHANGED].count == (abs(drop) <= limit).sum()
    assert change.verdicts[Verdict.NOT_JUDGED].count == 0
    assert change.percents.mean == pytest.approx((100 * drop / data["preoperative"]).mean())
    assert change.group_mdc95_deg == pytest.approx(limit / N**0.5)
    (row,) = results.angle("VKA").change_rows()
    assert row["improved"] + row["unchanged_within_error"] + row["worse"] == N


def test_pain_over_time_with_all_pairs(results):
    pain = results.pain
    assert pain.visits == ("preoperative", "discharge", "one_month", "six_months")
    assert len(pain.comparisons.comparisons) == 6
    assert all(c.t.n == N and c.p_t_holm >= c.t.p for c in pain.comparisons.comparisons)
    assert pain.anova.df_visits == 3
    assert pain.friedman.p < 1e-6
    assert pain.mixed.observations == 4 * N
    assert len(pain.normality) == 6
    assert [row["mean"] for row in pain.rows()] == pytest.approx([7.6, 3.9, 2.7, 1.8])


def test_disability_leaves_out_the_visit_that_was_not_asked(results):
    assert results.disability.visits == ("preoperative", "one_month", "six_months")
    assert len(results.disability.comparisons.comparisons) == 3
    assert results.disability.summaries["preoperative"].sd == pytest.approx(12.1)


def test_table_one_shares_are_the_published(results):
    rows = {(r["variable"], r["category"]): r for r in results.table_one.rows()}
    for key, percent in {
        ("sex", "female"): 76.2,
        ("mechanism", "household_fall"): 76.2,
        ("mechanism", "traffic_fall"): 23.8,
        ("corticosteroids", "yes"): 100.0,
        ("posterior_wall_ruptured", "yes"): 38.1,
        ("pedicle_fractured", "yes"): 19.0,
        ("posterior_arch_fractured", "yes"): 14.3,
    }.items():
        assert rows[key]["percent"] == pytest.approx(percent, abs=0.05)
    assert rows["age_years", None]["mean"] == pytest.approx(65.2)
    assert rows["age_years", None]["n"] == N
    assert ("t_score", None) not in rows
    assert len({tuple(row) for row in results.table_one.rows()}) == 1


def test_neurology_and_complications(results):
    last = results.neurology.last
    assert (last.improved, last.unchanged, last.worse, last.p_sign) == (3, 18, 0, 0.25)
    assert results.neurology.rows()[0]["to"] == "six_months"
    c = results.complications
    assert (c.any.count, c.any.total, c.symptomatic.count, c.missing) == (4, N, 0, 0)
    (leaks,) = c.types
    assert leaks.sites == {"disc": 1, "perivertebral_vessels": 1, "anterior_margin": 2}
    assert (leaks.events, leaks.asymptomatic) == (4, 4)
    assert (c.leaks_per_screw.events, c.leaks_per_screw.units) == (4, 126)
    assert c.rows()[0]["exact_high_percent"] == pytest.approx(100 * c.any.exact_high)
    assert len({tuple(row) for row in c.rows()}) == 1


def test_flow_and_remarks(results):
    flow = results.flow
    assert (flow.enrolled, flow.in_table, flow.measured, flow.paired) == (N, N, N, N)
    by_visit = {row["visit"]: row for row in flow.rows()}
    assert by_visit["six_months"]["within_tolerance"] == N
    assert (by_visit["discharge"]["measured"], by_visit["discharge"]["vas"]) == (0, N)
    assert {r.kind for r in results.remarks} == {RemarkKind.EXCLUDED}
    assert len(results.remarks) == 2 * N
    assert all("no loss" in r.sentence for r in results.remarks)


def test_every_part_becomes_a_frame(results):
    parts = [
        results.flow, results.table_one, results.pain, results.pain.comparisons,
        results.pain.mixed, results.disability, results.neurology, results.neurology.last,
        results.complications, results.corrections, *results.angles,
    ]  # fmt: skip
    for part in parts:
        assert len(part.to_frame()) == len(part.rows()) > 0


def test_spss_parity_changes_methods_not_means(results):
    spss = analyse_cohort(angles(), clinical(), rules(), options=SPSS_OPTIONS)
    assert spss.pain.comparisons.comparisons[0].ranks.method == "asymptotic"
    assert results.pain.comparisons.comparisons[0].ranks.method == "exact"
    assert spss.angle("VKA").rows()[0]["mean"] == results.angle("VKA").rows()[0]["mean"]


def test_unknown_positions_leave_values_but_no_change():
    r = analyse_cohort(angles(Position.UNKNOWN), clinical(), rules())
    (change,) = r.angle("VKA").changes
    assert (change.amounts.n, change.amounts.missing) == (0, N)
    assert change.verdicts[Verdict.NOT_JUDGED].count == N
    assert r.angle("VKA").rows()[1]["p"] is None
    assert r.angle("VKA").endpoint.summaries["six_months"].n == N
    assert sum("position unknown" in x.sentence for x in r.remarks) == 2 * N
    allowed = rules(positions=PositionPolicy(allow_unknown=True))
    assert analyse_cohort(angles(Position.UNKNOWN), clinical(), allowed).angle("VKA").rows()[1]["p"]


def test_one_patient_in_another_position_is_left_out_of_that_pair_only():
    some = [
        replace(a, position=Position.SUPINE)
        if (a.patient, a.visit) == ("P05", "preoperative")
        else a
        for a in angles()
    ]
    vka = analyse_cohort(some, clinical(), rules()).angle("VKA")
    (comparison,) = vka.endpoint.comparisons.comparisons
    assert (comparison.t.n, comparison.t.missing) == (N - 1, 1)
    assert vka.changes[0].amounts.n == N - 1
    assert vka.endpoint.summaries["preoperative"].n == N


def test_films_outside_tolerance_are_for_the_sensitivity_analysis():
    some = [
        replace(a, within_tolerance=False) if (a.patient, a.visit) == ("P05", "six_months") else a
        for a in angles()
    ]
    r = analyse_cohort(some, clinical(), rules())
    assert r.angle("VKA").endpoint.summaries["six_months"].n == N - 1
    assert r.angle("VKA").changes[0].amounts.n == N - 1
    assert r.angles_sensitivity[0].endpoint.summaries["six_months"].n == N


def test_several_fractures_count_by_the_index_level():
    extra = [
        replace(a, upper="L3.superior", lower="L3.inferior", value_deg=a.value_deg + 40)
        for a in angles()
        if a.patient == "P01" and a.code == "VKA"
    ]
    corrections = correct_cohort([*angles(), *extra], rules())
    (vka, _) = analyse_angles(corrections, rules(), {"P01": Level.L1})
    assert vka.endpoint.summaries["preoperative"].mean == pytest.approx(18.3)
    (without, _) = analyse_angles(corrections, rules())
    assert without.endpoint.summaries["preoperative"].n == N - 1
    assert "several VKA" in without.remarks[0].sentence


def test_sem_above_the_spread_of_patients_is_pointed_out():
    r = analyse_cohort(angles(), clinical(), rules(sem=2.6))
    found = [x for x in r.remarks if x.kind is RemarkKind.WARNING]
    assert {(x.code, x.visit) for x in found} == {("VKA", "six_months"), ("RKA", "six_months")}


def test_patients_without_counterpart_are_named():
    table = clinical()
    fewer = ClinicalTable(records=(*table.records[1:], ClinicalRecord(patient="Z9")))
    r = analyse_cohort(angles(), fewer, rules())
    sentences = [x.sentence for x in r.remarks if x.kind is RemarkKind.WARNING]
    assert sentences == [
        "Patient P01 has angles but no row in the clinical table.",
        "Patient Z9 has a row in the clinical table but no angle.",
    ]
    assert r.flow.enrolled == N + 1


def test_an_empty_study_has_no_results_and_no_crash():
    r = analyse_cohort([], ClinicalTable(records=()), rules())
    assert (r.angles, r.pain, r.disability) == ((), None, None)
    assert r.complications.any.fraction is None
    assert r.neurology.last is None
    assert r.table_one.rows() == []


def test_actual_clinic_days_enter_the_mixed_model():
    table = clinical()
    rng = np.random.default_rng(3)
    dated = tuple(
        replace(
            r,
            clinic_dates={
                "one_month": date(2024, 3, 31).replace(day=int(rng.integers(25, 31))),
                "six_months": date(2024, 8, int(rng.integers(20, 31))),
            },
        )
        for r in table.records
    )
    r = analyse_cohort(angles(), ClinicalTable(records=dated), rules())
    assert r.pain.mixed_days.day_slope is not None
    assert r.pain.mixed.day_slope is None
    partly = (replace(dated[0], clinic_dates={"one_month": date(2024, 3, 30)}), *dated[1:])
    r = analyse_cohort(angles(), ClinicalTable(records=partly), rules())
    assert r.pain.mixed_days is None
    assert "not known for every value at six_months" in r.pain.notes[0]


@pytest.mark.parametrize(("day", "found"), [(14, False), (15, True)])
def test_film_and_clinic_visit_of_different_days_are_pointed_out(day, found):
    record = ClinicalRecord(
        patient="P01",
        surgery_date=date(2024, 3, 1),
        clinic_dates={"one_month": date(2024, 4, 4)},
    )
    taken_on = date(2024, 4, 4) - timedelta(days=day)
    film = DatedFilm(patient="P01", film=1, taken_on=taken_on)
    assignment = assign_visits([film], {"P01": date(2024, 3, 1)})
    table = ClinicalTable(records=(record,))
    r = analyse_cohort([], table, rules(), assignment=assignment)
    assert any("days apart" in x.sentence for x in r.remarks) is found
