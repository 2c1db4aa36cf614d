"""How many films or pairs of readings, or patients of a follow-up, a study needs."""

from __future__ import annotations

import math
from collections.abc import Mapping

from kyphometer.errors import ParameterRangeError, UsageError
from kyphometer.reliability import SampleSize
from kyphometer.stats.follow_up_sizes import (
    PlannedPatients,
    patients_for_change,
    patients_for_groups,
    patients_for_mean_width,
    patients_for_share_width,
    patients_for_shares,
    with_drop_out,
)


def sizes_for_icc(
    expected: float,
    *,
    null: float | None = None,
    width: float | None = None,
    readings: int = 2,
    power: float = 0.8,
    confidence: float = 0.95,
) -> list[SampleSize]:
    """Films for an ICC: to show that it exceeds `null`, and for an interval of that full width.

    Parameters
    ----------
    expected
        ICC that is expected, between 0 and 1.
    null
        ICC that is to be exceeded: exact power, exact assurance, and Walter 1998.
    width
        Full width of the interval: Bonett 2002.
    readings
        Readings of each film.

    Raises
    ------
    UsageError
        If neither `null` nor `width` is given.
    ParameterRangeError
        If a number lies outside its range, or no reachable number of films is enough.
    """
    from kyphometer import reliability

    if null is None and width is None:
        raise UsageError("plan_aim")
    found = []
    if null is not None:
        alpha = 1.0 - confidence
        found = [
            reliability.films_for_icc(null, expected, readings, power=power, alpha=alpha),
            reliability.films_for_icc_lower_limit(
                null, expected, readings, assurance=power, confidence=confidence
            ),
            reliability.films_for_icc_walter(null, expected, readings, power=power, alpha=alpha),
        ]
    if width is not None:
        found.append(
            reliability.films_for_icc_width(expected, readings, width, confidence=confidence)
        )
    return found


def sizes_for_limits(
    tolerance_deg: float,
    *,
    sd_deg: float | None = None,
    standard_error_deg: float | None = None,
    bias_deg: float = 0.0,
    power: float = 0.8,
    confidence: float = 0.95,
) -> list[SampleSize]:
    """Pairs of readings with which both limits of agreement are shown to lie within a tolerance.

    Parameters
    ----------
    tolerance_deg
        Largest difference that does not matter.
    sd_deg, standard_error_deg
        Expected SD of differences, or the standard error of measurement (the SD over sqrt(2)).
    bias_deg
        Expected mean difference.

    Raises
    ------
    UsageError
        If not exactly one of SD and standard error is given.
    ParameterRangeError
        If a number lies outside its range, or no reachable number of pairs is enough.
    """
    from kyphometer.reliability import pairs_for_limits

    if (sd_deg is None) == (standard_error_deg is None):
        raise UsageError("plan_one_sd")
    sd = math.sqrt(2.0) * standard_error_deg if standard_error_deg is not None else sd_deg
    return list(
        pairs_for_limits(
            tolerance_deg, sd or 0.0, bias=bias_deg, power=power, confidence=confidence
        )
    )


def plan_follow_up(aim: str, *, drop_out: float = 0.0, **given: float) -> PlannedPatients:
    """Patients of a follow-up study.

    Parameters
    ----------
    aim
        `change` (`change`, `sd` of the changes), `groups` (`difference`, `sd`, `ratio`,
        `correlation`), `shares` (`share`, `reference`, `ratio`), or `precision` (`within`, and `sd`
        of the changes or `share`). `sd_values` with `correlation` stands for the SD of the changes.
    drop_out
        Share of patients who are lost.
    given
        The numbers named above, `power` and `confidence`.

    Raises
    ------
    UsageError
        If a number that is needed is missing.
    ParameterRangeError
        If a number lies outside its range, or no reachable number of patients is enough.
    """
    sizes = {"power": given.get("power", 0.8), "confidence": given.get("confidence", 0.95)}
    if aim == "groups":
        options = {name: given[name] for name in ("ratio", "correlation") if name in given}
        found = patients_for_groups(given["difference"], given["sd"], **options, **sizes)
    elif aim == "shares":
        ratio = given.get("ratio", 1.0)
        found = patients_for_shares(given["share"], given["reference"], ratio=ratio, **sizes)
    elif aim == "change":
        found = patients_for_change(given["change"], _sd_of_changes(given), **sizes)
    elif "share" in given:
        confidence = sizes["confidence"]
        found = patients_for_share_width(given["within"], given["share"], confidence=confidence)
    else:
        found = patients_for_mean_width(
            given["within"], _sd_of_changes(given), assurance=sizes["power"],
            confidence=sizes["confidence"],
        )  # fmt: skip
    return with_drop_out(found, drop_out)


def _sd_of_changes(given: Mapping[str, float]) -> float:
    if "sd" in given:
        return given["sd"]
    if "sd_values" not in given or "correlation" not in given:
        raise UsageError("plan_sd")
    if not -1.0 <= given["correlation"] < 1.0:
        raise ParameterRangeError("correlation_below_one", value=given["correlation"])
    return given["sd_values"] * math.sqrt(2.0 * (1.0 - given["correlation"]))
