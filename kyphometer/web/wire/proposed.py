"""What a film seems to show, proposed without a click."""

from __future__ import annotations

from kyphometer.anatomy import Level
from kyphometer.geometry import Facing
from kyphometer.web.wire.base import Asked, Json, Told


class AskProposal(Asked, frozen=True, kw_only=True):
    """A film's bodies are to be proposed."""


class DoubtfulBody(Told, frozen=True, kw_only=True):
    """A proposed body.

    `doubt` is the probability that a corner is off by more than 3 mm; `likely` bodies may be taken
    together; in `metal` ones, metal or cement is seen.
    """

    level: Level
    doubt: float
    likely: bool
    metal: bool


class SuggestedFracture(Told, frozen=True, kw_only=True):
    """A level that may be fractured, and why."""

    level: Level
    reason: str


class Proposed(Told, frozen=True, kw_only=True):
    """Bodies that nobody has confirmed.

    `document` has their corners; `sure` says whether the levels are certain.
    """

    document: Json
    facing: Facing | None
    bodies: list[DoubtfulBody]
    sure: bool
    fractures: list[SuggestedFracture]
    notes: list[str]
