"""The whole analysis of a table, observers over time, accuracy, adjudication, words and GRRAS."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kyphometer.errors import ParameterRangeError, TooFewDataError
from kyphometer.reliability.accuracy import accuracy
from kyphometer.reliability.analysis import analyse
from kyphometer.reliability.control_charts import individuals_chart, mean_and_sd_charts
from kyphometer.reliability.disagreements import gross_disagreements
from kyphometer.reliability.grras import Filled, StudyFacts, grras_checklist
from kyphometer.reliability.observers import observer_drift, observer_results
from kyphometer.reliability.table import ReadingTable, ValueRow
from kyphometer.reliability.table_csv import read_reading_table
from kyphometer.reliability.words import Verdict, at_most, icc_words, within
from kyphometer.stats.estimate import Estimate, NotComputed

DATA = Path(__file__).parents[1] / "data"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def study(*, seed=1, patients=21, drift=0.0, truth=True, observers=("AB", "KN"), bias=1.0):
    """Two visits a patient, two replicates; KN reads `bias` higher and drifts by `drift` a day."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(patients):
        for visit, level in (("pre-op", 18.0), ("6 months", 13.0)):
            true = level + rng.normal(0, 2.5)
            for o, observer in enumerate(observers):
                for replicate in (1, 2):
                    days = patient + 30 * replicate
                    rows.append(
                        ValueRow(
                            film=f"{patient}-{visit}",
                            patient=str(patient),
                            visit=visit,
                            instrumented=visit != "pre-op",
                            observer=observer,
                            replicate=str(replicate),
                            code="VKA",
                            value=true + o * (bias + drift * days) + rng.normal(0, 1.2),
                            truth=true if truth else None,
                            created=START + timedelta(days=days),
                        )
                    )
    return ReadingTable(values=tuple(rows))


def test_everything_is_in_one_result_and_goes_to_json():
    result = analyse(study(), by=("visit", "observer", "instrumented"), tolerance=10.0)
    labels = [group.label for group in result.groups]
    assert labels[0].startswith("VKA, visit ")
    assert "VKA" in labels
    assert {"VKA, visit pre-op", "VKA, observer KN", "VKA, instrumented instrumented"} < set(labels)
    whole = result.group("VKA")
    assert (whole.counts.films, whole.counts.patients, whole.counts.readings) == (42, 21, 168)
    assert whole.counts.missing == 0
    assert whole.components.precision.intra_observer.low < 1.2
    assert whole.components.precision.intra_observer.high > 1.2
    assert whole.pairs[0].visits.bias.low < -1.0 < whole.pairs[0].visits.bias.high
    assert whole.bootstrap.replicates == 2000
    text = json.dumps(result.to_dict(), allow_nan=False)
    assert json.loads(text)["groups"][0]["label"] == "VKA, visit pre-op"
    rows = whole.table_rows()
    assert len(rows) > 60
    assert all(row["low"] is None or row["low"] <= row["high"] for row in rows)


def test_one_observer_alone_says_what_cannot_be_had():
    group = analyse(study(observers=("KN",), truth=False)).group("VKA")
    assert isinstance(group.components, NotComputed)
    assert "2 films and 2 observers" in group.components.reason
    assert group.observers[0].repeatability.df == 42
    assert group.pairs == ()
    assert isinstance(group.accuracy, NotComputed)


def test_missing_and_not_measurable_readings_are_counted_openly():
    rows = [
        row if i not in (3, 10) else ValueRow(**{**_fields(row), "value": None})
        for i, row in enumerate(study().values)
        if i != 5
    ]
    group = analyse(ReadingTable(values=tuple(rows))).group("VKA")
    assert (group.counts.missing, group.counts.not_measurable) == (3, 2)
    assert "REML" in group.components.method
    assert "missing" in group.bootstrap.reason
    assert sum(observer.not_measurable for observer in group.observers) == 2


def _fields(row):
    return {name: getattr(row, name) for name in ValueRow.__dataclass_fields__}


def test_published_pressure_file_end_to_end():
    """Within-subject variances of the three: their mean is the residual variance."""
    group = analyse(read_reading_table(DATA / "bland_altman_1999_sbp.csv")).groups[0]
    assert group.components.residual.value == pytest.approx(
        (37.408 + 37.980 + 83.141) / 3, abs=1e-3
    )
    sems = [o.repeatability.standard_error_of_measurement.value**2 for o in group.observers]
    assert sems == pytest.approx([37.408, 37.980, 83.141], abs=1e-3)
    pair = next(p for p in group.pairs if p.label == "J - S")
    assert pair.replicates.upper.value == pytest.approx(25.44, abs=6e-3)


