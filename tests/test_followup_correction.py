"""Correction, loss and verdicts: closed forms, the published audit, and every refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kyphometer.errors import (
    DifferentLevelsError,
    DuplicateReadingError,
    NotAnAngleError,
    UnusableDataError,
)
from kyphometer.film import Position
from kyphometer.followup.correction import (
    ChangeUncertainty,
    CorrectionRules,
    correct_cohort,
    correct_patient,
)
from kyphometer.followup.correction_model import Verdict
from kyphometer.followup.positions import PositionPolicy
from kyphometer.followup.precision import (
    MeasurementPrecision,
    PrecisionSource,
    choose_precision,
)
from kyphometer.followup.remarks import RemarkKind
from kyphometer.followup.visit_angles import VisitAngle, mean_of_readings, visit_angle
from kyphometer.followup.visit_model import DatedFilm
from kyphometer.followup.visits import assign_patient_visits
from kyphometer.measure.model import Measurement

STANDING = Position.STANDING


def precision(sem=1.0, code="VKA", readings=1, source=PrecisionSource.STATED):
    return MeasurementPrecision(
        code=code,
        standard_error_of_measurement_deg=sem,
        source=source,
        description="test",
        readings=readings,
    )


def angle(visit, value, pair="L1", **changes):
    base = VisitAngle(
        patient="P01",
        visit=visit,
        code="VKA",
        upper=f"{pair}.superior",
        lower=f"{pair}.inferior",
        value_deg=value,
        standard_uncertainty_deg=0.9,
        position=STANDING,
        observers=("KN",),
    )
    return replace(base, **changes)


def rules(sem=1.0, **options):
    return CorrectionRules(precision={"VKA": precision(sem)} if sem else {}, **options)


def one(*angles, **options):
    (result,) = correct_patient(angles, rules(**options))
    return result


def test_mdc95_is_2_77_sem():
    assert precision(1.0).minimal_detectable_change_95_deg == pytest.approx(2.7718, abs=5e-5)
    assert "stated" in precision(1.0).words


def test_uncertainties_agree_with_the_studys_own_repeats():
    """0.6 and 1.2 have the root mean square 0.949; repeats of SEM 0.5 scale both by 0.527."""
    angles = [
        angle("preoperative", 20.0, standard_uncertainty_deg=0.6),
        angle("six_months", 12.0, standard_uncertainty_deg=1.2),
    ]
    own = precision(0.5, source=PrecisionSource.OWN_REPEATS)
    cohort = correct_cohort(angles, CorrectionRules(precision={"VKA": own}))
    first, last = cohort.patients[0].angles
    assert first.standard_uncertainty_deg == pytest.approx(0.5 / 0.9486833 * 0.6)
    assert last.standard_uncertainty_deg == pytest.approx(2 * first.standard_uncertainty_deg)
    change = cohort.patients[0].correction("six_months")
    assert change.standard_uncertainty_deg == pytest.approx(0.5 * 2**0.5)
    assert cohort.uncertainty_scales == pytest.approx({"VKA": 0.5 / 0.9486833})
    stated = correct_cohort(angles, rules(0.5))
    assert stated.patients[0].angles[0].standard_uncertainty_deg == 0.6
    assert stated.uncertainty_scales == {}


def test_published_means_as_one_patient():
    """18.3 to 12.8 is 5.5 degrees or 30.1 %; science.md#published-study."""
    r = one(angle("preoperative", 18.3), angle("six_months", 12.8))
    change = r.correction("six_months")
    assert change.amount_deg == pytest.approx(5.5)
    assert change.percent == pytest.approx(30.05, abs=0.01)
    assert change.verdict is Verdict.IMPROVED
    assert change.standard_uncertainty_deg == pytest.approx(0.9 * 2**0.5)
    assert change.beyond_uncertainty
    assert r.label == "VKA (L1 sup - L1 inf)"
    assert r.losses == ()
    (remark,) = r.remarks
    assert "no VKA at discharge: no loss" in remark.sentence


def test_loss_after_discharge():
    r = one(angle("preoperative", 20), angle("discharge", 10), angle("six_months", 14), sem=1.0)
    loss = r.loss("six_months")
    assert (loss.amount_deg, loss.percent) == (4.0, 40.0)
    assert loss.verdict is Verdict.WORSE
    assert r.correction("six_months").amount_deg == 6.0
    assert r.loss("discharge") is None


