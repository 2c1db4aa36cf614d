"""Errors for a blinded reader: status, kind and sentence by code, whatever the error said."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from msgspec import UNSET

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
from kyphometer.web.blinded.answers import (
    BlindedDocument,
    BlindedError,
    BlindedFinding,
    BlindedPlace,
)
from kyphometer.web.wire.base import STATE


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


_ANSWERS: Mapping[RefusalCode, tuple[int, str]] = MappingProxyType(
    {
        RefusalCode.NOT_DUE: (400, "RequestError"),
        RefusalCode.HIDDEN: (403, "ForbiddenError"),
        RefusalCode.FILM: (422, "FilmError"),
        RefusalCode.CONFLICT: (409, "StudyConflictError"),
        RefusalCode.IMPOSSIBLE: (422, "ImpossibleReadingError"),
        RefusalCode.FACING: (422, "FacingError"),
        RefusalCode.FORMAT: (422, "ReadingFormatError"),
        RefusalCode.MARKS: (422, "LandmarkError"),
        RefusalCode.LEVEL: (422, "UnknownLevelError"),
        RefusalCode.ASSIST: (422, "EndplateError"),
        RefusalCode.HAND_ONLY: (409, "StudyRefusedError"),
        RefusalCode.LEVELS_FIXED: (409, "StudyRefusedError"),
        RefusalCode.LOCKED: (409, "StudyRefusedError"),
        RefusalCode.REASON: (409, "StudyRefusedError"),
        RefusalCode.RULES: (409, "StudyRefusedError"),
        RefusalCode.FULL: (507, "DiskFullError"),
        RefusalCode.STORE: (503, "StudyFileError"),
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
    """What a blinded reader is told instead of an error."""

    def __init__(
        self,
        code: RefusalCode,
        *,
        film: str = "",
        levels: Sequence[Level] = (),
        findings: Sequence[BlindedFinding] = (),
        stored: BlindedDocument | None = None,
    ) -> None:
        super().__init__(f"blinded_{code}", place=_place(film, levels))
        self.http_status, self.kind = _ANSWERS[code]  # type: ignore[misc]
        self._findings, self._stored = list(findings), stored

    def answer(self) -> BlindedError:
        """The answer that it makes."""
        stored = self._stored
        return BlindedError(
            error=str(self),
            kind=self.kind,
            code=self.code,
            facts=BlindedPlace(place=self.facts["place"]),
            findings=self._findings or UNSET,
            **({} if stored is None else {name: getattr(stored, name) for name in STATE}),
        )


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
