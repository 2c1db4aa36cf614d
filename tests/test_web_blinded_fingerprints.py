"""Nothing that a blinded reader is told groups codes by patient, device or film."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_web_blinded import items
from web_films import film
from web_local import TOKEN, Client

from kyphometer.dicom import to_grey
from kyphometer.dicom.write import write_dx
from kyphometer.errors import StudyRefusedError
from kyphometer.film import Film, FilmHeader, FilmReference, LookupTable, Rendering, VoiWindow
from kyphometer.geometry import PixelGeometry
from kyphometer.store.study.study import Study
from kyphometer.web.pixels import normalised as module
from kyphometer.web.pixels.normalised import normalised
from kyphometer.web.server.annotate import session_app
from kyphometer.web.server.settings import WebSettings
from kyphometer.workflow.sessions import SessionRequest, new_session

DEVICES = (
    {"spacing": 0.143, "window": (1500, 3000), "inverted": False},
    {"spacing": 0.2, "window": (2100, 900), "inverted": True},
)
MAY_VARY = {
    "film_id": "the code itself",
    "label": "the code itself",
    "next": "another code",
    "facing": "chance: half of all showings is mirrored",
    "etag": "a random tag",
}


@pytest.fixture
def study(tmp_path):
    """Two films of each of two patients, each taken with a device of its own."""
    for number in range(4):
        device = DEVICES[number // 2]
        made = film(number, patient_id=f"P{number // 2}")
        spacing = device["spacing"]
        header = replace(
            made.header,
            geometry=replace(made.header.geometry, row_mm=spacing, column_mm=spacing),
            rendering=replace(
                made.header.rendering,
                windows=(VoiWindow(center=device["window"][0], width=device["window"][1]),),
                inverted=device["inverted"],
            ),
        )
        write_dx(replace(made, header=header), tmp_path / f"f{number}.dcm", seed=str(number))
    with Study.create(tmp_path / "study.kypho", "S", actor="owner") as opened:
        opened.add_films(tmp_path)
        yield opened


def reader(study):
    app = session_app(study, "qa1", "KN", WebSettings(port=8000), TOKEN)
    client = Client(app)
    client.get(f"/?token={TOKEN}")
    client.headers["X-Kyphometer-CSRF"] = client.get("/api/config").json()["csrf"]
    return client, app.state.services


def leaves(answer, path=""):
    if isinstance(answer, dict):
        for name, value in answer.items():
            yield from leaves(value, f"{path}.{name}")
    elif isinstance(answer, list):
        for place, value in enumerate(answer):
            yield from leaves(value, f"{path}.{place}")
    else:
        yield path, answer


def test_answers_are_equal_for_all_codes_but_for_what_is_listed(study):
    """By equality: whatever differs between two codes could group them by whose films they are."""
    request = {"code": "qa1", "observers": ("KN",), "seed": 3, "rounds": 1, "duplicates": 0.5}
    new_session(study, SessionRequest(**request))
    client, _ = reader(study)
    told = defaultdict(dict)
    for item in items(client):
        code = item["film_id"]
        path = f"/api/films/{code}"
        for part in ("", "/document"):
            for place, value in leaves(client.get(path + part).json()):
                told[part + place][code] = value
        for part in ("/pixels", "/thumbnail"):
            for name, value in client.get(path + part).headers.items():
                if name not in ("etag", "content-length", "date"):
                    told[f"{part} {name}"][code] = value
    assert len(told) > 30
    for place, values in told.items():
        assert len(values) == 6, place
        if len(set(map(str, values.values()))) > 1:
            name = place.rpartition(".")[2].strip("0123456789.")
            assert name in MAY_VARY, (place, values)


def test_a_film_shown_again_is_decoded_again(study):
    """By time: an answer that came from a cache would tell that the film was there before."""
    request = {"code": "qa1", "observers": ("KN",), "seed": 3, "rounds": 1, "duplicates": 0.5}
    new_session(study, SessionRequest(**request, mirrored=0.0))
    client, services = reader(study)
    for item in items(client):
        assert client.get(f"/api/films/{item['film_id']}/pixels").status_code == 200
    assert len(services.cache._films) == 6


def rendered(pixels, rendering):
    header = FilmHeader(
        reference=FilmReference(rows=pixels.shape[0], columns=pixels.shape[1]),
        geometry=PixelGeometry.from_spacing(0.2, 0.2),
        rendering=rendering,
    )
    return Film(header=header, pixels=pixels)


windows = st.builds(
    VoiWindow,
    center=st.floats(-500, 5000),
    width=st.floats(2, 6000),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
renderings = st.builds(
    Rendering,
    windows=windows.map(lambda w: (w,)),
    inverted=st.booleans(),
    slope=st.sampled_from([1.0, 0.5, 2.0]),
    intercept=st.sampled_from([0.0, -1024.0, 12.5]),
    bits_stored=st.sampled_from([12, 16]),
)


@given(renderings, st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_the_one_window_shows_what_the_header_asks_for_and_the_order_of_values_is_kept(
    rendering, seed
):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 1 << 12, (40, 50)).astype(np.uint16)
    film_ = rendered(pixels, rendering)
    moved = normalised(film_).astype(float)
    grey = np.clip((moved - module.CENTER) / module.WIDTH + 0.5, 0.0, 1.0) * 255.0
    assert np.abs(grey - to_grey(film_)).max() <= 0.51
    order = np.argsort(pixels, axis=None, kind="stable")
    steps = np.diff(moved.ravel()[order])
    assert (steps >= 0).all() or (rendering.inverted and (steps <= 0).all())


def test_what_the_window_clips_is_still_there():
    pixels = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    window = VoiWindow(center=2000, width=400)
    for inverted in (False, True):
        moved = normalised(rendered(pixels, Rendering(windows=(window,), inverted=inverted)))
        assert len(np.unique(moved)) == 4096
        assert (int(moved.min()), int(moved.max())) == (module.LOWEST, module.HIGHEST)


def test_padding_and_lookup_tables_have_the_same_values_in_every_film():
    pixels = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    table = LookupTable(values=np.linspace(0, 4095, 4096).astype(np.uint16)[::1], first_mapped=0,
                        bits=12)  # fmt: skip
    rendering = Rendering(voi_luts=(table,), padding=(0, 9), bits_stored=12)
    moved = normalised(rendered(pixels, rendering))
    assert set(moved.ravel()[:10]) == {module.PADDING}
    assert moved.ravel()[10:].min() >= module.LOWEST
    grey = np.clip((moved - module.CENTER) / module.WIDTH + 0.5, 0.0, 1.0) * 255.0
    assert np.abs(grey - to_grey(rendered(pixels, rendering))).max() <= 0.51


def test_films_with_text_burned_in_are_refused_until_somebody_has_looked(tmp_path):
    made = film(1, patient_id="P1")
    flagged = replace(made.header.acquisition, burned_in_annotation=True)
    header = replace(made.header, acquisition=flagged)
    write_dx(replace(made, header=header), tmp_path / "texted.dcm", seed="1")
    with Study.create(tmp_path / "study.kypho", "S", actor="owner") as study:
        study.add_films(tmp_path)
        request = SessionRequest(code="qa1", observers=("KN",), seed=1)
        with pytest.raises(StudyRefusedError, match=r"texted.*names nobody"):
            new_session(study, request)
        assert study.sessions.list() == ()
        new_session(study, replace(request, text_checked=True))
        assert len(study.sessions.list()) == 1
