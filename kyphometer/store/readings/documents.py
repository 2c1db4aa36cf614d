"""Documents as compact JSON text, refused if they could not be read again."""

from __future__ import annotations

import json
from typing import Any

from kyphometer.errors import StudyRefusedError
from kyphometer.messages import Word
from kyphometer.reading.document import MAX_BYTES


def to_json(document: Any) -> str:
    """Compact JSON; refuses what JSON cannot hold and what is larger than any reading.

    Raises
    ------
    StudyRefusedError
        If the document holds NaN, infinity, unpaired surrogates or objects that are no JSON.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise StudyRefusedError("document_unsaved", reason=error) from None
    if size > MAX_BYTES:
        raise StudyRefusedError("document_too_large", size=size)
    return text


def checked_text(text: str | None, what: str, *, longest: int = 2000) -> str:
    """Free text without spaces around it; empty for None.

    Raises
    ------
    StudyRefusedError
        If it is too long, or holds what no database can keep.
    """
    found = (text or "").strip()
    if "\x00" in found or any("\ud800" <= char <= "\udfff" for char in found):
        raise StudyRefusedError("text_unstorable", what=Word(f"what.{what}"))
    if len(found) > longest:
        raise StudyRefusedError(
            "text_too_long", what=Word(f"what.{what}"), count=len(found), longest=longest
        )
    return found
