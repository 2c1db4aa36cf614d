"""No value reaches a blinded reader: every reading is measured, every answer is looked through."""

from __future__ import annotations

import ast
import errno
import json
import re
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_web_blinded import plan, reader
from web_films import write_films
from web_local import document

import kyphometer.web.blinded
from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import FacingError, LandmarkError, ReadingFormatError, StudyRefusedError
from kyphometer.measure import measure_reading
from kyphometer.reading.findings import Finding, FindingCode, FindingFacts, Severity
from kyphometer.store.study.study import Study
from kyphometer.web.blinded import answers
from kyphometer.web.blinded.findings import blinded_finding
from kyphometer.web.blinded.refusals import refusal
from kyphometer.web.reader.confirming import draft_reading
from kyphometer.web.wire.marks import CORNERS as CORNER_NAMES

NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def numbers_in(text):
    return set(NUMBER.findall(text))


def shows(token, value):
    """True if `token` is `value` rounded to as many places as the token has."""
    whole, _, places = token.replace(",", ".").partition(".")
    return f"{abs(value):.{len(places)}f}" == f"{whole}.{places}".rstrip(".")


@pytest.mark.parametrize("text", ["37", "37.4", "37,43", "-37.430", "x\u221237.43deg", "T37.4"])
def test_the_search_finds_a_value_however_it_is_rounded_and_written(text):
    assert any(shows(token, -37.43) for token in numbers_in(text))
    assert not any(shows(token, 38.6) for token in numbers_in(text))


# --------------------------------------------------------------------------- the whole way


def spine(*tilts, **changes):
    """T12 to L2 on the film, six endplates with these rises in pixels over 200 pixels."""
    heights = iter((300, 430, 500, 760, 820, 950))
    rises = iter(tilts)

    def plate():
        y, rise = next(heights), next(rises)
        return {
            "anterior": {"xy": [200.0, float(y + rise)]},
            "posterior": {"xy": [400.0, float(y)]},
        }

    levels = {name: {"superior": plate(), "inferior": plate()} for name in ("T12", "L1", "L2")}
    return document(vertebrae=levels, **changes)


KYPHOTIC = spine(70, 40, 100, -30, -60, -80)
LORDOTIC = spine(-90, -60, -40, 60, 70, 85)
STEEP = spine(20, 30, 130, -120, -60, -40)
CROSSED = spine(70, 40, 100, -300, -60, -80)


def variants():
    """Documents of every kind of finding and refusal, most of them with a value to hide."""
    swapped, lost, twice = (json.loads(json.dumps(KYPHOTIC)) for _ in range(3))
    plate = swapped["vertebrae"]["L2"]["superior"]
    plate["anterior"], plate["posterior"] = plate["posterior"], plate["anterior"]
    lost["vertebrae"]["L1"]["superior"]["anterior"]["xy"] = [-20.0, 500.0]
    twice["vertebrae"]["L1"]["superior"]["anterior"]["xy"] = [400.0, 500.0]
    unlike = json.loads(json.dumps(KYPHOTIC))
    unlike["vertebrae"]["L1"]["inferior"]["anterior"]["xy"] = [300.0, 740.0]
    unlike["vertebrae"]["L1"]["superior"]["middle"] = {"xy": [390.0, 610.0]}
    partial = json.loads(json.dumps(KYPHOTIC))
    partial["vertebrae"]["L2"]["inferior"]["posterior"] = None
    return {
        "kyphotic": KYPHOTIC,
        "lordotic": LORDOTIC,
        "steep": STEEP,
        "crossed": CROSSED,
        "swapped": swapped,
        "outside": lost,
        "coinciding": twice,
        "unlike": unlike,
        "partial": partial,
        "two fractures": {**KYPHOTIC, "fractured_levels": ["T12", "L1"]},
        "no fracture": {**KYPHOTIC, "fractured_levels": []},
        "the other way": {**KYPHOTIC, "facing": "right"},
        "no level": {**KYPHOTIC, "vertebrae": {"L9": {}}},
        "no reading": {**KYPHOTIC, "format": "something"},
        "helped": {**KYPHOTIC, "vertebrae": _helped(KYPHOTIC)},
    }


