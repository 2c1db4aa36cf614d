"""Pointers from code and tests into docs/science.md, and its own figures."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from kyphometer.followup.windows import DEFAULT_WINDOWS
from kyphometer.measure.definitions import ANGLES
from kyphometer.measure.genant import BOUNDS_PERCENT
from kyphometer.measure.uncertainty import DEFAULT_CORNER_SD_MM
from kyphometer.reliability import films_for_icc

ROOT = Path(__file__).parent.parent
SCIENCE = (ROOT / "docs" / "science.md").read_text("utf-8")
POINTER = re.compile(r"science\.md#([a-z0-9-]+)")
SOURCES = sorted(p for part in ("kyphometer", "tests") for p in (ROOT / part).rglob("*.py"))


def anchor(heading):
    """How GitHub and MkDocs make an anchor of a heading of plain words."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).strip().replace(" ", "-")


def section(name):
    parts = re.split(r"^## (.*)$", SCIENCE, flags=re.MULTILINE)
    return next(body for head, body in zip(parts[1::2], parts[2::2], strict=True) if head == name)


ANCHORS = {anchor(heading) for heading in re.findall(r"^## (.*)$", SCIENCE, re.MULTILINE)}


def test_every_pointer_leads_to_a_section():
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        if path != Path(__file__)
        for name in POINTER.findall(path.read_text("utf-8"))
    }
    assert len(found) >= 40
    assert {line for line in found if line.split(": ")[1] not in ANCHORS} == set()


def test_links_within_the_page_resolve():
    assert set(re.findall(r"\]\(#([a-z0-9-]+)\)", SCIENCE)) <= ANCHORS


def test_nothing_points_to_a_document_that_is_not_here():
    old = re.compile(r"\b(SCIENCE \d|DESIGN\b)")
    assert [p for p in SOURCES if p != Path(__file__) and old.search(p.read_text("utf-8"))] == []


def test_the_page_states_the_angles_of_the_registry():
    for code in ("VKA", "RKA", "GA", "MONO_CAUDAL", "ADJ", "PTA"):
        assert code in ANGLES
        assert f"| {code} |" in section("Angles")


@pytest.mark.parametrize("window", DEFAULT_WINDOWS.windows[1:], ids=lambda w: w.label)
def test_the_page_states_the_windows(window):
    row = next(line for line in section("Visits").splitlines() if f"| {window.label} |" in line)
    assert f"{window.tolerance[0]} to {window.tolerance[1]}" in row
    assert f"{window.analysis[0]} to {window.analysis[1]}" in row


def test_the_page_states_the_thresholds():
    assert f"{DEFAULT_CORNER_SD_MM} mm on each axis" in section("Manual readers")
    low, middle, high = (f"{bound:.0f}" for bound in BOUNDS_PERCENT)
    assert f"[{low}, {middle}), [{middle}, {high})" in section("Heights")


def test_the_pages_corner_noise_is_its_formula():
    factor = 180 / math.pi * 2
    words = section("Corner noise")
    assert f"{factor:.1f} s/L" in words
    assert f"{factor / math.sqrt(2):.1f} s/L" in words
    assert f"{factor * 1.959964 * math.sqrt(2):.1f} s/L" in words
    for sd in (0.5, 0.75):
        assert f"{factor * sd / 33:.2f}" in words


def test_the_pages_sample_sizes_are_what_the_program_plans():
    rows = re.findall(r"\| (0\.\d+) → (0\.\d+) \| (\d+) \| (\d+) \| (\d+) \|", SCIENCE)
    assert len(rows) == 4
    for null, expected, *sizes in rows:
        planned = [films_for_icc(float(null), float(expected), k) for k in (2, 3, 4)]
        assert [getattr(size, "n", size) for size in planned] == [int(n) for n in sizes]


def test_every_doi_is_a_link_to_itself():
    links = re.findall(r"\[(10\.\d{4,}/\S+)\]\(https://doi\.org/(\S+)\) ", section("Sources"))
    assert len(links) >= 20
    for shown, target in links:
        assert target.replace("%3C", "<").replace("%3E", ">") == shown
