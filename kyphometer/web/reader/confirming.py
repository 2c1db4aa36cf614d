"""From a page's document to a reading: unfinished as it is, or fit to be kept for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kyphometer.errors import ReadingError, ReadingFormatError
from kyphometer.film import FilmReference
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.messages import Word
from kyphometer.reading import Reading
from kyphometer.reading.checks import check_reading
from kyphometer.reading.document import reading_from_dict
from kyphometer.reading.facing import derive_facing
from kyphometer.reading.findings import Finding, Severity


class ImpossibleReadingError(ReadingError):
    """Marks that cannot be on a spine; carries all that is wrong with them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        errors = [item for item in findings if item.severity is Severity.ERROR]
        more = f" ({len(errors) - 1} more to see to)" if len(errors) > 1 else ""
        first = str(errors[0]).rstrip(".")
        super().__init__(f"This reading cannot be kept yet: {first}{more}.")


def draft_reading(document: Mapping[str, Any], film: FilmReference) -> Reading:
    """The complete endplates of a draft, bound to the film that it is open on.

    Raises
    ------
    ReadingFormatError, LandmarkError, UnknownLevelError
        If the document is no draft of a reading.
    """
    bound = {key: value for key, value in document.items() if key != "draft"}
    bound["film"] = {"rows": film.rows, "columns": film.columns}
    return replace(reading_from_dict(bound, draft=True), film=film)


def checked_reading(
    document: Mapping[str, Any],
    film: FilmReference,
    geometry: PixelGeometry,
    header_facing: Facing | None,
) -> Reading:
    """The reading of a document, bound to its film, with facing decided.

    Raises
    ------
    ReadingFormatError, LandmarkError, UnknownLevelError
        If the document is no complete reading.
    ImpossibleReadingError
        If its marks cannot be on a spine.
    FacingError
        If its vertebrae disagree about where anterior is.
    """
    known = {key: value for key, value in document.items() if key != "draft"}
    known["film"] = {"rows": film.rows, "columns": film.columns}
    reading = replace(reading_from_dict(known), film=film, extra={})
    if not reading.vertebrae and not reading.not_measurable:
        raise ReadingFormatError("reading_empty", where=Word("reading.it"))
    findings = check_reading(reading, geometry)
    if any(item.severity is Severity.ERROR for item in findings):
        raise ImpossibleReadingError(findings)
    if not reading.vertebrae:
        return reading
    return replace(reading, facing=derive_facing(reading, geometry, header=header_facing))
