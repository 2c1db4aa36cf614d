"""Two observers adjudicated by a third: the mean, its provenance, and what tables use."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from consensus_study import make_study, moved, truth_of
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.cli import main
from kyphometer.errors import ReadingError, ReadingFormatError, UnknownRecordError
from kyphometer.film import FilmReference
from kyphometer.geometry import Facing, Point
from kyphometer.measure import measure_reading
from kyphometer.reading import (
    Consensus,
    ConsensusPart,
    Endplate,
    KnownSize,
    Landmark,
    MarkSource,
    NotMeasurable,
    Reading,
    ScaleKind,
    Vertebra,
)
from kyphometer.reading.consensus import mean_reading
from kyphometer.reading.document import reading_from_dict, reading_to_dict
from kyphometer.store.study.study import Study
from kyphometer.workflow.consensus import (
    candidates,
    document_hash,
    make_consensus,
    named,
    open_films,
    proposed,
)
from kyphometer.workflow.deidentified import deidentify_source
from kyphometer.workflow.reliability import collect_readings
from kyphometer.workflow.study import AnalysisChoices, analyse_study

FILM = FilmReference(rows=100, columns=100, sop_instance_uid="1.2.3")


def plate(dx=0.0, dy=0.0, covariance=None):
    def mark(x, y):
        return Landmark(xy=Point(x + dx, y + dy), covariance=covariance)

    return Endplate(anterior=mark(10, 20), posterior=mark(40, 20))


def reading(plates, **facts):
    made = {
        level: Vertebra(level=level, **{side.value: plate})
        for (level, side), plate in plates.items()
    }
    return Reading(film=FILM, vertebrae=made, **facts)


L1 = (Level.L1, EndplateSide.SUPERIOR)
T12 = (Level.T12, EndplateSide.SUPERIOR)
coordinate = st.floats(-20, 20)


@given(st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=5))
def test_a_mean_corner_is_the_mean_of_the_corners(shifts):
    made = mean_reading([reading({L1: plate(*shift)}) for shift in shifts])
    xy = made.vertebrae[Level.L1].superior.anterior.xy
    assert xy.x == pytest.approx(10 + sum(dx for dx, _ in shifts) / len(shifts), abs=1e-9)
    assert xy.y == pytest.approx(20 + sum(dy for _, dy in shifts) / len(shifts), abs=1e-9)


def test_what_one_alone_marked_is_taken_from_that_one():
    one = reading({L1: plate(), T12: plate(1, 1)})
    other = reading(
        {L1: plate(2, 0)},
        not_measurable=(
            NotMeasurable(level=Level.T12, endplate=EndplateSide.SUPERIOR, reason="hidden"),
            NotMeasurable(level=Level.L2, endplate=EndplateSide.SUPERIOR, reason="outside"),
        ),
    )
    made = mean_reading([one, other])
    assert made.vertebrae[Level.T12] == one.vertebrae[Level.T12]
    assert made.vertebrae[Level.L1].superior.anterior.xy == Point(11, 20)
    assert [item.level for item in made.not_measurable] == [Level.L2]


def test_a_mean_is_not_stated_to_be_better_known_than_what_it_is_made_of():
    small, large = ((1.0, 0.0), (0.0, 2.0)), ((3.0, 1.0), (1.0, 4.0))
    both = mean_reading([reading({L1: plate(covariance=c)}) for c in (small, large)])
    assert both.vertebrae[Level.L1].superior.anterior.covariance == ((2.0, 0.5), (0.5, 3.0))
    one = mean_reading([reading({L1: plate(covariance=small)}), reading({L1: plate()})])
    assert one.vertebrae[Level.L1].superior.anterior.covariance is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"fractured_levels": (Level.L1,)}, {"fractured_levels": (Level.L2,)}),
        ({"facing": Facing.LEFT}, {"facing": Facing.RIGHT}),
    ],
)
def test_readings_that_contradict_each_other_have_no_mean(first, second):
    with pytest.raises(ReadingError, match="choose one"):
        mean_reading([reading({L1: plate()}, **first), reading({L1: plate()}, **second)])


def test_provenance_is_written_and_read_again():
    parts = (
        ConsensusPart(sha256="a" * 64, used=True, observer="AN", version=2),
        ConsensusPart(sha256="b" * 64, used=False),
    )
    made = reading({L1: plate()}, consensus=Consensus(of=parts, edited=True))
    document = json.loads(json.dumps(reading_to_dict(made)))
    assert reading_from_dict(document) == made
    assert made.consensus.method == "chosen"
    document["consensus"]["of"][0]["used"] = False
    with pytest.raises(ReadingFormatError, match="consensus"):
        reading_from_dict(document)


# ------------------------------------------------------------------------------------ a study


@pytest.fixture(scope="module")
def read_study(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("consensus"))


@pytest.fixture
def study(read_study, tmp_path):
    target = tmp_path / "copy.sqlite"
    with Study.open(read_study) as opened:
        opened.backup(target)
    with Study.open(target, actor="CC") as copied:
        copied.add_observer("CC")
        yield copied


def first_film(study):
    return next(film for film in study.films() if film.name.startswith("before"))


def angle(reading, film):
    return measure_reading(reading, film.geometry, codes=["VKA"]).all("VKA")[0].value


def test_candidates_name_nobody_and_leave_out_the_adjudicator(study):
    film = first_film(study)
    study.save_reading(truth_of(film), film.id, "CC", base_version=0)
    seen = candidates(study, film.id, "CC")
    assert {record.observer for record in seen} == {"AN", "BT"}
    assert [document_hash(record) for record in seen] == sorted(map(document_hash, seen))
    for used in ([seen[0]], seen):
        text = json.dumps(reading_to_dict(proposed(seen, used)))
        assert '"AN"' not in text
        assert '"BT"' not in text


def test_the_mean_of_opposite_errors_is_the_truth(study):
    film = first_film(study)
    record = make_consensus(study, film.id, "CC")
    assert angle(record.reading, film) == pytest.approx(angle(truth_of(film), film), abs=1e-9)
    made = record.reading.consensus
    assert (made.method, made.edited) == ("mean", False)
    assert {(part.observer, part.version) for part in made.of} == {("AN", 1), ("BT", 1)}
    assert study.check() == ()


def test_a_chosen_one_keeps_who_was_seen_and_who_was_taken(study):
    film = first_film(study)
    record = make_consensus(study, film.id, "CC", chosen="BT")
    made = record.reading.consensus
    assert made.method == "chosen"
    assert {part.observer: part.used for part in made.of} == {"AN": False, "BT": True}
    with pytest.raises(UnknownRecordError):
        make_consensus(study, film.id, "CC", chosen="ZZ")


def test_marks_that_were_moved_afterwards_are_said(study):
    film = first_film(study)
    seen = candidates(study, film.id, "CC")
    begun = proposed(seen, seen)
    history = study.history(film.id)
    assert not named(begun, history).consensus.edited
    assert named(moved(begun, 1), history).consensus.edited
    strange = Consensus(of=(*begun.consensus.of[:1], ConsensusPart(sha256="0" * 64, used=False)))
    with pytest.raises(UnknownRecordError):
        named(replace(begun, consensus=strange), history)


def test_one_reading_alone_is_no_consensus(study):
    film = first_film(study)
    with pytest.raises(ReadingError, match="two readings"):
        make_consensus(study, film.id, "AN")


def test_tables_use_the_consensus_where_there_is_one_unless_told_otherwise(study):
    film = first_film(study)
    before = analyse_study(study)
    assert before.counts.readings_used == 4
    record = make_consensus(study, film.id, "CC", chosen="AN")
    after = analyse_study(study)
    assert after.readings[film.id] == record.id
    assert after.counts.readings_used == 3
    assert after.observers == ("AN", "BT", "CC")
    assert any("consensus" in remark.sentence for remark in after.remarks)
    assert changes(after) != pytest.approx(changes(before))
    study.change_settings(replace(study.settings, use_consensus=False))
    ignored = analyse_study(study)
    assert ignored.readings == before.readings
    assert changes(ignored) == pytest.approx(changes(before))
    own = analyse_study(study, AnalysisChoices(observer="CC"))
    assert own.readings == {film.id: record.id}


def changes(results):
    """VKA of the patient from visit to visit."""
    return [
        item.value_deg
        for patient in results.cohort.corrections.of_code("VKA")
        for item in patient.angles
    ]


def test_reliability_never_counts_a_consensus_as_a_reading(study):
    before = collect_readings(study, ["VKA"])
    make_consensus(study, first_film(study).id, "CC")
    after = collect_readings(study, ["VKA"])
    assert {row.observer for row in after.table.values} == {"AN", "BT"}
    assert len(after.table.values) == len(before.table.values)


def test_the_command_lists_what_is_open_and_keeps_a_consensus(study, capsys, tmp_path):
    where = str(tmp_path / "copy.sqlite")
    film = first_film(study)
    assert main(["study", "consensus", where, "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {row["film"] for row in listed} == {item.id for item in study.films()}
    apart = [row["VKA_apart_deg"] for row in listed]
    assert all(value > 0 for value in apart)
    assert [item.film.id for item in open_films(study)] == [row["film"] for row in listed]
    words = ["study", "consensus", where, "--film", str(film.id), "--by", "CC"]
    assert main(words) == 2
    assert "--mean" in capsys.readouterr().err
    assert main([*words, "--mean", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["method"] == "mean"
    assert sorted(told["of"]) == ["AN version 1", "BT version 1"]
    assert main(["study", "consensus", where, "--format", "json"]) == 0
    assert film.id not in {row["film"] for row in json.loads(capsys.readouterr().out)}
    assert main([*words, "--mean"]) == 8  # a correction needs its reason
    assert main([*words, "--choose", "AN", "--reason", "BT marked a fragment"]) == 0
    assert study.latest_reading(film.id, "CC").version == 2
    assert main(["study", "settings", where, "--consensus", "ignore"]) == 0
    assert Study.open(where).settings.use_consensus is False


def test_sources_of_a_mean_stay_what_they_were():
    carried = replace(plate(), anterior=Landmark(xy=Point(1, 1), source=MarkSource.CARRIED))
    made = mean_reading([reading({L1: carried}), reading({L1: carried})])
    assert made.vertebrae[Level.L1].superior.anterior.source is MarkSource.CARRIED
    mixed = mean_reading([reading({L1: carried}), reading({L1: plate()})])
    assert mixed.vertebrae[Level.L1].superior.anterior.source is MarkSource.HAND


def test_a_copy_without_identity_keeps_consensus_and_scale(study, tmp_path):
    film = first_film(study)
    record = make_consensus(study, film.id, "CC", chosen="AN")
    size = KnownSize(
        kind=ScaleKind.SPHERE,
        ends=(Point(10.0, 10.0), Point(90.0, 10.0)),
        known_mm=25.0,
        known_sd_mm=0.1,
        mark_sd_mm=0.3,
    )
    study.save_reading(
        replace(record.reading, known_size=size), film.id, "CC", base_version=1, reason="a sphere"
    )
    outcome = deidentify_source(tmp_path / "copy.sqlite", tmp_path / "out")
    assert outcome.leftovers == ()

    def numbers(opened):
        found = opened.measurements(("VKA", "RKA", "HA", "HP"))
        return [(item.code, item.value, item.standard_uncertainty) for item in found]

    with Study.open(outcome.out / "study.kyphometer") as copied:
        assert numbers(copied) == numbers(study)
        kept = [one.reading for one in copied.latest_readings() if one.reading.consensus]
        assert [one.known_size for one in kept] == [size]
        [made] = [one.consensus for one in kept]
        assert made.method == "chosen"
        assert {part.version for part in made.of} == {1}
        assert not {part.observer for part in made.of} & {"AN", "BT"}
        assert copied.check() == ()
