"""DICOM objects of a measured film: the one function that sending and exporting use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pydicom.dataset import Dataset

from kyphometer.errors import MissingExtraError
from kyphometer.film import Film
from kyphometer.interop.objects.source import Kind, Source, completed
from kyphometer.measure import DEFAULT_CORNER_SD_MM
from kyphometer.reading import Reading
from kyphometer.workflow.films import measure_film

DEFAULT_KINDS = (Kind.SR, Kind.SC, Kind.PDF)
"""What most receivers show: everybody the picture, most the page, some the report."""


def objects_for(
    film: Film,
    reading: Reading,
    kinds: Iterable[Kind | str] = DEFAULT_KINDS,
    *,
    earlier: Sequence[Reading] = (),
    reason: str = "",
    visit: str | None = None,
    corner_sd_mm: float = DEFAULT_CORNER_SD_MM,
    allow_next_intact: bool = False,
) -> list[Dataset]:
    """DICOM objects that hold a reading and its measurements, in the film's study.

    The same film and reading give the same UIDs. A later version goes to the same series under the
    next instance number and with the same tracking UIDs; its structured report names the one it
    supersedes.

    Parameters
    ----------
    film
        The film with its pixels; it must have a SOP Instance UID.
    reading
        The reading; it must belong to that film.
    kinds
        Which objects, in this order.
    earlier
        Earlier versions of the reading, oldest first.
    reason
        Why the version before was corrected.
    visit
        Name of the visit; None takes that of the film's header.
    corner_sd_mm, allow_next_intact
        See `kyphometer.measure.measure_reading`.

    Returns
    -------
    objects
        One dataset a kind, with file meta information, ready to be written or sent.

    Raises
    ------
    NoFilmToReferError
        If the film has no UID of its own.
    ReadingFilmMismatchError, LandmarkError, FacingError
        If the reading does not belong to the film or cannot be measured.
    MissingExtraError
        If the extra `interop` is not installed.
    """
    source = source_of(
        film,
        reading,
        earlier=earlier,
        reason=reason,
        visit=visit,
        corner_sd_mm=corner_sd_mm,
        allow_next_intact=allow_next_intact,
    )
    return [_maker(Kind(kind))(source) for kind in kinds]


def source_of(
    film: Film,
    reading: Reading,
    *,
    earlier: Sequence[Reading] = (),
    reason: str = "",
    visit: str | None = None,
    corner_sd_mm: float = DEFAULT_CORNER_SD_MM,
    allow_next_intact: bool = False,
) -> Source:
    """A reading measured on its film, with what objects must say of both; see `objects_for`."""
    made_on = measure_film(
        film.header,
        reading,
        film=film,
        corner_sd_mm=corner_sd_mm,
        allow_next_intact=allow_next_intact,
    )
    time_point = film.acquisition.time_point or "" if visit is None else visit
    return Source(
        film=film,
        reading=reading,
        measured=made_on.measured,
        belonging=completed(film),
        earlier=tuple(earlier),
        reason=reason,
        visit=time_point.replace("\\", " ")[:64],
        corner_sd_mm=corner_sd_mm,
    )


def _maker(kind: Kind) -> Callable[[Source], Dataset]:
    """What makes objects of a kind, loaded when it is asked for."""
    try:
        if kind is Kind.SR:
            from kyphometer.interop.objects.structured_report import structured_report

            return structured_report
        if kind is Kind.GSPS:
            from kyphometer.interop.objects.presentation import presentation_state

            return presentation_state
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "interop") from None
    if kind is Kind.SC:
        from kyphometer.interop.objects.picture import picture

        return picture
    from kyphometer.interop.objects.page import page

    return page
