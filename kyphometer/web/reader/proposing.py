"""Bodies proposed on a film: what `kyphometer watch` left beside it, or else the detector's.

Runs in the decoding process: the detector takes about a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kyphometer.errors import KyphometerError
from kyphometer.geometry import PixelGeometry
from kyphometer.messages import LANGUAGES, speaking
from kyphometer.web.pixels.decode_job import Refusal, decoded, refusal
from kyphometer.web.pixels.film_source import FilmSource
from kyphometer.web.reader.before import FilmBefore
from kyphometer.web.wire.proposed import DoubtfulBody, Proposed, SuggestedFracture
from kyphometer.workflow.waiting import is_likely, proposal_beside, proposal_file

if TYPE_CHECKING:
    from kyphometer.carry.recognise import EarlierVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalOrder:
    """On which film bodies are to be proposed, and the language of the sentences.

    `before` is the patient's film before that this reader has confirmed; it decides the levels.
    """

    source: FilmSource
    geometry: PixelGeometry
    before: FilmBefore | None = None
    language: str = LANGUAGES[0]


def propose(order: ProposalOrder) -> Proposed | Refusal:
    """Bodies of the film, as the page gets them."""
    waiting = _waiting(order.source)
    if waiting is not None and (order.before is None or waiting["numbering"]["sure"]):
        return _told(waiting)
    from kyphometer.detect import detect
    from kyphometer.workflow.proposals import proposal_document

    with speaking(order.language):
        try:
            proposal = detect(
                decoded(order.source), geometry=order.geometry, earlier=_earlier(order.before)
            )
            return _told(proposal_document(proposal))
        except (KyphometerError, OSError, MemoryError) as error:
            return refusal(error)


def _earlier(before: FilmBefore | None) -> EarlierVisit | None:
    """What the film before says of the levels; nothing if it cannot be read any more."""
    if before is None:
        return None
    from kyphometer.carry.recognise import EarlierVisit

    try:
        return EarlierVisit.of(*before.opened(), before.geometry)
    except (KyphometerError, OSError):
        return None


def _waiting(source: FilmSource) -> Mapping[str, Any] | None:
    """What waits beside this very state of the film; None if nothing that can be used does."""
    if source.frame != 1:
        return None
    known = proposal_file(proposal_beside(source.path), list(source.stamp))
    if known is None or "reason" in known:
        return None
    try:
        _told(known)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return known


def _told(document: Mapping[str, Any]) -> Proposed:
    reading = document["reading"]
    return Proposed(
        document=reading,
        facing=reading.get("facing"),
        bodies=[
            DoubtfulBody(
                level=body["level"],
                doubt=float(body["doubt"]),
                likely=is_likely(body),
                metal=bool(body.get("holds_metal")),
            )
            for body in document["bodies"]
        ],
        sure=bool(document["numbering"]["sure"]),
        fractures=[
            SuggestedFracture(level=item["level"], reason=str(item["reason"]))
            for item in document["fractures"]
        ],
        notes=[str(note) for note in document["notes"]],
    )
