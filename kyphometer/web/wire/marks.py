"""Marks on a film: documents, live results, help from the image, everybody's readings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, UnsetType, field

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.followup.correction_model import Verdict
from kyphometer.followup.judged import Basis
from kyphometer.geometry import Facing
from kyphometer.reading.findings import FindingCode, Severity
from kyphometer.web.wire.base import (
    Asked,
    Count,
    Draft,
    Json,
    Number,
    Pair,
    Source,
    Status,
    Text,
    Told,
)

RimCorner = Literal["anterior", "posterior"]
AnyCorner = Literal["anterior", "middle", "posterior"]
CORNERS: Mapping[str, AnyCorner] = MappingProxyType({name: name for name in get_args(AnyCorner)})

# ------------------------------------------------------------------------------------- asked for


class Marks(Asked, frozen=True, kw_only=True):
    """Marks as they are shown."""

    document: Draft


class MeasureLines(Marks, frozen=True, kw_only=True):
    """Lines drawn beside the reading, in pixels of the film."""

    lines: Annotated[list[tuple[Pair, Pair]], Meta(max_length=50)]


class ShownMarks(Asked, frozen=True, kw_only=True):
    """Marks as they are shown, or null for those that are stored."""

    document: Draft | None = None


class Seen(Asked, frozen=True, kw_only=True):
    """The tag of the state that the page has seen."""

    base: Text | None = None


class SaveDraft(Marks, frozen=True, kw_only=True):
    """A draft to be kept, made on the state of that tag."""

    base: Text | None = None


class Log(Asked, frozen=True, kw_only=True):
    """How the film was read."""

    seconds: Number | None = None
    zoom: Number | None = None
    window_center: Number | None = None
    window_width: Number | None = None
    details: Json | None = None


class Confirm(SaveDraft, frozen=True, kw_only=True):
    """A reading to be kept for good; `reason` if it corrects one."""

    reason: Text | None = None
    log: Log | None = None


class Target(Asked, frozen=True, kw_only=True):
    """What is to be moved: a vertebra, one of its endplates, or one corner."""

    level: Text
    endplate: EndplateSide | None = None
    corner: RimCorner | None = None


class Assist(Marks, frozen=True, kw_only=True):
    """Marks, and which of them the image is to move."""

    targets: Annotated[list[Target], Meta(max_length=120)]


class CarryOver(Marks, frozen=True, kw_only=True, rename={"origin": "from"}):
    """Marks, and the film that endplates are to come from; null for the latest before.

    `anchors` says, by level, about where the middle of bodies lies on this film, in pixels: what a
    reader clicks where the film alone leaves the level in doubt.
    """

    origin: Text | None = None
    anchors: Annotated[dict[str, tuple[Number, Number]], Meta(max_length=30)] = field(
        default_factory=dict
    )


# ------------------------------------------------------------------------------------- told


class Document(Told, frozen=True, kw_only=True):
    """The draft or latest reading, with the tag of the state."""

    document: Json | None
    etag: str
    version: Count
    source: Source
    status: Status


class Saved(Told, frozen=True, kw_only=True):
    """The tag of a draft."""

    etag: str


class Measurement(Told, frozen=True, kw_only=True):
    """A number with its 95 % interval and its lines on the film (posterior end first)."""

    code: str
    label: str
    upper: str | None
    lower: str | None
    value: float
    unit: str
    standard_uncertainty: float | None
    interval95: Pair | None
    levels: list[Level]
    definition: str
    note: str
    details: dict[str, float] | UnsetType = UNSET
    lines: list[tuple[Pair, Pair]]


class Confirmed(Told, frozen=True, kw_only=True):
    """A reading was kept."""

    etag: str
    version: Count
    measured: list[Measurement]


class CornerPlace(Told, frozen=True, kw_only=True):
    """A corner to look at."""

    level: Level
    endplate: EndplateSide
    corner: AnyCorner


class Finding(Told, frozen=True, kw_only=True):
    """Something impossible or improbable about the marks."""

    code: FindingCode
    severity: Severity
    where: str
    message: str
    remedy: str
    sentence: str
    levels: list[Level]
    corners: list[CornerPlace]


class Missing(Told, frozen=True, kw_only=True):
    """A measurement that cannot be given yet, why, and the endplates that it still needs.

    `next_intact` says that it could be given if the next intact level were allowed.
    """

    code: str
    label: str
    reason: str
    needs: list[str]
    next_intact: bool


class Change(Told, frozen=True, kw_only=True):
    """Later minus earlier film, in degrees: positive if kyphosis became more."""

    code: str
    label: str
    previous_value: float
    change: float | None
    standard_uncertainty: float | None
    limit: float | None
    basis: Basis | None
    uncertainty_source: str
    verdict: Verdict
    beyond_uncertainty: bool | None
    reasons: list[str]
    previous_film: str


class Measured(Told, frozen=True, kw_only=True):
    """Everything that can be said about the marks so far."""

    facing: Facing | None
    measurements: list[Measurement]
    findings: list[Finding]
    missing: list[Missing]
    warnings: list[str]
    change: list[Change] | None


class Moved(Told, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """A corner that the image moved, and what the assist says about it."""

    level: Level
    endplate: EndplateSide
    corner: RimCorner
    start: Pair
    end: Pair
    note: str


class Kept(Told, frozen=True, kw_only=True):
    """Marks that were left as they were, and why."""

    level: Level
    endplate: EndplateSide | None
    reason: str


class Assisted(Told, frozen=True, kw_only=True):
    """The document with marks moved, what was moved, and what was left."""

    document: Json
    moved: list[Moved]
    refused: list[Kept]


class Carried(Told, frozen=True, kw_only=True):
    """The document with endplates filled in, remarks, and the levels that got something."""

    document: Json
    notes: list[str]
    carried: list[str]


class StoredReading(Told, frozen=True, kw_only=True):
    """A confirmed version of somebody; `latest` if it is that observer's newest."""

    observer: str
    session: str | None
    version: Count
    reason: str
    saved_at: str
    document: Json
    measurements: list[Measurement]
    error: str | None
    latest: bool


class LineLength(Told, frozen=True, kw_only=True):
    """Length of a line: in widths of a pixel, and in mm where their size is known."""

    pixels: float
    mm: float | None
    standard_uncertainty: float | None


class LineAngle(Told, frozen=True, kw_only=True):
    """Smaller angle between a line and the next, in degrees."""

    degrees: float
    standard_uncertainty: float | None


class Lines(Told, frozen=True, kw_only=True):
    """Lines measured, and the width of a pixel that they rest on."""

    lengths: list[LineLength]
    angles: list[LineAngle]
    column_mm: float | None
    in_patient: bool


class Candidate(Told, frozen=True, kw_only=True):
    """A reading of somebody else under a letter, or their mean (no letter), to begin with."""

    label: str
    document: Json
    measurements: list[Measurement]


class Candidates(Told, frozen=True, kw_only=True):
    """What may be adjudicated; `refused` says why there is no mean."""

    candidates: list[Candidate]
    refused: str | None


class Spread(Told, frozen=True, kw_only=True):
    """How far the latest readings of an angle lie apart."""

    code: str
    label: str
    readings: Count
    lowest: float
    highest: float
    difference: float
    mdc95: float | None
    beyond_mdc: bool | None


class Readings(Told, frozen=True, kw_only=True):
    """Everybody's confirmed readings of a film."""

    readings: list[StoredReading]
    spread: list[Spread]
