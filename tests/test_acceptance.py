"""`kyphometer qa acceptance`: what it holds against what; it never passes by leaving out."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyphometer import __version__
from kyphometer.cli import main
from kyphometer.errors import AcceptanceRecordError
from kyphometer.measure import measure_reading
from kyphometer.reports.acceptance import acceptance_document
from kyphometer.reports.pdf import write_pdf
from kyphometer.sessions.acceptance import (
    Acceptance,
    Check,
    Expected,
    State,
    Verdict,
    differences,
    judge,
)
from kyphometer.workflow.acceptance import environment, records
from kyphometer.workflow.acceptance.run import accept, expected, find
from kyphometer.workflow.acceptance.steps import STEPS, Material
from kyphometer.workflow.simulate import draw_plans

PACKAGE = Path(environment.PACKAGE)
SLOW = ("help from the image", "carry-over", "simulated film", "study")


def as_installed(folder: Path) -> Path:
    """The package as pip leaves a wheel: its files, and the RECORD of their hashes."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / "kyphometer", ignore=ignore)
    about = folder / f"kyphometer-{__version__}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: kyphometer\nVersion: {__version__}\n"
        "Requires-Dist: numpy>=2.0\nRequires-Dist: pynetdicom ; extra == 'interop'\n"
    )
    lines = []
    for path in sorted((folder / "kyphometer").rglob("*")):
        if path.is_file():
            digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest())
            name = path.relative_to(folder).as_posix()
            lines.append(f"{name},sha256={digest.rstrip(b'=').decode()},{path.stat().st_size}")
    (about / "RECORD").write_text("\n".join(lines) + "\n")
    return folder