def test_percentages_need_a_denominator_beyond_error():
    r = one(angle("preoperative", 2.5), angle("discharge", 1.0), angle("one_month", 2.0))
    assert r.correction("discharge").percent is None
    assert "baseline angle is not beyond" in r.correction("discharge").percent_reason
    assert r.loss("one_month").percent is None
    assert "initial correction is not beyond" in r.loss("one_month").percent_reason
    lordotic = one(angle("preoperative", -12.0), angle("discharge", -20.0))
    assert lordotic.correction("discharge").amount_deg == 8.0
    assert lordotic.correction("discharge").percent is None


@pytest.mark.parametrize(
    ("post", "verdict"),
    [
        (20 - 2.78, Verdict.IMPROVED), (20 - 2.77, Verdict.UNCHANGED), (20.0, Verdict.UNCHANGED),
        (20 + 2.77, Verdict.UNCHANGED), (20 + 2.78, Verdict.WORSE),
    ],
)  # fmt: skip
def test_verdict_limits(post, verdict):
    assert (
        one(angle("preoperative", 20), angle("discharge", post)).corrections[0].verdict is verdict
    )


def test_no_precision_no_verdict_no_percentage():
    change = one(angle("preoperative", 20), angle("discharge", 10), sem=None).corrections[0]
    assert (change.amount_deg, change.percent) == (10.0, None)
    assert change.verdict is Verdict.NOT_JUDGED
    assert "no SEM of VKA is known" in change.reasons[0]


def test_precision_of_means_does_not_judge_single_readings():
    angles = (angle("preoperative", 20), angle("discharge", 10))
    of_means = CorrectionRules(precision={"VKA": precision(readings=2)})
    change = correct_patient(angles, of_means)[0].corrections[0]
    assert change.verdict is Verdict.NOT_JUDGED
    assert "means of 2 readings" in change.reasons[0]
    means = tuple(replace(a, readings=2) for a in angles)
    assert correct_patient(means, of_means)[0].corrections[0].reasons == ()
    assert "cautious" in correct_patient(means, rules())[0].corrections[0].reasons[0]


def test_own_repeats_go_before_a_stated_sem():
    own = precision(1.4, source=PrecisionSource.OWN_REPEATS)
    chosen = choose_precision([own], [precision(2.6), precision(2.0, "RKA")])
    assert chosen["VKA"] is own
    assert chosen["RKA"].source is PrecisionSource.STATED
    with pytest.raises(UnusableDataError, match="given twice"):
        choose_precision([own, own])
    with pytest.raises(UnusableDataError, match="positive"):
        precision(0.0)


@pytest.mark.parametrize(("sem", "share"), [(1.0, 0.87), (1.5, 0.71), (2.0, 0.49), (2.6, 0.24)])
def test_share_of_patients_beyond_error_as_audited(sem, share):
    """science.md#published-study: change 5.5 with SD of differences 2.46 (r = 0.5), normal."""
    deviation = (2.8**2 + 1.8**2 - 2.8 * 1.8) ** 0.5
    quantiles = [(i + 0.5) / 400 for i in range(400)]
    angles = []
    for i, q in enumerate(quantiles):
        drop = 5.5 + deviation * stats.norm.ppf(q)
        angles += [
            angle("preoperative", 18.3, patient=f"P{i}"),
            angle("six_months", 18.3 - drop, patient=f"P{i}"),
        ]
    result = correct_cohort(angles, rules(sem))
    improved = sum(p.corrections[0].verdict is Verdict.IMPROVED for p in result.patients)
    assert improved / 400 == pytest.approx(share, abs=0.01)


def test_other_levels_are_refused_with_patient_and_levels():
    angles = [angle("preoperative", 18), angle("six_months", 12, pair="L2")]
    with pytest.raises(DifferentLevelsError) as caught:
        correct_patient(angles, rules())
    text = str(caught.value)
    assert "patient P01" in text
    assert "preoperative L1.superior-L1.inferior" in text
    assert "six_months L2.superior-L2.inferior" in text


def test_several_fractures_are_several_series():
    result = correct_patient(
        [
            angle("preoperative", 18),
            angle("preoperative", 11, pair="L3"),
            angle("six_months", 12),
        ],
        rules(),
    )
    assert [(r.upper, len(r.corrections)) for r in result] == [
        ("L1.superior", 1),
        ("L3.superior", 0),
    ]


def test_two_readings_are_never_averaged_silently():
    angles = [angle("preoperative", 18), angle("preoperative", 20, observers=("AB",))]
    with pytest.raises(DuplicateReadingError, match="P01 at preoperative has two readings"):
        correct_patient(angles, rules())
    (mean,) = mean_of_readings(angles)
    assert (mean.value_deg, mean.readings, mean.observers) == (19.0, 2, ("KN", "AB"))
    assert mean.standard_uncertainty_deg == pytest.approx(0.9 / 2**0.5)
    with pytest.raises(DuplicateReadingError, match="different films"):
        mean_of_readings([replace(angles[0], film=1), replace(angles[1], film=2)])


