"""What the program itself leaves beside films carries no name into a copy without identity."""

from __future__ import annotations

import contextlib
import io
import json

import pytest
from interop_films import small
from test_deidentify_planted import Plants, everything

from kyphometer.cli import main
from kyphometer.reading.document import reading_to_dict
from kyphometer.store import Study
from kyphometer.web.access.passwords import hashed
from kyphometer.workflow.deidentified import deidentify_source

pytest.importorskip("highdicom", reason="highdicom is not installed (extra interop)")

FORMS = ("sr", "sc", "pdf", "gsps", "fhir", "slicer")
NAMES = (
    "PatientID", "AccessionNumber", "StudyID", "StudyDescription", "SeriesDescription",
    "InstitutionName", "StationName", "PatientComments", "ProtocolName",
)  # fmt: skip


def said(*words) -> str:
    """What a command prints; it must succeed."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = main([str(word) for word in words])
    assert status == 0, words
    return out.getvalue()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with a film, a study on it, and what commands wrote of both; and the plants."""
    plant = Plants()
    root = tmp_path_factory.mktemp("written")
    film, reading = film_and_reading(root, plant)
    beside = film.with_name(f"{film.stem}.reading.json")
    beside.write_text(json.dumps(reading_to_dict(reading)))
    said("batch", root, "--out", root / "batch.csv")
    results = root / plant("results-{}")
    results.mkdir()
    forms = [word for form in FORMS for word in ("--as", form)]
    said("export", film, beside, *forms, "--out", results)
    for form in ("coco", "cvat"):
        said("export", film, beside, "--as", form, "--out", root / f"{form}-{plant()}.out")
    proposal = {"format": "kyphometer-proposal", "reading": reading_to_dict(reading)}
    film.with_name(f"{film.stem}.proposal.json").write_text(
        json.dumps(proposal | {"notes": [plant()]})
    )
    (root / "measured.json").write_text(said("measure", film, "--format", "json"))
    said("measure", film, "--page", root / f"page-{plant()}.pdf")
    study_files(root, film, reading, plant)
    fetched = {"sop": "1.2.3", "file": plant("{}/film.dcm"), "bytes": 7}
    (root / ".kyphometer-fetched.jsonl").write_text(json.dumps(fetched) + "\n")
    (root / "s.sign-ins.jsonl").write_text(json.dumps({"name": plant(), "outcome": "no"}) + "\n")
    return root, plant.names


def film_and_reading(root, plant):
    def change(dataset):
        dataset.PatientName, dataset.ReferringPhysicianName = plant("{}^An"), plant("Dr^{}")
        for keyword in NAMES:
            setattr(dataset, keyword, plant("{}"))

    observer, comment = plant(), plant("{} was bent")
    return small(root, name=plant("{}.dcm"), change=change, observer=observer, comment=comment)


def study_files(root, film, reading, plant):
    """A study with accounts, a session, a consensus, and its export, backup and tables."""
    target = root / "s.sqlite"
    first, second = reading.observer, plant()
    with Study.create(target, plant("study {}"), actor=plant()) as study:
        assert not study.add_films(film).failed
        (record,) = study.films()
        for name in (first, second):
            study.add_observer(name, plant("Dr {}"))
            study.save_reading(
                replaced(reading, name, plant("{} again")), record.id, name, base_version=0
            )
        study.add_account(plant(), password_hash=hashed("correct horse battery"), role="owner")
    code = plant()
    said("session", "new", target, code, "--observers", f"{first},{second}", "--rounds", "1")
    for how in ("json", "csv"):
        (root / f"measurements.{how}").write_text(
            said("study", "measurements", target, "--format", how)
        )
    (root / "audit.json").write_text(said("study", "audit", target, "--format", "json"))
    said("study", "export", target, root / "exported")
    said("study", "backup", target, root / "backup.sqlite")


def replaced(reading, observer, comment):
    from dataclasses import replace

    return replace(reading, observer=observer, comment=comment)


def test_nothing_that_is_written_carries_a_name_into_the_copy(written, tmp_path):
    root, names = written
    before = everything(root)
    there = [name for name in names if name.upper().encode() in before]
    assert len(there) >= 28
    outcome = deidentify_source(root, tmp_path / "out")
    after = everything(outcome.out)
    assert [name for name in names if name.upper().encode() in after] == []
    assert outcome.leftovers == ()
    assert outcome.tally.readings >= 1
    with Study.open(outcome.out / "study.kyphometer") as study:
        assert study.check() == ()
        assert len(study.latest_readings()) == 2
