"""Errors of the help that the image gives."""

from __future__ import annotations

from collections.abc import Sequence

from kyphometer.errors.base import KyphometerError


class EndplateError(KyphometerError):
    """The image cannot help with an endplate."""

    exit_status = 10
    http_status = 422


class ModelFileError(EndplateError):
    """The network's file is missing, damaged or not readable here."""

    def __init__(self, name: str, problem: object) -> None:
        super().__init__(name=name, problem=problem)


class CarryOverError(EndplateError):
    """Nothing can be proposed from the previous film."""

    frame = "carry_over"


class NotCarriedError(EndplateError):
    """A change was asked of a level that was not carried over.

    Parameters
    ----------
    level
        The level.
    why
        What stood against it; None if that is not known.
    """

    def __init__(self, level: object, why: object = None) -> None:
        code = "not_carried" if why is None else "not_carried_as"
        super().__init__(code, level=level, why=why)


class NoLateralSpineError(EndplateError):
    """A film on which no column of vertebral bodies is seen from the side.

    Parameters
    ----------
    bodies
        How many doubtful ones were seen.
    view
        What the header says of the projection, if that is why the film was refused.
    """

    def __init__(self, bodies: int, view: str | None = None) -> None:
        if view is not None:
            super().__init__("no_lateral_view", bodies=bodies, view=view)
            return
        code = "no_lateral_spine" if bodies == 0 else "no_lateral_spine_but"
        super().__init__(code, bodies=bodies)


class UncertainLevelsError(EndplateError):
    """A proposal whose bodies cannot be named with enough certainty to measure named angles.

    Parameters
    ----------
    others
        What the uppermost body may be.
    """

    def __init__(self, others: object) -> None:
        super().__init__("uncertain_levels", others=others)


class DoubtfulBodiesError(EndplateError):
    """A proposal of which no body is certain enough to be measured without a look at it.

    Parameters
    ----------
    levels
        The bodies, each with its doubt.
    """

    def __init__(self, levels: Sequence[object]) -> None:
        super().__init__("doubtful_bodies", levels=list(levels))
