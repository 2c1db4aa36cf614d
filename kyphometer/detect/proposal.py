"""What a film seems to show, as a reading that nobody has confirmed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.detect.agreement import overlap
from kyphometer.detect.candidates import Candidate
from kyphometer.detect.fractures import FractureSuggestion, suggest_fractures
from kyphometer.detect.model import DetectorModel, detector_model
from kyphometer.detect.numbering import Numbering, number
from kyphometer.detect.pyramid import Base
from kyphometer.detect.search import FAINT, Column, find_column
from kyphometer.endplates import RefinedReading, refine_reading
from kyphometer.endplates.corners import square_factors, vertebra_corners
from kyphometer.endplates.metal import LEAST_SHARE
from kyphometer.errors import NoLateralSpineError
from kyphometer.film import Film
from kyphometer.geometry import Facing, PixelGeometry, Point
from kyphometer.messages import Word
from kyphometer.reading import Endplate, Landmark, MarkSource, Reading, Vertebra
from kyphometer.reading.proposed import may_be_taken

Array = NDArray[np.float64]

Recogniser = Callable[[Film, PixelGeometry, Facing, Sequence[Array]], Mapping[Level, Array]]
"""Given a film, its geometry, where anterior is and bodies' corners in pixels: log odds that the
body of each level, as an earlier visit shows it, is each of these (`carry.recognise`)."""

FEWEST = 3
"""A column of fewer bodies is none."""
LEAST_SCORE = 6.0
"""Log odds that a column's bodies and joints must reach together."""
LATERAL = (-7.6, 1.9, 5.7)
"""Log odds of a lateral spine: constant, by the mean log odds of where anterior lies, by the mean
probability of the bodies. A logistic fit on 99 films of every world and of none, seed 700 of
`benchmarks/detect.py`."""
LEAST_LATERAL, SURELY_LATERAL = -0.5, 1.0
"""Less than the first of these log odds is refused, less than the second said to be doubtful."""
LEAST_FACING = 0.8
"""Less sure than this of where anterior lies, the reader is told."""
DOUBT = (-2.7, -2.8, 34.2)
"""Log odds that a corner is off by more than 3 mm: constant, by whether the corners were refined,
by the expected error. A logistic fit on 781 bodies of 98 films, seed 610 of
`benchmarks/detect.py`; docs/detect.md has what it is worth on others."""
OVERLAP = 0.2
"""Of two bodies that cover more than this part of the smaller one is not proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedBody:
    """One body of a proposal.

    Attributes
    ----------
    level
        As proposed.
    chance
        Probability that a body was found here.
    expected_error
        Error that the network expects of a corner before refinement, as a part of the body's depth.
    refined
        Whether both endplates were then moved onto their rims.
    note
        Why an endplate was left as the network put it; empty if none was.
    metal
        Part of its inside that is metal or cement, 0 to 1; None if that is not known.
    """

    level: Level
    chance: float
    expected_error: float
    refined: bool
    note: str = ""
    metal: float | None = None

    @property
    def doubt(self) -> float:
        """Probability that a corner is off by more than 3 mm, or that this is no body at all."""
        odds = DOUBT[0] + DOUBT[1] * self.refined + DOUBT[2] * self.expected_error
        return float(1 / (1 + np.exp(-odds)))

    @property
    def holds_metal(self) -> bool:
        """Whether metal or cement is seen within it."""
        return self.metal is not None and self.metal >= LEAST_SHARE

    @property
    def likely(self) -> bool:
        """Whether it may be taken together with others, at one key."""
        return may_be_taken(refined=self.refined, doubt=self.doubt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a film seems to show.

    Attributes
    ----------
    reading
        Marks with source `detected` and a covariance each; no observer, confirmed by nobody.
    bodies
        Doubts by body, cranial to caudal.
    numbering
        Why these levels, and which others.
    facing_probability
        That anterior lies where the reading says.
    fractures
        Levels that may be fractured, the worst first.
    notes
        What the reader must know, in sentences.
    """

    reading: Reading
    bodies: tuple[ProposedBody, ...]
    numbering: Numbering
    facing_probability: float
    fractures: tuple[FractureSuggestion, ...]
    notes: tuple[Word, ...]

    @property
    def doubtful(self) -> tuple[ProposedBody, ...]:
        """Bodies that are only taken one by one."""
        return tuple(body for body in self.bodies if not body.likely)

    def likely_reading(self) -> Reading:
        """The reading with those bodies only that may be taken without a look at each."""
        levels = {body.level for body in self.bodies if body.likely}
        vertebrae = {n: v for n, v in self.reading.vertebrae.items() if n in levels}
        return replace(self.reading, vertebrae=vertebrae)


