"""From a study's database to its results: films, visits, angles, precision, corrections, tests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kyphometer.followup.carried import carried_changes
from kyphometer.followup.clinical.record import ClinicalTable
from kyphometer.followup.cohort.analysis import analyse_cohort
from kyphometer.followup.cohort.losses import study_losses
from kyphometer.followup.cohort.study import StudyCounts, StudyResults
from kyphometer.followup.correction import CorrectionRules
from kyphometer.followup.positions import PositionPolicy, position_remarks
from kyphometer.followup.precision import MeasurementPrecision, choose_precision
from kyphometer.followup.remarks import Remark, RemarkKind
from kyphometer.followup.visit_angles import Source, VisitAngle, mean_of_readings
from kyphometer.followup.visit_model import Visit, VisitAssignment
from kyphometer.reading import CornerRule, Reading
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.store import Study
from kyphometer.store.readings.measured_values import MeasuredValue
from kyphometer.store.study.settings import StudySettings
from kyphometer.workflow.consensus import consensus_readings
from kyphometer.workflow.films import SOFTWARE
from kyphometer.workflow.study_precision import counted_values, own_precision, stated_precision
from kyphometer.workflow.study_sources import joined, mixed_sources

STUDY_CODES = ("VKA", "RKA")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisChoices:
    """What may be decided at analysis; everything else the study's settings say.

    Attributes
    ----------
    codes
        Angles to analyse.
    observer
        Use the readings of this observer only; None takes the mean of all observers of a film.
    options
        Statistical choices.
    positions
        Overrides the study's policy on differing and unknown positions.
    stated_standard_error_deg
        Overrides the study's stated SEM, by code.
    """

    codes: tuple[str, ...] = STUDY_CODES
    observer: str | None = None
    options: StatisticsOptions = DEFAULT_OPTIONS
    positions: PositionPolicy | None = None
    stated_standard_error_deg: Mapping[str, float] = field(default_factory=dict)


DEFAULT_CHOICES = AnalysisChoices()


def analyse_study(study: Study, choices: AnalysisChoices = DEFAULT_CHOICES) -> StudyResults:
    """Every result of a study, with what a report must say about how it was made.

    Of each film, the reading of each observer outside of sessions counts, or where there is none
    the first one of a locked session; several observers are averaged. Where a further reader made
    a consensus of them, that alone counts, unless the settings say otherwise. MDC95 comes from
    readings repeated in the study where there are enough, otherwise from the stated SEM. All is
    read in one transaction.
    """
    with study.snapshot(choices.codes) as still:
        return _analyse(still, choices)


def _analyse(study: Study, choices: AnalysisChoices) -> StudyResults:
    settings = study.settings
    read, session_remarks = counted_values(study, study.measurements(choices.codes))
    values = (*read, *study.measured_elsewhere(choices.codes))
    films, occasions = study.visits(), study.visits_elsewhere()
    assignment = joined(films, occasions)
    agreed = consensus_readings(study)
    used_values = _with_consensus(values, agreed, choices, use=settings.use_consensus)
    collected = _collect(used_values, films, occasions, choices)
    collected.remarks += _consensus_remarks(agreed, use=settings.use_consensus)
    angles = mean_of_readings(
        sorted(collected.angles, key=lambda angle: choices.codes.index(angle.code))
    )
    counts = [angle.readings for angle in angles]
    fewest, most = (min(counts), max(counts)) if counts else (0, 0)
    different = _different_observers(angles)
    apart = [value for value in values if value.reading_id not in set(agreed.values())]
    own, precision_remarks = own_precision(
        apart, choices.codes, max(fewest, 1), offsets=bool(different)
    )
    used = _of_readings(study, collected)
    rules = CorrectionRules(
        precision=choose_precision(own, _stated(settings, choices)),
        windows=settings.visits,
        positions=choices.positions or settings.positions,
        change_uncertainties=carried_changes(angles, used.carrying, settings.visits.visits),
    )
    table = clinical_table(study)
    cohort = analyse_cohort(
        angles,
        table,
        rules,
        options=choices.options,
        assignment=assignment,
        arm_rules=settings.arm_rules,
    )
    about_films = (*_film_remarks(study), *cohort.remarks, *position_remarks(assignment))
    about_readings = (*collected.remarks, *mixed_sources(angles, own), *different)
    remarks = (*about_films, *about_readings, *session_remarks, *precision_remarks)
    position = settings.stated_position
    return StudyResults(
        name=study.name,
        cohort=cohort,
        assignment=assignment,
        counts=_counts(study, films, collected, angles),
        observers=tuple(sorted({name for angle in angles for name in angle.observers})),
        readings_each=(fewest, most),
        definitions={v.code: v.definition for v in values if v.definition},
        pairs=_pairs(angles),
        corner_rules=tuple(used.corner_rules),
        levels=used.levels,
        readings=collected.first_readings,
        clinical_source=table.source if table.records else "",
        stated_position="" if position is None else position.value.replace("_", " "),
        software=SOFTWARE,
        remarks=tuple(dict.fromkeys(remarks)),
        losses=study_losses(
            cohort.corrections, assignment.windows, collected.remarks, table.by_patient
        ),
    )


def _stated(settings: StudySettings, choices: AnalysisChoices) -> list[MeasurementPrecision]:
    """Precision that the study or this analysis states for a single reading."""
    sem = {**settings.stated_standard_error_deg, **choices.stated_standard_error_deg}
    return stated_precision(sem, choices.codes, "stated for this study, single reading")


@dataclass(slots=True)
class _Collected:
    angles: list[VisitAngle] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    readings: dict[int | str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Readings used, by film."""

    @property
    def first_readings(self) -> dict[int, int]:
        """The first reading of each film of the study."""
        return {film: min(used) for film, used in self.readings.items() if isinstance(film, int)}


