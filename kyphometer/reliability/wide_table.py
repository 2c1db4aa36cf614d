"""Tables of a row a film and a column an observer, as SPSS wants them, turned into long ones.

A column's name tells the observer and, where there are several, the angle and the repeat: `KN`,
`KN_rep2`, `KN 2`, `VKA KN round 2`. Digits alone number repeats if several observers have the same
ones (`KN1 KN2 TD1 TD2`), and observers if they follow a word for such (`rater1 rater2`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kyphometer.errors import BadTableRowsError
from kyphometer.measure.definitions import ANGLES
from kyphometer.messages import Word

FILM: Final = ("id", "film_no", "film_number", "no", "number", "nr", "record_id", "patient_code")
"""What the column of films may be called beside the names of long tables."""
_PEOPLE: Final = frozenset(
    ("rater", "observer", "obs", "reader", "expert", "judge", "surgeon", "doctor", "examiner")
)
_REPEAT = re.compile(r"(?:rep|replicate|repeat|round|reading|session|time|t|r)(\d{1,3})")
_END = re.compile(r"(.*?[^\d_])_?(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Source:
    """What a column of values holds: whose, which time, of which angle."""

    observer: str
    replicate: str
    code: str


@dataclass(frozen=True, slots=True)
class _Name:
    title: str
    code: str
    stem: str
    digits: str
    repeat: str


def is_wide(
    header: Sequence[str], known: Mapping[str, Sequence[str]], needed: Collection[str]
) -> bool:
    """True if the table has neither a column of observers nor one of values.

    Parameters
    ----------
    header
        Names of the columns.
    known
        Other names of the columns of a long table.
    needed
        Columns that a long table must have.
    """
    names = {_key(title) for title in header}
    lacking = [column for column in needed if not names & {column, *known[column]}]
    return {"observer", needed_value(needed)} <= set(lacking) and len(header) > 1


def needed_value(needed: Collection[str]) -> str:
    """The column that holds what was found: `value` or `category`."""
    return next(column for column in needed if column not in ("film", "observer"))


def long_rows(
    header: Sequence[str],
    records: Sequence[tuple[int, Sequence[str]]],
    known: Mapping[str, Sequence[str]],
    value: str,
    name: str,
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and numbered rows of the long table.

    Raises
    ------
    BadTableRowsError
        If no column names the films, or it is not clear what the digits of the columns number.
    """
    names = [_key(title) for title in header]
    film = _film(names, known, name)
    beside = {
        place: column
        for column, others in known.items()
        if column not in ("film", "observer", value)
        for place, own in enumerate(names)
        if place != film and own in {column, *others}
    }
    places = [
        place
        for place in range(len(header))
        if place != film and place not in beside and names[place]
    ]
    sources = dict(zip(places, _sources([header[p] for p in places], name), strict=True))
    columns = ["film", "observer", "replicate", "code", value, *beside.values()]
    rows = [
        (
            number,
            [
                _cell(record, film), source.observer, source.replicate, source.code,
                _cell(record, place), *(_cell(record, other) for other in beside),
            ],
        )
        for number, record in records
        for place, source in sources.items()
    ]  # fmt: skip
    return columns, rows


def _cell(record: Sequence[str], place: int) -> str:
    return record[place] if place < len(record) else ""


def _key(title: str) -> str:
    return "_".join(re.split(r"[\s_.\-/]+", title.strip().lower()))


def _film(names: Sequence[str], known: Mapping[str, Sequence[str]], name: str) -> int:
    for wanted in (*known["film"], *FILM, "patient", "patient_id"):
        if wanted in names:
            return names.index(wanted)
    raise BadTableRowsError(name, (Word("rows.no_films"), Word("rows.name_observers")))


def _sources(titles: Sequence[str], table: str) -> list[Source]:
    """What each column holds."""
    names = [_name(title) for title in titles]
    numbered = [name for name in names if name.digits]
    stems = Counter((name.code, name.stem) for name in numbered)
    runs = {stem: {n.digits for n in numbered if (n.code, n.stem) == stem} for stem in stems}
    several = [stem for stem, count in stems.items() if count > 1]
    people = {stem for _, stem in stems}
    shared = len({s for _, s in several}) > 1 and len({frozenset(runs[s]) for s in several}) == 1
    found = []
    for name in names:
        if not name.digits or _is_word(name.stem):
            found.append(Source(name.stem + name.digits, name.repeat or "1", name.code))
        elif shared and (name.code, name.stem) in several:
            found.append(Source(name.stem, name.repeat or name.digits, name.code))
        elif len(people) == 1 and len(numbered) > 1 and not name.repeat:
            columns = [item.title for item in numbered]
            unclear = Word("rows.unclear_digits", {"columns": columns})
            raise BadTableRowsError(table, (unclear, Word("rows.name_raters", {"stem": name.stem})))
        else:
            found.append(Source(name.stem + name.digits, name.repeat or "1", name.code))
    return found


def _is_word(stem: str) -> bool:
    return stem.lower().rstrip("_ ") in _PEOPLE


def _name(title: str) -> _Name:
    words = [word for word in re.split(r"[\s_.\-/]+", title.strip()) if word]
    code = next((word.upper() for word in words if word.upper() in ANGLES), "")
    words = [word for word in words if word.upper() != code]
    repeat = ""
    for place, word in enumerate(words):
        joined = word.lower() + (words[place + 1] if place + 1 < len(words) else "")
        for text, length in ((word.lower(), 1), (joined, 2)):
            match = _REPEAT.fullmatch(text)
            if match and len(words) > length:
                repeat, words = match[1], words[:place] + words[place + length :]
                break
        if repeat:
            break
    stem, digits = "_".join(words), ""
    if match := _END.fullmatch(stem):
        stem, digits = match[1], match[2]
    return _Name(title.strip(), code, stem or "1", digits, repeat)
