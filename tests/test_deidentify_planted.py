"""More than 60 identifiers planted in every place that anybody writes into: none is left."""

from __future__ import annotations

import json
import shutil
import sqlite3
import struct
import subprocess
import warnings
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import numpy as np
import pydicom
import pydicom.encaps
import pytest
from dicom_films import code, film_of, noisy_pixels

from kyphometer.anatomy import Level
from kyphometer.cli import main
from kyphometer.dicom import Compression, read_film, read_header, write_dx
from kyphometer.dicom.identifiers import Identifier
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.geometry import Point
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra
from kyphometer.store import Study
from kyphometer.store.sessions.plans import PlannedItem
from kyphometer.workflow.deidentified import Choices, deidentify_source, find_leftovers


class Plants:
    """Names that occur nowhere else, one for each place."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, form: str = "{}") -> str:
        self.names.append(f"Qzx{len(self.names):02d}Vogon")
        return form.format(self.names[-1])


TEXTS = (
    "PatientComments", "ImageComments", "AdditionalPatientHistory", "StudyDescription",
    "SeriesDescription", "ProtocolName", "InstitutionName", "InstitutionAddress",
    "InstitutionalDepartmentName", "PatientAddress", "AdmittingDiagnosesDescription",
    "RequestedProcedureDescription", "AcquisitionDeviceProcessingDescription", "StationName",
    "DeviceSerialNumber", "AccessionNumber", "StudyID", "OtherPatientIDs", "Manufacturer",
    "PatientTelephoneNumbers", "Occupation", "EthnicGroup", "ClinicalTrialSubjectID",
    "ClinicalTrialProtocolName", "PerformedProcedureStepDescription", "DetectorID",
)  # fmt: skip
PEOPLE = (
    "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName", "PatientMotherBirthName",
    "NameOfPhysiciansReadingStudy", "RequestingPhysician", "PatientBirthName", "OtherPatientNames",
)  # fmt: skip


def plant_header(dataset, plant):
    """Into attributes, public and private, of the header and of items in it."""
    dataset.PatientName, dataset.PatientID = plant("{}^An"), plant()
    for keyword in TEXTS:
        setattr(dataset, keyword, plant())
    for keyword in PEOPLE:
        setattr(dataset, keyword, plant("Dr^{}"))
    dataset.BodyPartExamined = plant().upper()
    dataset.ViewCodeSequence = [
        code("399173006", "SCT", plant("{} lateral")),
        code(plant(), "99HOSP", plant()),
    ]
    request = pydicom.Dataset()
    request.RequestedProcedureID = plant()
    request.ScheduledProcedureStepDescription = plant()
    dataset.RequestAttributesSequence = [request]
    dataset.add_new(0x00091001, "LO", plant())
    inner = pydicom.Dataset()
    inner.add_new(0x000B1001, "LT", plant())
    dataset.add_new(0x000B1010, "SQ", [inner])
    dataset.add_new(0x60003000, "OW", plant("{} ").encode())
    dataset.add_new(0x60000022, "LO", plant())
    icon = pydicom.Dataset()
    icon.PixelData = plant("{} ").encode()
    icon["PixelData"].VR = "OB"
    dataset.IconImageSequence = [icon]
    dataset.WindowCenterWidthExplanation = plant()
    dataset.add_new(0xFFFCFFFC, "OB", plant("{} ").encode())
    dataset.file_meta.SourceApplicationEntityTitle = plant()
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.3"
    dataset.file_meta.PrivateInformation = plant("{} ").encode()
    dataset.preamble = plant("{:128}").encode()


def plant_codestream(dataset, plant):
    """Into the compressed picture: a comment, an application's segment, after its end."""
    (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    talk = b""
    for marker in (b"\xff\xfe", b"\xff\xe9"):
        body = plant().encode()
        talk += marker + struct.pack(">H", 2 + len(body)) + body
    whole = frame[:2] + talk + frame[2:].rstrip(b"\0") + plant().encode()
    dataset.PixelData = pydicom.encaps.encapsulate([whole])
    dataset["PixelData"].VR = "OB"


def concept(value, meaning, scheme="DCM"):
    return [code(value, scheme, meaning)]


def item(kind, relation, name, **facts):
    found = pydicom.Dataset()
    found.ValueType, found.RelationshipType = kind, relation
    found.ConceptNameCodeSequence = name
    for keyword, value in facts.items():
        setattr(found, keyword, value)
    return found


def write_report(path, film, plant):
    """A Comprehensive SR of an angle on the film, as a program writes it."""
    image = pydicom.Dataset()
    image.ReferencedSOPClassUID = film.SOPClassUID
    image.ReferencedSOPInstanceUID = film.SOPInstanceUID
    picture = item("IMAGE", "SELECTED FROM", [], ReferencedSOPSequence=[image])
    del picture.ConceptNameCodeSequence
    corners = [1.0, 2.0, 30.0, 4.0, 5.0, 50.0, 31.0, 52.0]
    line = item("SCOORD", "INFERRED FROM", [], GraphicType="POLYLINE", GraphicData=corners,
                ContentSequence=[picture])  # fmt: skip
    del line.ConceptNameCodeSequence
    value = pydicom.Dataset()
    value.NumericValue = "16.5"
    value.MeasurementUnitsCodeSequence = concept("deg", plant(), "UCUM")
    angle = item("NUM", "CONTAINS", concept("285285000", "Cobb angle", "SCT"),
                 MeasuredValueSequence=[value], ContentSequence=[line])  # fmt: skip
    group = item("CONTAINER", "CONTAINS", concept("125007", "Measurement Group"),
                 ContinuityOfContent="SEPARATE", ContentSequence=[
        item("TEXT", "HAS OBS CONTEXT", concept("112039", "Tracking Identifier"),
             TextValue=plant()),
        item("UIDREF", "HAS OBS CONTEXT", concept("112040", "Tracking Unique Identifier"),
             UID="1.2.3.444444.5"),
        angle,
        item("TEXT", "CONTAINS", concept("121106", "Comment"), TextValue=plant("spine of {}")),
    ])  # fmt: skip
    report = pydicom.Dataset()
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    report.SOPInstanceUID, report.SeriesInstanceUID = "1.2.3.444444.1", "1.2.3.444444.2"
    report.StudyInstanceUID = film.StudyInstanceUID
    report.Modality, report.SeriesNumber, report.InstanceNumber = "SR", 1, 1
    report.PatientName, report.PatientID = film.PatientName, film.PatientID
    report.StudyDate, report.ContentDate, report.ContentTime = "20240506", "20240507", "101112"
    report.SeriesDescription = plant()
    series = pydicom.Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = film.SeriesInstanceUID, [image]
    evidence = pydicom.Dataset()
    evidence.StudyInstanceUID, evidence.ReferencedSeriesSequence = film.StudyInstanceUID, [series]
    report.CurrentRequestedProcedureEvidenceSequence = [evidence]
    report.CompletionFlag, report.VerificationFlag = "COMPLETE", "VERIFIED"
    report.VerifyingObserverSequence = [pydicom.Dataset()]
    report.VerifyingObserverSequence[0].VerifyingObserverName = plant("Dr^{}")
    report.ValueType, report.ContinuityOfContent = "CONTAINER", "SEPARATE"
    report.ConceptNameCodeSequence = concept("126000", "Imaging Measurement Report")
    report.ContentSequence = [
        item("PNAME", "HAS OBS CONTEXT", concept("121008", "Person Observer Name"),
             PersonName=plant("Dr^{}")),
        item("TEXT", "HAS OBS CONTEXT", concept("121013", "Device Observer Name"),
             TextValue=plant()),
        item("DATE", "HAS OBS CONTEXT", concept("121125", "DateTime of Recording"),
             Date="20240506"),
        item("CONTAINER", "CONTAINS", concept("126010", "Imaging Measurements"),
             ContinuityOfContent="SEPARATE", ContentSequence=[group]),
    ]  # fmt: skip
    report.file_meta = pydicom.dataset.FileMetaDataset()
    report.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    report.save_as(path, enforce_file_format=True)


def reading_of(film, plant, observer):
    mark = Landmark(xy=Point(10.0, 12.0), note=plant())
    plate = Endplate(anterior=mark, posterior=Landmark(xy=Point(30.0, 14.0)))
    lower = Endplate(
        anterior=Landmark(xy=Point(10.0, 30.0)), posterior=Landmark(xy=Point(30.0, 32.0))
    )
    return Reading(
        film=film, observer=observer, comment=plant("{} moved"), fractured_levels=(Level.L1,),
        vertebrae={Level.L1: Vertebra(level=Level.L1, superior=plate, inferior=lower)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A folder with a film, a report, a study, readings and a clinical table, and the plants."""
    plant = Plants()
    root = tmp_path_factory.mktemp("planted")
    folder = root / plant("folder-of-{}")
    folder.mkdir()
    path = folder / plant("{}.dcm")
    write_dx(
        film_of(noisy_pixels(), exposed_at=datetime(2024, 5, 6, 10, 11)), path, seed="a",
        compression=Compression.JPEG_LOSSLESS,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        plant_header(dataset, plant)
        plant_codestream(dataset, plant)
        dataset.save_as(path)
        write_report(folder / plant("report-{}"), dataset, plant)
    plant_study(root, path, plant)
    return root, plant.names


def plant_study(root, path, plant):
    """Into the database, its audit trail, and the tables beside it."""
    actor, observer = plant(), plant()
    with Study.create(root / "s.study", plant("study of {}"), actor=actor) as study:
        assert not study.add_films(root).failed
        study.add_observer(observer, plant("Dr {}"))
        (film,) = study.films()
        reference = read_film(path).reference
        first = study.save_reading(
            reading_of(reference, plant, observer), film.id, observer, base_version=0
        )
        study.save_reading(
            reading_of(reference, plant, observer), film.id, observer,
            base_version=first.version, reason=plant("{} had moved"),
        )  # fmt: skip
        latest = study.latest_reading(film.id, observer)
        draft = json.loads(latest.document_json) | {"comment": plant()}
        study.save_draft(film.id, observer, draft, etag=None, base_version=latest.version)
        study.state_spacing(film.id, 0.2, 0.2, reason=plant("{} said so"))
        study.sessions.add(
            plant(), [PlannedItem(film_id=film.id, observer=observer, round=1, place=1, code="A7")],
            title=plant("for {}"), settings={"seed": 7, "note": plant(), "who": plant()},
        )  # fmt: skip
        record = ClinicalRecord(
            patient=film.patient, history=plant("{} fell"), comment=plant(),
            own={"x_arm": plant("arm of {}"), "x_bmi": 21.5},
        )  # fmt: skip
        columns = ("patient", "history", "comment", "x_arm", "x_bmi")
        table = ClinicalTable(records=(record,), source=plant("{}.csv"), columns=columns)
        study.set_clinical(table)
    lines = f"patient,comment,x_ward\n{film.patient},{plant()},{plant('ward of {}')}\n"
    (root / plant("{}.csv")).write_text(lines)
    (path.parent / f"{path.stem}.reading.json").write_text(
        json.dumps(draft | {"observer": observer, "comment": plant(), "unknown": plant()})
    )


@pytest.fixture(scope="module")
def outcome(planted, tmp_path_factory):
    return deidentify_source(
        planted[0], tmp_path_factory.mktemp("copy") / "out", choices=Choices(names=(planted[1][0],))
    )


def everything(folder):
    """Names, bytes and cells below a folder, in capitals; not by the means under test."""
    found = []
    for path in folder.rglob("*"):
        found.append(str(path.relative_to(folder)).encode("utf-8", "surrogateescape"))
        if path.is_file():
            data = path.read_bytes()
            found += [data, data.replace(b"\0", b"")]
            if data.startswith(b"SQLite"):
                with closing(sqlite3.connect(path)) as opened:
                    found += [line.encode() for line in opened.iterdump()]
    return b"\n".join(found).upper()


def test_all_are_there_before_and_none_after(planted, outcome):
    root, names = planted
    assert len(names) >= 60
    before, after = everything(root), everything(outcome.out)
    assert [name for name in names if name.upper().encode() not in before] == []
    assert [name for name in names if name.upper().encode() in after] == []
    assert [item for item in outcome.tally.left_out if item.refused] == []
    assert outcome.leftovers == ()


def test_the_search_finds_them_where_they_are(planted):
    root, names = planted
    found, short = find_leftovers(root, [Identifier("given", name) for name in names])
    assert {item.value for item in found if item.kind == "given"} == set(names)
    assert short == []


def test_the_copy_still_measures_and_its_report_still_points_at_the_film(planted, outcome):
    (film,) = (outcome.out / "films").rglob("*.dcm")
    (report,) = (outcome.out / "reports").rglob("*.dcm")
    header, found = read_header(film), pydicom.dcmread(report)
    assert found.StudyInstanceUID == header.acquisition.study_instance_uid
    assert found.PatientID == header.acquisition.patient_id == "P0001"
    numbers = [
        (leaf.MeasuredValueSequence[0].NumericValue,
         leaf.ContentSequence[0].GraphicData,
         leaf.ContentSequence[0].ContentSequence[0].ReferencedSOPSequence[0])
        for leaf in leaves(found)
        if leaf.ValueType == "NUM"
    ]  # fmt: skip
    ((value, points, image),) = numbers
    assert (value, len(points)) == (16.5, 8)
    assert image.ReferencedSOPInstanceUID == header.reference.sop_instance_uid
    names = [leaf.PersonName for leaf in leaves(found) if leaf.ValueType == "PNAME"]
    assert [str(name)[0] for name in names] == ["R"]
    (old,) = planted[0].rglob("*.dcm")
    np.testing.assert_array_equal(read_film(film).pixels, read_film(old).pixels)
    with Study.open(outcome.out / "study.kyphometer") as study:
        assert study.check() == ()
        assert len(study.latest_readings()) == 1
        assert study.clinical().records[0].own["x_bmi"] == 21.5


@pytest.mark.parametrize("words", [["dciodvfy", "-new"], ["dsrdump"]])
def test_the_report_is_still_valid(outcome, words):
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    (report,) = (outcome.out / "reports").rglob("*.dcm")
    done = subprocess.run(
        [*words, str(report)], capture_output=True, text=True, check=False, timeout=60
    )
    told = (done.stdout + done.stderr).splitlines()
    assert [line for line in told if line.startswith(("Error", "E:", "F:"))] == []


def leaves(dataset):
    for one in dataset.get("ContentSequence", []):
        yield one
        yield from leaves(one)


def test_the_search_as_a_command(planted, outcome, tmp_path, capsys):
    _, names = planted
    listed = tmp_path / "names.txt"
    listed.write_text("\n".join(names))
    words = ["deidentify", "--audit", str(outcome.out), "--key", str(outcome.key)]
    assert main([*words, "--names", str(listed), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["leftovers"] == []
    assert told["looked_for"] > len(names)
    copy = tmp_path / "copy"
    copy.mkdir()
    for number, encoding in enumerate(("utf-8", "utf-16-le", "utf-16-be", "utf-16")):
        (copy / f"{number}.bin").write_bytes(f"x{names[number].upper()}y".encode(encoding))
    for number, (encoding, name) in enumerate(
        (("shift_jis", "山田太郎さん"), ("cp1258", "Nguyễn Thị"), ("gb18030", "欧阳修文集"))
    ):
        listed.write_text(listed.read_text() + f"\n{name}")
        text = name if encoding != "cp1258" else "NGUYỄN THỊ"
        data = text.encode("utf-8") if encoding == "cp1258" else text.encode(encoding)
        (copy / f"other-{number}.txt").write_bytes(data)
    with closing(sqlite3.connect(copy / "d.db")) as opened:
        opened.execute("CREATE TABLE t (a)")
        opened.execute("INSERT INTO t VALUES (?)", (f"said {names[9].lower()}",))
        opened.commit()
    (copy / "escaped.json").write_text(json.dumps({"Nguyễn Thị": 1}))
    assert main(["deidentify", "--audit", str(copy), "--names", str(listed), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    places = {item["place"].split(":")[0] for item in told["leftovers"]}
    assert places == {path.name for path in copy.iterdir()}


def test_a_name_in_an_unknown_place_stops_the_copy(planted, tmp_path, capsys):
    """The search stands between the copy and its name: what slips through is not kept."""
    root, _ = planted
    (tmp_path / "names").write_text("thoraco-lumbar\n")  # said by a code that is kept
    words = ["deidentify", str(root), str(tmp_path / "out"), "--names", str(tmp_path / "names")]
    assert main(words) == 8
    assert "Thoraco" not in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"names"}
    assert main([*words, "--accept-leftovers"]) == 1
    assert (tmp_path / "out" / "study.kyphometer").exists()


def test_films_with_text_in_their_pixels_are_left_out_until_somebody_looked(tmp_path, capsys):
    film = film_of(noisy_pixels())
    facts = replace(film.header.acquisition, burned_in_annotation=True)
    film = replace(film, header=replace(film.header, acquisition=facts))
    (tmp_path / "in").mkdir()
    write_dx(film, tmp_path / "in" / "a.dcm", seed="a")
    words = ["deidentify", str(tmp_path / "in")]
    assert main([*words, str(tmp_path / "1"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["written"]["films"] == 0
    assert told["left_out"][0]["refused"]
    assert main([*words, str(tmp_path / "2"), "--pixels-checked", "a.dcm", "--json"]) == 0
    assert main([*words, str(tmp_path / "3"), "--blank", "a.dcm=0,0,20,10", "--json"]) == 0
    (copy,) = (tmp_path / "3").rglob("*.dcm")
    assert (read_film(copy).pixels[:10, :20] == noisy_pixels().min()).all()