def _collect(
    values: Sequence[MeasuredValue],
    films: VisitAssignment,
    occasions: VisitAssignment,
    choices: AnalysisChoices,
) -> _Collected:
    """Angles at visits, one a reading that counts; what was read here goes before elsewhere."""
    by_film: dict[int | str, list[MeasuredValue]] = defaultdict(list)
    for value in values:
        if choices.observer in (None, value.observer):
            by_film[value.film_id].append(value)
    collected = _Collected()
    stated = {(v.patient, str(v.visit)) for v in occasions.visits if str(v.film) in by_film}
    for visit in films.visits:
        own = _first_of_each_observer(by_film.get(visit.film, ()))
        if not own and (visit.patient, str(visit.visit)) not in stated:
            collected.remarks.append(
                _excluded(visit, f"film {visit.film} has no reading, so that nothing is measured")
            )
        for value in own:
            _take(collected, visit, value)
    here = {(a.patient, a.visit, a.code) for a in collected.angles}
    for visit in occasions.visits:
        for value in _first_of_each_observer(by_film.get(visit.film, ())):
            if (visit.patient, str(visit.visit), value.code) not in here:
                _take(collected, visit, value)
                continue
            sentence = (
                f"{value.code} of {value.value:g}° measured elsewhere is not used, since the "
            )
            sentence += "film was read here"
            collected.remarks.append(_excluded(visit, sentence, value.code))
    return collected


def _with_consensus(
    values: Sequence[MeasuredValue],
    agreed: Mapping[int, int],
    choices: AnalysisChoices,
    *,
    use: bool,
) -> list[MeasuredValue]:
    """Values that count: of a film with a consensus that alone, or all but it if it is not used."""
    if choices.observer is not None:
        return list(values)
    if not use:
        return [value for value in values if value.reading_id not in set(agreed.values())]
    return [
        value
        for value in values
        if not isinstance(value.film_id, int)
        or value.reading_id == agreed.get(value.film_id, value.reading_id)
    ]


def _consensus_remarks(agreed: Mapping[int, int], *, use: bool) -> list[Remark]:
    if not agreed:
        return []
    films = "1 film has" if len(agreed) == 1 else f"{len(agreed)} films have"
    what = "alone is used there" if use else "is not used, as the study's settings say"
    return [
        Remark(
            kind=RemarkKind.WARNING,
            patient="",
            sentence=f"{films} a consensus of several readings by a further reader, which {what}.",
        )
    ]


def _first_of_each_observer(values: Iterable[MeasuredValue]) -> list[MeasuredValue]:
    """Numbers of the reading outside of sessions, else of the earliest, of each observer."""
    best: dict[str, tuple[bool, int]] = {}
    rows = list(values)
    for row in rows:
        rank = (row.session_item is not None, row.reading_id)
        best[row.observer] = min(best.get(row.observer, rank), rank)
    return [row for row in rows if row.reading_id == best[row.observer][1]]


