"""Whole films proposed without a click: bodies, levels, doubt, refusals, and what is measured."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from kyphometer.anatomy import Level
from kyphometer.cli import main
from kyphometer.detect import detect
from kyphometer.detect.agreement import agreed, likeliest, overlap
from kyphometer.detect.candidates import Candidate
from kyphometer.detect.chain import best_chain, trimmed
from kyphometer.detect.model import LEVELS, detector_model
from kyphometer.detect.numbering import number
from kyphometer.detect.proposal import ProposedBody, lateral_odds
from kyphometer.detect.search import Column
from kyphometer.detect.shape import MEANS, shape_odds
from kyphometer.endplates.corners import vertebra_corners
from kyphometer.errors import DoubtfulBodiesError, NoLateralSpineError
from kyphometer.phantom import FilmFormat, simulate_film
from kyphometer.reading import MarkSource
from kyphometer.reading.document import read_reading
from kyphometer.reading.proposed import MOST_DOUBT, may_be_taken
from kyphometer.workflow.proposals import body_rows, propose_file, taken_unseen
from kyphometer.workflow.watch import Watch

SAMPLE = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001" / "pre-op.dcm"
FORMAT = FilmFormat(rows=560, columns=300, pitch_mm=0.6)


def square(x, y, *, depth=30.0, height=24.0, chance=0.8):
    """A body of that size about a point."""
    half = np.array([depth, height]) / 2
    corners = np.array([x, y]) + np.array([(-1, -1), (1, -1), (-1, 1), (1, 1)]) * half
    levels = np.full(len(LEVELS), -np.log(len(LEVELS)))
    return Candidate(
        corners=corners, chance=chance, right=-2.0, fractured=-2.0, spread=0.05, levels=levels
    )


def tower(count, *, step=30.0, **known):
    """Bodies right below each other, a fifth of a depth apart."""
    return [square(100.0, 40.0 + step * at, **known) for at in range(count)]


@pytest.fixture(scope="module")
def simulated():
    return simulate_film("clean", 40123, film_format=FORMAT)


@pytest.fixture(scope="module")
def proposal(simulated):
    return detect(simulated.film)


def centres(film, reading):
    factors = np.array(film.geometry.scale)
    sign = film.facing.sign
    return {
        level: vertebra_corners(vertebra, factors, sign).mean(axis=0) / factors
        for level, vertebra in reading.vertebrae.items()
        if vertebra.superior and vertebra.inferior
    }


def test_the_bodies_of_a_clean_film_are_found_where_they_are(simulated, proposal):
    true = {n: c for n, c in centres(simulated, simulated.truth).items() if n is not Level.S1}
    found = np.array(list(centres(simulated, proposal.reading).values()))
    off = [np.hypot(*(found - centre).T).min() * FORMAT.pitch_mm for centre in true.values()]
    assert np.mean(np.array(off) < 5.0) >= 0.8
    assert len(found) <= len(true) + 1


def test_a_proposal_is_confirmed_by_nobody_and_says_so(proposal):
    reading = proposal.reading
    marks = [
        mark
        for vertebra in reading.vertebrae.values()
        for plate in (vertebra.superior, vertebra.inferior)
        for mark in plate.landmarks.values()
    ]
    assert {mark.source for mark in marks} == {MarkSource.DETECTED}
    assert all(mark.raw is None and mark.covariance is not None for mark in marks)
    assert (reading.observer, reading.fractured_levels) == (None, ())
    assert "confirmed by nobody" in str(proposal.notes[0])


def test_a_mirrored_film_gives_the_mirrored_proposal(simulated, proposal):
    film = simulated.film
    other = detect(replace(film, pixels=np.ascontiguousarray(film.pixels[:, ::-1])))
    assert other.reading.facing is not proposal.reading.facing
    here, there = (
        np.array(sorted(c[1] for c in centres(simulated, p.reading).values()))
        for p in (proposal, other)
    )
    near = [np.abs(there - y).min() * FORMAT.pitch_mm for y in here]
    assert np.mean(np.array(near) < 4.0) >= 0.7


def test_the_reader_s_level_decides_the_numbering(simulated, proposal):
    lowest = list(proposal.reading.vertebrae)[-1]
    other = LEVELS[LEVELS.index(lowest) - 1]
    again = detect(simulated.film, lowest=other)
    assert list(again.reading.vertebrae)[-1] is other
    assert again.numbering.is_sure
    assert "reader" in again.numbering.evidence


@pytest.mark.parametrize("kind", ["blank", "noise", "ramp"])
def test_what_is_no_spine_is_refused(simulated, kind):
    rng = np.random.default_rng(5)
    shape = simulated.film.pixels.shape
    picture = {
        "blank": np.full(shape, 700.0),
        "noise": rng.normal(2000, 300, shape),
        "ramp": np.linspace(0, 4000, shape[0])[:, None] + np.zeros(shape),
    }[kind]
    film = replace(simulated.film, pixels=picture.astype(np.uint16))
    with pytest.raises(NoLateralSpineError, match="does not look like a lateral film"):
        detect(film)


FRONT = [
    {"ViewPosition": "AP"},
    {"ViewPosition": "PA"},
    {"PatientOrientation": ["L", "F"]},
    {"ViewCodeSequence": [("399348003", "antero-posterior")]},
]


def film_with(path, **said):
    """The sample under a header that says this of its projection, and nothing else of it."""
    film = pydicom.dcmread(SAMPLE)
    for keyword in ("ViewPosition", "PatientOrientation", "ViewCodeSequence"):
        if keyword in film:
            delattr(film, keyword)
    for keyword, value in said.items():
        if keyword == "ViewCodeSequence":
            value = [Dataset() for _ in value]
            ((value[0].CodeValue, value[0].CodeMeaning),) = said[keyword]
            value[0].CodingSchemeDesignator = "SCT"
        setattr(film, keyword, value)
    film.save_as(path)
    return path


@pytest.mark.parametrize("said", FRONT)
def test_a_film_that_is_frontal_by_its_header_is_refused(tmp_path, capsys, said):
    """The picture is lateral: only the header can refuse it."""
    path = film_with(tmp_path / "front.dcm", **said)
    assert main(["detect", str(path), "--out", str(tmp_path / "r.json")]) == 10
    english = capsys.readouterr().err
    assert "By its header (" in english
    assert "this is no lateral film" in english
    assert main(["--language", "vi", "measure", str(path), "--auto"]) == 10
    assert "đây không phải phim nghiêng" in capsys.readouterr().err
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"ViewPosition": "LL"},
        {"ViewPosition": "AP", "PatientOrientation": ["A", "F"]},
        {"SeriesDescription": "LWS AP"},
    ],
)
def test_a_header_that_says_lateral_nothing_or_both_refuses_no_film(tmp_path, said):
    path = film_with(tmp_path / "film.dcm", **said)
    assert len(propose_file(path)[1].bodies) >= 3


def test_who_says_where_anterior_lies_overrules_the_header(tmp_path):
    path = film_with(tmp_path / "film.dcm", ViewPosition="AP")
    _film, proposal = propose_file(path, facing="left")
    assert len(proposal.bodies) >= 3


def test_a_tower_of_bodies_is_one_chain_and_what_lies_beside_is_not_in_it():
    bodies = tower(6)
    chain = best_chain([*bodies, square(180, 100), square(100, 52, chance=0.5)])
    assert chain is not None
    assert [body.centre.tolist() for body in chain.bodies] == [b.centre.tolist() for b in bodies]
    assert chain.missed == ()


def test_a_body_that_is_hidden_is_counted():
    bodies = tower(6)
    chain = best_chain(bodies[:3] + bodies[4:])
    assert chain is not None
    assert chain.missed == (2,)
    assert chain.offsets.tolist() == [0, 1, 2, 4, 5]


def test_bodies_that_do_not_agree_where_anterior_is_are_no_lateral_spine():
    bodies = [square(0, 40 * n) for n in range(4)]
    assert lateral_odds([replace(body, right=-3.0) for body in bodies]) > 0
    assert lateral_odds([replace(body, right=3.0) for body in bodies]) > 0
    assert lateral_odds([replace(body, right=3.0 * (-1) ** n) for n, body in enumerate(bodies)]) < 0
    assert lateral_odds([replace(body, right=-2.0, chance=0.35) for body in bodies]) < 0


def test_doubt_grows_with_scatter_and_without_rims():
    """Closed form: the logistic of docs/detect.md, e.g. odds of -2.7 - 2.8 + 1.71."""
    body = ProposedBody(level=Level.L1, chance=0.8, expected_error=0.05, refined=True)
    assert body.doubt == pytest.approx(0.0221, abs=1e-4)
    assert replace(body, refined=False).doubt == pytest.approx(0.2709, abs=1e-4)
    assert replace(body, expected_error=0.2).doubt > 0.7


def test_one_key_takes_refined_bodies_with_a_doubt_below_a_tenth(proposal):
    """Odds of -2.7 - 2.8 + 34.2 e are those of a tenth, -log 9, where e is (5.5 - log 9) / 34.2."""
    edge = (5.5 - np.log(9.0)) / 34.2
    body = ProposedBody(level=Level.L1, chance=0.4, expected_error=edge - 1e-6, refined=True)
    assert body.likely
    assert not replace(body, expected_error=edge + 1e-6).likely
    assert not replace(body, refined=False, expected_error=0.0).likely
    assert not may_be_taken(refined=True, doubt=MOST_DOUBT)
    assert not may_be_taken(refined=True, doubt=float("nan"))
    first, *others = proposal.bodies
    mixed = replace(proposal, bodies=(replace(first, refined=False), *others))
    taken = [body.level for body in mixed.bodies if body.likely]
    assert first.level not in taken
    assert list(mixed.likely_reading().vertebrae) == taken
    assert first in [replace(body, refined=first.refined) for body in mixed.doubtful]


def test_doubt_tells_which_corners_of_a_film_are_off(simulated, proposal):
    rows = {row["level"]: row for row in body_rows(proposal)}
    for body in proposal.bodies:
        assert rows[str(body.level)]["doubt"] == pytest.approx(body.doubt, abs=1e-4)
    assert np.median([body.doubt for body in proposal.bodies]) < 0.2


def test_faint_ends_are_cut_off_and_hidden_bodies_move_along():
    bodies = tower(6)
    bodies[0] = square(100, 40, chance=0.1)
    chain = best_chain(bodies[:3] + bodies[4:])
    assert chain is not None
    cut = trimmed(chain, 0.3, lambda _body: True)
    assert cut is not None
    assert (len(cut.bodies), cut.missed) == (4, (1,))
    assert trimmed(chain, 0.3, lambda _body: False) is None


def test_views_that_agree_give_the_mean_and_a_view_that_sees_nothing_counts():
    one, other = square(100, 40, chance=0.9), square(104, 40, chance=0.6)
    (body,) = agreed([[one], [other], []])
    assert body.chance == pytest.approx(0.5)
    assert body.centre.tolist() == pytest.approx([102.0, 40.0])
    assert body.spread > one.spread
    assert [b.chance for b in likeliest([[one], [other]])] == [0.9]


def test_overlap_is_the_part_of_the_smaller_body():
    body = square(100, 40)
    assert overlap(body.corners, body.corners) == pytest.approx(1.0)
    assert overlap(body.corners, square(115, 40).corners) == pytest.approx(0.5)
    assert overlap(body.corners, square(100, 80).corners) == 0.0


def test_a_mirrored_candidate_keeps_its_order_of_corners():
    body = square(100, 40)
    mirrored = body.moved(np.array([[-1.0, 0.0, 200.0], [0.0, 1.0, 0.0]]))
    assert mirrored.corners.tolist() == body.corners.tolist()
    assert mirrored.right == -body.right


@pytest.mark.parametrize("first", [4, 8, 12])
def test_a_column_of_mean_shape_is_numbered_by_it(first):
    """Bodies made of the table itself: height by depth, disc and angle of each level."""
    bodies, top, angle = [], np.array([100.0, 50.0]), 0.0
    for height, gap, bend in MEANS[first : first + 6]:
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        tall = 40.0 * np.exp(height)
        local = np.array([(-20, 0), (20, 0), (-20, tall), (20, tall)], float)
        body = square(0, 0)
        bodies.append(replace(body, corners=top + local @ turn.T))
        if not np.isnan(gap):
            angle += np.radians(bend)
            top = top + np.array([0.0, tall + 40.0 * gap]) @ turn.T
    odds = shape_odds(bodies, [False] * len(bodies), -1)
    sums = [odds[range(6), range(at, at + 6)].sum() for at in range(len(LEVELS) - 5)]
    assert abs(int(np.argmax(sums)) - first) <= 1


def test_the_sacrum_makes_the_lowest_body_l5_and_without_it_nothing_is_sure():
    chain = best_chain(tower(5))
    assert chain is not None
    with_it, without = (number(Column(chain, seen), -1) for seen in (0.95, 0.0))
    assert with_it.levels[-1] is Level.L5
    assert with_it.probability > without.probability
    assert not without.is_sure


def test_the_network_is_small_and_runs_on_any_size():
    model = detector_model()
    assert model.card["parameters"] <= 3_000_000
    maps = model.maps(np.zeros((2, 70, 45), np.float32))
    assert maps.body.shape == (18, 12)


@pytest.fixture(scope="module")
def unread(tmp_path_factory):
    """A sample film without its reading."""
    folder = tmp_path_factory.mktemp("unread")
    shutil.copy(SAMPLE, folder / "film.dcm")
    return folder / "film.dcm"


def test_detect_writes_a_reading_and_prints_its_doubts(unread, tmp_path, capsys):
    out = tmp_path / "proposed.json"
    status = main(["detect", str(unread), "--out", str(out), "--lowest", "L4", "--format", "json"])
    told = json.loads(capsys.readouterr().out)
    assert status == 0
    reading = read_reading(out)
    assert reading.observer is None
    assert [str(n) for n in reading.vertebrae] == [body["level"] for body in told["bodies"]]
    assert "confirmed by nobody" in told["notes"][0]
    true = read_reading(SAMPLE.with_name("pre-op.reading.json"))
    for level in (Level.T11, Level.T12, Level.L2, Level.L3):
        here, there = (found.vertebrae[level].superior.anterior.xy for found in (reading, true))
        assert np.hypot(here.x - there.x, here.y - there.y) < 12


def test_angles_of_a_proposal_are_given_only_between_levels_that_are_known(unread, capsys):
    assert main(["measure", str(unread), "--auto"]) == 10
    assert "--lowest" in capsys.readouterr().err
    words = ["--auto", "--lowest", "L4", "--angle", "T11.superior-L2.inferior"]
    status = main(["measure", str(unread), *words])
    told = capsys.readouterr()
    assert (status, "confirmed by nobody" in told.err) == (0, True)
    assert main(["measure", str(unread), "--lowest", "L4"]) == 2


def test_a_doubtful_body_is_not_measured_unseen_and_named(unread):
    _film, proposal = propose_file(unread, lowest="L4")
    sure = [replace(body, expected_error=0.01, refined=True) for body in proposal.bodies]
    whole, said = taken_unseen(replace(proposal, bodies=tuple(sure)))
    assert not any("Not measured unseen" in warning for warning in said)
    bodies = [replace(b, expected_error=0.1 if b.level is Level.L2 else 0.01) for b in sure]
    partly, said = taken_unseen(replace(proposal, bodies=tuple(bodies)))
    assert set(whole.levels) - set(partly.levels) == {Level.L2}
    doubt = next(f"{100 * body.doubt:.0f}" for body in bodies if body.level is Level.L2)
    words = f"a corner may be off by more than 3 mm: L2 (doubt {doubt} %)."
    assert any(words in warning for warning in said)
    none = tuple(replace(body, refined=False) for body in proposal.bodies)
    with pytest.raises(DoubtfulBodiesError, match="No proposed body is certain enough"):
        taken_unseen(replace(proposal, bodies=none))


def test_a_batch_measures_readings_first_and_says_what_was_only_proposed(unread, tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    shutil.copy(unread, folder / "unread.dcm")
    shutil.copy(SAMPLE, folder / "read.dcm")
    shutil.copy(SAMPLE.with_name("pre-op.reading.json"), folder / "read.reading.json")
    out = tmp_path / "all.csv"
    words = ["batch", str(folder), "--auto", "--lowest", "L4", "--out", str(out), "--workers", "1"]
    assert main(words) == 0
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    said = {row["film"]: "confirmed by nobody" in row["warnings"] for row in rows}
    assert said == {"unread.dcm": True, "read.dcm": False}


def test_a_watched_folder_has_a_proposal_for_each_new_film_and_none_twice(unread, tmp_path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(unread, folder / "new.dcm")
    shutil.copy(SAMPLE, folder / "read.dcm")
    shutil.copy(SAMPLE.with_name("pre-op.reading.json"), folder / "read.reading.json")
    (folder / "torn.dcm").write_bytes(unread.read_bytes()[:3000])
    words = ["watch", str(folder), "--out", str(out), "--once", "--json"]
    assert main(words) == 1
    told = {Path(item["film"]).name: item for item in map(json.loads, lines(capsys))}
    assert set(told) == {"new.dcm", "torn.dcm"}
    assert told["torn.dcm"]["reason"]
    document = json.loads((out / "new.dcm.proposal.json").read_text("utf-8"))
    assert (document["format"], document["version"]) == ("kyphometer-proposal", 1)
    assert [body["level"] for body in document["bodies"]] == told["new.dcm"]["levels"]
    assert main(words) == 0
    assert lines(capsys) == []


def test_a_film_that_is_still_being_written_waits_for_the_next_round(unread, tmp_path):
    film = tmp_path / "film.dcm"
    whole = unread.read_bytes()
    watch = Watch(folder=tmp_path, out=tmp_path)
    film.write_bytes(whole[:2000])
    assert list(watch.round()) == []
    film.write_bytes(whole)
    assert list(watch.round()) == []
    (item,) = watch.round()
    assert (item.film, item.reason) == (film, "")
    assert list(watch.round()) == []


def lines(capsys):
    return capsys.readouterr().out.splitlines()
