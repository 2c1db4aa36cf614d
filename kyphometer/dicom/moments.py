"""Dates and times of a header."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from kyphometer.dicom.elements import Elements

_DATE: Final = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})")
_TIME: Final = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.\d*)?)?)?")
_DATE_TIME: Final = re.compile(r"(\d{8})(\d{2,6}(?:\.\d*)?)?([+-]\d{4})?")
_ZONE: Final = re.compile(r"[+-](\d{2})(\d{2})")
_SAME: Final = timedelta(days=1)
"""Dates of one examination may differ by a day: it may run past midnight."""
_FARTHEST: Final = timedelta(days=366)
"""An exposure that is farther from the date of its study than this is a wrong clock."""


def read_date(elements: Elements, keyword: str) -> date | None:
    """A date (DA), None if absent or impossible; the latter leaves a sentence."""
    text = elements.text(keyword)
    if text is None:
        return None
    found = _as_date(text)
    if found is None:
        elements.problems.append(f"{keyword} '{text[:20]}' is no date and was left out.")
    return found


def read_exposed_at(
    elements: Elements, *, secondary: bool, today: date | None = None
) -> datetime | None:
    """When the film was exposed, in local time: acquisition, then study.

    The content date, which many programs set when they change or copy a film, counts only if it
    agrees with the study's (then it gives the time of day), or if there is no other. A date that
    cannot be (in the future, before the patient's birth, more than a year from the study) gives
    way to the next; every such step leaves a sentence in `elements.problems`.

    Parameters
    ----------
    secondary
        True for a secondary capture, whose content date is that of the capture, not of the
        exposure, and is left out.
    today
        Later dates cannot be; None for the day of reading.
    """
    study = _moment_of(elements, "Study")
    content = None if secondary else _moment_of(elements, "Content")
    if content is not None and study is not None and abs(content.date() - study.date()) > _SAME:
        elements.problems.append(
            f"The content date {content.date()} was passed over: the study is dated {study.date()}."
        )
        content = None
    candidates = (
        ("acquisition", _stated_moment(elements)),
        ("acquisition", _moment_of(elements, "Acquisition")),
        ("content", content),
        ("study", study),
    )
    latest = (today or date.today()) + _SAME
    for kind, moment in candidates:
        if moment is None:
            continue
        reason = _impossible(elements, moment, study, latest)
        if reason is None:
            _mind_study(elements, kind, moment, study)
            return moment
        elements.problems.append(f"The {kind} date {moment.date()} was passed over: {reason}.")
    return None


def _moment_of(elements: Elements, kind: str) -> datetime | None:
    day = read_date(elements, f"{kind}Date")
    if day is None:
        return None
    return datetime.combine(day, _as_time(elements.text(f"{kind}Time") or "") or time())


def _stated_moment(elements: Elements) -> datetime | None:
    """The acquisition date and time in one, as the clocks at the place of the film showed."""
    for keyword in ("FrameAcquisitionDateTime", "AcquisitionDateTime"):
        text = (elements.text(keyword) or "").strip()
        moment = _as_moment(text)
        if moment is not None:
            match = _DATE_TIME.fullmatch(text)
            written = _zone(match[3] if match else None)
            here = _zone(elements.text("TimezoneOffsetFromUTC"))
            if written is None or here is None or written == here:
                return moment
            elements.problems.append(f"{keyword} is of another time zone and was turned to local.")
            return moment - written + here
    return None


def _zone(text: str | None) -> timedelta | None:
    match = _ZONE.fullmatch((text or "").strip())
    if match is None:
        return None
    offset = timedelta(hours=int(match[1]), minutes=int(match[2]))
    return -offset if (text or "").strip().startswith("-") else offset


def _impossible(
    elements: Elements, moment: datetime, study: datetime | None, latest: date
) -> str | None:
    """Why a moment cannot be that of the exposure, or None."""
    if moment.date() > latest:
        return "it is in the future"
    birth = _as_date(elements.text("PatientBirthDate") or "")
    if birth is not None and moment.date() < birth:
        return f"it is before the patient's birth on {birth}"
    possible = study is not None and study.date() <= latest and not (birth and study.date() < birth)
    if study is not None and possible and abs(moment - study) > _FARTHEST:
        return f"it is years from the study's, {study.date()}"
    return None


def _mind_study(elements: Elements, kind: str, moment: datetime, study: datetime | None) -> None:
    """A sentence if the chosen date is not the study's, or if only the content date is there."""
    if study is None and kind == "content":
        elements.problems.append(
            f"Only the content date {moment.date()} is there; the film may be older."
        )
    elif study is not None and abs(moment.date() - study.date()) > _SAME:
        elements.problems.append(
            f"The film was exposed on {moment.date()} but its study is dated {study.date()}."
        )


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
