"""What an acceptance does: each step gives named values, nothing is judged here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.carry import carry_over
from kyphometer.dicom import Compression, read_film, read_header, write_dx
from kyphometer.endplates import Refiner, refine_reading
from kyphometer.errors import KyphometerError
from kyphometer.film import Film
from kyphometer.geometry import PixelGeometry, Point
from kyphometer.measure import measure_reading
from kyphometer.phantom import FilmFormat, SimulatedObserver, mark_by_hand, simulate_film
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra
from kyphometer.reading.document import read_reading
from kyphometer.reliability.icc import intraclass_correlations
from kyphometer.sessions.acceptance import Value
from kyphometer.store.study.study import Study
from kyphometer.workflow.acceptance import environment
from kyphometer.workflow.films import check_film, measure_film

FILMS = Path(__file__).parent / "films"
VISITS = ("pre-op", "discharge")
ANGLES = ("VKA", "RKA")
NEAR = (Level.T12, Level.L1, Level.L2)
"""The fractured vertebra of the films and its neighbours."""
ROUGH = SimulatedObserver(code="ROUGH", across_sd_mm=2.0, along_sd_mm=2.0)
Values = Iterator[tuple[str, Value]]

SIMULATED = 29
"""Seed of the film that is made on the spot."""
SHROUT_FLEISS = (
    (9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7),
)  # fmt: skip
"""Shrout and Fleiss 1979, table 2: six targets, four judges."""
PRINTED_FORMS = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")


class Skip(Exception):
    """A step cannot be taken here; its text says why."""


class Material:
    """Films and readings of the acceptance, read once."""

    def __init__(self, folder: Path = FILMS) -> None:
        self.folder = folder

    @cached_property
    def films(self) -> dict[str, Film]:
        """Films by visit."""
        return {visit: read_film(self.folder / f"{visit}.dcm") for visit in VISITS}

    @cached_property
    def truth(self) -> dict[str, Reading]:
        """True endplates by visit."""
        return {v: read_reading(self.folder / f"{v}.truth.reading.json") for v in VISITS}

    @cached_property
    def clicks(self) -> Reading:
        """Rough clicks on the first film, about 2 mm off."""
        return read_reading(self.folder / "pre-op.clicks.reading.json")

    @cached_property
    def refined(self) -> Reading:
        """The clicks, moved onto the rims."""
        return refine_reading(self.films["pre-op"], self.clicks).reading

    @cached_property
    def proposal(self) -> Reading:
        """These marks, carried to the second film."""
        before, after = (self.films[visit] for visit in VISITS)
        return carry_over(before, self.refined, after).reading


def installation(_: Material) -> Values:
    """The files of the package against its RECORD."""
    state = environment.installed()
    if state is None:
        raise Skip("a development tree: it has no record of a release to be held against")
    yield "files of the package", state


def networks(_: Material) -> Values:
    """Hashes of the networks."""
    yield from environment.networks().items()


def films(material: Material) -> Values:
    """Both films decoded; one written in every syntax and read again."""
    for visit, film in material.films.items():
        yield f"{visit}, pixels", film.reference.sha256_pixels or ""
        yield f"{visit}, pixel", film.geometry.require_mm("A film")[0]
    film = material.films["pre-op"]
    with TemporaryDirectory() as folder:
        for way in Compression:
            path = Path(folder) / f"{way}.dcm"
            write_dx(film, path, seed="acceptance", compression=way)
            yield f"pre-op through {way}", read_film(path).reference.sha256_pixels or ""


def numbers(material: Material) -> Values:
    """Every number of the true endplates, and angles of turned and mirrored ones."""
    for visit, film in material.films.items():
        reading = material.truth[visit]
        levels = {*reading.fractured_levels}
        for item in measure_reading(reading, film.geometry).measurements:
            if item.code in ANGLES or levels.issuperset(item.levels):
                yield f"{visit}, {item.label}", item.value
    film, reading = material.films["pre-op"], material.truth["pre-op"]
    for name, change in (("mirrored", _mirrored), ("turned by 20 degrees", _turned)):
        other = change(reading)
        for code in ANGLES:
            yield f"pre-op {name}, {code}", measure_reading(other, film.geometry)[code].value
    by_hand = measure_reading(_near(material.clicks), film.geometry)
    for code in ANGLES:
        yield f"pre-op by hand, {code}", by_hand[code].value
        own = by_hand[code].standard_uncertainty
        yield f"pre-op by hand, {code}, standard uncertainty", math.nan if own is None else own


def _moved(reading: Reading, move: Callable[[Point], Point]) -> Reading:
    def mark(landmark: Landmark | None) -> Landmark | None:
        return None if landmark is None else replace(landmark, xy=move(landmark.xy))

    def plate(endplate: Endplate | None) -> Endplate | None:
        if endplate is None:
            return None
        corners = (mark(endplate.anterior), mark(endplate.posterior))
        return replace(
            endplate,
            anterior=corners[0] or endplate.anterior,
            posterior=corners[1] or endplate.posterior,
            middle=mark(endplate.middle),
        )

    def vertebra(own: Vertebra) -> Vertebra:
        return replace(own, superior=plate(own.superior), inferior=plate(own.inferior))

    moved = {level: vertebra(own) for level, own in _near(reading).vertebrae.items()}
    return replace(reading, vertebrae=moved)


def _near(reading: Reading) -> Reading:
    """The fractured vertebra and its neighbours alone."""
    return replace(reading, vertebrae={level: reading.vertebrae[level] for level in NEAR})


def _mirrored(reading: Reading) -> Reading:
    other = _moved(reading, lambda at: Point(reading.film.columns - at.x, at.y))
    return replace(other, facing=None if reading.facing is None else reading.facing.opposite)


def _turned(reading: Reading) -> Reading:
    cos, sin = math.cos(math.radians(20)), math.sin(math.radians(20))
    x, y = reading.film.columns / 2, reading.film.rows / 2
    return _moved(
        reading,
        lambda at: Point(
            x + cos * (at.x - x) - sin * (at.y - y), y + sin * (at.x - x) + cos * (at.y - y)
        ),
    )


def help_from_image(material: Material) -> Values:
    """Rough clicks moved onto the rims, by both refiners, against truth too."""
    film, truth = material.films["pre-op"], material.truth["pre-op"]
    true = measure_reading(truth, film.geometry)
    path = refine_reading(film, material.clicks, refiner=Refiner.CLASSICAL).reading
    for name, reading in (("network", material.refined), ("classical", path)):
        measured = measure_reading(reading, film.geometry)
        for code in ANGLES:
            item = measured[code]
            yield f"{name}, {code}", item.value
            yield f"{name}, {code}, standard uncertainty", item.standard_uncertainty or math.nan
            yield f"{name}, {code}, minus truth", item.value - true[code].value


def carried(material: Material) -> Values:
    """Marks carried to the next visit: the change, against truth too."""
    before, after = (material.films[visit] for visit in VISITS)
    proposal = material.proposal
    for code in ANGLES:
        first = measure_reading(material.refined, before.geometry)[code].value
        second = measure_reading(proposal, after.geometry)[code].value
        true = [measure_reading(material.truth[v], material.films[v].geometry)[code].value
                for v in VISITS]  # fmt: skip
        yield f"change of {code}", second - first
        yield f"change of {code}, minus truth", (second - first) - (true[1] - true[0])


def simulated(_: Material) -> Values:
    """A film made on the spot: its truth, and what help from the image makes of rough clicks."""
    made = simulate_film(
        "clean",
        SIMULATED,
        fractured=True,
        film_format=FilmFormat(rows=760, columns=380, pitch_mm=0.4),
    )
    true = measure_reading(made.truth, made.geometry)
    clicks = mark_by_hand(made.truth, made.geometry, ROUGH, SIMULATED)
    found = measure_reading(refine_reading(made.film, clicks).reading, made.geometry)
    for code in ANGLES:
        yield f"true {code}", true[code].value
        yield f"{code} with help, minus truth", found[code].value - true[code].value


def refusals(material: Material) -> Values:
    """What must be refused, by the code of the refusal."""
    film, reading = material.films["pre-op"], material.truth["pre-op"]
    other = material.films["discharge"]
    yield "reading of another film", _code(lambda: check_film(reading, other.reference))
    size = replace(film.reference, rows=film.reference.rows + 1, sha256_pixels=None)
    yield "film of another size", _code(lambda: check_film(reading, size))
    wrong = None if reading.facing is None else reading.facing.opposite
    yield (
        "facing that the marks contradict",
        _code(lambda: measure_reading(replace(reading, facing=wrong), film.geometry)),
    )
    yield (
        "spacing of zero",
        _code(lambda: read_film(material.folder / "pre-op.dcm", spacing_mm=(0.0, 0.2))),
    )
    with TemporaryDirectory() as folder:
        cut = Path(folder) / "cut.dcm"
        whole = (material.folder / "pre-op.dcm").read_bytes()
        cut.write_bytes(whole[: len(whole) // 2])
        yield "film cut in half", _code(lambda: read_film(cut))
    top = int(film.pixels.max())
    negative = replace(film, pixels=(top - film.pixels).astype(film.pixels.dtype))
    kept = refine_reading(negative, material.clicks).refusals
    yield "film shown inverted", ", ".join(sorted({str(item.reason) for item in kept})) or "moved"
    unknown = measure_reading(reading, PixelGeometry())
    yield "heights without a pixel spacing", str(sum(m.unit == "mm" for m in unknown.measurements))


def _code(work: Callable[[], object]) -> str:
    try:
        work()
    except KyphometerError as error:
        return f"{type(error).__name__}: {error.code}"
    return "accepted"


def statistics(_: Material) -> Values:
    """The ICCs that Shrout and Fleiss printed for their table."""
    found = intraclass_correlations(np.array(SHROUT_FLEISS, dtype=float))
    for name in PRINTED_FORMS:
        yield name, found.form(name).estimate.value


def study(material: Material) -> Values:
    """A reading saved in a study and measured from there, against the same reading at once."""
    reading = replace(material.truth["pre-op"], observer=None, session=None)
    header = read_header(material.folder / "pre-op.dcm")
    at_once = measure_film(header, reading).measured
    with TemporaryDirectory() as folder:
        target = Path(folder) / "acceptance.kypho"
        with Study.create(target, "Acceptance", actor="acceptance") as made:
            made.add_observer("ACCEPT")
            made.add_films(material.folder / "pre-op.dcm")
            made.save_reading(reading, made.films()[0].id, "ACCEPT", base_version=0)
        with Study.open(target, actor="acceptance") as again:
            for item in again.measurements(ANGLES):
                own = math.nan if item.value is None else item.value
                yield f"{item.code}, minus the reading's own", own - at_once[item.code].value
            yield "problems found in the study", str(len(again.check()))


STEPS: dict[str, Callable[[Material], Values]] = {
    "installation": installation,
    "networks": networks,
    "films": films,
    "numbers": numbers,
    "help from the image": help_from_image,
    "carry-over": carried,
    "simulated film": simulated,
    "refusals": refusals,
    "statistics": statistics,
    "study": study,
}
"""Groups of checks, in order."""
