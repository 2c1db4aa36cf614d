"""A blinded reader's own reading and marks, member by member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import to_builtins

from kyphometer.reading import Endplate, Landmark, Reading
from kyphometer.sessions.mirroring import mirror_reading
from kyphometer.web.blinded.answers import (
    BlindedAssisted,
    BlindedKept,
    BlindedMark,
    BlindedMoved,
    BlindedNotMeasurable,
    BlindedPlate,
    BlindedReading,
    BlindedSize,
)
from kyphometer.web.reader.assist import Assistance, with_marks

_KEPT = {
    "outside": "too little of the body is on the film",
    "no_body": "it is no body with two endplates from T1 to L6",
    "facing": "its marks contradict where anterior is, or are crossed",
    "polarity": "bone is darker than its surroundings here",
    "flat": "there is no edge to be seen",
    "too_far": "a corner would move too far",
    "uncertain": "its line would be too uncertain",
    "neighbour": "what was found looks like the neighbour's endplate",
    "metal": "a corner would lie on metal",
    "unmarked": "it has no endplate with both corners yet",
}
"""Why marks were kept, by the code of the reason."""


def blinded_reading(reading: Reading, *, mirrored: bool) -> dict[str, Any]:
    """A reading as it lies on the picture shown, without the film's identity."""
    shown = mirror_reading(reading) if mirrored else reading
    built = BlindedReading(
        film=BlindedSize(rows=shown.film.rows, columns=shown.film.columns),
        facing=shown.facing,
        fractured_levels=list(shown.fractured_levels),
        corner_rule=shown.corner_rule,
        vertebrae={
            level: {side: _plate(plate) for side, plate in vertebra.endplates.items()}
            for level, vertebra in shown.vertebrae.items()
        },
        not_measurable=[
            BlindedNotMeasurable(level=item.level, endplate=item.endplate, reason=item.reason)
            for item in shown.not_measurable
        ],
        comment=shown.comment,
        next_intact=shown.next_intact,
    )
    found: dict[str, Any] = to_builtins(built)
    return found


def _plate(plate: Endplate) -> BlindedPlate:
    return BlindedPlate(
        anterior=_mark(plate.anterior),
        middle=None if plate.middle is None else _mark(plate.middle),
        posterior=_mark(plate.posterior),
    )


def _mark(mark: Landmark) -> BlindedMark:
    """A landmark without its note, which may name an angle."""
    return BlindedMark(
        xy=mark.xy,
        source=mark.source,
        covariance=mark.covariance,
        raw=mark.raw,
        method=mark.method,
    )


def blinded_assisted(document: Mapping[str, Any], help_given: Assistance) -> BlindedAssisted:
    """What the image moved and what it left, in words that know no number."""
    return BlindedAssisted(
        document=with_marks(document, help_given.marks, lambda mark: to_builtins(_mark(mark))),
        moved=[
            BlindedMoved(
                level=item.level,
                endplate=item.side,
                corner=item.corner,
                start=item.start,
                end=item.end,
            )
            for item in help_given.moved
        ],
        refused=[
            BlindedKept(
                level=item.level,
                endplate=item.endplate,
                reason=f"{item.level.value}: marks kept, {_KEPT[item.reason]}.",
            )
            for item in help_given.kept
        ],
    )
