"""Proposals that wait beside films for somebody to look at them: where they lie, what is doubtful.

`kyphometer watch` writes them (`workflow/watch.py`); the annotator and its work list read them. A
proposal belongs to one state of its film, and waits as long as nobody has read the film.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kyphometer.errors import KyphometerError, NoLateralSpineError
from kyphometer.messages import Word, sentence
from kyphometer.reading.document import reading_from_dict
from kyphometer.reading.proposed import may_be_taken
from kyphometer.store.folder.atomic import write_atomically
from kyphometer.workflow.beside import find_readings

SUFFIX = ".proposal.json"
FORMAT, VERSION = "kyphometer-proposal", 1

Stamp = list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What is doubtful of a proposal that waits.

    Attributes
    ----------
    levels
        What is proposed, cranial to caudal; empty if nothing is.
    doubtful
        Those of them that are only taken one by one (`kyphometer.reading.proposed.may_be_taken`).
    largest
        Probability that a corner of the most doubtful body is off by more than 3 mm, 0 to 1; 1 if
        nothing is proposed.
    sure
        Whether the levels are certain.
    refusal
        Why nothing is proposed, in the words of whoever looked; empty if something is.
    other
        The error of a film that was refused as no lateral film of a spine.
    """

    levels: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    largest: float = 1.0
    sure: bool = False
    refusal: str = ""
    other: NoLateralSpineError | None = None

    @property
    def reason(self) -> str:
        """Why nothing is proposed, in the language of the task as far as that is known."""
        return self.refusal if self.other is None else str(self.other)

    @property
    def rank(self) -> tuple[bool, float, bool, int]:
        """Sorts by the largest doubt of a body, refused films last; equals by levels and number.

        One bad body makes a film doubtful, however many good ones stand beside it.
        """
        return (bool(self.refusal), self.largest, not self.sure, len(self.doubtful))

    @property
    def is_doubtful(self) -> bool:
        """Whether a body or the levels of what is proposed are in doubt."""
        return not self.refusal and (bool(self.doubtful) or not self.sure)

    def is_in(self, part: str | None) -> bool:
        """Whether it is `proposed`, `doubtful` or `refused`; None takes all."""
        if part == "doubtful":
            return self.is_doubtful
        return part is None or bool(self.refusal) == (part == "refused")

    def __str__(self) -> str:
        return self.sentence()

    def sentence(self, language: str | None = None) -> str:
        """The doubt in words."""
        if self.refusal:
            return self.refusal if self.other is None else self.other.sentence(language)
        facts = {
            "first": self.levels[0],
            "last": self.levels[-1],
            "count": len(self.levels),
            "doubtful": list(self.doubtful),
            "sure": Word("waiting.sure" if self.sure else "waiting.unsure"),
        }
        code = "waiting.doubtful" if self.doubtful else "waiting.likely"
        return sentence(code, facts, language)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFilm:
    """A film on which a proposal waits."""

    film: Path
    proposal: Path
    doubt: Doubt


def proposal_beside(film: Path) -> Path:
    """Where the proposal of a film lies if it lies beside it."""
    return film.with_name(film.name + SUFFIX)


def leave(path: Path, document: Mapping[str, Any]) -> None:
    """Write a proposal file, whole, where it is to wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def proposal_file(path: Path, film_stamp: Stamp) -> Mapping[str, Any] | None:
    """What a proposal file says of that state of its film; None if it is of no use.

    Parameters
    ----------
    path
        The file.
    film_stamp
        Size and time of change of the film.
    """
    try:
        known = json.loads(path.read_text("utf-8"))
        if known["film_stamp"] != film_stamp:
            return None
        if "reason" not in known:
            reading_from_dict(known["reading"])
        doubt_of(known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, KyphometerError):
        return None
    return known if isinstance(known, dict) else None


def doubt_of(document: Mapping[str, Any]) -> Doubt:
    """What is doubtful of a proposal document.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        If it is none.
    """
    if "reason" in document:
        refused = document.get("refused")
        other = _no_lateral(refused) if refused else None
        return Doubt(refusal=str(document["reason"]), other=other)
    bodies = document["bodies"]
    return Doubt(
        levels=tuple(str(body["level"]) for body in bodies),
        doubtful=tuple(str(body["level"]) for body in bodies if not is_likely(body)),
        largest=max(float(body["doubt"]) for body in bodies),
        sure=bool(document["numbering"]["sure"]),
    )


def is_likely(body: Mapping[str, Any]) -> bool:
    """Whether a body of a proposal document may be taken together with others, by today's rule.

    Raises
    ------
    KeyError
        If the document is so old that it states no doubt.
    """
    return may_be_taken(refined=bool(body["refined"]), doubt=float(body["doubt"]))


def _no_lateral(facts: Mapping[str, Any]) -> NoLateralSpineError:
    view = facts.get("view")
    return NoLateralSpineError(int(facts["bodies"]), None if view is None else str(view))


def waiting_films(folder: Path) -> Iterator[WaitingFilm]:
    """Films below a folder on which a proposal waits beside the film, in the order of their names.

    Films that somebody has read, and proposals of an earlier state of their film, are left out.
    """
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        film = path.with_name(path.name.removesuffix(SUFFIX))
        stamp = stamp_of(film)
        known = None if stamp is None or find_readings(film) else proposal_file(path, stamp)
        if known is not None:
            yield WaitingFilm(film=film, proposal=path, doubt=doubt_of(known))


def stamp_of(path: Path) -> Stamp | None:
    """Size and time of change; None if there is no such file."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return [facts.st_size, facts.st_mtime_ns]
