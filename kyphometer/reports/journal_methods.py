"""The methods of a paper in the language of the task, written from what was done."""

from __future__ import annotations

from collections.abc import Iterator

from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.precision import MeasurementPrecision, PrecisionSource
from kyphometer.reports.journal_words import say, word
from kyphometer.stats.formatting import format_number, minus

_SOURCES = {
    PrecisionSource.OWN_REPEATS: "methods.own",
    PrecisionSource.STATED: "methods.stated",
    PrecisionSource.PUBLISHED: "methods.published",
}


def journal_methods(results: StudyResults) -> tuple[str, ...]:
    """Paragraphs: films and visits, measurement and its error, statistics, software."""
    return (
        " ".join(_films(results)),
        " ".join((*_measurement(results), *_error(results))),
        " ".join(_statistics(results)),
        say("journal.software", software=results.software),
    )


def _films(results: StudyResults) -> Iterator[str]:
    windows = results.cohort.rules.windows
    patients = results.counts.patients
    if results.counts.films:
        spans = "; ".join(
            say("methods.window", visit=window.label, low=minus(str(low)), high=minus(str(high)))
            for window in windows.windows
            for low, high in (window.tolerance,)
        )
        yield say("methods.films", films=results.counts.films, patients=patients, windows=spans)
    else:
        visits = ", ".join(windows.labels[visit] for visit in windows.filmed)
        yield say("methods.no_films", patients=patients, visits=visits)
    if results.stated_position:
        key = f"methods.{results.stated_position.replace(' ', '_')}"
        yield say("methods.protocol", position=word(key, results.stated_position))
    policy = results.cohort.rules.positions
    unknown, mixed = (
        say("methods.given" if allowed else "methods.not_given")
        for allowed in (policy.allow_unknown, policy.allow_mixed)
    )
    yield say("methods.positions", unknown=unknown, mixed=mixed)


def _measurement(results: StudyResults) -> Iterator[str]:
    counted = {
        code: ", ".join(say("methods.pair", pair=_pair(pair), count=n) for pair, n in found.items())
        for code, found in results.pairs.items()
    }
    pairs = "; ".join(f"{code} ({found})" for code, found in counted.items())
    if results.counts.films_read:
        fewest, most = results.readings_each
        count = str(fewest) if fewest == most else f"{fewest}–{most}"
        one = fewest == most == 1
        yield say(
            "methods.marked",
            names=", ".join(results.observers),
            corners=", ".join(say(f"methods.{rule.value}") for rule in results.corner_rules),
            value=say("methods.one_reading") if one else say("methods.mean_of", count=count),
        )
    else:
        yield say("methods.elsewhere")
    if pairs:
        yield say("methods.angles", pairs=pairs)


def _pair(text: str) -> str:
    """`T12 superior to L2 inferior` in the language of the task."""
    parts = text.split(" ")
    if len(parts) != 5:
        return text
    upper, first, _, lower, second = parts
    first, second = (word(f"methods.{end}", end) for end in (first, second))
    return say("methods.to", upper=upper, first=first, lower=lower, second=second)


def _error(results: StudyResults) -> Iterator[str]:
    known = [item.precision for item in results.cohort.angles if item.precision]
    unknown = [item.code for item in results.cohort.angles if not item.precision]
    if known:
        yield say("methods.error", limits="; ".join(map(_limit, known)))
    if unknown:
        yield say("methods.not_judged", codes=", ".join(unknown))


def _limit(precision: MeasurementPrecision) -> str:
    return say(
        "methods.limit",
        code=precision.code,
        mdc=format_number(precision.minimal_detectable_change_95_deg),
        sem=format_number(precision.standard_error_of_measurement_deg, 2),
        source=say(_SOURCES[precision.source]),
    )


def _statistics(results: StudyResults) -> Iterator[str]:
    cohort, options = results.cohort, results.cohort.options
    endpoints = [*(item.endpoint for item in cohort.angles), *cohort.scores]
    yield say("methods.tests", level=format_number(100 * options.confidence, 0))
    used = {
        "methods.anova": any(e.anova for e in endpoints),
        "methods.mixed": any(e.mixed for e in endpoints),
        "methods.ais": bool(cohort.neurology.transitions),
        "methods.shares": bool(cohort.complications.any.total),
        "methods.outcomes": bool(cohort.outcomes),
        "methods.symptoms": bool(cohort.symptoms),
        "methods.lost": bool(cohort.lost),
        "methods.spss": options.name == "SPSS parity",
    }
    yield from (say(key) for key, was in used.items() if was)
    if cohort.times:
        yield say("methods.times", limit=f"{cohort.loss_limit_deg:g}")
    if cohort.arms is not None:
        arms = cohort.arms
        names = arms.rules.covariates
        beside = (word(f"variable.{name}", name.replace("_", " ")) for name in names)
        yield say(
            "methods.arms",
            groups=", ".join(f"{name}, n = {n}" for name, n in arms.arms.items()),
            reference=arms.reference,
            covariates=", ".join((say("methods.baseline"), *beside)),
        )
    relation = "≤" if options.inclusive else "<"
    yield say("methods.alpha", relation=relation, alpha=f"{options.alpha:g}")
