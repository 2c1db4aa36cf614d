"""A measured number as people read it."""

from __future__ import annotations

_DECIMALS = {"deg": 1, "mm": 1, "%": 1, "ratio": 2, "grade": 0}
_UNITS = {"deg": "°", "mm": " mm", "%": " %", "ratio": "", "grade": ""}


def value_text(value: float, unit: str) -> str:
    """A value rounded for its unit, with the unit.

    >>> value_text(18.34, "deg"), value_text(-0.04, "mm"), value_text(0.8351, "ratio")
    ('18.3°', '0.0 mm', '0.84')
    """
    digits = _DECIMALS.get(unit, 2)
    rounded = round(value, digits) + 0.0
    return f"{rounded:.{digits}f}{_UNITS.get(unit, ' ' + unit)}"


def half_width_text(interval: tuple[float, float] | None, unit: str) -> str:
    """Half of a 95 % interval behind its sign, or nothing where there is no interval.

    >>> half_width_text((13.2, 23.6), "deg"), half_width_text(None, "grade")
    ('± 5.2°', '')
    """
    if interval is None:
        return ""
    return f"± {value_text((interval[1] - interval[0]) / 2, unit)}"
