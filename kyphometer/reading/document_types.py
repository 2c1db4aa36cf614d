"""The document of a reading, declared once: its decoder, encoder and schema are made from this.

`DraftDocument` is what a page saves while somebody marks: corners may be missing. `null` stands for
a member that is left out. History: version 1, first. Later, without a new version: `carried_over`,
`consensus`, `known_size` and `next_intact`; they may be left out, and programs that do not know
them keep them and do not need them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from kyphometer.anatomy import EndplateSide
from kyphometer.geometry import Facing
from kyphometer.reading.model import CornerRule, MarkSource
from kyphometer.reading.scale import ScaleKind

FORMAT: Literal["kyphometer-reading"] = "kyphometer-reading"
VERSION: Literal[1] = 1

LevelName = Annotated[
    str,
    Meta(
        extra_json_schema={
            "pattern": r"^\s*([Cc][1-7]|([Tt][Hh]?|[Dd])([1-9]|1[0-3])|[Ll][1-6]|[Ss]1)\s*$"
        }
    ),
]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Coordinate = Annotated[float, Meta(ge=-1e7, le=1e7)]
Position = Annotated[list[Coordinate], Meta(min_length=2, max_length=2)]
Matrix = Annotated[list[Position], Meta(min_length=2, max_length=2)]


class FilmMember(Struct, frozen=True, kw_only=True):
    """Which film."""

    sop_instance_uid: str | None = None
    frame: Count | None = None
    rows: Count
    columns: Count
    sha256_pixels: Annotated[
        str | None,
        Meta(description="SHA-256 of the decoded stored values, row by row, little endian."),
    ] = None


class LandmarkMember(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A marked point."""

    xy: Position
    source: MarkSource | None = None
    covariance: Annotated[
        Matrix | None,
        Meta(
            description="Covariance of (x, y) in square pixels; symmetric, positive semi-definite."
        ),
    ] = None
    raw: Annotated[
        Position | None,
        Meta(description="Where the observer clicked before the image moved the point."),
    ] = None
    method: Annotated[str | None, Meta(description="Name and version of the assist.")] = None
    note: str | None = ""


class DraftEndplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An endplate of which corners may still be missing."""

    anterior: LandmarkMember | None = None
    middle: LandmarkMember | None = None
    posterior: LandmarkMember | None = None


class EndplateMember(DraftEndplate, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An endplate: both rim corners and, if marked, the middle of its floor."""

    anterior: LandmarkMember
    posterior: LandmarkMember


class DraftVertebra(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A vertebra of a draft."""

    superior: DraftEndplate | None = None
    inferior: DraftEndplate | None = None


class VertebraMember(
    DraftVertebra, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A vertebra: at least one endplate."""

    superior: EndplateMember | None = None
    inferior: EndplateMember | None = None


class NotMeasurableMember(Struct, frozen=True, kw_only=True):
    """An endplate that could not be marked, and why."""

    level: LevelName
    endplate: EndplateSide
    reason: str | None = None


class CarriedCorners(Struct, frozen=True, kw_only=True):
    """Both corners of an endplate on one film."""

    anterior: Position
    posterior: Position


class CarriedLineMember(Struct, frozen=True, kw_only=True):
    """A carried endplate on both films."""

    change_sd_deg: Annotated[
        float,
        Meta(
            ge=0,
            le=180,
            description="Standard uncertainty of how far the endplate turned from film to film, "
            "in degrees.",
        ),
    ]
    before: Annotated[
        CarriedCorners, Meta(description="Corners on the film that it was carried from.")
    ]
    here: Annotated[CarriedCorners, Meta(description="Corners as they were proposed on this film.")]


class CarriedBodyMember(
    Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"film": "from"}
):
    """A carried vertebra; an endplate that was not read on the other film is left out."""

    film: FilmMember
    correlation: Annotated[
        float,
        Meta(ge=-1, le=1, description="Correlation of the errors of both endplates' changes."),
    ]
    superior: CarriedLineMember | None = None
    inferior: CarriedLineMember | None = None


class ConsensusPartMember(Struct, frozen=True, kw_only=True):
    """A version that the adjudicator saw."""

    sha256: Annotated[
        str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of its document as it is kept.")
    ]
    used: Annotated[bool, Meta(description="Chosen, or part of the mean.")]
    observer: str | None = None
    version: Count | None = None


class ConsensusMember(Struct, frozen=True, kw_only=True):
    """How a reading came from several of the same film."""

    of: Annotated[list[ConsensusPartMember], Meta(min_length=2, max_length=100)]
    edited: bool = False


class KnownSizeMember(Struct, frozen=True, kw_only=True):
    """An object of known size on the film."""

    kind: ScaleKind
    ends: Annotated[
        list[Position], Meta(min_length=2, max_length=2, description="Of the known length.")
    ]
    known_mm: Annotated[float, Meta(gt=0, le=1000, description="The known length, in mm.")]
    known_sd_mm: Annotated[float, Meta(ge=0, le=1000, description="Its standard uncertainty.")]
    mark_sd_mm: Annotated[
        float, Meta(ge=0, le=1000, description="Standard uncertainty of each marked end.")
    ]


_ENDPLATE: dict[str, Any] = {
    "anyOf": [
        {"required": [side.value], "properties": {side.value: {"type": "object"}}}
        for side in EndplateSide
    ]
}
OneEndplate = Meta(extra_json_schema=_ENDPLATE)


class DraftDocument(Struct, frozen=True, kw_only=True):
    """A reading in which corners may still be missing."""

    format: Literal["kyphometer-reading"]
    version: Literal[1]
    film: FilmMember
    observer: str | None = None
    session: str | None = None
    created: Annotated[str | None, Meta(extra_json_schema={"format": "date-time"})] = None
    software: str | None = None
    facing: Annotated[
        Facing | None, Meta(description="Where anterior lies on the film held head up.")
    ] = None
    fractured_levels: list[LevelName] | None = None
    corner_rule: CornerRule | None = None
    vertebrae: Mapping[LevelName, DraftVertebra]
    not_measurable: list[NotMeasurableMember] | None = None
    comment: str | None = None
    carried_over: Annotated[
        dict[LevelName, Annotated[CarriedBodyMember, OneEndplate]] | UnsetType | None,
        Meta(
            description="What is known about the change of vertebrae that were carried over from "
            "another film, by level. It holds only while both films' corners lie where they are "
            "stated here."
        ),
    ] = UNSET
    consensus: Annotated[
        ConsensusMember | UnsetType | None,
        Meta(description="Of which readings it was made, if somebody adjudicated them."),
    ] = UNSET
    known_size: Annotated[
        KnownSizeMember | UnsetType | None,
        Meta(description="What its millimetres rest on, if not on the film's pixel size."),
    ] = UNSET
    next_intact: Annotated[
        bool | UnsetType | None,
        Meta(
            description="Whether the next intact level is used where a neighbour of the fracture "
            "is fractured or not marked; no if left out."
        ),
    ] = UNSET


class ReadingDocument(DraftDocument, frozen=True, kw_only=True):
    """The endplates that one observer marked on one lateral spine film.

    Coordinates are (x, y) = (column, row) in pixels from the outer top-left corner of the top-left
    pixel, y down.
    """

    vertebrae: Mapping[LevelName, Annotated[VertebraMember, OneEndplate]]
