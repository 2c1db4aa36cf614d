"""Cells that contradict each other, and the record they make when they do not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from kyphometer.followup.clinical.columns import NO_COMPLICATIONS, NO_SYMPTOMS
from kyphometer.followup.clinical.record import ClinicalRecord, Complication
from kyphometer.followup.elsewhere import ElsewhereAngle
from kyphometer.followup.windows import VisitWindows

Contradiction = tuple[str, str, str]
"""Column, problem, remedy."""


def contradictions(
    values: dict[str, Any], windows: VisitWindows, failed: Collection[str] = ()
) -> list[Contradiction]:
    """What cannot be true together in one row; columns that failed by themselves judge nothing."""
    checks: tuple[tuple[str, Callable[[], list[Contradiction]]], ...] = (
        ("date", lambda: _dates(values, windows)),
        ("screws", lambda: _screws(values)),
        ("complication", lambda: _complications(values)),
        ("levels", lambda: _levels(values)),
        ("symptoms", lambda: _symptoms(values, windows)),
    )
    return [
        found
        for part, check in checks
        if not any(part in name for name in failed)
        for found in check()
    ]


def _dates(values: dict[str, Any], windows: VisitWindows) -> list[Contradiction]:
    found: list[Contradiction] = []
    surgery, injury = values.get("surgery_date"), values.get("injury_date")
    if surgery and injury and surgery < injury:
        found.append(
            ("surgery_date", f"surgery {surgery} comes before the injury {injury}", "correct one")
        )
    revision = values.get("revision_date")
    if surgery and revision and revision < surgery:
        found.append(("revision_date", f"{revision} is before surgery {surgery}", "correct one"))
    for visit in windows.visits:
        seen = values.get(f"clinic_date_{visit}")
        if not (surgery and seen):
            continue
        early = seen < surgery
        if early != (visit == windows.baseline) and seen != surgery:
            side = "before" if early else "after"
            found.append(
                (f"clinic_date_{visit}", f"{seen} is {side} surgery {surgery}", "correct one")
            )
    return found


def _screws(values: dict[str, Any]) -> list[Contradiction]:
    screws, leaks = values.get("screws"), values.get("screws_with_leak")
    if leaks is not None and screws is None:
        return [("screws", "it is empty although leaks are counted", "give the screws placed")]
    if leaks is not None and screws is not None and leaks > screws:
        return [("screws_with_leak", f"{leaks} of {screws} screws", "count leaks among the placed")]
    return []


def _complications(values: dict[str, Any]) -> list[Contradiction]:
    types = values.get("complication_types")
    found: list[Contradiction] = []
    if types is not None and None in types:
        found.append(("complication_types", "one of the list is empty", "name each complication"))
    if types is not None and NO_COMPLICATIONS in types and len(types) > 1:
        found.append(("complication_types", "'none' stands beside others", "delete 'none'"))
    count = 0 if types is None or types == (NO_COMPLICATIONS,) else len(types)
    for name in ("complication_sites", "complication_symptomatic"):
        details = values.get(name)
        if details is not None and len(details) != count:
            found.append(
                (
                    name,
                    f"it lists {len(details)} but complication_types lists {count}",
                    "give one for each complication, in the same order, as a|b",
                )
            )
    return found


def _levels(values: dict[str, Any]) -> list[Contradiction]:
    levels = values.get("fractured_levels")
    if levels is not None and (None in levels or len(set(levels)) < len(levels)):
        return [("fractured_levels", "a level is empty or there twice", "list each level once")]
    return []


def _symptoms(values: dict[str, Any], windows: VisitWindows) -> list[Contradiction]:
    found: list[Contradiction] = []
    for visit in windows.visits:
        name = f"symptoms_{visit}"
        given = values.get(name) or ()
        if None in given or len(set(given)) < len(given):
            found.append((name, "a symptom is empty or there twice", "list each symptom once"))
        elif NO_SYMPTOMS in given and len(given) > 1:
            found.append((name, f"'{NO_SYMPTOMS}' stands beside others", f"delete '{NO_SYMPTOMS}'"))
    return found


_DIRECT = (
    "patient", "arm", "sex", "age_years", "t_score", "history", "corticosteroids", "mechanism",
    "injury_date", "surgery_date", "revision_date", "posterior_wall_ruptured", "pedicle_fractured",
    "posterior_arch_fractured", "screws", "screws_with_leak", "comment",
)  # fmt: skip


def build_record(
    values: dict[str, Any],
    windows: VisitWindows,
    angles: Iterable[ElsewhereAngle] = (),
    own: Mapping[str, float | str] | None = None,
) -> ClinicalRecord:
    """Record of one patient whose cells were found right."""
    direct: dict[str, Any] = {name: values.get(name) for name in _DIRECT}
    by_visit: dict[str, Any] = {
        field: {
            visit: values[f"{prefix}_{visit}"]
            for visit in map(str, windows.visits)
            if values.get(f"{prefix}_{visit}") is not None
        }
        for field, prefix in (
            ("vas", "vas"),
            ("odi", "odi"),
            ("ais", "ais"),
            ("clinic_dates", "clinic_date"),
            ("symptoms", "symptoms"),
            ("lost", "lost"),
        )
    }
    return ClinicalRecord(
        **direct,
        fractured_levels=values.get("fractured_levels") or (),
        complications=_complication_list(values),
        angles=tuple(angles),
        own=own or {},
        **by_visit,
    )


def _complication_list(values: dict[str, Any]) -> tuple[Complication, ...] | None:
    types = values.get("complication_types")
    if types is None:
        return None
    if types == (NO_COMPLICATIONS,):
        return ()
    sites = values.get("complication_sites") or (None,) * len(types)
    symptomatic = values.get("complication_symptomatic") or (None,) * len(types)
    return tuple(
        Complication(type=kind, site=site, symptomatic=felt)
        for kind, site, felt in zip(types, sites, symptomatic, strict=True)
    )
