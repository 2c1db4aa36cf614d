"""What goes out: DICOM files, and results that are made only where they are not known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kyphometer.dicom.parse import open_dicom
from kyphometer.dicom.source import open_source
from kyphometer.errors import FilmError, UnsendableError
from kyphometer.interop.network.archive import Outgoing, is_uid
from kyphometer.interop.network.failure import Failure
from kyphometer.interop.network.known import Known
from kyphometer.interop.network.multipart import PIECE


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Results that can be made.

    Attributes
    ----------
    recipes
        Of each part, what it would be made from.
    make
        Makes the parts that it is given, and gives each with its file. What cannot be made it
        tells otherwise.
    """

    recipes: Mapping[str, str]
    make: Callable[[Sequence[str]], Iterable[tuple[str, Path]]]


class Chosen:
    """Files as they go out, each instance once, and those that cannot go.

    Parameters
    ----------
    offers
        Files, and results.
    known
        What the archive has; with `again` it is as if it had nothing.
    """

    def __init__(self, offers: Iterable[Path | Offer], known: Known, *, again: bool) -> None:
        self._known = known
        self._again = again
        self._found: dict[str, Outgoing] = {}
        self.failed: list[Failure] = []
        self.unmade = 0
        """Results that were not made, since the archive has them."""
        for offer in offers:
            for path, recipe in self._files(offer):
                self._take(path, recipe)
        self.items = list(self._found.values())
        self.fresh = [one for one in self.items if again or not known.has(one)]

    def _files(self, offer: Path | Offer) -> Iterator[tuple[Path, str]]:
        if isinstance(offer, Path):
            yield offer, ""
            return
        wanted = [
            part
            for part, recipe in offer.recipes.items()
            if self._again or not self._known.has_made(recipe)
        ]
        self.unmade += len(offer.recipes) - len(wanted)
        if wanted:
            for part, path in offer.make(wanted):
                yield path, offer.recipes[part]

    def _take(self, path: Path, recipe: str) -> None:
        try:
            item = replace(outgoing(path), recipe=recipe)
        except (FilmError, UnsendableError) as error:
            self.failed.append(Failure(name=str(path), error=error))
            return
        except OSError as error:
            unread = UnsendableError("unreadable", path=path, reason=error.strerror or "-")
            self.failed.append(Failure(name=str(path), error=unread))
            return
        had = self._found.setdefault(item.sop_instance_uid, item)
        if had.sha256 != item.sha256:
            doubled = UnsendableError("two_of_one", path=path, other=had.path)
            self.failed.append(Failure(name=str(path), error=doubled))
        elif recipe and self._known.has(item):
            self._known.confirm(item)  # sent before recipes were written down


def outgoing(path: Path) -> Outgoing:
    """A DICOM file with what an archive must be told of it.

    Raises
    ------
    FilmError
        If it cannot be read.
    UnsendableError
        If it is no DICOM file with its meta information, or lacks a UID.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        start = stream.read(132)
        if start[128:] != b"DICM":
            raise UnsendableError("no_dicom_file", path=path)
        digest.update(start)
        while piece := stream.read(PIECE):
            digest.update(piece)
        size = stream.tell()
    with open_source(path) as source:
        dicom = open_dicom(source)
    uids = (dicom.elements.code("SOPInstanceUID"), dicom.elements.code("SOPClassUID"))
    if not all(map(is_uid, (*uids, dicom.transfer_syntax_uid))):
        raise UnsendableError("no_uid", path=path)
    return Outgoing(
        path=path,
        sop_instance_uid=uids[0],
        sop_class_uid=uids[1],
        transfer_syntax_uid=dicom.transfer_syntax_uid,
        size=size,
        sha256=digest.hexdigest(),
    )


def dicom_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves, and of folders every DICOM file by its first bytes."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for inner in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in inner.relative_to(path).parts)
            if not hidden and inner.is_file() and _is_dicom(inner):
                yield inner


def _is_dicom(path: Path) -> bool:
    """True also for what cannot be read, so that it is told."""
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return True
