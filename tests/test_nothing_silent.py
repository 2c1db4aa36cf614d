"""Twenty-one kinds of fault that once changed results, or stopped a folder, without a word.

`CASES` is the table: what was wrong, the sentence that a person gets now (empty where nothing is to
be said because all is read rightly), and the function that makes an input of that kind and returns
what was told. Each function also asserts that the result itself is right.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import openpyxl
import pydicom
import pytest
from dicom_films import dicom_file, noisy_pixels
from public_reports import REPORTS
from public_reports_more import MORE

from kyphometer.cli import main
from kyphometer.dicom import read_film, to_grey
from kyphometer.dicom.deidentify import deidentify
from kyphometer.errors import ClinicalTableError, UnacceptedChangesError
from kyphometer.followup.clinical.reader import read_clinical_table
from kyphometer.store import FolderStore, Study

SAMPLES = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001"
TWINS = {source: row.twin for row in (*REPORTS, *MORE) for source in row.source.split(", ")}


def film_at(path: Path, **attributes: object) -> Path:
    """The sample film with other attributes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = pydicom.dcmread(SAMPLES / "pre-op.dcm")
    for name, value in attributes.items():
        setattr(dataset, name, value)
    dataset.save_as(path)
    return path


def told_by_adding(tmp_path: Path, folder: Path, added: int) -> str:
    """What `add_films` says of a folder, of which so many films must be taken."""
    with Study.create(tmp_path / "s.study") as study:
        report = study.add_films(folder)
        assert len(report.added) == added
        warnings = [w for film in study.films() for w in film.facts.get("warnings", ())]
    told = (*report.failed, *report.passed_over, *report.notes)
    return "\n".join([*(item.sentence for item in told), *warnings])


def read_right(*sources: str):
    """Twins of public reports are read pixel by pixel."""

    def run(tmp_path: Path) -> str:
        told: list[str] = []
        for source in sources:
            film = read_film(TWINS[source](tmp_path / "film.dcm"))
            np.testing.assert_array_equal(film.pixels, noisy_pixels())
            told += film.warnings
        return "\n".join(told)

    return run


def opens_black(source: str):
    def run(tmp_path: Path) -> str:
        grey = to_grey(read_film(TWINS[source](tmp_path / "film.dcm")))
        assert np.ptp(np.percentile(grey, (2, 98))) > 100
        return ""

    return run


def corrected_header(tmp_path: Path) -> str:
    film_at(tmp_path / "f" / "a.dcm")
    with Study.create(tmp_path / "s.study") as study:
        study.add_films(tmp_path / "f")
        film_at(tmp_path / "f" / "a.dcm", PixelSpacing=[0.5, 0.25], StudyDate="20240305")
        (failure,) = study.add_films(tmp_path / "f").failed
        assert study.films()[0].row_mm != 0.5
    return failure.sentence


def code_of_two_people(tmp_path: Path) -> str:
    film_at(tmp_path / "f" / "a.dcm", PatientBirthDate="19500101")
    noise = read_film(SAMPLES / "discharge.dcm").pixels
    other = pydicom.dcmread(SAMPLES / "discharge.dcm")
    assert noise.size
    other.PatientBirthDate = "19900101"
    other.save_as(tmp_path / "f" / "b.dcm")
    return told_by_adding(tmp_path, tmp_path / "f", 1)


def content_date(tmp_path: Path) -> str:
    dataset = pydicom.dcmread(SAMPLES / "pre-op.dcm")
    for name in ("AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime"):
        if name in dataset:
            delattr(dataset, name)
    dataset.ContentDate = "20240901"
    (tmp_path / "f").mkdir()
    dataset.save_as(tmp_path / "f" / "a.dcm")
    return told_by_adding(tmp_path, tmp_path / "f", 1)


def name_not_utf8(tmp_path: Path) -> str:
    film_at(tmp_path / "f" / "good.dcm")
    bad = os.fsencode(tmp_path / "f") + b"/\xe9t\xe9.dcm"
    shutil.copy(SAMPLES / "discharge.dcm", os.fsdecode(bad))
    return told_by_adding(tmp_path, tmp_path / "f", 1)


def link_to_itself(tmp_path: Path) -> str:
    film_at(tmp_path / "f" / "good.dcm")
    (tmp_path / "f" / "self.dcm").symlink_to("self.dcm")
    return told_by_adding(tmp_path, tmp_path / "f", 1)


SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#define SETLK 6
#define SETLKW 7
#define WRAP(NAME) int NAME(int fd, int cmd, ...) { \\
    va_list list; va_start(list, cmd); void *arg = va_arg(list, void *); va_end(list); \\
    int (*real)(int, int, ...) = (int (*)(int, int, ...)) dlsym(RTLD_NEXT, #NAME); \\
    if (cmd == SETLK || cmd == SETLKW) { errno = ENOLCK; return -1; } \\
    return real(fd, cmd, arg); }
WRAP(fcntl)
WRAP(fcntl64)
"""


def no_locks(tmp_path: Path) -> str:
    if shutil.which("gcc") is None or not sys.platform.startswith("linux"):
        pytest.skip("a drive without locks is made by a shim that gcc compiles")
    source, shim = tmp_path / "shim.c", tmp_path / "shim.so"
    source.write_text(SHIM)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    words = [sys.executable, "-m", "kyphometer", "study", "new", tmp_path / "s.db", "--name", "x"]
    done = subprocess.run(
        words, env={**os.environ, "LD_PRELOAD": str(shim)}, capture_output=True, text=True
    )
    if done.returncode == 0:
        pytest.skip("the shim does not reach this SQLite")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "s.db").exists()
    return done.stderr


def table_of_excel(tmp_path: Path) -> str:
    book = openpyxl.Workbook()
    book.active.append(["patient", "odi_preoperative"])
    book.active.append(["A", 0.8])
    book.active["B2"].number_format = "0%"
    book.save(tmp_path / "percent.xlsx")
    assert read_clinical_table(tmp_path / "percent.xlsx").records[0].odi == {"preoperative": 80.0}
    book.active.append(["B", None])
    book.active.merge_cells("B2:B3")
    book.save(tmp_path / "merged.xlsx")
    with pytest.raises(ClinicalTableError) as refusal:
        read_clinical_table(tmp_path / "merged.xlsx")
    return "\n".join(str(problem) for problem in refusal.value.problems)


def near_codes(tmp_path: Path) -> str:
    for number, code in enumerate(("H\u1ed3ng", "Ho\u0302\u0300ng", "P7", "p7")):
        visit = ("pre-op", "discharge", "1-month", "6-months")[number]
        dataset = pydicom.dcmread(SAMPLES / f"{visit}.dcm")
        dataset.SpecificCharacterSet, dataset.PatientID = "ISO_IR 192", code
        (tmp_path / "f").mkdir(exist_ok=True)
        dataset.save_as(tmp_path / "f" / f"{number}.dcm")
    told = told_by_adding(tmp_path, tmp_path / "f", 4)
    with Study.open(tmp_path / "s.study") as study:
        assert [patient.code for patient in study.patients()] == ["H\u1ed3ng", "P7", "p7"]
    return told


def codestream_of_another_kind(tmp_path: Path) -> str:
    film = read_film(TWINS["rii-mango/JPEGLosslessDecoderJS#14"](tmp_path / "film.dcm"))
    assert film.header.acquisition.lossy
    return "\n".join(film.warnings)


def reading_of_a_new_uid(tmp_path: Path) -> str:
    film = film_at(tmp_path / "new.dcm", SOPInstanceUID="2.25.4711")
    reading = next(SAMPLES.glob("pre-op*.reading.json"))
    assert main(["measure", str(film), str(reading), "--format", "json"]) == 0
    return ""


def tables_of_europe(tmp_path: Path) -> str:
    head = "patient,age_years,surgery_date"
    days = ("2023-04-18 00:00:00", "2023-4-18", "2023/04/18", "18.04.2023")
    for text in (*(f"{head}\nA,.,{day}\n" for day in days),
                 f"sep=;\n{head.replace(',', ';')}\nA;.;2023-04-18\n"):  # fmt: skip
        (tmp_path / "t.csv").write_text(text)
        (record,) = read_clinical_table(tmp_path / "t.csv").records
        assert (record.age_years, f"{record.surgery_date}") == (None, "2023-04-18")
    return ""


def comment_in_a_picture(tmp_path: Path) -> str:
    pixels = (noisy_pixels() >> 4).astype(np.uint8)
    frame = bytes(imagecodecs.jpeg8_encode(pixels, level=95))
    frame = frame[:2] + b"\xff\xfe\x00\x0aZAPHODBB" + frame[2:]
    film = dicom_file(
        tmp_path / "in.dcm", pixels, syntax="1.2.840.10008.1.2.4.50", frames=[frame],
        PatientID="P1", PatientName="A^B", StudyInstanceUID="2.25.5", SeriesInstanceUID="2.25.6",
        BurnedInAnnotation="NO",
    )  # fmt: skip
    deidentify(film, tmp_path / "out.dcm", key="k" * 32)
    assert b"ZAPHOD" not in (tmp_path / "out.dcm").read_bytes()
    return ""


def long_name(tmp_path: Path) -> str:
    shutil.copy(SAMPLES / "pre-op.dcm", tmp_path / ("X" * 250 + ".dcm"))
    store = FolderStore(tmp_path)
    (film,) = store.films()
    document = json.loads(next(SAMPLES.glob("pre-op*.reading.json")).read_text())
    store.save_draft(film.id, "KN", document, etag=None, base_version=0)
    assert store.draft(film.id, "KN") is not None
    return ""


def table_of_fewer_columns(tmp_path: Path) -> str:
    film_at(tmp_path / "f" / "a.dcm")
    code = pydicom.dcmread(tmp_path / "f" / "a.dcm").PatientID
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    whole.write_text(f"patient,sex,vas_preoperative,odi_six_months\n{code},female,7,20\n")
    part.write_text(f"patient,odi_six_months\n{code},36\n")
    with Study.create(tmp_path / "s.study") as study:
        study.add_films(tmp_path / "f")
        study.set_clinical(read_clinical_table(whole))
        with pytest.raises(UnacceptedChangesError) as refusal:
            study.set_clinical(read_clinical_table(part))
        study.set_clinical(read_clinical_table(part), accept_changes=True)
        (record,) = study.clinical().records
        assert (record.sex, record.vas, record.odi) == (
            "female", {"preoperative": 7.0}, {"six_months": 36.0},
        )  # fmt: skip
    return str(refusal.value)


CASES = (
    ("bytes after the end mark of a JPEG were taken for damage", "",
     read_right("pydicom/pydicom#672", "digital-preservation/pronom-research-week#13",
                "jai-imageio/jai-imageio-jpeg2000#33")),
    ("RLE with a byte of padding was taken for damage", "", read_right("cgohlke/imagecodecs#86")),
    ("a window for 16 bits opened a dark film black", "",
     opens_black("cornerstonejs/cornerstone#429")),
    ("a small slope opened a film black", "", opens_black("Enet4/dicom-rs#826")),
    ("a corrected header was passed over", "differ from what the study knows", corrected_header),
    ("two people under one PatientID were one patient", "this may be another person",
     code_of_two_people),
    ("a content date moved a film to another visit", "was passed over", content_date),
    ("a name that is not UTF-8 lost the folder", "not UTF-8; rename it", name_not_utf8),
    ("a link to itself lost the folder", "cannot be looked at", link_to_itself),
    ("a drive without locks gave a traceback", "lacks locks or safe writing", no_locks),
    ("names in misspelt or missing character sets were garbled", "taken as ISO_IR 192",
     read_right("pydicom/pynetdicom#201", "pydicom/pydicom#695", "innolitics/dicom-standard#84")),
    ("80 % in a cell became 0.8, merged cells lost a date", "one cell is merged over rows",
     table_of_excel),
    ("codes that differ in case were two patients", "differ only in case", near_codes),
    ("syntax and codestream disagreed", "the pixels are lossy JPEG", codestream_of_another_kind),
    ("a new UID lost the reading", "", reading_of_a_new_uid),
    ("tables as Excel and SPSS write them were refused", "", tables_of_europe),
    ("a comment in a compressed picture kept the name", "", comment_in_a_picture),
    ("a long name of a file let no draft be saved", "", long_name),
    ("a table of fewer columns erased the rest", "odi six months: 20.0 -> 36.0",
     table_of_fewer_columns),
)  # fmt: skip


@pytest.mark.parametrize(("fault", "sentence", "case"), CASES, ids=[case[0] for case in CASES])
def test_the_fault_is_mended_or_told(tmp_path, fault, sentence, case):
    assert sentence in case(tmp_path), fault