def _helped(body):
    made = json.loads(json.dumps(body["vertebrae"]))
    made["L1"]["superior"]["anterior"]["source"] = "refined"
    return made


def values_of(reading, geometry):
    """Every number that the program would tell about these marks."""
    try:
        found = measure_reading(reading, geometry, strict=False)
    except FacingError:
        return set()
    values = set()
    for item in found.measurements:
        values |= {item.value, *(item.interval_95 or ()), *(value for _, value in item.details)}
        values |= {item.standard_uncertainty} - {None}
    return values


class Listener:
    """A blinded reader's requests, with all that came back."""

    def __init__(self, study):
        self.client, self.heard = reader(study), []

    def ask(self, method, path, body=None):
        answer = self.client.request(method, path, **({} if body is None else {"json": body}))
        headers = {k: v for k, v in answer.headers.items() if k not in ("content-length", "etag")}
        text = answer.text if "json" in answer.headers["content-type"] else ""
        self.heard.append((method, path, answer.status_code, headers, text))
        return answer

    def told(self, sent=()):
        """Everything heard as one text, without the marks and tags that the reader sent himself."""
        lines = []
        for method, path, status, headers, text in self.heard:
            body = json.loads(text) if text else {}
            own = body.pop("document", None)
            assert own is None or own in sent, f"{method} {path} tells other marks: {own}"
            body.pop("etag", None)
            lines.append(f"{path} {status} {headers} {json.dumps(body, ensure_ascii=False)}")
        return "\n".join(lines)


@pytest.fixture
def study(tmp_path):
    write_films(tmp_path, 2)
    with Study.create(tmp_path / "study.kypho", "Study", actor="owner") as opened:
        opened.add_films(tmp_path)
        opened.add_observer("OTHERONE")
        plan(opened, duplicates=0.0, rounds=1, mirrored=0.0)
        yield opened


def _visit(listener, code, body):
    """Everything that a page asks about a film and these marks."""
    path = f"/api/films/{code}"
    base = listener.ask("GET", f"{path}/document").json()["etag"]
    listener.ask("POST", f"{path}/measure", {"document": body})
    saved = listener.ask("PUT", f"{path}/draft", {"document": body, "base": base}).json()
    listener.ask("PUT", f"{path}/draft", {"document": body, "base": "0.stale"})
    listener.ask("GET", f"{path}/document")
    listener.ask("POST", f"{path}/assist", {"document": body, "targets": [{"level": "L1"}]})
    listener.ask("POST", f"{path}/carry-over", {"document": body})
    assert listener.ask("POST", f"{path}/proposal", {}).status_code == 403
    for part in (
        "",
        "/pixels",
        "/thumbnail",
        "/readings",
        "/picture.png",
        "/page.pdf",
        "/measurements.csv",
    ):
        listener.ask("GET", f"{path}{part}")
    for rest in ("config", "worklist", "progress", "users", "films/1/readings"):
        listener.ask("GET", f"/api/{rest}")
    return saved["etag"]


@pytest.mark.parametrize("kind", list(variants()))
def test_no_answer_tells_a_value_of_the_marks(study, kind):
    """Whole numbers too: marks are chosen so that their angles are in no answer without marks."""
    body, listener = variants()[kind], Listener(study)
    code = listener.client.get("/api/worklist").json()["items"][0]["film_id"]
    item = next(one for one in study.sessions.items("qa1", observer="KN") if one.code == code)
    empty = document(vertebrae={})
    etag = _visit(listener, code, empty)
    listener.client.request("DELETE", f"/api/films/{code}/draft", json={"base": etag})
    innocent = numbers_in(listener.told([empty]))
    listener.heard.clear()

    etag = _visit(listener, code, body)
    path = f"/api/films/{code}"
    confirmed = listener.ask("POST", f"{path}/reading", {"document": body, "base": etag})
    listener.ask("POST", f"{path}/reading", {"document": body, "base": etag, "reason": "again"})
    listener.ask("GET", f"{path}/document")
    listener.ask("DELETE", f"{path}/draft", {"base": "1."})
    values = set()
    record = study.film(item.film_id)
    if confirmed.is_success:
        kept = study.latest_reading(item.film_id, "KN", session_item=item.id).reading
        values = values_of(kept, record.geometry)
    elif kind not in ("no level", "no reading"):
        values = values_of(draft_reading(body, record.reference), record.geometry)
    told = numbers_in(listener.told([body])) - innocent
    assert not {(token, value) for token in told for value in values if shows(token, value)}
    if kind in ("kyphotic", "lordotic", "steep"):
        assert confirmed.is_success, confirmed.text
        angles = {value for value in values if abs(value) >= 20}
        assert len(angles) > 5
        hidden = {v for v in angles if any(shows(token, v) for token in innocent)}
        assert len(hidden) < len(angles) / 2, "most angles hide behind other numbers"


