"""What a consensus rests on: the versions that a further reader saw, and which of them count."""

from __future__ import annotations

from dataclasses import dataclass

from kyphometer.errors import LandmarkError


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsensusPart:
    """A version that the adjudicator saw.

    Attributes
    ----------
    sha256
        SHA-256 of its document as it is kept, by which it is known.
    used
        True if it was chosen, or is part of the mean.
    observer, version
        Whose and which it is; None as long as the adjudicator is not told.
    """

    sha256: str
    used: bool
    observer: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consensus:
    """How a reading came from several of the same film.

    Attributes
    ----------
    of
        The versions that were seen, in the order in which they were shown.
    edited
        True if marks were moved, added or taken away afterwards.
    """

    of: tuple[ConsensusPart, ...]
    edited: bool = False

    def __post_init__(self) -> None:
        if len(self.of) < 2 or not any(part.used for part in self.of):
            raise LandmarkError("consensus_of_one")

    @property
    def method(self) -> str:
        """`chosen` if one reading was taken, `mean` if several were averaged."""
        return "mean" if sum(part.used for part in self.of) > 1 else "chosen"
