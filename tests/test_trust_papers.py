"""Hazards, promises and security: what the papers name is in the repository."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HAZARDS = (ROOT / "docs" / "hazards.md").read_text("utf-8")
TEST_ID = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
CODE = re.compile(r"`(kyphometer/[\w./-]+?)(?::(\w+))?`")
SECTION = re.compile(r"^## (H\d\d) (.+)$", re.MULTILINE)


@cache
def names(path: Path) -> frozenset[str]:
    """Functions and classes that a module defines at its top."""
    body = ast.parse(path.read_text("utf-8")).body
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(node.name for node in body if isinstance(node, kinds))


def missing(text: str) -> list[str]:
    """Test ids and places in the code that a text names and that are not there."""
    gone = []
    for file, test in TEST_ID.findall(text):
        path = ROOT / file
        if not path.is_file() or test not in names(path):
            gone.append(f"{file}::{test}")
    for file, name in CODE.findall(text):
        path = ROOT / file
        known = path.exists() and (not name or (path.is_file() and name in names(path)))
        if not known:
            gone.append(f"{file}:{name}")
    return gone


def hazards() -> dict[str, str]:
    """Sections by number."""
    parts = SECTION.split(HAZARDS)
    return {parts[i]: parts[i + 2] for i in range(1, len(parts), 3)}


def test_the_search_for_names_misses_nothing():
    assert missing("`tests/test_trust_papers.py::test_not_there`") != []
    assert missing("`tests/test_not_there.py::test_one`") != []
    assert missing("`kyphometer/geometry.py:NotThere`") != []
    assert missing("`kyphometer/not_there.py`") != []
    own = "`tests/test_trust_papers.py::test_the_search_for_names_misses_nothing`"
    assert missing(f"{own} `kyphometer/geometry.py:PixelGeometry`") == []


def test_hazards_are_numbered_in_order():
    numbers = [int(number[1:]) for number, _ in SECTION.findall(HAZARDS)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 20


@pytest.mark.parametrize("number", hazards())
def test_each_hazard_has_harm_controls_tests_and_what_is_left(number):
    text = hazards()[number]
    assert re.search(r"^Harm: \S", text, re.MULTILINE)
    assert re.search(r"^Left over: \S", text, re.MULTILINE)
    controls = re.findall(r"^- .+$", text, re.MULTILINE)
    assert controls
    for control in controls:
        assert CODE.search(control), control
        assert TEST_ID.search(control), control
    assert missing(text) == []


def test_what_the_security_page_says_is_tested():
    page = (ROOT / "SECURITY.md").read_text("utf-8")
    assert missing(page) == []
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 8
    for row in rows:
        assert TEST_ID.search(row), row
    for place in re.findall(r"\]\(([\w/]+\.md)\)", page):
        assert (ROOT / place).is_file(), place


PROMISES = (ROOT / "docs" / "promises.md").read_text("utf-8")
PAGE = re.compile(r"^## (\S+\.md)$", re.MULTILINE)
PROMISE = re.compile(r'^- "(.+)": (`tests/.+`)$')


def promises() -> dict[str, list[str]]:
    """Lines of promises by page, as paths below docs."""
    parts = PAGE.split(PROMISES)
    return {
        parts[i]: [line for line in parts[i + 1].splitlines() if line.strip()]
        for i in range(1, len(parts), 2)
    }


def flowing(text: str) -> str:
    """Text without line ends and the marks of lists and tables at a line's beginning."""
    return re.sub(r"\s+", " ", re.sub(r"^\s*(?:[-*>]|\d+\.)\s+", "", text, flags=re.MULTILINE))


@pytest.mark.parametrize("page", promises())
def test_each_promise_stands_on_its_page_and_its_tests_are_there(page):
    said = flowing((ROOT / "docs" / page).read_text("utf-8"))
    for line in promises()[page]:
        found = PROMISE.match(line)
        assert found, line
        quote, tests = found.groups()
        assert quote in said, quote
        assert TEST_ID.sub("", tests).strip(", ") == "", tests
        assert missing(line) == []


def test_no_page_is_without_a_promise():
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert pages | {"../README.md"} == set(promises())
    assert all(promises().values())
