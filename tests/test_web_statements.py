"""What a page's requests cost the database, in statements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from kyphometer.store import Study
from kyphometer.store.records import MarkingLog
from kyphometer.web.reader.agreement import study_agreement
from kyphometer.web.reader.open import OpenService
from kyphometer.web.reader.service import ConfirmNote

SAMPLES = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001"
MOST_FOR_A_DRAFT = 8
MOST_FOR_A_CONFIRMATION = 15


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL statements of a block."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[OpenService]:
    with Study.create(tmp_path / "study.sqlite") as study:
        study.add_films(SAMPLES)
        study.add_observer("KN")
        yield OpenService(study, "KN", study_agreement(study.settings, may_assist=True))


def test_drafts_and_confirmations_cost_few_statements(service: OpenService) -> None:
    film = next(film for film in service._store.films() if "pre-op" in film.name)
    marks = json.loads((SAMPLES / "pre-op.reading.json").read_text())
    service.document(str(film.id))
    with statements() as measured:
        service.measure(str(film.id), marks)
    assert measured == []
    tag = None
    for _ in range(2):
        with statements() as drafted:
            tag = service.save_draft(str(film.id), marks, tag).etag
        assert 0 < len(drafted) <= MOST_FOR_A_DRAFT
    note = ConfirmNote(sha256_pixels=film.sha256_pixels, log=MarkingLog(seconds=60.0))
    with statements() as confirmed:
        told = service.confirm(str(film.id), marks, tag, note)
    assert 0 < len(confirmed) <= MOST_FOR_A_CONFIRMATION
    assert told.version == 1