def detect(
    film: Film,
    *,
    geometry: PixelGeometry | None = None,
    lowest: Level | None = None,
    facing: Facing | None = None,
    earlier: Recogniser | None = None,
) -> Proposal:
    """Propose every vertebral body that a lateral film shows, without a click.

    The network looks at the film at several sizes; bodies that lie above each other make a column;
    levels follow from the sacrum and from what the bodies look like, with their odds; corners are
    refined as if a reader had marked them. The result is a proposal, confirmed by nobody.

    Parameters
    ----------
    film
        With its pixels.
    geometry
        Pixel geometry to use instead of the film's.
    lowest
        Level of the lowest whole body in view (C7 to L5), if the reader knows it.
    facing
        Where anterior lies, if the reader knows it; the film is then taken for a lateral one,
        whatever its header says.
    earlier
        What an earlier visit of the patient says about the levels
        (`kyphometer.carry.recognise.EarlierVisit`); where its bodies are recognised, it decides.

    Raises
    ------
    NoLateralSpineError
        If the header says that the film is not lateral, if no column of three or more bodies is
        seen, or bodies that have no anterior side.
    ModelFileError
        If a network's file cannot be read.
    """
    if facing is None:
        _lateral_by_header(film)
    model = detector_model()
    base = Base.of_film(film, geometry)
    column = find_column(base, model)
    if column is None or len(column.chain.bodies) < FEWEST or column.chain.score < LEAST_SCORE:
        raise NoLateralSpineError(0 if column is None else len(column.chain.bodies))
    towards, sure = _facing(column) if facing is None else (facing, 1.0)
    used = geometry or film.geometry
    known = None if lowest else _recognised(film, used, column, base.step, towards, earlier)
    numbering = number(column, towards.sign, lowest=lowest, earlier=known)
    kept = _kept(column, numbering.levels, towards)
    lateral = SURELY_LATERAL if facing else lateral_odds(kept.bodies.values())
    if len(kept.bodies) < FEWEST or lateral < LEAST_LATERAL:
        raise NoLateralSpineError(len(kept.bodies))
    done = refine_reading(film, _reading(film, kept, base.step, model, used), geometry=geometry)
    reading = _as_proposed(done.reading, model)
    header = None if facing is not None else film.header.acquisition.facing
    notes = [*_notes(numbering, sure, lateral, kept, header)]
    if known is not None:
        decided = "decided" if numbering.earlier_recognised else "unrecognised"
        notes.append(Word(f"detect.earlier_{decided}"))
    bodies = _bodies(kept, done)
    held = [body.level for body in bodies if body.holds_metal]
    if held:
        notes.append(Word("detect.metal", {"levels": held}))
    return Proposal(
        reading=reading,
        bodies=bodies,
        numbering=numbering,
        facing_probability=sure,
        fractures=_fractures(reading, towards, square_factors(used)),
        notes=(Word("detect.proposal"), *notes),
    )


def _lateral_by_header(film: Film) -> None:
    """Refuse a film whose header says, without contradiction, that it is not lateral."""
    facts = film.header.acquisition
    if facts.is_lateral is False:
        said = facts.view or "\\".join(facts.patient_orientation) or "PositionerPrimaryAngle"
        raise NoLateralSpineError(0, view=said)


def _recognised(
    film: Film,
    geometry: PixelGeometry,
    column: Column,
    step: Array,
    facing: Facing,
    earlier: Recogniser | None,
) -> Mapping[Level, Array] | None:
    """What an earlier visit says of the column's bodies; None if there is none."""
    if earlier is None:
        return None
    bodies = [body.marked(facing) * step for body in column.chain.bodies]
    return earlier(film, geometry, facing, bodies)


def _fractures(reading: Reading, facing: Facing, factors: Array) -> tuple[FractureSuggestion, ...]:
    corners = [vertebra_corners(v, factors, facing.sign) for v in reading.vertebrae.values()]
    return suggest_fractures(reading.levels, [c for c in corners if c is not None])


def lateral_odds(bodies: Collection[Candidate]) -> float:
    """Log odds that bodies are those of a lateral spine: likely ones that agree where anterior is.

    Seen from the front a column has no anterior side, and neither has a row of anything else.
    """
    odds = float(np.mean([body.right for body in bodies]))
    chance = float(np.mean([body.chance for body in bodies]))
    return LATERAL[0] + LATERAL[1] * abs(odds) + LATERAL[2] * chance


