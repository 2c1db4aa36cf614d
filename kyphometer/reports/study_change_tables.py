"""Tables of change: corrections, losses, neurology, complications, omnibus tests."""

from __future__ import annotations

from collections.abc import Sequence

from kyphometer.followup.cohort.analysis import CohortResults
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.reports.document import Column, Table
from kyphometer.reports.study_columns import VISIT, count, elsewhere, number, p_value
from kyphometer.reports.study_tables import labelled
from kyphometer.stats.tabular import Row


def changes_tables(cohort: CohortResults) -> list[Table]:
    """Correction and loss of the group, then how many patients changed beyond error."""
    which = (
        Column(name="code", label="Angle"),
        Column(name="kind", label="Change"),
        Column(name="earlier", label="From"),
        Column(name="later", label="To"),
    )
    amounts = (
        *which,
        count("n", "n"),
        number("mean", "Mean (°)"),
        number("sd", "SD"),
        number("mean_low", "CI low"),
        number("mean_high", "CI high"),
        number("group_mdc95_deg", "MDC95 of the mean"),
        number("ratio_of_means_percent", "% of means"),
        number("mean_of_ratios_percent", "Mean %"),
    )
    verdicts = (
        *which,
        count("improved", "Improved"),
        count("unchanged_within_error", "Unchanged within error"),
        count("worse", "Worse"),
        count("not_judged", "Not judged"),
    )
    rows = [row for item in cohort.angles for row in item.change_rows()]
    words = "; ".join(f"{item.code}: {item.precision.words}"
                      for item in cohort.angles if item.precision)  # fmt: skip
    tables = [
        Table.from_records(
            "changes",
            "Correction (earlier minus later) and loss of correction (later minus discharge)",
            amounts,
            rows,
            "% of means: mean change over mean baseline (for a loss, over mean initial correction)."
            " Mean %: mean of the patients' percentages, where baseline exceeds its error.",
        ),
        Table.from_records(
            "verdicts",
            "Patients whose change is beyond measurement error",
            verdicts,
            rows,
            f"{words or 'No measurement error is known: nobody is judged'}.",
        ),
    ]
    return [labelled(table, cohort.rules.windows.labels) for table in tables]


def corrections_table(cohort: CohortResults) -> Table:
    """Each patient's values, corrections, losses and verdicts."""
    columns = (
        Column(name="patient", label="Patient"),
        Column(name="label", label="Angle"),
        VISIT,
        count("day", "Day"),
        Column(name="position", label="Position"),
        number("value_deg", "Value (°)"),
        Column(name="elsewhere", label="Source", optional=True),
        number("standard_uncertainty_deg", "u (°)"),
        number("correction_deg", "Correction (°)"),
        number("correction_percent", "%"),
        number("correction_standard_uncertainty_deg", "u of correction (°)"),
        Column(name="correction_uncertainty_source", label="Its source", optional=True),
        Column(name="correction_verdict", label="Verdict"),
        number("loss_deg", "Loss (°)"),
        number("loss_standard_uncertainty_deg", "u of loss (°)"),
        Column(name="loss_uncertainty_source", label="Its source", optional=True),
        Column(name="loss_verdict", label="Verdict on loss"),
        Column(name="correction_reasons", label="Reasons", optional=True),
    )
    rows = [row | {"elsewhere": elsewhere(row)} for row in cohort.corrections.rows()]
    table = Table.from_records(
        "corrections",
        "Each patient's angles, corrections and losses",
        columns,
        rows,
        f"u: standard uncertainty from the marks{_scales(cohort)}; of a change that of two "
        "independent readings or, where marks were carried over, that of the change itself, which "
        "is smaller because what both marks share cancels. Verdicts rest on the MDC95 of the "
        "readings.",
    )
    return labelled(table, cohort.rules.windows.labels)


def _scales(cohort: CohortResults) -> str:
    """How uncertainties were made to agree with the study's repeats."""
    scales = cohort.corrections.uncertainty_scales
    if not scales:
        return ""
    factors = ", ".join(f"{code} x {scale:.2f}" for code, scale in scales.items())
    return f", scaled so that on the whole it is the SEM of this study's repeats ({factors})"


