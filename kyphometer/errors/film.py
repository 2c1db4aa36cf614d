"""Errors of films that cannot be read."""

from __future__ import annotations

from typing import ClassVar

from kyphometer.errors.base import KyphometerError
from kyphometer.messages import Word


class FilmError(KyphometerError):
    """A film cannot be read."""

    exit_status = 3
    http_status = 422


class PixelSpacingError(FilmError):
    """A pixel size that cannot be; `quantity` is row_mm, column_mm, spacing or aspect_ratio."""

    def __init__(self, quantity: str, value: object) -> None:
        super().__init__(quantity=Word(f"pixel.{quantity}"), value=value)


class NotCalibratedError(FilmError):
    """Millimetres were asked of a film without pixel spacing."""

    def __init__(self, what: str | Word) -> None:
        super().__init__(what=what)


class FilmAccessError(FilmError):
    """A film's file cannot be opened."""

    frame = "film_access"


class NotAFilmError(FilmError):
    """A file that is no picture that Kyphometer knows."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


class NoPixelsError(FilmError):
    """A DICOM object without a picture; says what it is instead."""

    frame = "no_pixels"


class FilmHeaderError(FilmError):
    """A header that is damaged or that cannot be."""

    frame = "film_header"


class FilmSizeError(FilmError):
    """A film of absurd size, refused before anything is allocated."""

    def __init__(self, name: str, rows: int, columns: int) -> None:
        super().__init__(name=name, rows=rows, columns=columns)


class FilmPixelsError(FilmError):
    """Pixel data that are cut off, damaged or not what the header says."""

    frame = "film_pixels"


class UnsupportedFilmError(FilmError):
    """A film in a form that Kyphometer does not read; names the way out."""


class ColourFilmError(FilmError):
    """A colour picture, or a film with a few coloured pixels."""

    FEW: ClassVar[float] = 0.02
    """Share of coloured pixels up to which a picture is taken for a film that was drawn on."""

    def __init__(self, name: str, coloured: int | None = None, pixels: int = 1) -> None:
        if coloured is not None and coloured <= pixels * self.FEW:
            super().__init__("few_coloured_pixels", name=name, coloured=coloured, pixels=pixels)
        else:
            super().__init__(name=name)


class BurnedInTextError(FilmError):
    """A film whose pixels may show who the patient is."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


class NoFilmToReferError(FilmError):
    """A film without a UID of its own: no object can say that it is about this film."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


class PixelsToCheckError(FilmError):
    """Pixels that somebody must look at before a copy without identity may be made."""


class FrameError(FilmError):
    """No frame chosen of a film with several, or one that it does not have."""

    def __init__(self, name: str, frames: int, chosen: int | None) -> None:
        if chosen is None:
            super().__init__("no_frame_chosen", name=name, frames=frames)
        else:
            super().__init__("no_such_frame", name=name, frames=frames, chosen=chosen)