def _facing(column: Column) -> tuple[Facing, float]:
    """Where anterior lies by all bodies together: their mean log odds, four times at most."""
    odds = np.array([body.right for body in column.chain.bodies])
    total = float(odds.mean() * min(len(odds), 4))
    chance = float(1 / (1 + np.exp(-np.clip(total, -30, 30))))
    return (Facing.RIGHT, chance) if chance >= 0.5 else (Facing.LEFT, 1 - chance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What of a column is proposed.

    Attributes
    ----------
    facing
        Where anterior lies.
    bodies
        By level, cranial to caudal.
    faint
        Levels that are in the column and seen too faintly, or under another body.
    hidden
        Levels between which one is missing.
    """

    facing: Facing
    bodies: Mapping[Level, Candidate]
    faint: tuple[Level, ...]
    hidden: tuple[tuple[Level, Level], ...]


def _kept(column: Column, levels: tuple[Level, ...], facing: Facing) -> Kept:
    """Bodies that are likely enough; of two that cover each other, the likelier."""
    chain = column.chain
    pairs = list(zip(levels, chain.bodies, strict=True))
    kept: dict[Level, Candidate] = {}
    for level, body in sorted(pairs, key=lambda pair: -pair[1].chance):
        clear = all(overlap(body.corners, other.corners) < OVERLAP for other in kept.values())
        if body.chance >= FAINT and clear and level not in kept:
            kept[level] = body
    return Kept(
        facing=facing,
        bodies={level: kept[level] for level in dict.fromkeys(levels) if level in kept},
        faint=tuple(level for level in dict.fromkeys(levels) if level not in kept),
        hidden=tuple((levels[at], levels[at + 1]) for at in chain.missed),
    )


def _reading(
    film: Film, kept: Kept, step: Array, model: DetectorModel, geometry: PixelGeometry
) -> Reading:
    """The network's corners as marks."""
    factors = square_factors(geometry)
    vertebrae = {
        level: _vertebra(level, body, kept.facing, step, model.method, factors)
        for level, body in kept.bodies.items()
    }
    return Reading(film=film.reference, vertebrae=vertebrae, facing=kept.facing)


def _vertebra(
    level: Level, body: Candidate, facing: Facing, step: Array, method: str, factors: Array
) -> Vertebra:
    pixels = body.marked(facing) * step
    sd = 1.25 * body.spread * body.depth * step
    square = sd * factors / factors.min()
    variance = float((square**2).mean())
    marks = [
        Landmark(
            xy=Point(float(x), float(y)),
            covariance=((variance, 0.0), (0.0, variance)),
            source=MarkSource.DETECTED,
            method=method,
        )
        for x, y in pixels
    ]
    return Vertebra(
        level=level,
        superior=Endplate(anterior=marks[0], posterior=marks[1]),
        inferior=Endplate(anterior=marks[2], posterior=marks[3]),
    )


def _as_proposed(reading: Reading, model: DetectorModel) -> Reading:
    """The refined marks as proposals: nobody has clicked, so there is no raw click to keep."""
    vertebrae = {
        level: replace(
            vertebra,
            superior=_plate(vertebra.superior, model),
            inferior=_plate(vertebra.inferior, model),
        )
        for level, vertebra in reading.vertebrae.items()
    }
    return replace(reading, vertebrae=vertebrae)


def _plate(plate: Endplate | None, model: DetectorModel) -> Endplate | None:
    if plate is None:
        return None
    marks = {name: _proposed(mark, model) for name, mark in plate.landmarks.items()}
    return replace(plate, **marks)


def _proposed(mark: Landmark, model: DetectorModel) -> Landmark:
    if mark.source is MarkSource.DETECTED:
        return mark
    method = f"{model.method}, {mark.method}"
    return replace(mark, source=MarkSource.DETECTED, raw=None, method=method)


def _bodies(kept: Kept, done: RefinedReading) -> tuple[ProposedBody, ...]:
    refined = {vertebra.level: vertebra for vertebra in done.vertebrae}
    return tuple(
        ProposedBody(
            level=level,
            chance=body.chance,
            expected_error=body.spread,
            refined=len(refined[level].accepted) == 2,
            note="; ".join(refusal.message for refusal in refined[level].refusals),
            metal=refined[level].metal,
        )
        for level, body in kept.bodies.items()
        if level in refined
    )


def _notes(
    numbering: Numbering, sure: float, lateral: float, kept: Kept, header: Facing | None
) -> Iterator[Word]:
    if lateral < SURELY_LATERAL:
        yield Word("detect.lateral_unsure")
    if not numbering.is_sure:
        yield Word("detect.levels_unsure", {"others": numbering.others})
    if numbering.transitional:
        yield Word("detect.transitional")
    if sure < LEAST_FACING:
        yield Word("detect.facing_unsure")
    if header is not None and header is not kept.facing:
        yield Word("detect.facing_header")
    for level in kept.faint:
        yield Word("detect.faint", {"level": level})
    for upper, lower in kept.hidden:
        yield Word("detect.not_seen", {"upper": upper, "lower": lower})
