"""From landmarks to numbers: named angles, vertebral shape, and their uncertainty."""

from kyphometer.measure.angles import angle_between, measure_angle, resolve_line
from kyphometer.measure.definitions import ANGLES, AngleDefinition, Line, LinePart, angle_definition
from kyphometer.measure.measure import measure_reading
from kyphometer.measure.model import Measurement, MeasurementSet, Refusal
from kyphometer.measure.uncertainty import (
    DEFAULT_CORNER_SD_MM,
    CornerNoise,
    angle_uncertainty_deg,
    corner_noise,
    direction_variance_rad2,
)

__all__ = [
    "ANGLES",
    "DEFAULT_CORNER_SD_MM",
    "AngleDefinition",
    "CornerNoise",
    "Line",
    "LinePart",
    "Measurement",
    "MeasurementSet",
    "Refusal",
    "angle_between",
    "angle_definition",
    "angle_uncertainty_deg",
    "corner_noise",
    "direction_variance_rad2",
    "measure_angle",
    "measure_reading",
    "resolve_line",
]
