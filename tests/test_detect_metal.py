"""Metal and cement within bodies: the rule at its edges, and what is named on simulated films."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from kyphometer.anatomy import Level
from kyphometer.detect import detect
from kyphometer.detect.proposal import ProposedBody
from kyphometer.endplates.corners import vertebra_corners
from kyphometer.endplates.metal import FILLED, LEAST_SHARE, PIXELS, metal_share
from kyphometer.messages import speaking
from kyphometer.phantom import FilmFormat, simulate_film
from kyphometer.reading.document import reading_to_dict
from kyphometer.workflow.proposals import proposal_document
from kyphometer.workflow.waiting import doubt_of

FORMAT = FilmFormat(rows=760, columns=420, pitch_mm=0.5)
CORNERS = np.array([(-0.5, -0.4), (0.5, -0.4), (-0.5, 0.4), (0.5, 0.4)])
BONE, CORTEX, DISC = 500.0, 560.0, 200.0


def column(filling=None, *, size=160):
    """Three bodies above each other, drawn; the middle one filled with (grey, half width)."""
    crop = np.full((size, size), DISC, np.float32)
    scale = size / 2.0
    for middle in (-1.0, 0.0, 1.0):
        box = np.array([(-0.5, middle - 0.4), (0.5, middle + 0.4)])
        (x0, y0), (x1, y1) = np.round((box + 1.0) * scale).astype(int)
        cv2.rectangle(crop, (x0, y0), (x1, y1), CORTEX, -1)
        cv2.rectangle(crop, (x0 + 3, y0 + 3), (x1 - 3, y1 - 3), BONE, -1)
    if filling is not None:
        grey, half = filling
        low, high = np.round((np.array([-half, half]) + 1.0) * scale).astype(int)
        cv2.rectangle(crop, (low, low), (high, high), grey, -1)
    return crop + np.random.default_rng(1).normal(0, 4, crop.shape).astype(np.float32)


def share(crop, *, on_mask=0):
    """What is filled, and what the mask of screws has: none of these plain pictures, or some."""
    mask = np.zeros((PIXELS, PIXELS), np.bool_)
    mask[PIXELS // 2 :, :on_mask] = True
    return metal_share(mask, crop, 2.0, CORNERS)


def test_bone_is_no_metal_and_a_wide_filling_is():
    assert share(column()) == 0.0
    assert share(column(), on_mask=PIXELS // 2) == pytest.approx(0.25, abs=0.03)
    inside = 4 * 0.3 * 0.3 / (0.8 * 0.8 * 1.0 * 0.8)
    assert share(column((900.0, 0.3))) == pytest.approx(inside, abs=0.12)


def test_a_filling_counts_from_its_brightness_on():
    """Over the cortex by a quarter of the range, over the neighbour's bone by two fifths."""
    crop = cv2.GaussianBlur(column(), (0, 0), 2.0)
    reach = float(np.ptp(np.percentile(crop, (10, 90))))
    edge = max(CORTEX + FILLED[1] * reach, BONE + FILLED[0] * reach)
    assert share(column((edge - 25.0, 0.3))) == 0.0
    assert share(column((edge + 45.0, 0.3))) > FILLED[2]


def test_a_small_bright_spot_is_no_filling():
    """A spot of a tenth of the inside is left to the mask of screws, one of a third is not."""
    spot, blob = (0.5 * np.sqrt(part * 0.8 * 0.8 * 0.8) for part in (0.1, 0.35))
    small, large = (share(column((900.0, half))) for half in (spot, blob))
    assert (small, large > FILLED[2]) == (0.0, True)


def test_a_body_holds_metal_from_the_least_share_on():
    body = ProposedBody(level=Level.L1, chance=0.9, expected_error=0.01, refined=True)
    assert not body.holds_metal
    assert replace(body, metal=LEAST_SHARE).holds_metal
    assert not replace(body, metal=LEAST_SHARE - 1e-6).holds_metal


@pytest.fixture(scope="module")
def instrumented():
    film = simulate_film("instrumented", 991_777_003, film_format=FORMAT)
    return film, detect(film.film)


def test_levels_with_screws_are_named_and_others_are_not(instrumented):
    film, proposal = instrumented
    factors, sign = np.array(film.geometry.scale), film.facing.sign
    held = {}
    for level, body in proposal.reading.vertebrae.items():
        corners = vertebra_corners(body, factors, sign) / factors
        drawn = np.zeros(film.metal.shape, np.uint8)
        cv2.fillPoly(drawn, [np.round(corners[[0, 1, 3, 2]]).astype(np.int32)], 1)
        held[level] = float(film.metal[drawn > 0].mean())
    said = {body.level: body.holds_metal for body in proposal.bodies}
    clear = {level: part > 0.05 for level, part in held.items() if not 0 < part <= 0.05}
    assert {True, False} == set(clear.values())
    assert {level: said[level] for level in clear} == clear


def test_it_is_told_with_a_code_in_both_languages_and_kept(instrumented):
    _film, proposal = instrumented
    levels = [body.level for body in proposal.bodies if body.holds_metal]
    (note,) = [note for note in proposal.notes if note.key == "detect.metal"]
    assert all(str(level) in str(note) for level in levels)
    with speaking("vi"):
        assert "kim loại hoặc xi măng" in str(note)
    document = json.loads(json.dumps(proposal_document(proposal)))
    kept = {body["level"] for body in document["bodies"] if body["holds_metal"]}
    assert kept == {str(level) for level in levels}
    assert max(body["metal_percent"] for body in document["bodies"]) > 5
    assert "metal" not in json.dumps(reading_to_dict(proposal.reading)["vertebrae"])
    assert doubt_of(document).levels == tuple(str(body.level) for body in proposal.bodies)


def test_a_film_without_implants_has_no_such_note():
    film = simulate_film(
        "clean", 40123, film_format=FilmFormat(rows=560, columns=300, pitch_mm=0.6)
    )
    proposal = detect(film.film)
    assert not any(note.key == "detect.metal" for note in proposal.notes)
    assert all(body.metal == 0.0 for body in proposal.bodies if body.refined)
