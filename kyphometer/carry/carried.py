"""What a carry-over gives back: proposals on the next film, and how much each angle changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import NotCarriedError
from kyphometer.film import FilmReference
from kyphometer.geometry import Facing, PixelGeometry, signed_angle_deg
from kyphometer.messages import Word
from kyphometer.reading import Reading, Vertebra
from kyphometer.reading.carried import CarriedBody, CarriedLine

Line = tuple[Level, EndplateSide]
"""An endplate line by its vertebra and side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedVertebra:
    """One vertebra proposed on the next film.

    Attributes
    ----------
    vertebra
        Proposal; its marks have source `carried`, a covariance and a method.
    line_change_sd_deg
        Standard uncertainty of how far each endplate turned, superior and inferior: of the change,
        not of either position.
    shared
        Correlation of these two errors.
    """

    vertebra: Vertebra
    line_change_sd_deg: tuple[float, float]
    shared: float

    @property
    def level(self) -> Level:
        """Its level."""
        return self.vertebra.level

    def known_change(self, before: Vertebra, film: FilmReference) -> CarriedBody:
        """What is to be kept in a reading about the change since `before`, read on `film`.

        Raises
        ------
        NotCarriedError
            If `before` and the proposal have no endplate in common.
        """
        sides = zip(EndplateSide, self.line_change_sd_deg, strict=True)
        superior, inferior = (self._known_line(side, sd, before) for side, sd in sides)
        if superior is None and inferior is None:
            raise NotCarriedError(self.level)
        return CarriedBody(film=film, superior=superior, inferior=inferior, correlation=self.shared)

    def _known_line(
        self, side: EndplateSide, sd_deg: float, before: Vertebra
    ) -> CarriedLine | None:
        there, here = before.endplate(side), self.vertebra.endplate(side)
        if there is None or here is None:
            return None
        return CarriedLine(
            change_sd_deg=sd_deg,
            before=(there.anterior.xy, there.posterior.xy),
            here=(here.anterior.xy, here.posterior.xy),
        )

    def covariance_deg2(self, first: EndplateSide, second: EndplateSide) -> float:
        """Covariance of the errors of two of its lines' changes, in squared degrees."""
        order = list(EndplateSide)
        a, b = order.index(first), order.index(second)
        product = self.line_change_sd_deg[a] * self.line_change_sd_deg[b]
        return product if a == b else self.shared * product


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCarried:
    """A vertebra for which nothing is proposed.

    Attributes
    ----------
    level
        The level.
    reason
        Key of the reason in the catalogue, without `carry.`.
    facts
        What its sentence is told besides the level.
    """

    level: Level
    reason: str
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def told(self) -> Word:
        """The reason as a sentence that speaks every language."""
        return Word(f"carry.{self.reason}", {"level": self.level, **self.facts})


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOver:
    """Proposals for the next film.

    Attributes
    ----------
    previous
        The reading that was carried over.
    reading
        Proposals on the next film, to be confirmed by the reader.
    vertebrae
        Each proposal with what is known about its change.
    refused
        Levels for which nothing is proposed.
    evidence
        What the bodies say for this place: sum of the log odds that each is the same on both films.
    margin
        How much less they say for the best other place, which is mostly one level off.
    previous_geometry, geometry
        Pixel geometry of both films.
    warnings
        What contradicts the proposals without forbidding them.
    """

    previous: Reading
    reading: Reading
    vertebrae: tuple[CarriedVertebra, ...]
    refused: tuple[NotCarried, ...]
    evidence: float
    margin: float
    previous_geometry: PixelGeometry
    geometry: PixelGeometry
    warnings: tuple[Word, ...] = ()

    def vertebra(self, level: Level) -> CarriedVertebra:
        """The proposal for a level.

        Raises
        ------
        NotCarriedError
            If there is none.
        """
        for carried in self.vertebrae:
            if carried.level is level:
                return carried
        why = next((refusal.told for refusal in self.refused if refusal.level is level), None)
        raise NotCarriedError(level, why)


@dataclass(frozen=True, slots=True, kw_only=True)
class AngleChange:
    """How much the angle between two endplates changed from one film to the next.

    Attributes
    ----------
    upper, lower
        The two lines.
    before_deg, after_deg
        The angle on both films, kyphosis positive.
    standard_uncertainty
        Of the change, in degrees; smaller than that of two readings made apart, because both marks
        of a line share the same anatomy.
    """

    upper: Line
    lower: Line
    before_deg: float
    after_deg: float
    standard_uncertainty: float

    @property
    def change_deg(self) -> float:
        """After less before; negative if the kyphosis became less."""
        return self.after_deg - self.before_deg

    @property
    def interval_95(self) -> tuple[float, float]:
        """Change minus and plus 1.96 standard uncertainties."""
        half = 1.96 * self.standard_uncertainty
        return (self.change_deg - half, self.change_deg + half)


def change_with_uncertainty(carried: CarryOver, upper: Line, lower: Line) -> AngleChange:
    """Change of the angle between two endplates, with an uncertainty of its own.

    VKA is `((F, superior), (F, inferior))`, RKA `((F - 1, superior), (F + 1, inferior))`. It holds
    for the proposals as they are: once a reader has moved a mark, the change is that of two
    readings (`kyphometer.followup.carried` judges that of stored readings).

    Raises
    ------
    NotCarriedError
        If one of the two levels was not carried over.
    """
    first, second = carried.vertebra(upper[0]), carried.vertebra(lower[0])
    variance = first.covariance_deg2(upper[1], upper[1]) + second.covariance_deg2(
        lower[1], lower[1]
    )
    if first is second:
        variance -= 2 * first.covariance_deg2(upper[1], lower[1])
    return AngleChange(
        upper=upper,
        lower=lower,
        before_deg=_angle_deg(carried.previous, carried.previous_geometry, upper, lower),
        after_deg=_angle_deg(carried.reading, carried.geometry, upper, lower),
        standard_uncertainty=math.sqrt(max(variance, 0.0)),
    )


def _angle_deg(reading: Reading, geometry: PixelGeometry, upper: Line, lower: Line) -> float:
    sx, sy = geometry.scale
    vectors = []
    for level, side in (upper, lower):
        plate = reading.endplate(level, side)
        if plate is None:
            raise NotCarriedError(level)
        vectors.append((plate.vector[0] * sx, plate.vector[1] * sy))
    return signed_angle_deg(vectors[0], vectors[1], reading.facing or Facing.LEFT)