def neurology_tables(cohort: CohortResults) -> list[Table]:
    """AIS transitions to the last visit, and the tests at each."""
    labels = cohort.rules.windows.labels
    rows = cohort.neurology.rows()
    tests = (
        Column(name="from", label="From"), Column(name="to", label="To"), count("n", "n"),
        count("missing", "Missing"), count("improved", "Improved"), count("unchanged", "Same"),
        count("worse", "Worse"), p_value("p_sign", "Exact sign test p"),
        p_value("p_marginal_homogeneity", "Marginal homogeneity p"),
    )  # fmt: skip
    tables = [Table.from_records("ais_changes", "AIS grades: changes since surgery", tests, rows)]
    last = cohort.neurology.last
    if last is not None:
        visit = labels.get(list(cohort.neurology.transitions)[-1], "last visit")
        grades = tuple(count(grade, f"{grade} after") for grade in last.grades)
        columns = (Column(name="before", label="Before surgery"), *grades, count("total", "Total"))
        title = f"AIS grades before surgery (rows) and at {visit} (columns)"
        tables.insert(0, Table.from_records("ais_transitions", title, columns, last.rows()))
    return [labelled(table, labels) for table in tables]


def complications_tables(cohort: CohortResults) -> list[Table]:
    """Complications per patient, with sites; leaks per screw where screws were counted."""
    columns = (
        Column(name="complication", label="Complication"),
        count("patients", "Patients"), count("of", "Of"), number("percent", "%"),
        number("exact_low_percent", "Exact CI low (%)"),
        number("exact_high_percent", "Exact CI high (%)"),
        number("wilson_low_percent", "Wilson CI low (%)"),
        number("wilson_high_percent", "Wilson CI high (%)"),
        count("events", "Events"), Column(name="sites", label="Sites"),
        count("symptomatic", "Symptomatic"), count("asymptomatic", "Asymptomatic"),
    )  # fmt: skip
    found = cohort.complications
    rows = [{**row, "complication": _words(row["complication"]), "sites": _words(row["sites"])}
            for row in found.rows()]  # fmt: skip
    note = f"{found.missing} patients whose complications are not known are left out."
    title = "Complications per patient"
    tables = [
        Table.from_records("complications", title, columns, rows, note if found.missing else "")
    ]
    rate = found.leaks_per_screw
    if rate is not None:
        row = (
            "screws with cement leak", rate.events, rate.units, rate.patients, rate.rate, rate.low,
            rate.high, rate.unclustered_low, rate.unclustered_high,
        )  # fmt: skip
        percent = ("rate", "low", "high", "unclustered_low", "unclustered_high")
        names = ("Rate", "CI low", "CI high", "CI low, screws as independent", "CI high, likewise")
        tables.append(
            Table(
                key="leaks_per_screw",
                title="Cement leakage per screw",
                columns=(
                    Column(name="what", label=""),
                    count("events", "Leaks"),
                    count("units", "Screws"),
                    count("patients", "Patients"),
                    *(
                        Column(name=n, label=label, kind="percent")
                        for n, label in zip(percent, names, strict=True)
                    ),
                ),
                rows=(row,),
                note=f"Interval: {rate.method}.",
            )
        )
    return tables


def associations_table(cohort: CohortResults) -> Table | None:
    """Complications by characteristics; None where nobody has any."""
    rows = [row for item in cohort.complications_by for row in item.rows()]
    if not rows:
        return None
    columns = (
        Column(name="characteristic", label="Characteristic"),
        Column(name="group", label="Group"),
        count("complications", "With a complication"),
        count("patients", "Patients"),
        number("percent", "%"),
        number("odds_ratio", "Odds ratio", 2),
        number("odds_ratio_low", "CI low", 2),
        number("odds_ratio_high", "CI high", 2),
        p_value("p", "p"),
        Column(name="method", label="Test"),
    )
    return Table.from_records(
        "complications_by",
        "Complications by characteristics of the patients",
        columns,
        rows,
        "Odds ratio: conditional, exact interval, which covers more than 95 %. Fisher's exact test "
        "where an expected count is below 5, else chi-square. Exploratory: p values are not "
        "adjusted.",
    )


