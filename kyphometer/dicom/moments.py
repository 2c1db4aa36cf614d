"""Dates and times of a header."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kyphometer.dicom.elements import Elements

_DATE: Final = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})")
_TIME: Final = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.\d*)?)?)?")
_DATE_TIME: Final = re.compile(r"(\d{8})(\d{2,6}(?:\.\d*)?)?(?:[+-]\d{4})?")


def read_date(elements: Elements, keyword: str) -> date | None:
    """A date (DA), None if absent or impossible; the latter leaves a sentence."""
    text = elements.text(keyword)
    if text is None:
        return None
    found = _as_date(text)
    if found is None:
        elements.problems.append(f"{keyword} '{text[:20]}' is no date and was left out.")
    return found


def read_exposed_at(elements: Elements, *, secondary: bool) -> datetime | None:
    """When the film was exposed, in local time: acquisition, then content, then study.

    Parameters
    ----------
    secondary
        True for a secondary capture, whose content date is that of the capture, not of the
        exposure, and is left out.
    """
    for keyword in ("FrameAcquisitionDateTime", "AcquisitionDateTime"):
        moment = _as_moment(elements.text(keyword) or "")
        if moment is not None:
            return _checked(elements, moment)
    kinds = ("Acquisition", "Study") if secondary else ("Acquisition", "Content", "Study")
    for kind in kinds:
        day = read_date(elements, f"{kind}Date")
        if day is not None:
            clock = _as_time(elements.text(f"{kind}Time") or "") or time()
            return _checked(elements, datetime.combine(day, clock))
    return None


def _checked(elements: Elements, moment: datetime) -> datetime:
    """The same moment; sentences if it contradicts the study's date or the patient's birth."""
    study = _as_date(elements.text("StudyDate") or "")
    if study is not None and abs(moment.date() - study) > timedelta(days=1):
        elements.problems.append(
            f"The film was exposed on {moment.date()} but its study is dated {study}."
        )
    birth = _as_date(elements.text("PatientBirthDate") or "")
    if birth is not None and moment.date() < birth:
        elements.problems.append(
            f"The film was exposed on {moment.date()}, before the patient's birth on {birth}."
        )
    return moment


def _as_date(text: str) -> date | None:
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


def _as_time(text: str) -> time | None:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return time(hour, minute, min(second, 59))
    except ValueError:
        return None


def _as_moment(text: str) -> datetime | None:
    match = _DATE_TIME.fullmatch(text.strip())
    day = _as_date(match.group(1)) if match else None
    if match is None or day is None:
        return None
    return datetime.combine(day, _as_time(match.group(2) or "00") or time())
