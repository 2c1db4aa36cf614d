"""Help from the image through the server: closer to a phantom's truth, and nothing else touched."""

from __future__ import annotations

import copy
import math
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from web_fakes import MemoryStore, film_record
from web_local import sentence, visitor

from kyphometer.dicom.write import write_dx
from kyphometer.phantom.simulate import simulate_film
from kyphometer.reading.document import reading_to_dict
from kyphometer.web.reader.agreement import Agreement


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    """A clean simulated film on disk, its true reading, and rough clicks around the truth."""
    made = simulate_film("clean", 5, fractured=True)
    path = tmp_path_factory.mktemp("phantom") / "film.dcm"
    write_dx(made.film, path, seed="assist")
    rng = np.random.default_rng(3)
    truth = reading_to_dict(made.truth)
    scale = made.film.geometry.scale[0]
    rough = copy.deepcopy(truth)
    for vertebra in rough["vertebrae"].values():
        for plate in vertebra.values():
            for name in ("anterior", "posterior"):
                shift = rng.normal(0, 1.0 / scale, 2)
                xy = plate[name]["xy"]
                plate[name] = {"xy": [xy[0] + shift[0], xy[1] + shift[1]]}
            plate["middle"] = None
    return made, path, truth, rough


@pytest.fixture
def client(phantom):
    return visitor(store_of(phantom))


def store_of(phantom):
    made, path, *_ = phantom
    rows, columns = made.film.shape
    spacing = made.film.geometry
    return MemoryStore(
        [
            film_record(
                1,
                path,
                rows=rows,
                columns=columns,
                row_mm=spacing.row_mm,
                column_mm=spacing.column_mm,
            )
        ]
    )


def assist(client, document, targets):
    return client.post("/api/films/1/assist", json={"document": document, "targets": targets})


def errors_px(document, truth, levels):
    return [
        math.dist(plate[corner]["xy"], truth["vertebrae"][level][side][corner]["xy"])
        for level in levels
        for side, plate in document["vertebrae"][level].items()
        for corner in ("anterior", "posterior")
    ]


def levels_with_body(truth):
    return [
        level
        for level, vertebra in truth["vertebrae"].items()
        if level.startswith(("T1", "L")) and {"superior", "inferior"} <= vertebra.keys()
    ]


def test_marks_move_towards_the_truth(client, phantom):
    _, _, truth, rough = phantom
    levels = levels_with_body(truth)
    assert len(levels) >= 4
    answer = assist(client, rough, [{"level": level} for level in levels])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    before = np.mean(errors_px(rough, truth, levels))
    after = np.mean(errors_px(body["document"], truth, levels))
    assert after < 0.5 * before
    assert body["moved"]


def test_moved_marks_keep_the_click_and_say_how_sure_they_are(client, phantom):
    _, _, truth, rough = phantom
    level = levels_with_body(truth)[1]
    body = assist(client, rough, [{"level": level}]).json()
    for item in body["moved"]:
        mark = body["document"]["vertebrae"][item["level"]][item["endplate"]][item["corner"]]
        assert mark["source"] == "refined"
        assert mark["raw"] == item["from"]
        assert mark["xy"] == item["to"]
        assert np.all(np.linalg.eigvalsh(mark["covariance"]) > 0)
        assert mark["method"]


def test_only_the_target_is_moved(client, phantom):
    _, _, truth, rough = phantom
    level = levels_with_body(truth)[1]
    target = {"level": level, "endplate": "superior", "corner": "anterior"}
    drafted = {**rough, "draft": {"armed": level}, "comment": "mine"}
    body = assist(client, drafted, [target]).json()
    moved = {(item["level"], item["endplate"], item["corner"]) for item in body["moved"]}
    assert moved <= {(level, "superior", "anterior")}
    left = body["document"]
    left["vertebrae"][level]["superior"]["anterior"] = rough["vertebrae"][level]["superior"][
        "anterior"
    ]
    untouched = left["vertebrae"][level]["superior"]["posterior"]
    assert untouched["xy"] == rough["vertebrae"][level]["superior"]["posterior"]["xy"]
    assert left["draft"] == {"armed": level}
    assert left["comment"] == "mine"
    others = {name for name in rough["vertebrae"] if name != level}
    assert all(left["vertebrae"][name] == rough["vertebrae"][name] for name in others)


def test_what_cannot_be_refined_says_why(client, phantom):
    _, _, truth, rough = phantom
    level = levels_with_body(truth)[0]
    half = copy.deepcopy(rough)
    half["vertebrae"]["L5"] = {"superior": {"anterior": {"xy": [10, 10]}, "posterior": None}}
    body = assist(client, half, [{"level": "L5"}, {"level": level}]).json()
    refused = [item for item in body["refused"] if item["level"] == "L5"]
    assert refused
    assert all(sentence(item["reason"]) for item in body["refused"])


def test_where_help_is_forbidden_it_is_refused(phantom):
    client = visitor(store_of(phantom), agreement=Agreement(may_assist=False))
    answer = assist(client, phantom[3], [{"level": "L1"}])
    assert (answer.status_code, answer.json()["kind"]) == (403, "ForbiddenError")
    assert client.get("/api/config").json()["assist"]["allowed"] is False


@pytest.mark.parametrize(
    "targets",
    [None, {}, [1], [{"level": 3}], [{}], [{"level": "L1", "endplate": "middle"}], [{}] * 1000],
)
def test_targets_that_are_none_are_refused(client, phantom, targets):
    answer = assist(client, phantom[3], targets)
    assert answer.status_code == 400
    assert sentence(answer.json()["error"])


def test_a_confirmed_reading_can_be_had_as_a_picture(client, phantom):
    _, _, truth, _ = phantom
    assert client.get("/api/films/1/picture.png").status_code == 404
    assert (
        client.post("/api/films/1/reading", json={"document": truth, "base": "0."}).status_code
        == 200
    )
    answer = client.get("/api/films/1/picture.png")
    assert answer.headers["content-type"] == "image/png"
    with Image.open(BytesIO(answer.content)) as picture:
        pixels = np.asarray(picture.convert("RGB"), dtype=int)
    assert min(pixels.shape[:2]) >= 600
    colourful = np.abs(pixels[..., 0] - pixels[..., 2]) > 60  # the film is grey, the marks are not
    assert 500 < colourful.sum() < 0.2 * colourful.size
