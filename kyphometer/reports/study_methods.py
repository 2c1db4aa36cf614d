"""The methods paragraphs of a study report, written from what was really done."""

from __future__ import annotations

from kyphometer.followup.carried import CARRIED
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.windows import Choice, VisitWindow
from kyphometer.stats.formatting import format_number, minus
from kyphometer.stats.options import StatisticsOptions

_CORNERS = {
    "rim_chord": "the anterior and posterior corners of the endplate's rim",
    "outer_contour": "the corners of the outermost visible contour of the endplate",
}

_AGAINST = (
    "Changes of angles were set against changes of pain and disability by Pearson's correlation "
    "with Fisher's interval, as exploration. "
)
_GROUPS = (
    "Complications were compared between groups of patients by Fisher's exact test where an "
    "expected count was below 5, else by chi-square, as exploration. "
)


_EQUAL = ", Kenward and Roger's degrees of freedom); both take the groups for equally scattered"
_UNEQUAL = (
    "); both with errors that hold where groups scatter unequally (HC2 and CR2, degrees of "
    "freedom of Bell and McCaffrey)"
)
_SYMPTOMS = (
    "Symptoms before and after surgery were compared in the same patients by McNemar's test "
    "(exact, and its chi-square beside it) with Tango's interval of the change. "
)
_LOST = (
    "Main comparisons were repeated with missing values taken for worse than the mixed model "
    "predicts, up to the point at which the interval holds 0. "
)
_TIMES = (
    "Time to loss of correction ({limit:g}° or more above the first film after surgery) and to "
    "revision surgery is given by Kaplan and Meier's curve with beta product intervals, losses "
    "being put to the visit at which they were seen; groups were compared by the log-rank test. "
)


def methods(results: StudyResults) -> tuple[str, ...]:
    """Paragraphs: films and visits, measurement, measurement error, statistics, software."""
    return (
        _films(results),
        _measurement(results),
        _error(results),
        _statistics(results),
        *_arms(results),
        f"Measured and analysed with {results.software}.",
    )


def _films(results: StudyResults) -> str:
    windows = results.cohort.rules.windows
    counts = results.counts
    if not counts.films:
        return _without_films(results)
    text = (
        f"The study holds {counts.films} films of {counts.patients} patients. Films were put to "
        "visits by their date against the date of surgery (day 0): "
        + "; ".join(_window(window) for window in windows.windows)
        + ". Films outside a tolerance but inside the wider analysis window enter the sensitivity "
        "analysis only; values of several films were never averaged."
    )
    policy = results.cohort.rules.positions
    unknown, mixed = (
        "stated, with a warning" if allowed else "not stated"
        for allowed in (policy.allow_unknown, policy.allow_mixed)
    )
    stated = (
        f" Where the header did not say, patients were {results.stated_position} by protocol."
        if results.stated_position
        else ""
    )
    return (
        f"{text} Patient position was taken from the film's header.{stated} Changes from or to an "
        f"unknown position were {unknown}; changes between different positions were {mixed}."
    )


def _without_films(results: StudyResults) -> str:
    windows = results.cohort.rules.windows
    filmed = ", ".join(windows.labels[visit] for visit in windows.filmed)
    policy = results.cohort.rules.positions
    stated = results.stated_position or "not known"
    unknown = "stated, with a warning" if policy.allow_unknown else "not stated"
    return (
        f"The study holds no films of its {results.counts.patients} patients: angles came in "
        f"tables that name visits or days. By protocol films were taken at {filmed}. Position: "
        f"{stated}. Changes from or to an unknown position were {unknown}."
    )


def _window(window: VisitWindow) -> str:
    low, high = window.tolerance
    first, last = window.analysis
    span = f"day {low} to {high}" if low != high else f"day {low}"
    wide = f"to {last}" if first is None else f"{first} to {last}"
    rule = {
        Choice.LAST: "the last film",
        Choice.FIRST: "the first film",
        Choice.NEAREST: f"the film nearest to day {window.target_day}",
    }[window.choose]
    return minus(f"{window.label}, {span} (analysis window {wide}), {rule}")


def _measurement(results: StudyResults) -> str:
    pairs = "; ".join(
        f"{code} ({_definition(results.definitions.get(code, ''))}), measured as "
        + ", ".join(f"{pair} in {n}" for pair, n in found.items())
        for code, found in results.pairs.items()
    )
    names = " and ".join(results.observers) or "nobody"
    fewest, most = results.readings_each
    each = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    if not results.counts.films_read:
        return (
            f"The angles were measured elsewhere, kyphosis positive: {pairs or 'none'}; nothing is "
            "known of the marks on the films, and no uncertainty of a single value. Where a table "
            "names no levels, they are counted from the fracture (F)."
        )
    one = fewest == most == 1
    value = "one reading" if one else f"the mean of {each} readings, one by each observer"
    corners = " or ".join(_CORNERS.get(rule.value, rule.value) for rule in results.corner_rules)
    return (
        f"Observers {names} marked {corners or 'the endplates'}; a value is {value}. "
        f"Angles, kyphosis positive: {pairs or 'none were measured'}. The same endplates were used "
        f"at every visit of a patient. {results.counts.readings_used} readings of "
        f"{results.counts.films_read} films gave the values; the study holds "
        f"{results.counts.readings} readings in all. {results.cohort.corrections.elsewhere}"
    )


