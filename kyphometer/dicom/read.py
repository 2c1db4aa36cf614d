"""Reads a film: header first, pixels only once the header has proved safe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from kyphometer.dicom.acquisition import COMPRESSED_WITH_LOSS, read_acquisition
from kyphometer.dicom.codecs import COMPRESSED, DecodedFrame, require_syntax
from kyphometer.dicom.elements import Elements
from kyphometer.dicom.frames import read_frame
from kyphometer.dicom.functional_groups import with_frame_groups
from kyphometer.dicom.layout import PixelLayout, read_layout
from kyphometer.dicom.palette import through_palette
from kyphometer.dicom.parse import DicomFile, PixelElement, open_dicom
from kyphometer.dicom.plain import is_plain_image, read_plain, read_plain_header
from kyphometer.dicom.rendering import read_rendering, rescale
from kyphometer.dicom.source import FilmPath, StreamSource, open_source
from kyphometer.dicom.spacing import explain, read_geometry, stated_geometry
from kyphometer.dicom.tags import TAGS
from kyphometer.dicom.uids import shown_uid, uid_name
from kyphometer.dicom.values import (
    colour_read_as_grey,
    grey_of_colour,
    narrowed,
    quantised,
    settle_bits,
)
from kyphometer.errors import (
    FilmError,
    FilmHeaderError,
    FilmPixelsError,
    FrameError,
    NoPixelsError,
    NotAFilmError,
    UnsupportedFilmError,
)
from kyphometer.film import Film, FilmHeader, FilmReference

Spacing = float | tuple[float, float]

_DIRECTORY = "1.2.840.10008.1.3.10"


def looks_like_film(film: FilmPath) -> bool:
    """True if a file begins like a DICOM object or a picture, whatever its name; never raises."""
    try:
        with open_source(film) as source:
            return is_plain_image(source) or source.head(132)[128:] == b"DICM"
    except FilmError:
        return False


def read_header(
    film: FilmPath, frame: int | None = None, spacing_mm: Spacing | None = None
) -> FilmHeader:
    """Everything about a film but its pixels, which are not touched.

    Parameters
    ----------
    film
        Path of a DICOM object, PNG, JPEG or TIFF, or the bytes of one.
    frame
        Frame that is meant, from 1; the first if none is given.
    spacing_mm
        Size of a pixel in mm as the user states it, one number or (row, column); it goes before
        what the header says.

    Raises
    ------
    FilmError
        If it is no film, or its header is damaged; the subclass and its sentence say why.
    """
    with open_source(film) as source:
        if is_plain_image(source):
            return _finished(read_plain_header(source, frame), spacing_mm)
        dicom, _, layout = _open(source)
        number = _frame_number(source.name, layout, frame, required=False)
        return _finished(_header(source, dicom, layout, number), spacing_mm)


def read_film(
    film: FilmPath,
    frame: int | None = None,
    spacing_mm: Spacing | None = None,
    *,
    grey: bool = False,
) -> Film:
    """Read a film: one frame with its header.

    Nothing is decoded before the header has been checked, and of several frames only the chosen
    one. Pixels are the stored values, neither rescaled nor inverted, and not to be written to.

    Parameters
    ----------
    film
        Path of a DICOM object (CR, DX, RF, XA, SC or another picture), PNG, JPEG or TIFF, or the
        bytes of one.
    frame
        Frame to read, from 1; may be left out if there is only one.
    spacing_mm
        Size of a pixel in mm as the user states it, one number or (row, column); it goes before
        what the header says. PNG, JPEG and TIFF give angles only without it.
    grey
        True to read coloured pixels as grey; otherwise a film with any is refused.

    Raises
    ------
    FilmError
        If it is no film, or it is damaged, in colour, too large, or in an unknown compression, or
        it has several frames and none is chosen; the subclass and its sentence say why.
    """
    with open_source(film) as source:
        if is_plain_image(source):
            picture = read_plain(source, frame, grey=grey)
            return replace(picture, header=_finished(picture.header, spacing_mm))
        dicom, pixels, layout = _open(source)
        number = _frame_number(source.name, layout, frame, required=True)
        require_syntax(dicom.transfer_syntax_uid, source.name)
        header = _header(source, dicom, layout, number)
        known = len(dicom.elements.problems)
        decoded = read_frame(dicom, pixels, layout, number)
        header = _as_compressed(header, decoded)
        values = _settled(dicom, decoded, layout, header, grey=grey)
        header = _warned(header, dicom.elements.problems[known:])
    values.flags.writeable = False
    return Film(header=_finished(header, spacing_mm), pixels=values)


def _as_compressed(header: FilmHeader, decoded: DecodedFrame) -> FilmHeader:
    """The header with what the compressed data themselves say of loss."""
    header = _warned(header, decoded.warnings)
    if decoded.syntax is None or not decoded.syntax.lossy or header.acquisition.lossy:
        return header
    lossy = replace(header, acquisition=replace(header.acquisition, lossy=True))
    return _warned(lossy, [COMPRESSED_WITH_LOSS])


def _settled(
    dicom: DicomFile, decoded: DecodedFrame, layout: PixelLayout, header: FilmHeader, *, grey: bool
) -> NDArray[Any]:
    """Stored values of a frame, grey, 16 bits or fewer, unused bits out."""
    values, name, problems = decoded.pixels, dicom.source.name, dicom.elements.problems
    if layout.floating:
        problems.append("The film is of floating point; it was read within the header's window.")
        return quantised(values, rescale(dicom.elements), header.rendering)
    if layout.samples == 3:
        values, coloured = grey_of_colour(
            values,
            name,
            luma_first=_keeps_colour_space(decoded) and layout.photometric.startswith("YBR"),
            lossy=bool(header.acquisition.lossy),
            force=grey,
        )
        problems.append(colour_read_as_grey(coloured, values.size))
    if layout.bits_allocated > 16:
        values, layout = narrowed(values, layout, name)
    values, warning = settle_bits(
        values, layout, dicom.elements, compressed=decoded.syntax is not None
    )
    if warning:
        problems.append(warning)
    if layout.photometric == "PALETTE COLOR":
        values, coloured = through_palette(values, dicom.elements, name, grey=grey)
        if coloured:
            problems.append(colour_read_as_grey(coloured, values.size))
    return values


def _keeps_colour_space(decoded: DecodedFrame) -> bool:
    """True if decoding leaves luma and chroma as they are stored."""
    return decoded.syntax is None or decoded.syntax.family == "rle"


def _open(source: StreamSource) -> tuple[DicomFile, PixelElement, PixelLayout]:
    """Parse a DICOM file and check what must hold before anything else is believed."""
    dicom = open_dicom(source)
    elements, name = dicom.elements, source.name
    if elements.has("DirectoryRecordSequence") or elements.code("SOPClassUID") == _DIRECTORY:
        raise NoPixelsError("is_dicomdir", name=name)
    pixels = dicom.pixels
    if pixels is None:
        if dicom.truncated:
            raise FilmHeaderError("header_cut_off", name=name)
        if not elements.raw:
            raise NotAFilmError(name)
        if elements.has("Rows"):
            raise FilmPixelsError("pixels_gone", name=name)
        raise _no_pixels(name, elements)
    floating = pixels.tag != TAGS["PixelData"]
    if floating and not any(width > 0 for width in elements.numbers("WindowWidth")):
        raise UnsupportedFilmError("floating_point", name=name)
    return dicom, pixels, read_layout(elements, name, floating=floating)


def _no_pixels(name: str, elements: Elements) -> NoPixelsError:
    """What an object without picture is."""
    uid = elements.code("SOPClassUID")
    if not uid:
        return NoPixelsError("kind_not_stated", name=name)
    kind = uid_name(uid)
    if kind is None:
        return NoPixelsError("kind_unknown", name=name, uid=shown_uid(uid))
    return NoPixelsError("other_object", name=name, kind=kind.removesuffix(" Storage"))


def _frame_number(name: str, layout: PixelLayout, frame: int | None, *, required: bool) -> int:
    if frame is None and (layout.frames == 1 or not required):
        return 1
    if frame is None or not 1 <= frame <= layout.frames:
        raise FrameError(name, layout.frames, frame)
    return frame


def _header(source: StreamSource, dicom: DicomFile, layout: PixelLayout, frame: int) -> FilmHeader:
    elements = with_frame_groups(dicom.elements, frame)
    syntax = COMPRESSED.get(dicom.transfer_syntax_uid)
    acquisition = read_acquisition(elements, always_lossy=syntax.lossy if syntax else False)
    geometry = read_geometry(elements, acquisition.modality or "")
    rendering = read_rendering(elements, layout)
    return FilmHeader(
        reference=FilmReference(
            rows=layout.rows,
            columns=layout.columns,
            sop_instance_uid=elements.code("SOPInstanceUID") or None,
            frame=frame,
        ),
        geometry=geometry,
        acquisition=acquisition,
        rendering=rendering,
        frames=layout.frames,
        transfer_syntax_uid=dicom.transfer_syntax_uid,
        path=source.path,
        warnings=tuple(dict.fromkeys(elements.problems)),
    )


def _warned(header: FilmHeader, sentences: Iterable[str]) -> FilmHeader:
    more = tuple(dict.fromkeys((*header.warnings, *sentences)))
    return header if more == header.warnings else replace(header, warnings=more)


def _finished(header: FilmHeader, spacing_mm: Spacing | None) -> FilmHeader:
    """The header with the user's pixel spacing, and with what its geometry means in words."""
    if spacing_mm is not None:
        stated, warning = stated_geometry(spacing_mm, header.geometry)
        header = _warned(replace(header, geometry=stated), [warning] if warning else [])
    return _warned(header, explain(header.geometry))