def test_a_steep_vertebra_is_found_and_its_wedge_is_not_told(study):
    listener = Listener(study)
    code = listener.client.get("/api/worklist").json()["items"][0]["film_id"]
    body = listener.ask("POST", f"/api/films/{code}/measure", {"document": STEEP}).json()
    wedge = next(item for item in body["findings"] if item["code"] == "wedge_unlikely")
    assert wedge["sentence"] == "L1: no vertebra is so wedged; check all four corners."
    assert (wedge["levels"], len(wedge["corners"])) == (["L1"], 4)


# --------------------------------------------------------------------- built, not overwritten

TYPES = {
    "GET /api/worklist": answers.BlindedWorkList,
    "GET /api/films/{}": answers.BlindedFilm,
    "GET /api/films/{}/document": answers.BlindedDocument,
    "PUT /api/films/{}/draft": answers.BlindedSaved,
    "DELETE /api/films/{}/draft": answers.BlindedDocument,
    "POST /api/films/{}/measure": answers.BlindedMeasured,
    "POST /api/films/{}/reading": answers.BlindedConfirmed,
}


def test_every_answer_about_films_is_of_its_blinded_type_to_the_last_member(study):
    """A member that the type does not name would be refused here: so would a new one."""
    listener = Listener(study)
    code = listener.client.get("/api/worklist").json()["items"][0]["film_id"]
    etag = _visit(listener, code, STEEP)
    listener.ask("DELETE", f"/api/films/{code}/draft", {"base": etag})
    etag = _visit(listener, code, STEEP)
    listener.ask("POST", f"/api/films/{code}/reading", {"document": STEEP, "base": etag})
    seen = set()
    for method, path, status, _, text in listener.heard:
        kind = TYPES.get(f"{method} {path.replace(code, '{}')}")
        if kind is not None and status == 200:
            msgspec.json.decode(text, type=kind)
            seen.add(kind)
    assert seen == set(TYPES.values())


# Every member of a blinded answer that may hold text or a broken number. Whoever adds one here has
# to say from what it is made, and that no value of an angle can be in it.
TEXT_MEMBERS = {
    "film_id": "the code of a place in the plan",
    "label": "the same, or the code of an angle",
    "next": "a code",
    "error": "a sentence of `refusals` and a code",
    "etag": "a version and a random tag",
    "code": "the code of an angle or of a refusal",
    "kind": "the name of a class, by the code of a refusal",
    "place": "levels, or a code",
    "where": "levels and corners by name",
    "message": "`findings`, by code",
    "remedy": "`findings`, by code",
    "sentence": "the three together",
    "reason": "by code, or the reader's own words",
    "needs": "endplates by name",
    "method": "what moved the reader's mark",
    "comment": "the reader's own words",
}
NUMBER_MEMBERS = {
    "aspect": "the shape of a pixel",
    **dict.fromkeys(("xy", "raw", "covariance", "start", "end"), "the reader's own marks"),
}


def _leaves(kind):
    args = () if kind == answers.Nothing else get_args(kind)
    return {leaf for arg in args for leaf in _leaves(arg)} if args else {kind}


def _types(kind):
    return {kind, *(one for sub in kind.__subclasses__() for one in _types(sub))}