def test_observer_bias_and_drift_are_found():
    steady = analyse(study(drift=0.0, bias=0.0)).group("VKA").observers[1]
    drifting = analyse(study(drift=0.05, bias=0.0, truth=False)).group("VKA").observers[1]
    assert steady.bias.low < 0 < steady.bias.high
    assert drifting.bias.low > 0.5
    slope = drifting.drift.slope_per_month.slope
    assert slope.low < 0.05 * 30.4375 < slope.high
    assert slope.low > 0.5
    assert drifting.drift.reference == "mean of the other observers"
    assert not drifting.drift.individuals.in_control
    assert steady.drift.slope_per_month.slope.low < 0 < steady.drift.slope_per_month.slope.high


def test_drift_needs_times():
    rows = [ValueRow(**{**_fields(row), "created": None}) for row in study().values]
    with pytest.raises(TooFewDataError, match="5 readings with a time"):
        observer_drift(ReadingTable(values=tuple(rows)), "KN")


def test_accuracy_finds_planted_bias_and_precision():
    whole, ab, kn = analyse(study(patients=40)).group("VKA").accuracy
    assert (whole.name, ab.name, kn.name) == ("all observers", "AB", "KN")
    assert ab.bias.low < 0.0 < ab.bias.high
    assert kn.bias.low < 1.0 < kn.bias.high
    assert kn.precision.low < 1.2 < kn.precision.high
    assert kn.total_error == pytest.approx(math.hypot(1.0, 1.2), rel=0.15)


def test_accuracy_of_single_readings_is_the_sample_sd_with_the_exact_interval():
    rng = np.random.default_rng(9)
    errors, truths = rng.normal(0.5, 1.0, 22), np.linspace(0, 40, 22)
    result = accuracy(errors, tuple(map(str, range(22))), truths)
    assert result.precision.value == pytest.approx(errors.std(ddof=1))
    ratio = (result.precision.low / result.precision.value, result.precision.high)
    assert (ratio[0], ratio[1] / result.precision.value) == pytest.approx((0.77, 1.43), abs=0.006)
    assert result.error_on_size.slope.low < 0 < result.error_on_size.slope.high


def test_gross_disagreements_are_listed_with_both_readings():
    cube = ReadingTable(
        values=tuple(
            ValueRow(film=f, observer=o, replicate=r, value=v)
            for f, o, r, v in [
                ("f1", "A", "1", 10.0),
                ("f1", "A", "2", 19.0),
                ("f1", "B", "1", 11.0),
                ("f2", "A", "1", 20.0),
                ("f2", "B", "1", 21.0),
            ]
        )
    ).cube()
    found = gross_disagreements(cube, between_limit=5.0, within_limit=4.0)
    assert [(d.film, d.first_value, d.second_value) for d in found] == [
        ("f1", 10.0, 19.0),
        ("f1", 19.0, 11.0),
    ]
    assert [d.same_observer for d in found] == [True, False]
    assert len(gross_disagreements(cube, 5.0)) == 1


def test_individuals_chart_has_shewharts_constants():
    """Limits mean -+ 2.660 mean moving range, and 3.267 mean moving range above."""
    values = [10.0, 12.0, 11.0, 13.0, 10.0, 11.0]
    chart, ranges = individuals_chart(values)
    mean_range = (2 + 1 + 2 + 3 + 1) / 5
    assert chart.upper[0] == pytest.approx(np.mean(values) + 2.660 * mean_range, abs=3e-3)
    assert ranges.upper[0] == pytest.approx(3.267 * mean_range, abs=2e-3)
    assert ranges.lower == (0.0,) * 5


def test_chart_of_means_has_c4_and_its_limits():
    """c4 of 5 is 0.9400; with pooled SD s the S chart is centred on c4 s."""
    rng = np.random.default_rng(3)
    rounds = [rng.normal(0, 2, 5) for _ in range(20)]
    means, sds = mean_and_sd_charts(rounds)
    pooled = math.sqrt(np.mean([np.var(group, ddof=1) for group in rounds]))
    assert sds.centre == pytest.approx(0.9400 * pooled, rel=1e-4)
    assert means.upper[0] - means.centre == pytest.approx(3 * pooled / math.sqrt(5))
    assert sds.upper[0] == pytest.approx((0.9400 + 3 * math.sqrt(1 - 0.9400**2)) * pooled, rel=1e-3)


