"""What the image moved and what it left, as the page gets it where nothing is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kyphometer.reading.document import landmark_to_dict
from kyphometer.web.reader.answer import Answer
from kyphometer.web.reader.assist import Assistance, with_marks


def assisted_view(document: Mapping[str, Any], given: Assistance) -> Answer:
    """The document with the marks moved, what was moved, and what was left and why."""
    return {
        "document": with_marks(document, given.marks, landmark_to_dict),
        "moved": [
            {
                "level": item.level.value,
                "endplate": item.side.value,
                "corner": item.corner,
                "from": list(item.start),
                "to": list(item.end),
                "note": item.note,
            }
            for item in given.moved
        ],
        "refused": [
            {
                "level": item.level.value,
                "endplate": None if item.endplate is None else item.endplate.value,
                "reason": item.message,
            }
            for item in given.kept
        ],
    }