def test_blinded_types_hold_codes_and_counts_and_what_is_listed_here():
    for kind in _types(answers.Blinded):
        for field in msgspec.structs.fields(kind):
            if answers.Document in (field.type, *get_args(field.type)):
                continue  # the reader's own draft or `BlindedReading`
            for leaf in _leaves(field.type):
                plain = leaf in (
                    int,
                    bool,
                    NoneType,
                    msgspec.UnsetType,
                    answers.Nothing,
                ) or isinstance(leaf, str | int)
                known = isinstance(leaf, type) and issubclass(leaf, (Enum, answers.Blinded))
                text = leaf is str and field.name in TEXT_MEMBERS
                number = leaf is float and field.name in NUMBER_MEMBERS
                assert plain or known or text or number, f"{kind.__name__}.{field.name}: {leaf}"


def test_blinded_modules_can_reach_neither_a_value_nor_an_open_answer():
    allowed = {
        "kyphometer.measure": {"ANGLES"},
        "kyphometer.web.wire.films": {"WorkQuery"},
        "kyphometer.web.wire.marks": {"AnyCorner", "CORNERS", "RimCorner"},
    }
    for path in sorted(Path(kyphometer.web.blinded.__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom):
                continue
            module, names = node.module or "", {alias.name for alias in node.names}
            assert not module.startswith(("kyphometer.web.views", "kyphometer.plots")), path.name
            assert module not in (
                "kyphometer.web.reader.changes",
                "kyphometer.web.reader.earlier",
                "kyphometer.web.reader.open",
                "kyphometer.web.reader.overview",
                "kyphometer.web.wire.people",
                "kyphometer.web.wire.told",
            ), path.name
            assert module not in ("kyphometer.web.wire.people", "kyphometer.web.wire.told"), (
                path.name
            )
            if module.startswith(("kyphometer.measure", "kyphometer.followup", *allowed)):
                assert names <= allowed.get(module, set()), f"{path.name}: {module} {names}"


WORDS = st.text(max_size=40)
CORNERS = st.lists(
    st.tuples(
        st.sampled_from(list(Level)),
        st.sampled_from(list(EndplateSide)),
        st.sampled_from(list(CORNER_NAMES)),
    ),
    max_size=5,
)


@given(
    code=st.sampled_from(list(FindingCode)),
    severity=st.sampled_from(list(Severity)),
    corners=CORNERS,
    numbers=st.lists(st.floats(allow_nan=False), min_size=4, max_size=4),
)
def test_the_numbers_of_a_finding_cannot_reach_a_blinded_reader(code, severity, corners, numbers):
    """Whatever a finding has measured, the blinded one is the same."""

    def finding(*found):
        names = ("value", "limit", "x", "y")
        return Finding(
            code=code,
            severity=severity,
            levels=tuple(dict.fromkeys(level for level, _, _ in corners)),
            corners=tuple(corners),
            facts=FindingFacts(**dict(zip(names, found, strict=True))),
        )

    told = blinded_finding(finding(*numbers))
    assert told == blinded_finding(finding(53.0, 50.0, 1.0, 2.0))
    assert not numbers_in(told.message + told.remedy)


@given(words=st.tuples(WORDS, WORDS))
def test_the_wording_of_an_error_cannot_reach_a_blinded_reader(words):
    for error, usual in (
        (FacingError(words[0]), FacingError("a")),
        (ReadingFormatError(words[0], where=words[1]), ReadingFormatError("a", where="b")),
        (StudyRefusedError(words[0], name=words[1]), StudyRefusedError("a", name="b")),
        (LandmarkError(words[0], where=words[1]), LandmarkError("a", where="b")),
        (OSError(*words), OSError("a", "b")),
    ):
        told, expected = refusal(error, "A1"), refusal(usual, "A1")
        assert (str(told), told.kind, told.http_status, told.facts) == (
            str(expected),
            expected.kind,
            expected.http_status,
            expected.facts,
        )


def test_a_full_disk_is_told_as_such():
    told = refusal(OSError(errno.ENOSPC, "No space left on device"), "A1")
    assert (told.http_status, told.kind) == (507, "DiskFullError")