def outcomes_table(cohort: CohortResults) -> Table | None:
    """Correlations of changes of angles with changes of scores; None where there are none."""
    rows = [row for item in cohort.outcomes for row in item.rows()]
    if not rows:
        return None
    columns = (
        Column(name="angle", label="Angle"), Column(name="score", label="Score"), VISIT,
        count("n", "n"), number("r", "r", 2), number("low", "CI low", 2),
        number("high", "CI high", 2), Column(name="note", label="Note", optional=True),
    )  # fmt: skip
    table = Table.from_records(
        "angle_against_outcome",
        "Change of the angle against change of the score, from before surgery",
        columns,
        rows,
        "Pearson's r of the two changes, Fisher's interval; exploratory. Measurement error draws r "
        "towards 0.",
    )
    return labelled(table, cohort.rules.windows.labels)


def _words(value: object) -> object:
    return value.replace("_", " ") if isinstance(value, str) else value


def omnibus_table(endpoints: Sequence[EndpointAnalysis]) -> Table | None:
    """Repeated measures: ANOVA with Greenhouse and Geisser, Friedman, mixed model."""
    rows = [row for endpoint in endpoints for row in _omnibus_rows(endpoint)]
    if not rows:
        return None
    columns = (
        Column(name="endpoint", label="Endpoint"),
        Column(name="test", label="Test over all visits"),
        count("n", "Patients"),
        number("statistic", "Statistic", 2),
        Column(name="df", label="df"),
        number("epsilon", "ε (Greenhouse-Geisser)", 3),
        p_value("p", "p"),
    )
    return Table.from_records("over_all_visits", "Tests over all visits", columns, rows)


def _omnibus_rows(endpoint: EndpointAnalysis) -> list[Row]:
    rows: list[Row] = []
    if (anova := endpoint.anova) is not None:
        rows.append({
            "endpoint": endpoint.name, "test": "repeated-measures ANOVA", "n": anova.n,
            "statistic": anova.f, "df": f"{anova.df_visits}, {anova.df_error}",
            "epsilon": anova.greenhouse_geisser, "p": anova.p_greenhouse_geisser,
        })  # fmt: skip
    if (ranks := endpoint.friedman) is not None:
        rows.append({
            "endpoint": endpoint.name, "test": "Friedman", "n": ranks.n,
            "statistic": ranks.chi_square, "df": str(ranks.degrees_of_freedom), "p": ranks.p,
        })  # fmt: skip
    return rows


def mixed_table(endpoints: Sequence[EndpointAnalysis], cohort: CohortResults) -> Table | None:
    """Differences between visits by the mixed model, which keeps patients with gaps."""
    models = [
        (model, "actual days" if model is endpoint.mixed_days else "")
        for endpoint in endpoints
        for model in (endpoint.mixed, endpoint.mixed_days)
        if model is not None
    ]
    rows = [
        row | {"adjusted": adjusted, "n": model.patients}
        for model, adjusted in models
        for row in model.rows()
        if row["second"] is not None
    ]
    if not rows:
        return None
    columns = (
        Column(name="endpoint", label="Endpoint"),
        Column(name="first", label="From"),
        Column(name="second", label="To"),
        Column(name="adjusted", label="Adjusted for"),
        count("n", "Patients"),
        number("estimate", "Difference", 2),
        number("low", "CI low", 2),
        number("high", "CI high", 2),
        number("t", "t", 2),
        number("degrees_of_freedom", "df", 1),
        p_value("p", "p"),
        p_value("p_holm", "p, Holm"),
    )
    methods = "; ".join(dict.fromkeys(model.method for model, _ in models))
    fallbacks = [
        f"{model.name}: {model.covariance.fallback}"
        for model, _ in models
        if model.covariance.fallback
    ]
    table = Table.from_records(
        "mixed_model",
        "Mixed model: differences between visits, every patient kept",
        columns,
        rows,
        " ".join([f"Method: {methods}.", *dict.fromkeys(fallbacks)]),
    )
    return labelled(table, cohort.rules.windows.labels)
