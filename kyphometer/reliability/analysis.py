"""Everything about the reliability of a table of readings, in one result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kyphometer.errors import ParameterRangeError, TooFewDataError
from kyphometer.messages import Word
from kyphometer.reliability.accuracy import Accuracy, table_accuracy
from kyphometer.reliability.agreement_pairs import (
    PairAgreement,
    RepeatAgreement,
    observer_pairs,
    repeat_agreements,
)
from kyphometer.reliability.bootstrap import ClusterBootstrap, cluster_bootstrap
from kyphometer.reliability.components import VarianceComponents, variance_components
from kyphometer.reliability.crossed import compact
from kyphometer.reliability.disagreements import Disagreement, gross_disagreements
from kyphometer.reliability.film_levels import clustered
from kyphometer.reliability.gauge import GaugeStudy, gauge_study
from kyphometer.reliability.icc import IntraclassCorrelations, intraclass_correlations
from kyphometer.reliability.observers import ObserverResult, observer_results, tried
from kyphometer.reliability.repeatability import Repeatability, repeatability
from kyphometer.reliability.table import GROUPINGS, Cube, ReadingTable
from kyphometer.reliability.words import change_sentence, icc_words
from kyphometer.stats.estimate import Estimate, NotComputed, Result, check_confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts(Result):
    """What was read. `missing` readings are lacking to the full design, for whatever reason.

    `not_measurable` of them were tried and given up by the observer.
    """

    films: int
    patients: int
    observers: int
    replicates: int
    readings: int
    missing: int
    not_measurable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAnalysis(Result):
    """The whole analysis of one code in one group of readings.

    A statistic that the data do not allow is a `NotComputed` with its reason, never absent. `icc`
    is of the first readings of each observer; the ICCs of all readings are in `components`.
    `one_observer` is None where several read, whose repeats are in `components` and `observers`.
    """

    label: str
    code: str
    group: str
    unit: str
    counts: Counts
    components: VarianceComponents | NotComputed
    icc: IntraclassCorrelations | NotComputed
    gauge: GaugeStudy | NotComputed
    bootstrap: ClusterBootstrap | NotComputed
    pairs: tuple[PairAgreement, ...]
    repeats: tuple[RepeatAgreement, ...]
    observers: tuple[ObserverResult, ...]
    accuracy: tuple[Accuracy, ...] | NotComputed
    disagreements: tuple[Disagreement, ...]
    words: tuple[str, ...]
    one_observer: Repeatability | NotComputed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityAnalysis(Result):
    """All groups that were asked for: each code as a whole, then split."""

    confidence: float
    methods: str
    groups: tuple[GroupAnalysis, ...]

    def group(self, label: str) -> GroupAnalysis:
        """Return one group by its label, such as "VKA" or "VKA, visit pre-op"."""
        for group in self.groups:
            if group.label == label:
                return group
        raise KeyError(label)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisOptions(Result):
    """What to compute.

    `by` splits each code further by "visit", "observer" or "instrumented". `tolerance` is the
    clinical tolerance of the gauge study.
    """

    confidence: float = 0.95
    by: tuple[str, ...] = ()
    tolerance: float | None = None
    bootstrap_replicates: int = 2000
    seed: int = 20_000


def analyse(
    table: ReadingTable,
    *,
    code: str | None = None,
    by: Sequence[str] = (),
    confidence: float = 0.95,
    tolerance: float | None = None,
    bootstrap_replicates: int = 2000,
    seed: int = 20_000,
) -> ReliabilityAnalysis:
    """Return the reliability of a table of readings.

    Parameters
    ----------
    code
        Only this measurement code; None for every code in the table.
    by
        Any of "visit", "observer", "instrumented": each code is also analysed in these groups.
    tolerance
        Clinical tolerance (full width) for P/T of the gauge study, in the unit of the readings.
    bootstrap_replicates, seed
        Of the cluster bootstrap.

    Raises
    ------
    TooFewDataError
        The table holds no reading of the code.
    """
    unknown = [name for name in by if name not in GROUPINGS]
    if unknown:
        raise ParameterRangeError("grouping", value=unknown[0], names=", ".join(GROUPINGS))
    options = AnalysisOptions(
        confidence=check_confidence(confidence),
        by=tuple(name for name in by if name != "code"),
        tolerance=tolerance,
        bootstrap_replicates=bootstrap_replicates,
        seed=seed,
    )
    codes = table.codes if code is None else (code,)
    groups: list[GroupAnalysis] = []
    for name in codes:
        part = table.where(lambda row, name=name: row.code == name)  # type: ignore[misc]
        if not any(row.value is not None for row in part.values):
            raise TooFewDataError("analysis_no_readings", value=name or Word("what.a_code"))
        groups += _groups_of(part, name, options)
    return ReliabilityAnalysis(
        confidence=confidence, methods=_methods(groups, options), groups=tuple(groups)
    )


def _groups_of(part: ReadingTable, code: str, options: AnalysisOptions) -> list[GroupAnalysis]:
    """One code by the columns asked for, and as a whole.

    Where patients were filmed at several visits the visits come first, asked for or not: all visits
    together count what treatment did as difference between films.
    """
    whole = _analyse_group(part, code, "", options)
    visits_first = _by_visit(part)
    columns = dict.fromkeys((("visit",) if visits_first else ()) + options.by)
    split = {
        column: [
            _analyse_group(group, code, f"{column} {label}", options)
            for label, group in part.grouped(column).items()
            if any(row.value is not None for row in group.values)
        ]
        for column in columns
    }
    visits = split.pop("visit", []) if visits_first else []
    if visits:
        whole = replace(whole, words=(*_visit_words(visits), *whole.words))
    return [*visits, whole, *(group for groups in split.values() for group in groups)]


def _by_visit(part: ReadingTable) -> bool:
    films = {row.film: (row.patient, row.visit) for row in part.values if row.patient and row.visit}
    patients = [patient for patient, _ in films.values()]
    return clustered(patients) and len({visit for _, visit in films.values()}) > 1


def _visit_words(visits: Sequence[GroupAnalysis]) -> tuple[str, ...]:
    """The ICC of each visit, and why it and not that of all films is the one to quote."""
    known = [
        f"{group.group.removeprefix('visit ')} {_shown(group.components.icc_inter_observer)}"
        for group in visits
        if isinstance(group.components, VarianceComponents)
    ]
    if not known:
        return ()
    return (
        f"ICC between observers at one visit: {'; '.join(known)}.",
        "All visits together count what treatment did as difference between films, which raises an "
        "ICC: quote that of a visit. Intervals of all visits count patients, not films.",
    )


def _shown(icc: Estimate) -> str:
    interval = icc.interval()
    ends = "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"
    return f"{icc.value:.2f}{ends}"


def _analyse_group(
    table: ReadingTable, code: str, group: str, options: AnalysisOptions
) -> GroupAnalysis:
    cube, unit, confidence = table.cube(), table.unit, options.confidence
    owner = table.patients_of_films()
    patients = tuple(owner[film] for film in cube.films)
    components = tried(
        "variance components",
        lambda: variance_components(
            cube.values, confidence=confidence, unit=unit, patients=patients
        ),
    )
    alone: Repeatability | NotComputed | None = None
    if len(cube.observers) == 1:
        alone = tried(
            "repeatability",
            lambda: repeatability(cube.values[:, 0, :], confidence=confidence, unit=unit),
        )
    gauge: GaugeStudy | NotComputed = (
        components
        if isinstance(components, NotComputed)
        else gauge_study(components, options.tolerance)
    )
    label = ", ".join(part for part in (code or "readings", group) if part)
    return GroupAnalysis(
        label=label,
        code=code,
        group=group,
        unit=unit,
        counts=_counts(table, cube),
        components=components,
        icc=tried("ICC", lambda: first_icc(cube, confidence, patients)),
        gauge=gauge,
        bootstrap=tried(
            "cluster bootstrap",
            lambda: cluster_bootstrap(
                cube.values,
                replicates=options.bootstrap_replicates,
                confidence=confidence,
                unit=unit,
                seed=options.seed,
                patients=patients,
            ),
        ),
        pairs=observer_pairs(table, cube, confidence),
        repeats=repeat_agreements(cube, confidence, unit),
        observers=observer_results(table, confidence),
        accuracy=_accuracy(table, confidence),
        disagreements=_disagreements(cube, components, alone),
        words=_words(components, alone),
        one_observer=alone,
    )


def _accuracy(table: ReadingTable, confidence: float) -> tuple[Accuracy, ...] | NotComputed:
    if all(row.truth is None for row in table.values):
        return NotComputed(statistic="accuracy", reason="No film of known truth was read.")
    return tried("accuracy", lambda: table_accuracy(table, confidence))


def _counts(table: ReadingTable, cube: Cube) -> Counts:
    present = int(np.count_nonzero(np.isfinite(cube.values)))
    depth = int(np.isfinite(cube.values).sum(axis=2).max())
    return Counts(
        films=len(cube.films),
        patients=len(set(table.patients_of_films().values())),
        observers=len(cube.observers),
        replicates=depth,
        readings=present,
        missing=len(cube.films) * len(cube.observers) * depth - present,
        not_measurable=table.not_measurable,
    )


def first_icc(
    cube: Cube, confidence: float, patients: Sequence[str] | None = None
) -> IntraclassCorrelations:
    """Return the ICCs of each observer's first reading of each film."""
    return intraclass_correlations(compact(cube.values)[:, :, 0], confidence, patients)


