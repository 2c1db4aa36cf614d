"""What the page asks of archives and is told of their films, as types."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from kyphometer.web.wire.base import Asked, Count, Told

Words = Annotated[str, Meta(max_length=200)]
Uid = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)+$", max_length=64)]
KindUid = Annotated[str, Meta(pattern=r"^[0-9.]*$", max_length=64)]


class Search(Asked, frozen=True, kw_only=True):
    """Which studies are looked for; what is empty is not asked."""

    destination: str
    patient_id: Words = ""
    patient_name: Words = ""
    study_instance_uid: Words = ""
    since: date | None = None
    until: date | None = None


class WantedFilm(Asked, frozen=True, kw_only=True):
    """A film of an archive, as a search has told it."""

    study_instance_uid: Uid
    series_instance_uid: Uid
    sop_instance_uid: Uid
    sop_class_uid: KindUid = ""


class Fetch(Asked, frozen=True, kw_only=True):
    """Fetch these films."""

    destination: str
    films: Annotated[list[WantedFilm], Meta(min_length=1, max_length=500)]


class FoundFilm(Told, frozen=True, kw_only=True):
    """A film that an archive holds, with what is thought of it.

    Attributes
    ----------
    choice, reason
        Whether it is a lateral film of the spine, and by what that is said.
    film_id
        The film, if it is here already.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    patient_id: str
    patient_name: str
    study_date: date | None
    study_description: str
    series_description: str
    modality: str
    choice: Literal["chosen", "possible", "no"]
    reason: str
    film_id: str | None


class Found(Told, frozen=True, kw_only=True):
    """Films that were found, study by study, the newest first; `more`: the search was ended."""

    films: list[FoundFilm]
    more: bool


class FetchTarget(Told, frozen=True, kw_only=True):
    """An archive that can be asked."""

    name: str
    address: str


class FetchJob(Told, frozen=True, kw_only=True):
    """What has become of one fetch.

    Attributes
    ----------
    done, total
        Films that are through, of those that were asked for.
    arrived, known
        Films that came now, and those that lay here before.
    problems
        What did not come or cannot be used, a sentence each.
    ended
        What ended it early; None if nothing did.
    film_id
        The film to be opened, once it is done.
    """

    destination: str
    state: Literal["waiting", "fetching", "taking", "done"]
    done: Count = 0
    total: Count = 0
    arrived: Count = 0
    known: Count = 0
    problems: list[str] = field(default_factory=list)
    ended: str | None = None
    film_id: str | None = None


class Fetching(Told, frozen=True, kw_only=True):
    """Archives that can be asked; `problem` says why none; `job` is this reader's last fetch."""

    destinations: list[FetchTarget]
    problem: str | None
    job: FetchJob | None