def test_mixed_and_unknown_positions_are_not_stated_without_permission():
    angles = (
        angle("preoperative", 15.4, position=Position.SUPINE),
        angle("discharge", 12.0),
        angle("six_months", 13.0, position=Position.UNKNOWN),
    )
    (strict,) = correct_patient(angles, rules())
    mixed, unknown = strict.corrections
    assert (mixed.amount_deg, mixed.percent, mixed.eligible) == (None, None, False)
    assert mixed.verdict is Verdict.NOT_JUDGED
    assert "supine at the earlier but standing" in mixed.reasons[0]
    assert "position supine at the earlier and unknown" in unknown.reasons[0]
    allowed = rules(positions=PositionPolicy(allow_mixed=True, allow_unknown=True))
    (free,) = correct_patient(angles, allowed)
    assert free.corrections[0].amount_deg == pytest.approx(3.4)
    assert free.corrections[0].reasons


def test_correlated_uncertainty_replaces_the_independent_one():
    known = ChangeUncertainty(
        patient="P01", code="VKA", upper="L1.superior", lower="L1.inferior",
        earlier="preoperative", later="discharge", standard_uncertainty_deg=0.5,
        source="carry-over",
    )  # fmt: skip
    r = one(
        angle("preoperative", 20),
        angle("discharge", 18.9),
        angle("one_month", 18.9),
        change_uncertainties={known.key: known},
    )
    first, second = r.corrections
    assert (first.standard_uncertainty_deg, first.uncertainty_source) == (0.5, "carry-over")
    assert first.beyond_uncertainty
    assert not second.beyond_uncertainty
    assert second.uncertainty_source == "independent readings"
    assert first.verdict is Verdict.UNCHANGED


def test_a_cohort_goes_on_and_lists_what_it_refused():
    angles = [
        angle("preoperative", 18, patient="A"),
        angle("six_months", 12, patient="A", pair="L2"),
        angle("preoperative", 18, patient="B"),
        angle("six_months", float("nan"), patient="B"),
        angle("discharge", 11, patient="C"),
        angle("six_months", 12, patient="C"),
        angle("two_years", 12, patient="D"),
    ]
    result = correct_cohort(angles, rules())
    assert [p.patient for p in result.patients] == ["C"]
    refused = [r for r in result.remarks if r.kind is RemarkKind.REFUSED]
    assert [r.patient for r in refused] == ["A", "B", "D"]
    assert "no VKA at preoperative: no correction" in result.remarks[-1].sentence
    rows = result.rows()
    assert [row["loss_deg"] for row in rows] == [None, 1.0]
    assert len({tuple(row) for row in rows}) == 1
    assert list(result.to_frame()["visit"]) == ["discharge", "six_months"]


values = st.floats(-60, 90)


@given(values, values, values)
def test_corrections_and_loss_add_up(pre, post, late):
    r = one(angle("preoperative", pre), angle("discharge", post), angle("six_months", late))
    total = r.correction("discharge").amount_deg - r.loss("six_months").amount_deg
    assert total == pytest.approx(r.correction("six_months").amount_deg, abs=1e-9)
    shifted = one(angle("preoperative", pre + 5), angle("discharge", post + 5))
    assert shifted.corrections[0].amount_deg == pytest.approx(r.corrections[0].amount_deg, abs=1e-9)
    opposite = {Verdict.IMPROVED: Verdict.WORSE, Verdict.WORSE: Verdict.IMPROVED}
    swapped = one(angle("preoperative", post), angle("discharge", pre)).corrections[0].verdict
    assert swapped is opposite.get(r.corrections[0].verdict, r.corrections[0].verdict)


def test_angles_come_from_measurements_of_assigned_films():
    from datetime import date

    film = DatedFilm(patient="P01", film=7, taken_on=date(2024, 2, 28), position=STANDING)
    (visit,) = assign_patient_visits("P01", [film], date(2024, 3, 1)).visits
    measured = Measurement(
        code="VKA", label="VKA (L1 sup - L1 inf)", value=18.3, unit="deg",
        standard_uncertainty=0.9, definition="", upper="L1.superior", lower="L1.inferior",
    )  # fmt: skip
    a = visit_angle(visit, measured, ("KN",))
    assert (a.visit, a.day, a.film, a.value_deg, a.position) == (
        "preoperative", -2, 7, 18.3, STANDING,
    )  # fmt: skip
    with pytest.raises(NotAnAngleError, match="no angle"):
        visit_angle(visit, replace(measured, unit="mm"))
