"""All that a reader in a blinded session may be told: a white list, as types.

None of these is made from an open answer. What the open answer has besides can only be empty here:
the type says so. No member holds free text of a film, a study or a finding; sentences come from
`words`, by code.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.geometry import Facing
from kyphometer.reading import CornerRule, MarkSource
from kyphometer.reading.findings import FindingCode, Severity
from kyphometer.web.wire.base import Pair, Source, Status, Told
from kyphometer.web.wire.marks import AnyCorner, RimCorner

Nothing = tuple[()]
Document = Annotated[
    dict[str, Any], Meta(description="The reader's own draft, or a `BlindedReading`.")
]


class Blinded(Told, frozen=True, kw_only=True):
    """An answer, or a part of one, for a reader in a blinded session."""


class BlindedLine(Blinded, frozen=True, kw_only=True):
    """A film of the work list, under its code."""

    film_id: str
    label: str
    status: Status
    patient: None = None
    visit: None = None
    date: None = None
    position: Literal["unknown"] = "unknown"
    fractured_levels: Nothing = ()
    others: Nothing = ()
    warnings: Nothing = ()
    group: None = None
    waiting: None = None


class BlindedCounts(Blinded, frozen=True, kw_only=True):
    """How far the reader is."""

    read: int
    draft: int
    total: int
    failed: Literal[0] = 0


class BlindedWorkList(Blinded, frozen=True, kw_only=True):
    """What is due to the reader."""

    total: int
    progress: BlindedCounts
    items: list[BlindedLine]
    others: Nothing = ()
    waiting: Literal[False] = False


class BlindedGeometry(Blinded, frozen=True, kw_only=True):
    """The shape of a pixel: its size would tell films of one patient or device by sight."""

    aspect: float
    row_mm: None = None
    column_mm: None = None
    source: Literal["aspect_ratio"] = "aspect_ratio"
    in_patient: Literal[False] = False


class BlindedWindow(Blinded, frozen=True, kw_only=True):
    """The window of every showing (`pixels.normalised`)."""

    center: Literal[32768] = 32768
    width: Literal[32768] = 32768
    function: Literal["LINEAR_EXACT"] = "LINEAR_EXACT"
    explanation: Literal[""] = ""


class BlindedPixels(Blinded, frozen=True, kw_only=True):
    """How the transported values become grey levels: the same for every showing."""

    slope: Literal[1] = 1
    intercept: Literal[0] = 0
    bits: Literal[16] = 16
    padding: tuple[Literal[0], Literal[0]] = (0, 0)
    inverted: Literal[False] = False
    windows: tuple[BlindedWindow] = (BlindedWindow(),)
    luts: Nothing = ()


class BlindedFilm(Blinded, frozen=True, kw_only=True):
    """What the page needs to show the picture, and nothing that tells whose it is."""

    film_id: str
    label: str
    rows: int
    columns: int
    facing: Facing | None
    geometry: BlindedGeometry
    pixels: BlindedPixels | None
    fractured_levels: list[Level]
    next: str | None
    error: str | None
    patient: None = None
    visit: None = None
    date: None = None
    position: Literal["unknown"] = "unknown"
    view: None = None
    facts: Nothing = ()
    warnings: Nothing = ()
    siblings: Nothing = ()
    previous: None = None


class BlindedMark(Blinded, frozen=True, kw_only=True, omit_defaults=True):
    """A landmark of the reader's own."""

    xy: Pair
    source: MarkSource
    covariance: tuple[Pair, Pair] | None = None
    raw: Pair | None = None
    method: str | None = None


class BlindedPlate(Blinded, frozen=True, kw_only=True):
    """An endplate of the reader's own."""

    anterior: BlindedMark
    middle: BlindedMark | None
    posterior: BlindedMark


class BlindedNotMeasurable(Blinded, frozen=True, kw_only=True):
    """An endplate that the reader could not mark, and his reason."""

    level: Level
    endplate: EndplateSide
    reason: str


class BlindedSize(Blinded, frozen=True, kw_only=True):
    """All that a document says about its film."""

    rows: int
    columns: int


class BlindedReading(Blinded, frozen=True, kw_only=True):
    """The reader's own reading, as it lies on the picture shown."""

    film: BlindedSize
    facing: Facing | None
    fractured_levels: list[Level]
    corner_rule: CornerRule
    vertebrae: dict[Level, dict[EndplateSide, BlindedPlate]]
    not_measurable: list[BlindedNotMeasurable]
    comment: str
    next_intact: bool
    format: Literal["kyphometer-reading"] = "kyphometer-reading"
    version: Literal[1] = 1


class BlindedDocument(Blinded, frozen=True, kw_only=True):
    """What the reader has stored, with its tag."""

    document: Document | None
    etag: str
    version: int
    source: Source
    status: Status


class BlindedSaved(Blinded, frozen=True, kw_only=True):
    """The tag of a draft."""

    etag: str


class BlindedConfirmed(Blinded, frozen=True, kw_only=True):
    """A reading was kept; no value is told."""

    etag: str
    version: int
    measured: Nothing = ()


class BlindedCorner(Blinded, frozen=True, kw_only=True):
    """A corner to look at."""

    level: Level
    endplate: EndplateSide
    corner: AnyCorner


class BlindedFinding(Blinded, frozen=True, kw_only=True):
    """What is wrong or improbable about the marks, in words that know no number."""

    code: FindingCode
    severity: Severity
    where: str
    message: str
    remedy: str
    sentence: str
    levels: list[Level]
    corners: list[BlindedCorner]


class BlindedMissing(Blinded, frozen=True, kw_only=True):
    """An angle that cannot be given yet, the endplates that it needs, what would help."""

    code: str
    label: str
    reason: str
    needs: list[str]
    next_intact: bool


class BlindedMeasured(Blinded, frozen=True, kw_only=True):
    """What is wrong or missing about the marks; nothing is measured."""

    facing: Facing | None
    findings: list[BlindedFinding]
    missing: list[BlindedMissing]
    measurements: Nothing = ()
    warnings: Nothing = ()
    change: None = None


class BlindedMoved(Blinded, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """A corner that the image moved."""

    level: Level
    endplate: EndplateSide
    corner: RimCorner
    start: Pair
    end: Pair
    note: Literal[""] = ""


class BlindedKept(Blinded, frozen=True, kw_only=True):
    """An endplate that was left as it was, and why."""

    level: Level
    endplate: EndplateSide | None
    reason: str


class BlindedAssisted(Blinded, frozen=True, kw_only=True):
    """The reader's draft with its marks moved."""

    document: Document
    moved: list[BlindedMoved]
    refused: list[BlindedKept]


class BlindedPlace(Blinded, frozen=True, kw_only=True):
    """Where a refusal is about: levels, or the code of the film."""

    place: str


class BlindedError(Blinded, frozen=True, kw_only=True):
    """A refusal in words that know no number; what is stored, or what is wrong."""

    error: str
    kind: str
    code: str
    facts: BlindedPlace
    findings: list[BlindedFinding] | UnsetType = UNSET
    etag: str | UnsetType = UNSET
    document: Document | UnsetType | None = UNSET
    version: int | UnsetType = UNSET
    source: Source | UnsetType = UNSET
