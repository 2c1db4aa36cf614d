"""Errors of the help that the image gives."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError


class EndplateError(KyphometerError):
    """The image cannot help with an endplate."""

    exit_status = 10
    http_status = 422


class ModelFileError(EndplateError):
    """The network's file is missing, damaged or not readable here."""

    def __init__(self, name: str, problem: object) -> None:
        super().__init__(
            f"The corner network {name} cannot be used ({problem}); reinstall kyphometer, or ask "
            "for the classical refiner."
        )


class CarryOverError(EndplateError):
    """Nothing can be proposed from the previous film."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"Marks cannot be carried over: {problem}; {remedy}.")


class NotCarriedError(EndplateError):
    """A change was asked of a level that was not carried over."""

    def __init__(self, level: object, why: str) -> None:
        reason = f" ({why})" if why else ""
        super().__init__(
            f"The change at {level} is not known from the carry-over: it was not proposed on the "
            f"next film{reason}; mark it there and compare the two readings."
        )


class NoLateralSpineError(EndplateError):
    """A film on which no column of vertebral bodies is seen from the side."""

    def __init__(self, bodies: int) -> None:
        seen = "no vertebral body" if bodies == 0 else f"no more than {bodies} doubtful bodies"
        super().__init__(
            f"This does not look like a lateral film of a spine: {seen} could be told; mark it by "
            "hand if it is one."
        )
