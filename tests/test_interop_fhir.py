"""FHIR Bundles: valid R5, after HL7's guide, and true to the numbers."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace

import pytest
from interop_films import SAMPLES, sample, small

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.cli import main
from kyphometer.dicom import read_film
from kyphometer.interop.objects.fhir import DCM, SYSTEMS, fhir_bundle
from kyphometer.interop.objects.make import source_of
from kyphometer.measure import measure_reading

# Elements of the guide's examples "imaging-measurement-group" and "imaging-measurement-001"
# without `id`, and without the category that its own invariant forbids beside code 125007.
GROUP = {"subject", "partOf", "issued", "status", "code", "focus", "bodyStructure", "device",
         "valueCodeableConcept", "hasMember"}  # fmt: skip
NUMBER = {"subject", "partOf", "issued", "status", "code", "focus", "bodyStructure", "device",
          "valueQuantity"}  # fmt: skip


@pytest.fixture(scope="module")
def whole():
    film, reading = sample()
    return film, reading, fhir_bundle(source_of(film, reading))


def valid(bundle):
    """What fhir.resources makes of a Bundle; it raises where it finds fault."""
    module = pytest.importorskip("fhir.resources.bundle")
    return module.Bundle.model_validate(json.loads(json.dumps(bundle, allow_nan=False)))


def resources(bundle, kind):
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


def at(bundle, reference):
    return next(e["resource"] for e in bundle["entry"] if e["fullUrl"] == reference["reference"])


def groups(bundle):
    return [o for o in resources(bundle, "Observation") if "hasMember" in o]


def of_code(bundle, code):
    """The group of an angle, and its one number."""
    group = next(
        g for g in groups(bundle) if g["valueCodeableConcept"]["coding"][0]["code"] == code
    )
    [member] = group["hasMember"]
    return group, at(bundle, member)


@pytest.mark.parametrize("visit", ["pre-op", "6-months"])
def test_bundles_of_sample_films_are_valid(visit):
    film, reading = sample("SIM-002", visit)
    parsed = valid(fhir_bundle(source_of(film, reading)))
    assert len(parsed.entry) > 10


def emptied(dataset):
    for keyword in ("PatientID", "PatientName", "AccessionNumber", "StudyDate", "StudyTime"):
        setattr(dataset, keyword, "")


def unusual(dataset):
    dataset.PatientID = "Ü<&>\"' 4711"
    dataset.AccessionNumber = "ACC 1"
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        delattr(dataset, keyword)


@pytest.mark.parametrize("change", [None, emptied, unusual])
def test_bundles_of_unusual_headers_are_valid(tmp_path, change):
    path, reading = small(tmp_path, change=change)
    bundle = fhir_bundle(source_of(read_film(path), reading))
    valid(bundle)
    for observation in resources(bundle, "Observation"):
        assert ("basedOn" in observation) is (change is unusual)


def test_a_reading_of_nobody_and_of_a_flat_film_is_valid(tmp_path):
    path, reading = small(tmp_path, observer=None, created=None)
    film = read_film(path)
    valid(fhir_bundle(source_of(film, replace(reading, fractured_levels=()))))


def test_the_numbers_are_those_that_were_measured(whole):
    film, reading, bundle = whole
    measured = measure_reading(reading, film.geometry)
    for code in ("VKA", "RKA"):
        item = measured[code]
        quantity = of_code(bundle, code)[1]["valueQuantity"]
        assert quantity["value"] == pytest.approx(item.value, abs=1e-6)
        assert (quantity["system"], quantity["code"]) == (SYSTEMS["UCUM"], "deg")
        bounds = of_code(bundle, code)[1]["component"]
        half = item.interval_95[1] - item.value
        assert [b["valueQuantity"]["value"] for b in bounds] == [pytest.approx(half, abs=1e-6)] * 2
        assert {b["code"]["coding"][0]["code"] for b in bounds} == {"371885007", "371886008"}
        assert str(item) in resources(bundle, "DiagnosticReport")[0]["conclusion"]


def test_endplates_are_sites_and_lines(whole):
    _, reading, bundle = whole
    group, number = of_code(bundle, "VKA")
    sites = at(bundle, group["bodyStructure"])["includedStructure"]
    assert [s["structure"]["coding"][0]["code"] for s in sites] == ["66794005", "66794005"]  # L1
    assert [s["qualifier"][0]["coding"][0]["display"] for s in sites] == ["Superior", "Inferior"]
    [selection] = [at(bundle, r) for r in number["derivedFrom"]]
    regions = [region for i in selection["instance"] for region in i["imageRegion2D"]]
    drawn = []
    for side in EndplateSide:
        plate = reading.endplate(Level.L1, side)
        drawn.append([*plate.posterior.xy, *plate.anterior.xy])
    for region, points in zip(regions, drawn, strict=True):
        assert region["regionType"] == "polyline"
        assert math.dist(region["coordinate"], points) < 1e-3


def test_what_the_guides_profiles_ask_for_is_there(whole):
    _, _, bundle = whole
    for observation in resources(bundle, "Observation"):
        [study] = observation["partOf"]
        kind = study["identifier"]["type"]["coding"][0]
        assert (study["type"], kind["system"], kind["code"]) == ("ImagingStudy", DCM, "110180")
        assert study["identifier"]["system"] == "urn:dicom:uid"
        assert observation["subject"]["type"] == "Patient"
        assert "bodySite" not in observation  # obs-8: not beside bodyStructure
        [unique] = observation["identifier"]
        assert unique["type"]["coding"][0]["code"] == "observation-uid"
        is_group = observation["code"]["coding"][0]["code"] == "125007"
        assert set(observation) >= (GROUP if is_group else NUMBER)
        assert not (is_group and "category" in observation)
        [tracked] = [at(bundle, r) for r in observation["focus"]]
        codes = [i["type"]["coding"][0]["code"] for i in tracked["identifier"]]
        assert codes == ["112039", "112040"]
    for selection in resources(bundle, "ImagingSelection"):
        assert selection["code"]["coding"] == [
            {"system": DCM, "code": "111030", "display": "Image Region"}
        ]
        assert all(len(i["imageRegion2D"]) == 1 for i in selection["instance"])
    [report] = resources(bundle, "DiagnosticReport")
    assert report["code"]["coding"][0]["code"] == "126000"
    assert len(report["result"]) == len(groups(bundle))


def test_every_reference_leads_to_one_resource(whole):
    _, _, bundle = whole
    addresses = Counter(entry["fullUrl"] for entry in bundle["entry"])
    assert set(addresses.values()) == {1}
    said = json.dumps(bundle)
    for part in said.split('"reference": "')[1:]:
        assert part.split('"')[0] in addresses
    used = set(said.split('"'))
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] != "DiagnosticReport":
            assert entry["fullUrl"] in used


def test_marks_of_the_image_name_the_assist(whole):
    _, reading, bundle = whole
    method = reading.endplate(Level.L1, EndplateSide.SUPERIOR).anterior.method
    device = at(bundle, of_code(bundle, "VKA")[1]["device"])
    assert device["displayName"] == method
    assert at(bundle, device["parent"])["displayName"] == "Kyphometer"


def test_it_names_nobody(tmp_path):
    path, reading = small(tmp_path)
    film = read_film(path)
    said = json.dumps(fhir_bundle(source_of(film, reading)))
    for part in film.acquisition.patient_name.replace("^", " ").split():
        assert part not in said


def test_the_same_reading_gives_the_same_bundle(whole):
    film, reading, bundle = whole
    assert fhir_bundle(source_of(film, reading)) == bundle


def test_a_correction_says_so_and_keeps_its_tracking(tmp_path):
    path, first = small(tmp_path)
    film = read_film(path)
    second = replace(first, comment="again")
    old = fhir_bundle(source_of(film, first))
    new = fhir_bundle(source_of(film, second, earlier=[first], reason="slip"))
    valid(new)
    assert {o["status"] for o in resources(old, "Observation")} == {"final"}
    assert {o["status"] for o in resources(new, "Observation")} == {"corrected"}

    def tracked(bundle):
        found = [at(bundle, r) for g in groups(bundle) for r in g["focus"]]
        return [i["value"] for b in found for i in b["identifier"]]

    def uids(bundle):
        return {o["identifier"][0]["value"] for o in resources(bundle, "Observation")}

    assert tracked(old) == tracked(new)
    assert not uids(old) & uids(new)


def test_the_command_writes_it(tmp_path, capsys):
    film = SAMPLES / "SIM-001" / "pre-op.dcm"
    target = tmp_path / "pre-op.fhir.json"
    assert main(["export", str(film), "--as", "fhir", "--out", str(target), "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)["written"]
    bundle = json.loads(target.read_text("utf-8"))
    assert bundle["identifier"]["value"] == f"urn:oid:{told['uid']}"
    assert main(["export", str(film), "--as", "fhir", "--as", "coco", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "pre-op.fhir.json").is_file()


def test_a_comment_goes_along_in_report_and_bundle(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    from kyphometer.interop.objects.structured_report import structured_report

    film, reading = sample()
    said = "Lún rõ, xem lại\nbờ trước"
    source = source_of(film, replace(reading, comment=said))
    path = tmp_path / "report.dcm"
    structured_report(source).save_as(path, enforce_file_format=True)
    kept = [
        item.TextValue
        for item in pydicom.dcmread(path).ContentSequence
        if item.ConceptNameCodeSequence[0].CodeValue == "121106"
    ]
    assert [text.splitlines() for text in kept] == [said.splitlines()]
    [report] = resources(valid_bundle(source), "DiagnosticReport")
    assert said in [note["text"] for note in report["note"]]
    [plain] = resources(valid_bundle(source_of(film, reading)), "DiagnosticReport")
    assert not [note for note in plain.get("note", ()) if said in note["text"]]


def valid_bundle(source):
    bundle = fhir_bundle(source)
    valid(bundle)
    return bundle
