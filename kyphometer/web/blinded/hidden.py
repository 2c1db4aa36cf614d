"""What a reader in a blinded session is refused, whatever is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Never

from kyphometer.web.blinded.refusals import BlindedRefusalError, RefusalCode
from kyphometer.web.pixels.page import PageKind


class Hidden:
    """Operations of a reader's service that a blinded one does not have."""

    def carry_over(
        self,
        _film_id: str,
        _document: Mapping[str, Any],
        _from_id: str | None,
        _anchors: Mapping[str, tuple[float, float]],
    ) -> Never:
        """Refused: there is no film before in a blinded session."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def proposal(self, _film_id: str) -> Never:
        """Refused: blinded readings show what a reader finds alone."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def visits(self, _film_id: str, _document: Mapping[str, Any] | None) -> Never:
        """Refused: whose film it is stays hidden."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def film_of_study(self, _study_instance_uid: str) -> Never:
        """Refused: a study's UID would tell which film a code is."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def readings(self, _film_id: str) -> Never:
        """Refused: other readings stay hidden."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def candidates(self, _film_id: str) -> Never:
        """Refused: other readings stay hidden."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def lines(self, _film_id: str, _document: object, _lines: object) -> Never:
        """Refused: millimetres would tell the size of a pixel."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def progress(self) -> Never:
        """Refused: other readers stay hidden."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def picture(self, _film_id: str) -> Never:
        """Refused: a picture would show values."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def page(self, _film_id: str, _kind: PageKind) -> Never:
        """Refused: it would show values."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def results(self, _film_id: str) -> Never:
        """Refused: nothing of a blinded session leaves."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def note_sending(self, _film_id: str, _version: int, _job: object) -> Never:
        """Refused: nothing of a blinded session leaves."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def note_fetching(self, _job: object) -> Never:
        """Refused: films are fetched by those who see whose they are."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def films_folder(self) -> Never:
        """Refused: films are fetched by those who see whose they are."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def films_of(self, _sop_instance_uids: object) -> Never:
        """Refused: a UID would tell which film a code is."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def take_up(self, _folders: object) -> Never:
        """Refused: films are fetched by those who see whose they are."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)

    def table(self, _film_id: str) -> Never:
        """Refused: it would show values."""
        raise BlindedRefusalError(RefusalCode.HIDDEN)
