"""Errors of films that cannot be read."""

from __future__ import annotations

from typing import ClassVar

from kyphometer.errors.base import KyphometerError


class FilmError(KyphometerError):
    """A film cannot be read."""

    exit_status = 3
    http_status = 422


class PixelSpacingError(FilmError):
    """A pixel size that cannot be."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(
            f"The pixel {name} of {value!r} is impossible: it must be a positive number of mm; "
            "state the right one, or none to get angles only."
        )


class NotCalibratedError(FilmError):
    """Millimetres were asked of a film without pixel spacing."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} cannot be given in mm: the film carries no pixel spacing; "
            "angles and ratios still hold, or state the spacing if you know it."
        )


class FilmAccessError(FilmError):
    """A film's file cannot be opened."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"'{name}' cannot be opened: {reason}; check the path.")


class NotAFilmError(FilmError):
    """A file that is no picture that Kyphometer knows."""

    def __init__(self, name: str, reason: str = "it is no DICOM file and no picture") -> None:
        super().__init__(
            f"'{name}' is no film: {reason}; give a DICOM radiograph, a PNG, a JPEG or a TIFF."
        )


class NoPixelsError(FilmError):
    """A DICOM object without a picture."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(f"'{name}' holds no picture: it is {kind}; choose the film itself.")


class FilmHeaderError(FilmError):
    """A header that is damaged or that cannot be."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(
            f"The header of '{name}' cannot be used: {problem}; export the film again."
        )


class FilmSizeError(FilmError):
    """A film of absurd size, refused before anything is allocated."""

    def __init__(self, name: str, rows: int, columns: int) -> None:
        super().__init__(
            f"'{name}' claims {rows} x {columns} pixels, which no film has; its header is damaged, "
            "export the film again."
        )


class FilmPixelsError(FilmError):
    """Pixel data that are cut off, damaged or not what the header says."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"The pixels of '{name}' cannot be read: {problem}; export it again.")


class UnsupportedFilmError(FilmError):
    """A film in a form that Kyphometer does not read; names the way out."""

    def __init__(self, name: str, form: str, remedy: str) -> None:
        super().__init__(f"'{name}' {form}, which cannot be read; {remedy}.")


class ColourFilmError(FilmError):
    """A colour picture, or a film with a few coloured pixels."""

    def __init__(self, name: str, coloured: int | None = None, pixels: int = 1) -> None:
        if coloured is not None and coloured <= pixels * self.FEW:
            super().__init__(
                f"'{name}' is grey but for {coloured} of {pixels} pixels, such as a drawn mark; "
                "give the film without it, or read it as grey with --grey."
            )
        else:
            super().__init__(
                f"'{name}' is a colour picture and no radiograph; give the grey film it was made "
                "from."
            )

    FEW: ClassVar[float] = 0.02
    """Share of coloured pixels up to which a picture is taken for a film that was drawn on."""


class BurnedInTextError(FilmError):
    """A film whose pixels may show who the patient is."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"'{name}' may have text burned into its pixels, which de-identification does not "
            "change; look at the film, and say so if it names nobody."
        )


class FrameError(FilmError):
    """No frame chosen of a film with several, or one that it does not have."""

    def __init__(self, name: str, frames: int, chosen: int | None) -> None:
        which = "none was chosen" if chosen is None else f"frame {chosen} was asked for"
        super().__init__(
            f"'{name}' has {frames} frame{'s' if frames != 1 else ''} and {which}; choose one "
            f"from 1 to {frames}."
        )
