"""What the image moved and what it left, as the page gets it where nothing is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kyphometer.reading.document import landmark_to_dict
from kyphometer.web.reader.assist import Assistance, with_marks
from kyphometer.web.wire.marks import Assisted, Kept, Moved


def assisted_view(document: Mapping[str, Any], given: Assistance) -> Assisted:
    """The document with the marks moved, what was moved, and what was left and why."""
    return Assisted(
        document=with_marks(document, given.marks, landmark_to_dict),
        moved=[
            Moved(
                level=item.level,
                endplate=item.side,
                corner=item.corner,
                start=item.start,
                end=item.end,
                note=item.note,
            )
            for item in given.moved
        ],
        refused=[
            Kept(level=item.level, endplate=item.endplate, reason=item.message)
            for item in given.kept
        ],
    )
