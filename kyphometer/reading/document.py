"""A reading as JSON: format `kyphometer-reading`, version 1, declared in `document_types`.

`kyphometer schema reading` prints the JSON Schema that the declaration gives; the file that ships
is what it prints.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kyphometer.anatomy import Level
from kyphometer.errors import LandmarkError, ReadingFormatError, UnknownLevelError
from kyphometer.film import FilmReference
from kyphometer.geometry import Point
from kyphometer.messages import Word
from kyphometer.reading import document_types as declared
from kyphometer.reading.carried import CarriedBody, CarriedLine
from kyphometer.reading.document_rare import (
    consensus_member,
    consensus_of,
    known_size_member,
    known_size_of,
)
from kyphometer.reading.document_types import FORMAT, VERSION, DraftDocument, ReadingDocument
from kyphometer.reading.model import (
    CornerRule,
    Covariance,
    Endplate,
    Landmark,
    MarkSource,
    NotMeasurable,
    Reading,
    Vertebra,
)
from kyphometer.typed_json import MemberError, json_schema, typed

MAX_BYTES = 4 * 1024 * 1024
_KNOWN = frozenset(ReadingDocument.__struct_fields__)
_Member = TypeVar("_Member", bound=msgspec.Struct)


@cache
def reading_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a reading, made from its declaration."""
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:kyphometer:reading:1",
        "title": "Kyphometer reading, version 1",
    }
    return json_schema(ReadingDocument, **about)


# ------------------------------------------------------------------------------------- writing


def reading_to_dict(reading: Reading) -> dict[str, Any]:
    """Document of a reading, ready for `json.dumps`; inverse of `reading_from_dict`."""
    document = ReadingDocument(
        format=FORMAT,
        version=VERSION,
        film=_member(reading.film, declared.FilmMember),
        observer=reading.observer,
        session=reading.session,
        created=None if reading.created is None else _time_to_text(reading.created),
        software=reading.software,
        facing=reading.facing,
        fractured_levels=[level.value for level in reading.fractured_levels],
        corner_rule=reading.corner_rule,
        vertebrae={
            level.value: _member(vertebra, declared.VertebraMember)
            for level, vertebra in reading.vertebrae.items()
        },
        not_measurable=[
            declared.NotMeasurableMember(
                level=item.level.value, endplate=item.endplate, reason=item.reason
            )
            for item in reading.not_measurable
        ],
        comment=reading.comment,
        carried_over=_carried_out(reading.carried_over) or msgspec.UNSET,
        consensus=consensus_member(reading.consensus),
        known_size=known_size_member(reading.known_size),
        next_intact=reading.next_intact or msgspec.UNSET,
    )
    return {**reading.extra, **msgspec.to_builtins(document)}


def landmark_to_dict(mark: Landmark) -> dict[str, Any]:
    """A landmark as in the document."""
    found: dict[str, Any] = msgspec.to_builtins(_member(mark, declared.LandmarkMember))
    return found


def film_to_dict(film: FilmReference) -> dict[str, Any]:
    """A reference to a film as in the document."""
    found: dict[str, Any] = msgspec.to_builtins(_member(film, declared.FilmMember))
    return found


def _member(value: object, kind: type[_Member]) -> _Member:
    """The member that has the same attributes; numpy's numbers become Python's."""
    try:
        return msgspec.convert(value, kind, from_attributes=True)
    except msgspec.ValidationError:
        return msgspec.convert(_plain(value), kind, from_attributes=True)


