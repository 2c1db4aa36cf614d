"""Members of a reading's document that most readings lack: a consensus, an object of known size."""

from __future__ import annotations

import msgspec

from kyphometer.errors import LandmarkError, ReadingFormatError
from kyphometer.geometry import Point
from kyphometer.reading import document_types as declared
from kyphometer.reading.agreed import Consensus, ConsensusPart
from kyphometer.reading.scale import KnownSize


def consensus_member(
    consensus: Consensus | None,
) -> declared.ConsensusMember | msgspec.UnsetType:
    """A consensus as in the document."""
    if consensus is None:
        return msgspec.UNSET
    return declared.ConsensusMember(
        of=[
            declared.ConsensusPartMember(
                sha256=part.sha256, used=part.used, observer=part.observer, version=part.version
            )
            for part in consensus.of
        ],
        edited=consensus.edited,
    )


def consensus_of(member: declared.ConsensusMember | None) -> Consensus | None:
    """The consensus that a document states, or None.

    Raises
    ------
    ReadingFormatError
        If it is impossible.
    """
    if member is None:
        return None
    parts = tuple(
        ConsensusPart(
            sha256=part.sha256, used=part.used, observer=part.observer, version=part.version
        )
        for part in member.of
    )
    try:
        return Consensus(of=parts, edited=member.edited)
    except LandmarkError as error:
        raise ReadingFormatError("reading_refused", where="'consensus'", error=error) from None


def known_size_member(known: KnownSize | None) -> declared.KnownSizeMember | msgspec.UnsetType:
    """An object of known size as in the document."""
    if known is None:
        return msgspec.UNSET
    return declared.KnownSizeMember(
        kind=known.kind,
        ends=[list(end) for end in known.ends],
        known_mm=known.known_mm,
        known_sd_mm=known.known_sd_mm,
        mark_sd_mm=known.mark_sd_mm,
    )


def known_size_of(member: declared.KnownSizeMember | None) -> KnownSize | None:
    """The object of known size that a document states, or None.

    Raises
    ------
    ReadingFormatError
        If it is impossible.
    """
    if member is None:
        return None
    first, second = (Point(*end) for end in member.ends)
    try:
        return KnownSize(
            kind=member.kind,
            ends=(first, second),
            known_mm=member.known_mm,
            known_sd_mm=member.known_sd_mm,
            mark_sd_mm=member.mark_sd_mm,
        )
    except LandmarkError as error:
        raise ReadingFormatError("reading_refused", where="'known_size'", error=error) from None