def _take(collected: _Collected, visit: Visit, value: MeasuredValue) -> None:
    if value.value is None or value.upper is None or value.lower is None:
        sentence = f"{value.code} by {value.observer} could not be measured: {value.note}"
        collected.remarks.append(_excluded(visit, sentence, value.code))
        return
    collected.readings[value.film_id].add(value.reading_id)
    collected.angles.append(
        VisitAngle(
            patient=visit.patient,
            visit=str(visit.visit),
            code=value.code,
            upper=value.upper,
            lower=value.lower,
            value_deg=value.value,
            standard_uncertainty_deg=value.standard_uncertainty,
            day=visit.day,
            position=visit.position,
            within_tolerance=visit.within_tolerance,
            observers=(value.observer,),
            film=visit.film,
            reading=value.reading_id,
            source=value.source,
        )
    )


def _excluded(visit: Visit, sentence: str, code: str | None = None) -> Remark:
    return Remark(
        kind=RemarkKind.EXCLUDED,
        patient=visit.patient,
        visit=str(visit.visit),
        code=code,
        sentence=f"Patient {visit.patient}, {visit.visit}: {sentence.rstrip('.')}.",
    )


def _different_observers(angles: Iterable[VisitAngle]) -> list[Remark]:
    """Patients whose visits were not all read by the same observers."""
    seen: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
    for angle in angles:
        seen[angle.patient, angle.code].add(tuple(sorted(angle.observers)))
    return [
        Remark(
            kind=RemarkKind.WARNING,
            patient=patient,
            code=code,
            sentence=f"Patient {patient}: {code} was not read by the same observers at every visit "
            f"({'; '.join(' and '.join(names) for names in sorted(groups))}), so that differences "
            "between them stand in the change.",
        )
        for (patient, code), groups in seen.items()
        if len(groups) > 1
    ]


def _film_remarks(study: Study) -> list[Remark]:
    """Films that no patient claims."""
    orphans = [film.name for film in study.films() if film.patient is None]
    if not orphans:
        return []
    sentence = f"{len(orphans)} films have no patient and are not used: {', '.join(orphans[:10])}"
    more = " and others" if len(orphans) > 10 else ""
    return [Remark(kind=RemarkKind.EXCLUDED, patient="", sentence=f"{sentence}{more}.")]


def clinical_table(study: Study) -> ClinicalTable:
    """The clinical table under the study's own patient codes."""
    codes = {p.clinical_code: p.code for p in study.patients() if p.clinical_code is not None}
    table = study.clinical()
    records = tuple(
        replace(record, patient=codes.get(record.patient, record.patient))
        for record in table.records
    )
    return ClinicalTable(records=records, source=table.source)


def _counts(
    study: Study,
    assignment: VisitAssignment,
    collected: _Collected,
    angles: Sequence[VisitAngle],
) -> StudyCounts:
    films = study.films()
    read = [numbers for film, numbers in collected.readings.items() if isinstance(film, int)]
    return StudyCounts(
        patients=len(study.patients()),
        films=len(films),
        films_without_patient=sum(film.patient is None for film in films),
        films_at_visits=len(assignment.visits),
        films_read=len(read),
        readings=len(study.latest_readings()),
        readings_used=sum(map(len, read)),
        elsewhere=sum(angle.source is Source.ELSEWHERE for angle in angles),
    )


def _pairs(angles: Iterable[VisitAngle]) -> dict[str, dict[str, int]]:
    """Patients by endplate pair, by code."""
    patients = {(a.code, a.upper, a.lower, a.patient) for a in angles}
    counts = Counter(
        (code, f"{upper} to {lower}".replace(".", " ")) for code, upper, lower, _ in patients
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for (code, pair), count in sorted(counts.items()):
        found[code][pair] = count
    return dict(found)


@dataclass(slots=True)
class _Used:
    """What the readings that were used say."""

    corner_rules: dict[CornerRule, None] = field(default_factory=dict)
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Fractured levels, by patient."""
    carrying: dict[int | str, Reading] = field(default_factory=dict)
    """By number, those of patients of whom anything was carried over from film to film."""


def _of_readings(study: Study, collected: _Collected) -> _Used:
    numbers = set().union(*collected.readings.values())
    patients = {film.id: film.patient or "" for film in study.films()}
    records = [record for record in study.latest_readings() if record.id in numbers]
    whose = {record.id: patients.get(record.film_id, "") for record in records}
    carrying = {whose[r.id] for r in records if '"carried_over"' in r.document_json}
    used = _Used()
    for record in records:
        reading, patient = record.reading, whose[record.id]
        used.corner_rules[reading.corner_rule] = None
        used.levels.setdefault(patient, tuple(map(str, reading.fractured_levels)))
        if patient in carrying:
            used.carrying[record.id] = reading
    return used
