"""The network of changes: one body on two films, each film's corners told with the other's help.

It is the corner network twice, with a part that compares both crops. Told together, the errors of a
body's corners are alike on both films and cancel in how far they moved; so a change is known better
than from two looks apart. Trained on pairs of simulated films (`training/train_change.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.calibration import Scale
from kyphometer.endplates.model import PERCENT, Network, read_model

Array = NDArray[np.float64]
Image = NDArray[np.float32]

NAME = "body-changes"
COORDINATES, SPREADS = 16, 4
"""Corner coordinates of both films, then log spreads of turns and wedge, then log odds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyChange:
    """A body's corners on two films, told from each other.

    Attributes
    ----------
    before, after
        Corners in units of half the crop's side, centre 0, shape (4, 2).
    said_sd_deg
        SD of the turn of the superior line, of the inferior line, of the change of the wedge and of
        the turn of the mid line, as the network says it: not yet sized, see `ChangeModel.sized`.
    log_odds
        Logarithm of the odds that both crops show the same body.
    """

    before: Array
    after: Array
    said_sd_deg: Array
    log_odds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnUncertainty:
    """Standard uncertainty of how far a body's lines turned.

    Attributes
    ----------
    line_sd_deg
        Of the superior and of the inferior line.
    wedge_sd_deg
        Of the change of the angle between them.
    """

    line_sd_deg: tuple[float, float]
    wedge_sd_deg: float

    @property
    def shared(self) -> float:
        """Correlation of the errors of both lines' turns, -0.95 to 0.95."""
        a, b = self.line_sd_deg
        return float(np.clip((a**2 + b**2 - self.wedge_sd_deg**2) / (2 * a * b), -0.95, 0.95))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChangeModel(Network):
    """The network of changes."""

    def compare(self, before: Image, after: Image) -> BodyChange:
        """The change of a body between two crops, each (2, pixels, pixels).

        Both orders are asked and their mean is taken, so that the change back is the opposite.
        """
        forth, back = self._run(before, after), self._run(after, before)
        first, second = np.split(forth[:COORDINATES], 2), np.split(back[:COORDINATES], 2)[::-1]
        corners = (np.array(first) + np.array(second)).reshape(2, 4, 2) / 2
        rest = (forth[COORDINATES:] + back[COORDINATES:]) / 2
        return BodyChange(
            before=corners[0],
            after=corners[1],
            said_sd_deg=np.degrees(np.sqrt(2.0) * np.exp(rest[:SPREADS]) / PERCENT),
            log_odds=float(rest[SPREADS]),
        )

    def sized(self, change: BodyChange, *, intact: bool) -> TurnUncertainty:
        """What the network says of its errors, sized by the card's calibration.

        A fractured body, whose endplates' profiles are laid over each other besides, has its own.
        """
        known = self.card.get("calibration", {}).get("intact" if intact else "fractured", {})
        turn, wedge = (Scale.of_record(known.get(name)) for name in ("turn_deg", "wedge_deg"))
        superior, inferior = turn(change.said_sd_deg[:2]).tolist()
        return TurnUncertainty(
            line_sd_deg=(superior, inferior), wedge_sd_deg=float(wedge(change.said_sd_deg[2]))
        )

    def beyond_its_world(
        self, known: TurnUncertainty, wedge_change_deg: float, *, intact: bool
    ) -> TurnUncertainty:
        """Uncertainty of a body's change on films unlike those of the training.

        The card says by how much errors in a world left out of the training exceeded what was
        stated, and which part of a change of the wedge may be missing.

        Parameters
        ----------
        known
            As sized in the network's own world.
        wedge_change_deg
            How much the angle between the endplates changed.
        intact
            False if the body is fractured.
        """
        beyond = self.card.get("calibration", {}).get("left_out", {})
        width = float(beyond.get("intact" if intact else "fractured", 1.0))
        missing = 0.0 if intact else float(beyond.get("shrinkage", 0.0)) * abs(wedge_change_deg)
        superior, inferior = (float(np.hypot(width * sd, missing / 2)) for sd in known.line_sd_deg)
        return TurnUncertainty(
            line_sd_deg=(superior, inferior),
            wedge_sd_deg=float(np.hypot(width * known.wedge_sd_deg, missing)),
        )

    def _run(self, first: Image, second: Image) -> Array:
        said: Array = self.run(np.concatenate((first, second))).astype(np.float64).ravel()
        return said


@cache
def change_model() -> ChangeModel:
    """The network that ships with the package; read from its file when first asked for.

    Raises
    ------
    ModelFileError
        If the file is missing or cannot be read by the installed OpenCV.
    """
    card, network = read_model(NAME)
    return ChangeModel(card=card, network=network)
