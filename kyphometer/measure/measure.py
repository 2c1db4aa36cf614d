"""Everything that one reading gives: the only way from landmarks to reported numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from kyphometer.anatomy import Level
from kyphometer.errors import (
    KyphometerError,
    LandmarkError,
    MeasurementError,
    NoFracturedLevelError,
    NotCalibratedError,
)
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.measure.angles import measure_named
from kyphometer.measure.definitions import ANGLES, AngleDefinition, angle_definition
from kyphometer.measure.levels import stand_ins
from kyphometer.measure.model import Measurement, MeasurementSet, Refusal
from kyphometer.measure.plausible import endplate_lengths_mm, implausible_scale
from kyphometer.measure.scale import scaled, with_scale
from kyphometer.measure.shape import (
    COMPRESSION_CODES,
    DEPRESSION_CODES,
    HEIGHT_CODES,
    RATIO_CODES,
    SHAPE_CODES,
    compression_measurements,
    depression_measurements,
    genant_measurement,
    height_measurements,
    ratio_measurements,
    translation_measurements,
)
from kyphometer.measure.uncertainty import (
    ASSUMED_ENDPLATE_MM,
    DEFAULT_CORNER_SD_MM,
    CornerNoise,
    corner_noise,
)
from kyphometer.messages import Word, sentence
from kyphometer.reading import Reading
from kyphometer.reading.checks import check_reading
from kyphometer.reading.facing import derive_facing
from kyphometer.reading.findings import Finding, FindingCode, Severity
from kyphometer.reading.square import square_bodies


def measure_reading(
    reading: Reading,
    geometry: PixelGeometry,
    *,
    codes: Sequence[str] | None = None,
    corner_sd_mm: float = DEFAULT_CORNER_SD_MM,
    allow_next_intact: bool = False,
    header_facing: Facing | None = None,
    strict: bool = True,
) -> MeasurementSet:
    """Measure everything that a reading allows, or what is asked for.

    Parameters
    ----------
    reading
        The reading.
    geometry
        Pixel geometry of its film; an object of known size in the reading goes before its scale.
    codes
        What to measure: codes or aliases of the registry, endplate pairs such as
        `T12.superior-L2.inferior`, or shape codes (`HA`, `AVBC`, `GENANT_QM`, ...). None measures
        every angle and shape whose endplates are marked; angles around the fracture that cannot be
        given are listed as refused.
    corner_sd_mm
        Per-axis SD of hand-placed corners in mm; landmarks with a covariance use their own.
    allow_next_intact
        Use the next intact level where a neighbour of the fracture is fractured or not marked, as
        if the reading's `next_intact` said so. Each level that stands in is a warning.
    header_facing
        Facing by the film's header, cross-checked with the marks.
    strict
        Raise on the first impossible mark. If False, measurements that touch an impossible mark
        are refused one by one instead and the rest is given (for a drawing in progress).

    Returns
    -------
    measured
        Numbers, refusals and warnings.

    Raises
    ------
    LandmarkError, FacingError
        If the marks are impossible (always for facing; see `strict`).
    UnknownDefinitionError, AmbiguousDefinitionError
        If a code is not known, or means several things.
    """
    geometry = scaled(geometry, reading.known_size)
    bodies = square_bodies(reading, geometry)
    allow_next = allow_next_intact or reading.next_intact
    findings = check_reading(reading, geometry, bodies=bodies)
    if allow_next:
        findings = (*findings, *map(_stands_in, stand_ins(reading)))
    errors = [item for item in findings if item.severity is Severity.ERROR]
    if errors and strict:
        first = errors[0]
        raise LandmarkError("impossible_marks", finding=first)
    facing = derive_facing(reading, geometry, header=header_facing, bodies=bodies)
    collector = _Collector(
        reading=reading,
        geometry=geometry,
        facing=facing,
        noise=corner_noise(reading, geometry, corner_sd_mm),
        allow_next_intact=allow_next,
        errors=errors,
    )
    if codes is None:
        collector.everything()
    else:
        collector.asked_for(codes)
    found = [with_scale(item, reading.known_size) for item in collector.measurements]
    if implausible_scale(reading, geometry):
        found = [replace(item, standard_uncertainty=None) for item in found]
    return MeasurementSet(
        facing=facing,
        measurements=tuple(found),
        refused=tuple(collector.refused),
        warnings=tuple(_warnings(reading, geometry, findings, header_facing, facing)),
        findings=findings,
    )


def _stands_in(level: Level) -> Finding:
    return Finding(code=FindingCode.NEXT_INTACT, severity=Severity.WARNING, levels=(level,))


def _warnings(
    reading: Reading,
    geometry: PixelGeometry,
    findings: Iterable[Finding],
    header_facing: Facing | None,
    facing: Facing,
) -> Iterable[str]:
    for finding in findings:
        if finding.severity is Severity.WARNING:
            yield str(finding)
    if header_facing is not None and header_facing is not facing:
        sides = {"header": _side(header_facing), "stored": _side(facing)}
        yield sentence("measured.warning.facing", sides)
    if implausible_scale(reading, geometry):
        lengths = endplate_lengths_mm(reading, geometry)
        ends = {"least": min(lengths), "most": max(lengths)}
        yield sentence("measured.warning.scale", ends)
    if not geometry.is_calibrated and any(
        mark.covariance is None and mark.source != "truth" for *_, mark in reading.landmarks()
    ):
        yield sentence("measured.warning.no_spacing", {"length": ASSUMED_ENDPLATE_MM})


def _side(facing: Facing) -> Word:
    return Word(f"word.{facing}")


class _Collector:
    """Tries measurements one after the other and keeps what came out."""

    def __init__(
        self,
        *,
        reading: Reading,
        geometry: PixelGeometry,
        facing: Facing,
        noise: CornerNoise,
        allow_next_intact: bool,
        errors: Sequence[Finding],
    ) -> None:
        self.reading = reading
        self.geometry = geometry
        self.facing = facing
        self.noise = noise
        self.allow_next_intact = allow_next_intact
        self.errors = errors
        self.measurements: list[Measurement] = []
        self.refused: list[Refusal] = []

    def everything(self) -> None:
        """Measure all registered angles and shapes whose levels are marked."""
        marked = set(self.reading.vertebrae)
        for definition in ANGLES.values():
            if definition.around_fracture:
                if self.reading.fractured_levels:
                    self._angle(definition)
            elif {definition.upper.level, definition.lower.level} <= marked:
                self._angle(definition)
        for level in self.reading.levels:
            self._shape_of(level, None)
        self._collect("VBT", "VBT", lambda: translation_measurements(self.reading, self.noise))

    def asked_for(self, codes: Sequence[str]) -> None:
        """Measure these codes, in this order."""
        for code in codes:
            name = code.strip().upper()
            if name == "VBT":
                self._collect(
                    name, name, lambda: translation_measurements(self.reading, self.noise)
                )
            elif name in SHAPE_CODES:
                around = name in (*COMPRESSION_CODES, "GENANT_QM")
                if around and not self.reading.fractured_levels:
                    self._refuse(name, name, NoFracturedLevelError(name))
                for level in self.reading.levels:
                    self._shape_of(level, name)
            else:
                self._angle(angle_definition(code))

    def _angle(self, definition: AngleDefinition) -> None:
        self._collect(
            definition.code,
            definition.code,
            lambda: measure_named(
                self.reading,
                definition,
                self.facing,
                self.noise,
                allow_next_intact=self.allow_next_intact,
            ),
        )

    def _shape_of(self, level: Level, only: str | None) -> None:
        """Shape of one vertebra: all of it, or one code."""
        vertebra = self.reading.vertebrae[level]
        whole = vertebra.superior is not None and vertebra.inferior is not None
        asked = only is not None
        if whole or asked:
            if self.geometry.is_calibrated or asked:
                self._group(
                    HEIGHT_CODES,
                    level,
                    lambda: height_measurements(vertebra, self.geometry, self.noise),
                    only,
                )
            self._group(RATIO_CODES, level, lambda: ratio_measurements(vertebra, self.noise), only)
        if self.geometry.is_calibrated or asked:
            self._group(
                DEPRESSION_CODES,
                level,
                lambda: depression_measurements(vertebra, self.facing, self.geometry, self.noise),
                only,
            )
        if level in self.reading.fractured_levels and (whole or asked):
            self._fracture_shape(level, only)

    def _fracture_shape(self, level: Level, only: str | None) -> None:
        reading, noise, allow = self.reading, self.noise, self.allow_next_intact
        self._group(
            COMPRESSION_CODES,
            level,
            lambda: compression_measurements(reading, level, noise, allow_next_intact=allow),
            only,
        )
        self._group(
            ("GENANT_QM",),
            level,
            lambda: [genant_measurement(reading, level, noise, allow_next_intact=allow)],
            only,
        )

    def _group(
        self,
        codes: Sequence[str],
        level: Level,
        measure: Callable[[], Iterable[Measurement]],
        only: str | None,
    ) -> None:
        """Measure a group of codes of one level, or the one of them that is asked for."""
        if only is None:
            self._collect(codes[0], f"{codes[0]} ({level})", measure)
        elif only in codes:
            self._collect(only, f"{only} ({level})", measure, only)

    def _collect(
        self,
        code: str,
        label: str,
        measure: Callable[[], Iterable[Measurement]],
        only: str | None = None,
    ) -> None:
        try:
            for item in measure():
                if only is not None and item.code != only:
                    continue
                blocked = self._blocked(item)
                if blocked is None:
                    self.measurements.append(item)
                else:
                    self.refused.append(Refusal(code=item.code, label=item.label, reason=blocked))
        except (MeasurementError, NotCalibratedError) as error:
            self._refuse(code, label, error)

    def _blocked(self, item: Measurement) -> str | None:
        for finding in self.errors:
            if set(finding.levels) & set(item.levels):
                return str(finding)
        return None

    def _refuse(self, code: str, label: str, error: KyphometerError) -> None:
        self.refused.append(Refusal(code=code, label=label, reason=str(error)))
