"""What the columns of a table that people hand in are for, told by their names alone.

A column is a fact of the clinical table (`vas_6m`), an angle (`VKA preop`, `T12.sup-L2.inf 6 months
KN rep2`), says whose and when a row is, or is the user's own (`x_bmi`). Visits may be written in
any of the ways that `time_points.visit_meant` knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final

from kyphometer.errors import AmbiguousDefinitionError, MeasurementError, ReadingError
from kyphometer.followup.clinical.columns import LISTS, Column
from kyphometer.followup.time_points import visit_meant
from kyphometer.followup.windows import VisitWindows
from kyphometer.measure.definitions import ANGLES, angle_definition
from kyphometer.tables.sheet import column_key

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "patient": ("patient", "patient_id", "patient_code", "record_id", "subject", "subject_id"),
    "visit": ("visit", "redcap_event_name", "event", "event_name", "timepoint", "time_point"),
    "date": ("date", "film_date", "date_of_film", "taken_on"),
    "day": ("day", "days", "days_from_surgery", "days_after_surgery"),
    "observer": ("observer", "rater", "reader"),
    "replicate": ("replicate", "repeat", "reading", "redcap_repeat_instance"),
    "code": ("code", "angle", "measurement", "parameter"),
    "upper": ("upper", "upper_endplate"),
    "lower": ("lower", "lower_endplate"),
    "value": ("value", "value_deg", "degrees"),
    "position": ("position",),
}
"""Columns that say what a row is about, by their possible names."""
OTHER_NAMES: Final[Mapping[str, str]] = dict.fromkeys(
    ("group", "treatment", "treatment_group", "treatment_arm", "trt", "study_arm"), "arm"
)
"""Columns of the clinical table by what else people call them."""
_PASSED_OVER = re.compile(r"redcap_(repeat_instrument|data_access_group|survey_.*)|.*_complete")
"""Columns that REDCap adds of itself."""
BY_VISIT: Final = ("vas", "odi", "ais", "clinic_date", "symptoms", "lost")
"""What the clinical table holds once a visit, by the beginning of its columns."""
_BOX = re.compile(
    r"(?P<raw>\w+?)___(?P<code>\w+)|(?P<labelled>.+?)\s*\(choice=(?P<choice>.+)\)", re.IGNORECASE
)
"""One box of a checkbox field, as REDCap exports it raw and with labels."""
_REPLICATE = re.compile(r"(?:rep|replicate|repeat|reading)(\d{1,3})")
_END = (
    r"(?P<{0}>f_?(?:minus|plus)_?1|f|[ctls]\d{{1,2}})_?(?P<{0}_part>superior|sup|inferior|inf|s|i)"
)
_PAIR = re.compile(rf"{_END.format('upper')}_{_END.format('lower')}(?:_|$)")
_IDLE_WORDS: Final = frozenset({"", "deg", "degree", "degrees", "at", "by", "angle"})
_PART_WORDS: Final = {"s": "superior", "i": "inferior"}
LEAST_ALIKE: Final = 0.75
"""Words less alike than this (Ratcliff and Obershelp) are no slips of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a column is for.

    Attributes
    ----------
    role
        `fact` (of the clinical table), `angle`, `own` (the user's), `nothing` (not looked at), or
        one of `ROLES`.
    name
        Column of the clinical table, or code of the angle, or name of the own column.
    visit
        Visit that the name tells, or None: then the row tells it.
    observer, replicate
        Who measured and which time, where the name tells it.
    word
        What is ticked, where the column is one box of a list: its role is `box`.
    """

    role: str
    name: str = ""
    visit: str | None = None
    observer: str = ""
    replicate: int | None = None
    word: str = ""


def meaning(title: str, columns: Mapping[str, Column], windows: VisitWindows) -> Meaning | None:
    """What a column is for, None if its name does not tell.

    Raises
    ------
    AmbiguousDefinitionError
        If it names an angle that means several in print.
    """
    key = column_key(title)
    if key.startswith("x_"):
        return Meaning(role="own", name=key)
    if box := _BOX.fullmatch(title.strip()):
        return _box(box, columns, windows)
    for role, names in ROLES.items():
        if key in names:
            return Meaning(role=role)
    name = OTHER_NAMES.get(key, key)
    if name in columns:
        return Meaning(role="fact", name=name, visit=columns[name].visit)
    if _PASSED_OVER.fullmatch(key):
        return Meaning(role="nothing")
    return _score(key, columns, windows) or _angle(title, key, windows)


def _box(
    box: re.Match[str], columns: Mapping[str, Column], windows: VisitWindows
) -> Meaning | None:
    """One box of REDCap: `symptoms___numbness`, or with labels `Symptoms (choice=Numbness)`."""
    whole = meaning(box["raw"] or box["labelled"], columns, windows)
    if whole is None or whole.role != "fact":
        return None
    known = columns.get(whole.name) or columns[f"{whole.name}_{windows.baseline}"]
    if known.kind not in LISTS:
        return None
    return replace(whole, role="box", word=(box["code"] or box["choice"]).strip())


def _score(key: str, columns: Mapping[str, Column], windows: VisitWindows) -> Meaning | None:
    """`vas` where the row tells the visit, or `vas_6m`."""
    for start in BY_VISIT:
        if key == start:
            return Meaning(role="fact", name=start)
        if key.startswith(f"{start}_"):
            visit = visit_meant(key.removeprefix(f"{start}_"), windows)
            if visit is not None and f"{start}_{visit}" in columns:
                return Meaning(role="fact", name=f"{start}_{visit}", visit=visit)
    return None


def _angle(title: str, key: str, windows: VisitWindows) -> Meaning | None:
    found = _code(title, key)
    if found is None:
        return None
    code, rest = found[0], [word for word in found[1] if word.strip("()°") not in _IDLE_WORDS]
    visit, rest = _visit(rest, windows)
    replicates = [match for word in rest if (match := _REPLICATE.fullmatch(word))]
    others = [word for word in rest if not _REPLICATE.fullmatch(word)]
    if len(others) > 1 or len(replicates) > 1 or any(map(_is_time, others)):
        return None
    observer = _as_written(title, others[0]) if others else ""
    replicate = int(replicates[0][1]) if replicates else None
    return Meaning(role="angle", name=code, visit=visit, observer=observer, replicate=replicate)


def _is_time(word: str) -> bool:
    """True for words that mean a time, but none that the study knows: they are no observer."""
    return word in _VISIT_WORDS or re.fullmatch(r"\d+[a-z]{0,6}", word) is not None


def _code(title: str, key: str) -> tuple[str, list[str]] | None:
    """Code of the angle that a name holds, and its other words."""
    whole = _defined(title)
    if whole is not None:
        return whole, []
    pair = _PAIR.search(key)
    if pair is not None:
        code = _defined(f"{_end(pair, 'upper')}-{_end(pair, 'lower')}")
        if code is not None:
            rest = f"{key[: pair.start()]}_{key[pair.end() :]}"
            return code, [word for word in rest.split("_") if word]
    words = key.split("_")
    for length in range(min(3, len(words)), 0, -1):
        for start in (0, len(words) - length):
            code = _defined("_".join(words[start : start + length]))
            if code is not None:
                return code, words[:start] + words[start + length :]
    return None


def _end(pair: re.Match[str], end: str) -> str:
    place = pair[end].replace("_", "").replace("minus", "-").replace("plus", "+").upper()
    part = pair[f"{end}_part"]
    return f"{place}.{_PART_WORDS.get(part, part)}"


def _defined(name: str) -> str | None:
    try:
        return angle_definition(name).code
    except AmbiguousDefinitionError:
        raise
    except (MeasurementError, ReadingError):
        return None


def _visit(words: list[str], windows: VisitWindows) -> tuple[str | None, list[str]]:
    """The visit that the most of some adjoining words name, and the other words."""
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            chosen = words[start : start + length]
            if length > 1 and any(map(_says_nothing, (chosen[0], chosen[-1]))):
                continue
            visit = _named("_".join(chosen), windows)
            if visit is not None:
                return visit, words[:start] + words[start + length :]
    return None, words


def _says_nothing(word: str) -> bool:
    """True for words that no name of a visit holds: codes of observers, repeats."""
    return word not in _VISIT_WORDS and not word.isdigit()


_VISIT_WORDS = frozenset(
    word
    for line in (
        "pre post op preop postop preoperative postoperative discharge baseline before after",
        "immediate admission d day days w wk week weeks m mo mon mth month months y yr year years",
        "one two three four five six seven eight nine ten eleven twelve at",
    )
    for word in line.split()
)


def _named(text: str, windows: VisitWindows) -> str | None:
    exact = {column_key(str(visit)): str(visit) for visit in windows.visits}
    exact |= {column_key(label): str(visit) for visit, label in windows.labels.items()}
    return exact.get(column_key(text)) or visit_meant(text.replace("_", " "), windows)


def visit_of(text: str, windows: VisitWindows) -> str | None:
    """The visit that a cell names; an event of REDCap (`six_months_arm_1`) is the visit's."""
    said, events = re.subn(r"_arm_\d+$", "", text.strip().lower())
    if events:
        found = [str(visit) for visit in windows.visits if event_stem(str(visit)) == said]
        if len(found) == 1:
            return found[0]
    return _named(said, windows)


def event_stem(visit: str) -> str:
    """What REDCap makes of an event's name before it adds the arm: 18 letters at most."""
    return "_".join(re.findall(r"[a-z0-9]+", visit.lower()))[:18].rstrip("_")


def _as_written(title: str, word: str) -> str:
    """A word of a title as it stands there: observers' codes keep their capitals."""
    found = re.search(re.escape(word), title, re.IGNORECASE)
    return found[0] if found else word


def suggestion(key: str, columns: Mapping[str, Column]) -> str | None:
    """The column that a name is a slip of the pen for; never one of another meaning.

    Each word must be alike, so that `vka` is never taken for `vas`, nor the arch for the wall.
    """
    if any(word in {code.lower() for code in ANGLES} for word in key.split("_")):
        return None
    scored = [(_alike(key, name), name) for name in columns]
    best, name = max(scored)
    return name if best >= LEAST_ALIKE else None


def _alike(one: str, two: str) -> float:
    first, second = one.split("_"), two.split("_")
    if len(first) != len(second):
        first, second = [one.replace("_", "")], [two.replace("_", "")]
    return min(SequenceMatcher(None, a, b).ratio() for a, b in zip(first, second, strict=True))
