"""The archive of a destination."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kyphometer.interop.network.archive import Archive
from kyphometer.interop.network.destinations import Destination


@contextmanager
def open_archive(destination: Destination) -> Iterator[Archive]:
    """The archive, by what it speaks; its connections end with the block."""
    if destination.kind == "dicomweb":
        from kyphometer.interop.network.web import WebArchive

        archive: WebArchive | DimseArchive = WebArchive(destination)
    else:
        from kyphometer.interop.network.dimse import DimseArchive

        archive = DimseArchive(destination)
    try:
        yield archive
    finally:
        archive.close()
