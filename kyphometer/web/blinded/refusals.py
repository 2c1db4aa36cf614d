"""Errors for a blinded reader: status, kind and sentence by code, whatever the error said."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from msgspec import to_builtins

from kyphometer.anatomy import Level
from kyphometer.errors import (
    EndplateError,
    FacingError,
    KyphometerError,
    LandmarkError,
    ReadingFormatError,
    StudyFileError,
    StudyFullError,
    StudyRefusedError,
    UnknownLevelError,
)
from kyphometer.web.blinded.answers import BlindedDocument, BlindedFinding


class RefusalCode(StrEnum):
    """Why a blinded reader is refused something."""

    NOT_DUE = "not_due"
    HIDDEN = "hidden"
    FILM = "film"
    CONFLICT = "conflict"
    IMPOSSIBLE = "impossible"
    FACING = "facing"
    FORMAT = "format"
    MARKS = "marks"
    LEVEL = "level"
    ASSIST = "assist"
    HAND_ONLY = "hand_only"
    LEVELS_FIXED = "levels_fixed"
    LOCKED = "locked"
    REASON = "reason"
    RULES = "rules"
    FULL = "full"
    STORE = "store"


_ANSWERS: Mapping[RefusalCode, tuple[int, str, str]] = MappingProxyType(
    {
        RefusalCode.NOT_DUE: (
            400,
            "RequestError",
            "There is no such film in your list; go back to the work list.",
        ),
        RefusalCode.HIDDEN: (
            403,
            "ForbiddenError",
            "That is hidden in a blinded session; wait until its owner has locked it.",
        ),
        RefusalCode.FILM: (
            422,
            "FilmError",
            "The film{place} cannot be shown; tell the owner of the session its code.",
        ),
        RefusalCode.CONFLICT: (
            409,
            "StudyConflictError",
            "This reading was changed in another window or by another program since you opened it; "
            "nothing was overwritten: look at the newer one first.",
        ),
        RefusalCode.IMPOSSIBLE: (
            422,
            "ImpossibleReadingError",
            "This reading cannot be kept yet, because of marks that cannot be on a spine{place}; "
            "see to them first.",
        ),
        RefusalCode.FACING: (
            422,
            "FacingError",
            "The marks do not tell where anterior is, or contradict each other or the film; mark "
            "both endplates, and swap anterior and posterior corners where they are wrong.",
        ),
        RefusalCode.FORMAT: (
            422,
            "ReadingFormatError",
            "This is no complete reading: no endplate is marked, a corner is missing, or a member "
            "is wrong; complete it, or list what is not measurable.",
        ),
        RefusalCode.MARKS: (
            422,
            "LandmarkError",
            "A landmark's position or covariance is none; mark it again.",
        ),
        RefusalCode.LEVEL: (
            422,
            "UnknownLevelError",
            "A name is no vertebral level; use C1 to C7, T1 to T13, L1 to L6 or S1.",
        ),
        RefusalCode.ASSIST: (
            422,
            "EndplateError",
            "The image cannot help here; mark the corners by hand.",
        ),
        RefusalCode.HAND_ONLY: (
            409,
            "StudyRefusedError",
            "Help from the image is not allowed in this session; place every corner by hand.",
        ),
        RefusalCode.LEVELS_FIXED: (
            409,
            "StudyRefusedError",
            "The session fixes the fractured level{place}; mark that level as the fractured one.",
        ),
        RefusalCode.LOCKED: (
            409,
            "StudyRefusedError",
            "The reading of this film is locked; ask the session's owner to reopen it.",
        ),
        RefusalCode.REASON: (
            409,
            "StudyRefusedError",
            "A correction of a confirmed reading needs a reason; say why it is corrected.",
        ),
        RefusalCode.RULES: (
            409,
            "StudyRefusedError",
            "The rules of the study do not allow this; ask the owner of the session.",
        ),
        RefusalCode.FULL: (
            507,
            "DiskFullError",
            "The disk is full, so this was not saved; what was saved before is intact: make room "
            "and save again.",
        ),
        RefusalCode.STORE: (
            503,
            "StudyFileError",
            "The study cannot be read or written now; tell the owner of the session.",
        ),
    }
)
_BY_CLASS: tuple[tuple[type[KyphometerError], RefusalCode], ...] = (
    (FacingError, RefusalCode.FACING),
    (ReadingFormatError, RefusalCode.FORMAT),
    (LandmarkError, RefusalCode.MARKS),
    (UnknownLevelError, RefusalCode.LEVEL),
    (EndplateError, RefusalCode.ASSIST),
    (StudyRefusedError, RefusalCode.RULES),
    (StudyFullError, RefusalCode.FULL),
    (StudyFileError, RefusalCode.STORE),
)


class BlindedRefusalError(KyphometerError):
    """What a blinded reader is told instead of an error.

    `facts` holds further members of the answer, made from blinded types.
    """

    def __init__(
        self,
        code: RefusalCode,
        *,
        film: str = "",
        levels: Sequence[Level] = (),
        findings: Sequence[BlindedFinding] = (),
        stored: BlindedDocument | None = None,
    ) -> None:
        self.code = code
        status, self.kind, sentence = _ANSWERS[code]
        self.http_status = status  # type: ignore[misc]
        super().__init__(sentence.format(place=_place(film, levels)))
        self.facts: dict[str, Any] = {}
        if findings:
            self.facts["findings"] = to_builtins(findings)
        if stored is not None:
            names = ("etag", "document", "version", "source")
            self.facts.update((name, getattr(stored, name)) for name in names)


def _place(film: str, levels: Sequence[Level]) -> str:
    if levels:
        return f" ({', '.join(level.value for level in levels)})"
    return f" {film}" if film else ""


def refusal(error: Exception, film: str) -> BlindedRefusalError:
    """The answer for an error, by its class alone; `film` is the code that was asked for."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BlindedRefusalError(RefusalCode.FULL)
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return BlindedRefusalError(code)
    return BlindedRefusalError(RefusalCode.FILM, film=film)
