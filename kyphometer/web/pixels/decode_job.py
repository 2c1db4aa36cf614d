"""Work done in the decoding process: file in, packed pixels, thumbnail or hash out.

Errors come back as values, because not every exception survives the way between processes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.errors import KyphometerError
from kyphometer.film import Film
from kyphometer.web.pixels.film_source import FilmSource
from kyphometer.web.pixels.normalised import normalised
from kyphometer.web.pixels.packing import pack
from kyphometer.web.pixels.shared_memory import Parcel, leave, take

THUMBNAIL_PX = 192


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedFilm:
    """A film on its way to the browser: uint16, little endian, row by row.

    Attributes
    ----------
    rows, columns
        Size.
    data
        The packed values.
    is_stored
        True if `data` are the stored values themselves, so that their hash is the film's.
    """

    rows: int
    columns: int
    data: bytes
    is_stored: bool

    @property
    def values(self) -> NDArray[np.uint16]:
        """The packed values, shape (rows, columns), not to be written to."""
        return np.frombuffer(self.data, "<u2").reshape(self.rows, self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error of the decoding process, in a form that travels; `told` is its code and facts."""

    sentence: str
    kind: str
    status: int
    told: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFilm:
    """A packed film whose data lie in shared memory."""

    rows: int
    columns: int
    parcel: Parcel
    is_stored: bool

    def received(self) -> PackedFilm:
        """The film, with its data out of the shared memory."""
        return PackedFilm(
            rows=self.rows,
            columns=self.columns,
            data=take(self.parcel),
            is_stored=self.is_stored,
        )


def packed_to_send(source: FilmSource) -> SentFilm | PackedFilm | Refusal:
    """Pixels of a film, packed, for another process."""
    values = _packed_values(source)
    if isinstance(values, Refusal):
        return values
    array, is_stored = values
    rows, columns = array.shape
    parcel = leave(array)
    if parcel is None:
        return PackedFilm(rows=rows, columns=columns, data=array.tobytes(), is_stored=is_stored)
    return SentFilm(rows=rows, columns=columns, parcel=parcel, is_stored=is_stored)


def packed(source: FilmSource) -> PackedFilm | Refusal:
    """Pixels of a film, packed."""
    values = _packed_values(source)
    if isinstance(values, Refusal):
        return values
    array, is_stored = values
    rows, columns = array.shape
    return PackedFilm(rows=rows, columns=columns, data=array.tobytes(), is_stored=is_stored)


def _packed_values(source: FilmSource) -> tuple[NDArray[np.uint16], bool] | Refusal:
    """Packed values, contiguous, and whether they are the stored values themselves."""
    try:
        film = decoded(source)
        values = normalised(film) if source.normalised else pack(film)
    except (KyphometerError, OSError, MemoryError) as error:
        return refusal(error)
    plain = not (source.mirrored or source.normalised)
    is_stored = plain and np.may_share_memory(values, film.pixels)
    if source.mirrored:
        values = np.ascontiguousarray(values[:, ::-1])
    return values, is_stored


def fingerprint(source: FilmSource) -> str | Refusal:
    """SHA-256 of the stored values."""
    try:
        return decoded(source).sha256_pixels
    except (KyphometerError, OSError, MemoryError) as error:
        return refusal(error)


def thumbnail(source: FilmSource) -> bytes | Refusal:
    """Small JPEG of the film, as a radiologist would window it."""
    try:
        return _jpeg(decoded(source), mirrored=source.mirrored)
    except (KyphometerError, OSError, MemoryError) as error:
        return refusal(error)


def settle_in() -> None:
    """Prepare a decoding process: it ends with the server, however that ends, and only then.

    Ctrl+C reaches every process of a terminal, but it is the server that decides. A server that is
    killed cannot tell anybody, so the process watches for that itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _load_what_decoding_needs()


def _load_what_decoding_needs() -> None:
    """Now, so that no film waits for it."""
    import PIL.Image  # noqa: F401

    import kyphometer.dicom.display
    import kyphometer.dicom.read  # noqa: F401
    from kyphometer.dicom.codecs import load_codecs

    load_codecs()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def warm_up() -> None:
    """Nothing: given to a new process to have it started, and prepared by `settle_in`."""


@lru_cache(maxsize=2)
def decoded(source: FilmSource) -> Film:
    """The film; the last ones are kept, since their hash or picture is asked for next."""
    from kyphometer.dicom import read_film

    return read_film(source.path, frame=source.frame)


def _jpeg(film: Film, *, mirrored: bool) -> bytes:
    from io import BytesIO

    from PIL import Image, ImageOps

    from kyphometer.dicom.display import to_grey

    grey = Image.fromarray(to_grey(film))
    height = film.geometry.aspect * grey.height
    scale = THUMBNAIL_PX / max(height, grey.width)
    size = (max(1, round(grey.width * scale)), max(1, round(height * scale)))
    small = grey.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    out = BytesIO()
    (ImageOps.mirror(small) if mirrored else small).save(out, "JPEG", quality=85)
    return out.getvalue()


def refusal(error: Exception) -> Refusal:
    """An error in a form that travels between processes."""
    if isinstance(error, KyphometerError):
        kind, told = type(error).__name__, error.to_dict()
        return Refusal(sentence=str(error), kind=kind, status=error.http_status, told=told)
    if isinstance(error, MemoryError):
        sentence = "There is not enough memory to decode this film; close other programs."
    else:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        sentence = f"The film's file cannot be opened: {reason}; see whether it was moved."
    return Refusal(sentence=sentence, kind="FilmError", status=422)
