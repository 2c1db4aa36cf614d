"""The bill of materials of a release: valid CycloneDX, all that is needed, the networks."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

pytest.importorskip("cyclonedx_py")

ROOT = Path(__file__).parent.parent
SPEC = importlib.util.spec_from_file_location("bill", ROOT / "release" / "bill_of_materials.py")
bill = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(bill)


@pytest.fixture(scope="module")
def made():
    raw, stated = bill.installed(sys.executable), bill.requirements(sys.executable)
    return bill.bill_of_materials(raw, stated, bill.pyproject())


@pytest.mark.slow
def test_the_bill_of_this_environment_is_valid_and_holds_what_is_needed(made):
    assert bill.invalid(made) == ""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {bill.plain(re.match(r"[\w.-]+", line)[0]) for line in project["dependencies"]}
    scopes = {bill.plain(c["name"]): c["scope"] for c in made["components"]}
    assert {name for name in wanted if scopes.get(name) != "required"} == set()
    assert not {"pytest", "ruff", "mypy", "hypothesis"} & set(scopes)
    for component in made["components"]:
        if component["type"] == "library":
            assert component["version"] == metadata.version(component["name"])
            assert component["purl"].endswith(f"@{component['version']}")
    refs = {component["bom-ref"] for component in made["components"]}
    root = made["metadata"]["component"]["bom-ref"]
    for line in made["dependencies"]:
        assert {line["ref"], *line["dependsOn"]} <= refs | {root}


@pytest.mark.slow
def test_nothing_that_is_needed_is_under_a_licence_that_must_be_passed_on(made):
    for component in made["components"]:
        if component["scope"] == "required":
            said = json.dumps(component.get("licenses", []))
            assert not re.search(r"\b[AL]?GPL", said), (component["name"], said)


@pytest.mark.slow
def test_both_networks_stand_in_it_with_hash_licence_and_card(made):
    models = {c["name"]: c for c in made["components"] if c["type"] == "machine-learning-model"}
    files = sorted((ROOT / "kyphometer" / "endplates" / "models").glob("*.onnx"))
    assert set(models) == {path.stem for path in files}
    for path in files:
        model = models[path.stem]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert model["hashes"] == [{"alg": "SHA-256", "content": digest}]
        assert model["licenses"]
        assert model["modelCard"]["considerations"]["technicalLimitations"]


@pytest.mark.slow
def test_it_holds_no_address_and_no_place_of_this_machine(made):
    text = json.dumps(made)
    assert set(re.findall(r"\w+://[^\"\s]+", text)) == {made["$schema"]}
    for place in (str(ROOT), sys.prefix, str(Path.home())):
        assert place not in text


def test_a_bill_that_is_none_is_refused():
    assert bill.invalid({"bomFormat": "CycloneDX", "specVersion": "1.6", "nonsense": 1}) != ""


def test_extras_lead_to_what_they_bring_and_markers_count():
    stated = {
        "a": ["b[x]", 'c; extra == "y"', 'd; python_version < "3"'],
        "b": ['e; extra == "x"', 'f; extra == "z"'],
        "e": ["a"],
    }
    assert bill.closure(["a>=1"], stated) == {"a": {"b"}, "b": {"e"}, "e": {"a"}}
    assert set(bill.closure(["A[y]"], stated)) == {"a", "b", "c", "e"}


def test_what_is_not_installed_stops_it():
    raw = {"components": [], "dependencies": [], "metadata": {"component": {}, "tools": {}}}
    project = {"dependencies": ["numpy>=2"], "optional-dependencies": {}}
    with pytest.raises(SystemExit, match="numpy"):
        bill.bill_of_materials(raw, {}, project)


def test_a_network_that_is_not_its_card_s_stops_it(tmp_path):
    source = ROOT / "kyphometer" / "endplates" / "models" / "rim-corners.json"
    (tmp_path / "rim-corners.json").write_bytes(source.read_bytes())
    (tmp_path / "rim-corners.onnx").write_bytes(b"other")
    with pytest.raises(SystemExit, match="rim-corners"):
        bill.network(tmp_path / "rim-corners.onnx")