def there(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python with that copy of the package."""
    environ = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environ, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip


def state_of_files(folder: Path) -> str:
    code = "from kyphometer.workflow.acceptance.environment import installed; print(installed())"
    done = there(folder, "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_an_installation_as_released_passes_and_an_upgrade_is_told(tmp_path):
    folder = as_installed(tmp_path / "site")
    kept = tmp_path / "kept"
    done = there(folder, "-m", "kyphometer", "qa", "acceptance", str(kept), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["verdict"] == "passed"
    assert {check["state"] for check in told["checks"]} == {"kept"}
    assert {check["group"] for check in told["checks"]} == set(STEPS)
    assert "numpy" in told["versions"]
    assert "pynetdicom" not in told["versions"]
    [page] = kept.glob("*.pdf")
    text = "".join(p.get_textpage().get_text_range() for p in pypdfium2.PdfDocument(page))
    assert "Passed: all" in text
    for check in told["checks"]:
        assert check["name"].split(",")[0] in text
    # A run of an "older version" is what the next one is compared with.
    [record] = kept.glob("*.json")
    old = json.loads(record.read_text())
    old["versions"]["numpy"] = "1.0"
    record.write_text(json.dumps(old))
    cheap = [word for group in SLOW for word in ("--leave-out", group)]
    again = there(folder, "-m", "kyphometer", "qa", "acceptance", str(kept), *cheap)
    assert again.returncode == 1  # groups were left out
    assert "Incomplete" in again.stdout
    assert " numpy " in f" {again.stdout.replace(chr(10), ' ')} "
    assert "1.0" in again.stdout


def test_changed_added_and_missing_files_of_an_installation_are_named(tmp_path):
    folder = as_installed(tmp_path / "site")
    assert state_of_files(folder) == "as released"
    angles = folder / "kyphometer" / "measure" / "angles.py"
    angles.write_text(angles.read_text() + "\n# changed\n")
    (folder / "kyphometer" / "measure" / "other.py").write_text("")
    (folder / "kyphometer" / "py.typed").unlink()
    said = state_of_files(folder)
    for name in ("measure/angles.py", "measure/other.py", "py.typed"):
        assert name in said


def test_a_network_that_was_exchanged_breaks_it(tmp_path):
    folder = as_installed(tmp_path / "site")
    file = folder / "kyphometer" / "endplates" / "models" / "rim-corners.onnx"
    file.write_bytes(file.read_bytes() + b"\0")
    code = (
        "import json; from kyphometer.workflow.acceptance import environment as e;"
        "print(json.dumps(e.networks()))"
    )
    found = json.loads(there(folder, "-c", code).stdout)
    items = [item for item in expected() if item.group == "networks"]
    checks = judge(
        items, {("networks", name): value for name, value in found.items()}, skipped={}, failed={}
    )
    assert [c.name for c in checks if c.state is State.BROKEN] == ["rim-corners"]


def test_a_development_tree_cannot_pass():
    found = find(Material(), leave_out=set(STEPS) - {"installation"})
    if environment.installed() is None:
        assert "development tree" in found.skipped["installation"]
    checks = judge(expected(), found.values, skipped=found.skipped, failed=found.failed)
    run = Acceptance(made="", seconds=0.0, checks=checks, versions={}, parts={})
    assert run.verdict is Verdict.INCOMPLETE


def test_a_step_that_ends_with_an_error_is_broken_and_the_rest_goes_on(tmp_path):
    """Without its films: what needs them is broken with the reason, statistics are kept."""
    run, _ = accept(material=Material(tmp_path), leave_out=("study", "simulated film"))
    assert run.verdict is Verdict.FAILED
    by_group = {group: {c.state for c in run.checks if c.group == group} for group in STEPS}
    assert by_group["statistics"] == by_group["networks"] == {State.KEPT}
    assert by_group["films"] == by_group["carry-over"] == {State.BROKEN}
    assert by_group["study"] == {State.SKIPPED}
    assert all(c.note for c in run.checks if c.state is not State.KEPT)


def test_the_films_have_the_angles_that_were_asked_of_them():
    """The truth comes from the geometry of the phantom, not from a run."""
    material = Material()
    for plan in draw_plans(41)[:2]:
        measured = measure_reading(material.truth[plan.name], material.films[plan.name].geometry)
        assert measured["VKA"].value == pytest.approx(plan.targets.vka_deg, abs=1e-6)
        assert measured["RKA"].value == pytest.approx(plan.targets.rka_deg, abs=1e-6)


def test_the_list_names_printed_icc_and_hashes_of_what_ships():
    """Shrout and Fleiss 1979, table 4."""
    values = {(item.group, item.name): item.value for item in expected()}
    icc = [values["statistics", f"ICC({n},{k})"] for k in "1k" for n in (1, 2, 3)]
    assert icc == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]
    for path in (PACKAGE / "endplates" / "models").glob("*.onnx"):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert values["networks", path.stem] == values["networks", f"{path.stem}, card"] == digest


def item(value, tolerance=0.0):
    return Expected(group="g", name="n", value=value, tolerance=tolerance)


def state(expected_item, found):
    return judge([expected_item], {} if found is None else {("g", "n"): found}, skipped={},
                 failed={})[0].state  # fmt: skip


@given(st.floats(-100, 100), st.floats(1e-6, 10), st.floats(0, 0.999), st.sampled_from((-1.0, 1.0)))
def test_a_number_is_kept_within_its_tolerance_and_broken_beyond(value, tolerance, part, sign):
    assert state(item(value, tolerance), value + sign * part * tolerance * 0.999) is State.KEPT
    assert state(item(value, tolerance), value + sign * tolerance * 1.01) is State.BROKEN


@pytest.mark.parametrize("found", [float("nan"), float("inf"), "7.0", "text"])
def test_what_is_no_number_is_broken(found):
    assert state(item(7.0, 1.0), found) is State.BROKEN


def test_what_was_not_found_is_skipped_and_what_nobody_expected_is_broken():
    assert state(item(1.0), None) is State.SKIPPED
    checks = judge([], {("g", "new"): 1.0}, skipped={}, failed={})
    assert [c.state for c in checks] == [State.BROKEN]
    empty = Acceptance(made="", seconds=0.0, checks=[], versions={}, parts={})
    assert empty.verdict is Verdict.INCOMPLETE


def run_of(found, **versions):
    check = Check(group="g", name="n", state=State.KEPT, expected=1.0, found=found)
    return Acceptance(made="2026-01-02T03:04:05+00:00", seconds=1.0, checks=[check],
                      versions={"kyphometer": "1", "system": "s", "Python": "3", **versions},
                      parts={"part measure": "ab"})  # fmt: skip


def test_differences_go_from_old_to_new_and_leave_noise_out():
    assert differences(run_of(1.0), run_of(1.0 + 1e-9)) == []
    told = differences(run_of(1.0, numpy="1", gone="2"), run_of(1.5, numpy="2", new="3"))
    assert [(d.what, d.old, d.new) for d in told] == [
        ("numpy", "1", "2"), ("gone", "2", None), ("new", None, "3"), ("g: n", 1.0, 1.5),
    ]  # fmt: skip


def test_a_run_comes_back_from_its_file_and_two_of_one_second_stay_apart(tmp_path):
    run = run_of(1.0)
    first, second = records.keep_run(run, tmp_path), records.keep_run(run, tmp_path)
    assert first != second
    assert records.read_run(first) == run
    assert records.last_run(tmp_path) == second
    later = msgspec.structs.replace(run, made="2026-01-02T03:04:06+00:00")
    assert records.last_run(tmp_path) == second
    kept = records.keep_run(later, tmp_path)
    assert records.last_run(tmp_path) == kept


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "kyphometer-reading"}', "\x00"])
def test_a_file_that_is_no_run_is_refused_before_anything_is_tried(tmp_path, text, capsys):
    path = tmp_path / "acceptance-20260101T000000Z.json"
    path.write_text(text)
    with pytest.raises(AcceptanceRecordError):
        records.read_run(path)
    assert main(["qa", "acceptance", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert path.name in said.err
    assert "checking" not in said.err


def test_a_group_that_is_not_there_is_refused(tmp_path, capsys):
    assert main(["qa", "acceptance", str(tmp_path), "--leave-out", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err


def test_what_is_broken_stands_on_the_first_page(tmp_path):
    check = Check(group="numbers", name="VKA", state=State.BROKEN, expected=1.0, found=2.0)
    run = msgspec.structs.replace(run_of(1.0), checks=[check])
    write_pdf(acceptance_document(run), tmp_path / "page.pdf")
    text = pypdfium2.PdfDocument(tmp_path / "page.pdf")[0].get_textpage().get_text_range()
    assert "Failed: 1 of 1 checks is broken." in text
    assert "numbers: VKA" in text
