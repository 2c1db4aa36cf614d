"""What a reader is told: everything, or in a blinded session the blinded type and nothing else."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from kyphometer.web.blinded import answers as blinded
from kyphometer.web.wire.base import Count, Json, Source, Told
from kyphometer.web.wire.films import Film, WorkList
from kyphometer.web.wire.marks import Assisted, Confirmed, Document, Finding, Measured, Saved

WorkListTold = WorkList | blinded.BlindedWorkList
FilmTold = Film | blinded.BlindedFilm
DocumentTold = Document | blinded.BlindedDocument
SavedTold = Saved | blinded.BlindedSaved
ConfirmedTold = Confirmed | blinded.BlindedConfirmed
MeasuredTold = Measured | blinded.BlindedMeasured
AssistedTold = Assisted | blinded.BlindedAssisted


class Error(Told, frozen=True, kw_only=True):
    """A refusal: one sentence, its kind, code and facts; what is stored, or what is wrong."""

    error: str
    kind: str
    code: str | UnsetType = UNSET
    facts: Json | UnsetType = UNSET
    findings: list[Finding] | UnsetType = UNSET
    etag: str | UnsetType = UNSET
    document: Json | UnsetType | None = UNSET
    version: Count | UnsetType = UNSET
    source: Source | UnsetType = UNSET
