"""How far a study's own readings can be trusted: from readings repeated in it, or as stated."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from kyphometer.errors import StatisticsError, TableError, UnusableDataError
from kyphometer.followup.precision import MeasurementPrecision, PrecisionKind, PrecisionSource
from kyphometer.followup.remarks import Remark, RemarkKind
from kyphometer.reliability import ReadingTable, ValueRow, repeatability, variance_components
from kyphometer.stats.estimate import Estimate
from kyphometer.store import Study
from kyphometer.store.readings.measured_values import MeasuredValue
from kyphometer.workflow.consensus import consensus_readings

LEAST_REPEATS = 10
"""Fewer pairs of readings than this leave the SEM uncertain by more than about half of itself."""


def study_precision(
    study: Study, codes: Sequence[str], *, readings: int = 1, offsets: bool = False
) -> tuple[list[MeasurementPrecision], list[Remark]]:
    """SEM of each measurement from the study's own repeat readings, as the correction uses it.

    Parameters
    ----------
    codes
        Angles.
    readings
        How many readings the judged values are means of.
    offsets
        True if visits of a patient were read by different observers, so that what separates the
        observers for good stands in a change.

    Returns
    -------
    precisions, remarks
        Of the codes that were read often enough; why the others have none.
    """
    values, remarks = counted_values(study, study.measurements(tuple(codes)))
    agreed = set(consensus_readings(study).values())
    values = [value for value in values if value.reading_id not in agreed]
    found, more = own_precision(values, codes, readings, offsets=offsets)
    return found, [*remarks, *more]


def counted_values(
    study: Study, values: Iterable[MeasuredValue]
) -> tuple[list[MeasuredValue], list[Remark]]:
    """Values that may be looked at and count once: none of open sessions, training or duplicates.

    Hidden duplicates, mirrored or not, are second showings of a film within a round; the session's
    own report uses them.
    """
    usable: set[int] = set()
    remarks = []
    for session in study.sessions.list():
        if session.may_be_seen:
            items = study.sessions.items(session.code)
            usable |= {item.id for item in items if not (item.duplicate or item.training)}
        else:
            sentence = f"The session {session.code} is not locked, so that its readings stay unseen"
            remarks.append(
                Remark(
                    kind=RemarkKind.WARNING, patient="", sentence=f"{sentence} and are not used."
                )
            )
    kept = [v for v in values if v.session_item is None or v.session_item in usable]
    return kept, remarks


def own_precision(
    values: Iterable[MeasuredValue], codes: Sequence[str], readings: int, *, offsets: bool = False
) -> tuple[list[MeasurementPrecision], list[Remark]]:
    """SEM of each code from films that were read more than once, for means of `readings` readings.

    With two observers or more it holds film x observer and residual variance, and the variance of
    the observers where `offsets` do not cancel; with one observer his repeats. Films whose readings
    disagree about the levels are left out.

    Parameters
    ----------
    values
        Numbers that count, see `counted_values`.
    """
    rows = list(values)
    found, remarks = [], []
    for code in codes:
        table, odd = _table(rows, code)
        remarks += odd
        repeats = _repeats(table)
        if repeats < LEAST_REPEATS:
            remarks.append(_few(code, repeats))
            continue
        try:
            found.append(_precision(code, table, readings, offsets=offsets))
        except (StatisticsError, TableError, UnusableDataError) as error:
            remarks.append(_remark(f"No SEM of {code} from the study's repeats: {error}", code))
    return found, remarks


def _table(rows: Iterable[MeasuredValue], code: str) -> tuple[ReadingTable, list[Remark]]:
    """Films with more than one reading, each between the same endplates.

    With several fractured levels each is a film of its own.
    """
    films: dict[int | str, list[MeasuredValue]] = defaultdict(list)
    for row in rows:
        if row.code == code and row.value is not None:
            films[row.film_id].append(row)
    values, remarks = [], []
    for film, readings in films.items():
        pairs: dict[int, set[tuple[str | None, str | None]]] = defaultdict(set)
        for reading in readings:
            pairs[reading.reading_id].add((reading.upper, reading.lower))
        targets = next(iter(pairs.values()))
        if any(other != targets for other in pairs.values()):
            sentence = (
                f"Film {film} of patient {readings[0].patient} was read between different endplates"
                f" ({', '.join(sorted({r.label for r in readings}))}): not used for the SEM."
            )
            remarks.append(
                _remark(sentence, code, patient=readings[0].patient or "", visit=readings[0].visit)
            )
        elif len(pairs) > 1:
            for target in targets:
                values += _numbered([r for r in readings if (r.upper, r.lower) == target])
    return ReadingTable(values=tuple(values)), remarks


def _numbered(readings: Sequence[MeasuredValue]) -> list[ValueRow]:
    """Readings of one film, repeats of one observer numbered in the order they were saved."""
    times: dict[str, int] = defaultdict(int)
    rows = []
    for item in sorted(readings, key=lambda r: r.reading_id):
        times[item.observer] += 1
        rows.append(
            ValueRow(
                film=f"{item.film_id} {item.upper}",
                observer=item.observer,
                replicate=str(times[item.observer]),
                value=item.value,
                code=item.code,
                visit=item.visit or "",
                patient=item.patient or "",
            )
        )
    return rows


def _repeats(table: ReadingTable) -> int:
    """Readings beyond the first of each film."""
    return len(table.values) - len(table.films)


def _precision(
    code: str, table: ReadingTable, readings: int, *, offsets: bool
) -> MeasurementPrecision:
    cube = table.cube()
    films = len({name.rpartition(" ")[0] for name in table.films})
    names = " and ".join(table.observers)
    kind = PrecisionKind.INTRA_OBSERVER
    if len(table.observers) > 1:
        kind = PrecisionKind.AGREEMENT if offsets else PrecisionKind.CONSISTENCY
        precision = variance_components(cube.values).precision
        estimate = precision.agreement if offsets else precision.consistency
        who = f"{films} films read by {names}, {len(table.values)} readings"
    else:
        estimate = repeatability(cube.values[:, 0, :]).standard_error_of_measurement
        who = f"{films} films read repeatedly by {names}, {len(table.values)} readings"
    means = "" if readings == 1 else f"; of means of {readings} readings"
    return MeasurementPrecision(
        code=code,
        standard_error_of_measurement_deg=estimate.value / math.sqrt(readings),
        source=PrecisionSource.OWN_REPEATS,
        description=f"{who}; single reading SEM {_interval(estimate)}{means}",
        readings=readings,
        kind=kind,
    )


def _interval(estimate: Estimate) -> str:
    text = f"{estimate.value:.2f}°"
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text}, 95 % CI {estimate.low:.2f}° to {estimate.high:.2f}°"


def stated_precision(
    stated: Mapping[str, float], codes: Sequence[str], source: str
) -> list[MeasurementPrecision]:
    """SEM of a single reading as stated, for the codes that are measured."""
    return [
        MeasurementPrecision(
            code=code,
            standard_error_of_measurement_deg=value,
            source=PrecisionSource.STATED,
            description=source,
        )
        for code, value in stated.items()
        if code in codes
    ]


def _few(code: str, repeats: int) -> Remark:
    sentence = (
        f"{code}: {repeats} repeat readings in this study, fewer than the {LEAST_REPEATS} that its "
        "own SEM needs."
    )
    return _remark(sentence, code)


def _remark(sentence: str, code: str, *, patient: str = "", visit: str | None = None) -> Remark:
    return Remark(
        kind=RemarkKind.WARNING, patient=patient, sentence=sentence, visit=visit, code=code
    )