def _definition(text: str) -> str:
    return text.replace(".superior", " superior").replace(".inferior", " inferior").rstrip(".")


def _error(results: StudyResults) -> str:
    words = [
        f"{item.code}: {item.precision.words}"
        if item.precision
        else f"{item.code}: no standard error of measurement is known, so that no single patient's "
        "change was judged"
        for item in results.cohort.angles
    ]
    return (
        "A patient's change was called improved or worse where it exceeded the minimal detectable "
        "change at 95 % (MDC95 = 1.96 √2 SEM), and unchanged within error otherwise. "
        + ". ".join(words)
        + "."
        + _scaled(results)
        + _carried(results)
    )


def _scaled(results: StudyResults) -> str:
    scales = results.cohort.corrections.uncertainty_scales
    if not scales:
        return ""
    factors = ", ".join(f"{code} by {scale:.2f}" for code, scale in scales.items())
    return (
        " Standard uncertainties from the marks were multiplied so that their root mean square is "
        f"the SEM of the repeats ({factors})."
    )


def _carried(results: StudyResults) -> str:
    """What must be said where changes are known from marks carried over from film to film."""
    changes = [
        change
        for item in results.cohort.corrections.patients
        for change in (*item.corrections, *item.losses)
        if change.uncertainty_source
    ]
    carried = sum(change.uncertainty_source == CARRIED for change in changes)
    if not carried:
        return ""
    return (
        f" In {carried} of {len(changes)} changes the marks of one film had been carried over from "
        "the other and left where they were proposed; the standard uncertainty of these is that of "
        "the change itself, in which cancels what both marks share. All others take both readings "
        "as independent."
    )


def _statistics(results: StudyResults) -> str:
    options = results.cohort.options
    level = format_number(100 * options.confidence, 0)
    relation = "≤" if options.inclusive else "<"
    return (
        "Values are mean, SD, minimum, maximum, n and missing. Visits were compared by paired t "
        f"tests of all pairs, with the mean difference, its {level} % confidence interval and d_z, "
        f"and by Wilcoxon's signed-rank test beside it ({_ranks(options)}); p values were adjusted "
        "by Holm within each endpoint. Over three visits or more, repeated-measures ANOVA with the "
        "Greenhouse-Geisser correction and Friedman's test used patients with every visit, a mixed "
        "model for repeated measures every patient (visits as categories, unstructured covariance "
        "within patients unless the table says otherwise, REML, Kenward and Roger's degrees of "
        "freedom, values missing at random). Normality of the differences "
        "(Shapiro-Wilk) is shown and was not used to choose a test. AIS grades were compared by "
        "the exact sign test and an exact permutation test of marginal homogeneity; "
        "proportions have exact (Clopper-Pearson) and Wilson intervals. "
        f"{_GROUPS if results.cohort.complications_by else ''}"
        f"{_AGAINST if results.cohort.outcomes else ''}"
        f"{_SYMPTOMS if results.cohort.symptoms else ''}"
        f"{_LOST if results.cohort.lost else ''}"
        f"{_TIMES.format(limit=results.cohort.loss_limit_deg) if results.cohort.times else ''}"
        f"p {relation} {options.alpha:g} is called significant. Statistical choices: "
        f"{_choices(options)}."
    )


def _arms(results: StudyResults) -> list[str]:
    """How treatment groups were compared, if they were."""
    arms = results.cohort.arms
    if arms is None:
        return []
    sizes = ", ".join(f"{name} (n = {n})" for name, n in arms.arms.items())
    beside = ", ".join(arms.rules.covariates).replace("_", " ")
    limits = " or ".join(f"{name} by {v:g}" for name, v in arms.rules.important_change.items())
    errors = _EQUAL if results.cohort.options.equal_scatter else _UNEQUAL
    return [
        f"Treatment groups: {sizes}; the reference is {arms.reference}. Balance before treatment "
        "is shown by standardised differences. At each later visit groups were compared by "
        "analysis of covariance with the value before surgery"
        f"{f' and {beside}' if beside else ''} as covariate, and by a mixed model for repeated "
        "measures of all later visits (differences and slopes on the value before surgery by "
        f"visit, unstructured covariance unless a note says otherwise, REML{errors}. Responders "
        f"improved in {limits or 'nothing that was named'} or more; a loss of correction of "
        f"{arms.rules.loss_limit_deg:g}° or more counts as an event. Risks are compared by their "
        "difference (Newcombe), ratio (score corrected for skewness, Laud) and conditional odds "
        "ratio (exact), with Fisher's exact test. Patients were taken as they were treated; "
        "nothing here makes up for treatment that was not drawn by lot."
    ]


def _ranks(options: StatisticsOptions) -> str:
    exact = "exact distribution, ties included"
    normal = "normal approximation, corrected for ties, without continuity correction"
    return exact if options.signed_rank == "exact" else normal


def _choices(options: StatisticsOptions) -> str:
    if options.name == "SPSS parity":
        return (
            "those of SPSS (quartiles by HAVERAGE, asymptotic Wilcoxon, uncorrected chi-square, "
            "Levene's test from the mean)"
        )
    return options.name