def test_runs_and_trends_are_signalled():
    run = [1, -1, 1, -1, *([2, 3] * 4), -9, -8]
    assert "8 in a row on one side of the centre" in {
        s.rule for s in individuals_chart(run)[0].signals
    }
    trend = [0, 1, -1, 0, 1, 2, 3, 4, 5, 0]
    rules = {(s.index, s.rule) for s in individuals_chart(trend)[0].signals}
    assert (7, "6 in a row rising or falling") in rules
    shifted = [0, 1, 0, 1, 0, 1, 9, 1, 0]
    assert (6, "beyond the control limits") in {
        (s.index, s.rule) for s in individuals_chart(shifted)[0].signals
    }


def estimate(value, low, high):
    return Estimate(name="x", value=value, low=low, high=high)


def test_words_follow_the_interval_and_not_the_estimate():
    assert icc_words(estimate(0.95, 0.45, 0.99)) == "poor to excellent"
    assert icc_words(estimate(0.80, 0.76, 0.89)) == "good"
    assert at_most(estimate(1.0, 0.8, 1.4), 1.5) is Verdict.SHOWN
    assert at_most(estimate(1.0, 0.8, 1.6), 1.5) is Verdict.NOT_SHOWN
    assert at_most(estimate(2.0, 1.6, 2.6), 1.5) is Verdict.REFUTED
    assert within(estimate(0.2, -0.3, 0.7), 1.0) is Verdict.SHOWN
    assert within(estimate(0.2, -1.3, 1.7), 1.0) is Verdict.NOT_SHOWN
    assert within(estimate(-2.0, -3.0, -1.2), 1.0) is Verdict.REFUTED


def test_grras_fills_what_is_known_and_leaves_the_rest_open():
    analysis = analyse(study())
    facts = StudyFacts(process="Blinded, 28 days apart.", authors={14: "Matters for follow-up."})
    items = {item.number: item for item in grras_checklist(analysis, facts)}
    assert sorted(items) == list(range(1, 16))
    assert items[8].text == "Blinded, 28 days apart."
    assert items[14].filled is Filled.AUTHOR
    assert items[1].filled is Filled.OPEN
    assert items[6].filled is Filled.OPEN
    assert "42 films, 2 observers" in items[11].text
    assert "MDC95, agreement" in items[13].text
    assert "Carkeet" in items[10].text


def test_refusals():
    with pytest.raises(ParameterRangeError, match="one of code, visit"):
        analyse(study(), by=("colour",))
    with pytest.raises(TooFewDataError, match="readings of RKA"):
        analyse(study(), code="RKA")


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.full((6, 3, 2), 7.0), id="all equal"),
        pytest.param(np.arange(6.0)[:, None, None] + np.zeros((6, 3, 2)), id="perfect agreement"),
        pytest.param(np.arange(3.0)[None, :, None] + np.zeros((6, 3, 2)), id="bias only"),
        pytest.param(np.round(np.random.default_rng(1).normal(0, 1, (6, 3, 2))), id="rounded"),
        pytest.param(1e8 + np.random.default_rng(2).normal(0, 1, (6, 2, 2)), id="far from 0"),
        pytest.param(np.random.default_rng(3).normal(0, 1, (2, 2, 1)), id="two films"),
        pytest.param(np.random.default_rng(4).normal(0, 1, (1, 3, 3)), id="one film"),
        pytest.param(np.random.default_rng(5).normal(0, 1, (6, 1, 1)), id="single readings"),
    ],
)
def test_poor_data_give_reasons_and_never_a_number_that_is_none(values):
    rows = tuple(
        ValueRow(film=str(f), observer=str(o), replicate=str(r), value=float(v))
        for (f, o, r), v in np.ndenumerate(values)
    )
    result = analyse(ReadingTable(values=rows), bootstrap_replicates=100)
    json.dumps(result.to_dict(), allow_nan=False)
    for row in result.table_rows():
        assert math.isfinite(row["value"])
        assert row["low"] is None or math.isfinite(row["low"] + row["high"])
    for part in (result.groups[0].components, result.groups[0].bootstrap):
        assert not isinstance(part, NotComputed) or part.reason.endswith(".")


def test_a_drift_a_month_is_not_told_from_an_afternoon():
    start = datetime(2026, 3, 1, 14, tzinfo=UTC)

    def drift(step):
        rows = [
            ValueRow(
                film=f"f{i}",
                observer=who,
                value=10.0 + (i % 3) * 0.1 + (who == "A") * (i % 2),
                created=start + i * step,
            )
            for i in range(12)
            for who in "AB"
        ]
        return observer_results(ReadingTable(values=tuple(rows)))[0].drift

    assert drift(timedelta(minutes=5)).slope_per_month is None
    assert len(drift(timedelta(minutes=5)).individuals.signals) == 0
    assert drift(timedelta(days=1)).slope_per_month is not None