def _plain(value: Any) -> Any:
    """The same with Python's own numbers instead of numpy's, all the way down."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        own = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **own)
    if isinstance(value, tuple):
        parts = [_plain(part) for part in value]
        return Point(*parts) if isinstance(value, Point) else tuple(parts)
    return value.item() if hasattr(value, "item") else value


def _carried_out(carried: Mapping[Level, CarriedBody]) -> dict[str, declared.CarriedBodyMember]:
    ordered = sorted(carried.items(), key=lambda item: item[0].order)
    return {
        level.value: declared.CarriedBodyMember(
            film=_member(body.film, declared.FilmMember),
            correlation=body.correlation,
            superior=_carried_line_out(body.superior),
            inferior=_carried_line_out(body.inferior),
        )
        for level, body in ordered
    }


def _carried_line_out(line: CarriedLine | None) -> declared.CarriedLineMember | None:
    if line is None:
        return None
    before, here = (
        declared.CarriedCorners(anterior=list(anterior), posterior=list(posterior))
        for anterior, posterior in (line.before, line.here)
    )
    return declared.CarriedLineMember(change_sd_deg=line.change_sd_deg, before=before, here=here)


def _time_to_text(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def write_reading(reading: Reading, path: str | os.PathLike[str]) -> None:
    """Write a reading as JSON so that the file is either the old or the new one, never half.

    The document goes to a temporary file beside the target, is flushed to disk, and then renamed
    over the target.
    """
    target = Path(path)
    text = json.dumps(reading_to_dict(reading), indent=1, ensure_ascii=False) + "\n"
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


# ------------------------------------------------------------------------------------- reading


def read_reading(path: str | os.PathLike[str]) -> Reading:
    """Reading from a JSON file.

    Raises
    ------
    ReadingFormatError
        If the file is missing, too large, no JSON, or no reading; the sentence says where.
    """
    source = Path(path)
    named = f"'{source.name}'"
    try:
        if source.exists() and not source.is_file():
            raise ReadingFormatError("reading_no_file", where=named)
        if source.stat().st_size > MAX_BYTES:
            raise ReadingFormatError("reading_too_large", where=named)
        text = source.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReadingFormatError("reading_no_text", where=named) from None
    except OSError as error:
        if not error.strerror:
            raise ReadingFormatError("reading_not_read", where=named) from None
        reason = error.strerror
        raise ReadingFormatError("reading_not_opened", where=named, reason=reason) from None
    try:
        return reading_from_json(text)
    except ReadingFormatError as error:
        within = Word("reading.within", {"file": named, "where": error.facts["where"]})
        raise ReadingFormatError(error.code, **{**error.facts, "where": within}) from error
    except (LandmarkError, UnknownLevelError) as error:
        raise ReadingFormatError("reading_refused", where=named, error=error) from error


def reading_from_json(text: str) -> Reading:
    """Reading from JSON text; see `reading_from_dict`."""
    try:
        document = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        document = _loosely(text)
    return reading_from_dict(document)


def _loosely(text: str) -> Any:
    """What Python takes for JSON although it is none (NaN), so that the member can be named."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        where = Word("reading.text")
        raise ReadingFormatError("reading_no_json", where=where, detail=str(error)) from None


def reading_from_dict(document: Any, *, draft: bool = False) -> Reading:
    """Reading from a decoded JSON document.

    Parameters
    ----------
    document
        What `json.loads` returned.
    draft
        Leave out endplates that lack a corner (an unfinished draft) instead of refusing them.

    Raises
    ------
    ReadingFormatError
        If a member is missing, of the wrong kind, or impossible; the sentence says which.
    LandmarkError, UnknownLevelError
        If a landmark or level is impossible.
    """
    top = _typed(document, DraftDocument if draft else ReadingDocument)
    return Reading(
        film=_film_in(top.film),
        vertebrae=_vertebrae_in(top.vertebrae, draft=draft),
        facing=top.facing,
        observer=top.observer,
        session=top.session,
        created=_time_in(top.created),
        software=top.software,
        fractured_levels=tuple(map(Level.parse, top.fractured_levels or ())),
        corner_rule=top.corner_rule or CornerRule.RIM_CHORD,
        not_measurable=tuple(
            NotMeasurable(
                level=Level.parse(item.level), endplate=item.endplate, reason=item.reason or ""
            )
            for item in top.not_measurable or ()
        ),
        comment=top.comment or "",
        carried_over=_carried_in(top.carried_over or {}),
        consensus=consensus_of(top.consensus or None),
        known_size=known_size_of(top.known_size or None),
        next_intact=top.next_intact is True,
        extra={key: value for key, value in document.items() if key not in _KNOWN},
    )


