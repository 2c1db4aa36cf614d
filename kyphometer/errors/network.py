"""Errors of servers: those here and those talked to."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError


class NetworkError(KyphometerError):
    """A server refuses or is not there."""

    exit_status = 9
    http_status = 502


class ServerStartError(NetworkError):
    """The annotator's server cannot start."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"The server cannot start: {problem}; {remedy}.")


class RequestError(NetworkError):
    """A request that the annotator's server cannot use."""

    http_status = 400

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}.")


class RequestMemberError(RequestError):
    """A member of a request is missing or not what it must be."""

    def __init__(self, place: str, problem: str) -> None:
        what = f"The member '{place}' {problem}" if place else f"The request {problem}"
        super().__init__(what, "correct it and send the request again")


class BodyTooLargeError(RequestError):
    """A request body beyond the bound."""

    http_status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request is larger than the {limit:,} bytes that are accepted here",
            "send one reading at a time",
        )


class MediaTypeError(RequestError):
    """A request body that is not declared as JSON."""

    http_status = 415

    def __init__(self, given: str) -> None:
        super().__init__(
            f"The request's body is declared as '{given or 'nothing'}'",
            "send JSON and say so with the header 'Content-Type: application/json'",
        )


class SignInError(RequestError):
    """Nobody is signed in, or the name and password do not match."""

    http_status = 401


class ForbiddenError(RequestError):
    """The visitor may not do this."""

    http_status = 403


class FirstPasswordError(ForbiddenError):
    """A password that somebody else chose must be changed first."""

    def __init__(self) -> None:
        super().__init__(
            "Your password was chosen by somebody else", "choose one of your own before going on"
        )


class NotFoundError(RequestError):
    """Nothing is at that address."""

    http_status = 404


class MethodError(RequestError):
    """An address that does not answer that method."""

    http_status = 405


class TooManyAttemptsError(RequestError):
    """Too many failed sign-ins."""

    http_status = 429

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, round(seconds))
        super().__init__(
            "There were too many failed attempts to sign in", f"wait {self.seconds} s and try again"
        )
