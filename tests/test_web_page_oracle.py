"""Python's angle and the page's live preview agree with the same closed-form cases."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from kyphometer.errors import DegenerateLineError
from kyphometer.geometry import Facing, PixelGeometry, signed_angle_deg

ORACLE = json.loads((Path(__file__).parent / "data" / "angle_oracle.json").read_text("utf-8"))
CASES = ORACLE["cases"]


def _vector(line: dict[str, list[float]], scale: tuple[float, float]) -> tuple[float, float]:
    (ax, ay), (px, py) = line["anterior"], line["posterior"]
    return ((ax - px) * scale[0], (ay - py) * scale[1])


def _angle(case: dict[str, Any]) -> float:
    spacing = case["geometry"]
    if spacing["row_mm"] is None:
        geometry = PixelGeometry(aspect=spacing["aspect"])
    else:
        geometry = PixelGeometry.from_spacing(spacing["row_mm"], spacing["column_mm"])
    upper, lower = (_vector(case[name], geometry.scale) for name in ("upper", "lower"))
    return signed_angle_deg(upper, lower, Facing(case["facing"]))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_python_meets_the_oracle(case: dict[str, Any]) -> None:
    if case["expected_deg"] is None:
        with pytest.raises(DegenerateLineError):
            _angle(case)
        return
    angle = _angle(case)
    assert math.isfinite(angle)
    assert angle == pytest.approx(case["expected_deg"], abs=ORACLE["tolerance_deg"])


def test_the_oracle_covers_what_others_get_wrong() -> None:
    expected = [case["expected_deg"] for case in CASES if case["expected_deg"] is not None]
    assert 0.0 in expected
    assert any(0 < abs(value) < 0.01 for value in expected)
    assert {90.0, -90.0} <= set(expected)
    assert any(value > 90 for value in expected)
    assert any(value < -90 for value in expected)
    assert {case["facing"] for case in CASES} == {"left", "right"}
    assert any(abs(case["geometry"]["aspect"] - 1) > 0.01 for case in CASES)

    def cross_terms(case: dict[str, Any]) -> bool:
        upper, lower = (_vector(case[name], (1.0, 1.0)) for name in ("upper", "lower"))
        return min(abs(upper[1] * lower[0]), abs(upper[0] * lower[1])) > 1

    assert any(cross_terms(case) for case in CASES)