def _disagreements(
    cube: Cube,
    components: VarianceComponents | NotComputed,
    alone: Repeatability | NotComputed | None,
) -> tuple[Disagreement, ...]:
    if isinstance(alone, Repeatability):
        return gross_disagreements(cube, alone.mdc95.value, alone.mdc95.value)
    if isinstance(components, NotComputed):
        return ()
    precision = components.precision
    intra = precision.mdc95_intra_observer
    return gross_disagreements(
        cube, precision.mdc95_agreement.value, None if intra is None else intra.value
    )


def _words(
    components: VarianceComponents | NotComputed, alone: Repeatability | NotComputed | None
) -> tuple[str, ...]:
    if isinstance(alone, NotComputed):
        return (f"One observer read, and {alone.reason[0].lower()}{alone.reason[1:]}",)
    if alone is not None:
        return (
            "One observer read, so that nothing is known of the agreement between observers.",
            "Read by this observer: " + change_sentence(alone.mdc95),
        )
    if isinstance(components, NotComputed):
        return (components.reason,)
    precision = components.precision
    icc = components.icc_inter_observer
    words = [
        f"Reliability between observers is {icc_words(icc)}, judged by the whole confidence "
        "interval.",
        "Read by any observer: " + change_sentence(precision.mdc95_agreement),
    ]
    if components.design.observers == 2:
        words = [
            "Read by both observers, what separates them for good left out: "
            + change_sentence(precision.mdc95_consistency),
            "Two observers cannot tell how observers in general differ, so that every interval of "
            "agreement between any observers is wide; add a third before more films.",
            *words,
        ]
    if precision.mdc95_intra_observer is not None:
        words.append("Read by one observer: " + change_sentence(precision.mdc95_intra_observer))
    return tuple(words)


def _methods(groups: list[GroupAnalysis], options: AnalysisOptions) -> str:
    used = sorted(
        {g.components.method for g in groups if isinstance(g.components, VarianceComponents)}
    )
    return (
        f"Variance components of a crossed film x observer x replicate model by "
        f"{' or '.join(used) or 'no method (too few data)'}, with generalised confidence "
        f"intervals; ICC of McGraw and Wong with exact F or generalised intervals; SEM, and "
        f"MDC95 = 1.96 sqrt(2) SEM; limits of agreement with exact intervals (Carkeet 2015), "
        f"repeated readings after Bland and Altman 1999 and 2007; cluster bootstrap-t over films, "
        f"or over patients where several films are of one; films of one patient are not counted as "
        f"independent in ICCs (unweighted means, Thomas and Hultquist 1978) "
        f"({options.bootstrap_replicates} samples, seed {options.seed}). "
        f"Confidence {100 * options.confidence:g} %. Missing readings were left missing."
    )
