"""The pages of the API: every public name is there, documented as numpydoc asks, and they build."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kyphometer

ROOT = Path(__file__).parent.parent
NAMES = sorted(set(kyphometer.__all__) - {"__version__"})

# Left out: a See Also, Examples or Returns section for everything, types beside the signature's,
# and an infinitive where a noun says more. Fields of dataclasses stand under Attributes.
CHECKS = {
    "GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL09", "GL10",
    "SS01", "SS02", "SS03", "SS04", "SS06",
    "PR02", "PR03", "PR05", "PR06", "PR07", "PR08", "PR09", "PR10",
    "RT02", "SA02", "SA03", "SA04", "EX02", "EX03", "EX04",
}  # fmt: skip


def documented():
    """Dotted names of what is public, with the public methods and properties of classes."""
    for name in NAMES:
        found = getattr(kyphometer, name)
        dotted = f"{found.__module__}.{found.__qualname__}"
        yield dotted
        if inspect.isclass(found):
            for member, value in vars(found).items():
                plain = inspect.isfunction(value) or isinstance(value, (property, classmethod))
                if plain and not member.startswith("_"):
                    yield f"{dotted}.{member}"


@pytest.mark.parametrize("dotted", sorted(set(documented())))
def test_docstring_is_there_and_in_numpydocs_form(dotted):
    validate = pytest.importorskip("numpydoc.validate").validate
    faults = {code: text for code, text in validate(dotted)["errors"] if code in CHECKS}
    assert faults == {}


def test_the_page_of_the_front_door_names_everything_once():
    page = (ROOT / "docs" / "api" / "index.md").read_text("utf-8")
    assert sorted(re.findall(r"^::: kyphometer\.(\w+)$", page, re.MULTILINE)) == NAMES


def test_every_guide_is_in_the_menu():
    menu = (ROOT / "mkdocs.yml").read_text("utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        assert f": {page.relative_to(ROOT / 'docs').as_posix()}\n" in menu


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings_handlers.python")
    words = ["-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "api" / "index.html").read_text("utf-8")
    for name in NAMES:
        assert f'id="kyphometer.{name}"' in page