def _typed(document: Any, kind: type[DraftDocument]) -> DraftDocument:
    try:
        return typed(document, kind)
    except MemberError as error:
        if error.place == "version" and document.get("format") == FORMAT:
            _refuse_newer(document.get("version"))
        where = f"'{error.place}'" if error.place else Word("reading.document")
        raise ReadingFormatError("reading_member", where=where, wrong=error.problem) from None


def _refuse_newer(version: Any) -> None:
    if isinstance(version, int) and version > VERSION:
        raise ReadingFormatError("reading_newer", where="'version'", version=version, known=VERSION)


def _film_in(film: declared.FilmMember) -> FilmReference:
    return FilmReference(
        rows=film.rows,
        columns=film.columns,
        frame=film.frame or 1,
        sop_instance_uid=film.sop_instance_uid,
        sha256_pixels=film.sha256_pixels,
    )


def _time_in(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ReadingFormatError("reading_no_time", where="'created'", text=text) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _vertebrae_in(
    members: Mapping[str, declared.DraftVertebra], *, draft: bool
) -> dict[Level, Vertebra]:
    found: dict[Level, Vertebra] = {}
    for name, member in members.items():
        level = _new_level(name, found, "vertebrae")
        superior = _endplate_in(member.superior, name, "superior")
        inferior = _endplate_in(member.inferior, name, "inferior")
        if superior is not None or inferior is not None:
            found[level] = Vertebra(level=level, superior=superior, inferior=inferior)
        elif not draft:
            raise ReadingFormatError("reading_no_endplate", where=f"'vertebrae.{name}'")
    return found


def _new_level(name: str, found: Mapping[Level, object], where: str) -> Level:
    level = Level.parse(name)
    if level in found:
        raise ReadingFormatError("reading_level_twice", where=f"'{where}.{name}'")
    return level


def _endplate_in(plate: declared.DraftEndplate | None, name: str, side: str) -> Endplate | None:
    if plate is None or plate.anterior is None or plate.posterior is None:
        return None
    return Endplate(
        anterior=_landmark_in(plate.anterior, name, side, "anterior"),
        posterior=_landmark_in(plate.posterior, name, side, "posterior"),
        middle=None if plate.middle is None else _landmark_in(plate.middle, name, side, "middle"),
    )


def _landmark_in(mark: declared.LandmarkMember, *where: str) -> Landmark:
    # Thousands of readings a second pass here: names are only put together for a refusal.
    try:
        return Landmark(
            xy=Point(*mark.xy),
            covariance=None if mark.covariance is None else _matrix(*mark.covariance),
            source=mark.source or MarkSource.HAND,
            raw=None if mark.raw is None else Point(*mark.raw),
            method=mark.method,
            note=mark.note or "",
        )
    except LandmarkError as error:
        place = f"'vertebrae.{'.'.join(where)}'"
        raise ReadingFormatError("reading_refused", where=place, error=error) from None


def _matrix(first: list[float], second: list[float]) -> Covariance:
    return ((first[0], first[1]), (second[0], second[1]))


def _carried_in(members: Mapping[str, declared.CarriedBodyMember]) -> dict[Level, CarriedBody]:
    found: dict[Level, CarriedBody] = {}
    for name, body in members.items():
        level = _new_level(name, found, "carried_over")
        try:
            found[level] = CarriedBody(
                film=_film_in(body.film),
                superior=_carried_line_in(body.superior),
                inferior=_carried_line_in(body.inferior),
                correlation=body.correlation,
            )
        except LandmarkError as error:
            place = f"'carried_over.{name}'"
            raise ReadingFormatError("reading_refused", where=place, error=error) from None
    return found


def _carried_line_in(line: declared.CarriedLineMember | None) -> CarriedLine | None:
    if line is None:
        return None
    before, here = (
        (Point(*corners.anterior), Point(*corners.posterior))
        for corners in (line.before, line.here)
    )
    return CarriedLine(change_sd_deg=line.change_sd_deg, before=before, here=here)
