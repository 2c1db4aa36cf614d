"""The film before, as it travels to the decoding process."""

from __future__ import annotations

from dataclasses import dataclass

from kyphometer.film import Film
from kyphometer.geometry import PixelGeometry
from kyphometer.reading import Reading
from kyphometer.reading.document import reading_from_json
from kyphometer.web.pixels.decode_job import decoded
from kyphometer.web.pixels.film_source import FilmSource


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmBefore:
    """An earlier film of the patient and its confirmed reading, as JSON."""

    source: FilmSource
    geometry: PixelGeometry
    reading_json: str

    def opened(self) -> tuple[Film, Reading]:
        """The film with its pixels, and the reading.

        Raises
        ------
        FilmError, ReadingError
            If either cannot be read any more.
        """
        return decoded(self.source), reading_from_json(self.reading_json)
