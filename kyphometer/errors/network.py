"""Errors of servers: those here and those talked to."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError
from kyphometer.messages import Word


class NetworkError(KyphometerError):
    """A server refuses or is not there."""

    exit_status = 9
    http_status = 502


class ServerStartError(NetworkError):
    """The annotator's server cannot start."""


class RequestError(NetworkError):
    """A request that the annotator's server cannot use."""

    http_status = 400


class RequestMemberError(RequestError):
    """A member of a request is missing or not what it must be."""

    def __init__(self, place: str, problem: str | Word) -> None:
        super().__init__(
            "request_member" if place else "request_itself", place=place, problem=problem
        )


class BodyTooLargeError(RequestError):
    """A request body beyond the bound."""

    http_status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(limit=limit)


class MediaTypeError(RequestError):
    """A request body that is not declared as JSON."""

    http_status = 415

    def __init__(self, given: str) -> None:
        super().__init__(given=given or "-")


class SignInError(RequestError):
    """Nobody is signed in, or the name and password do not match."""

    http_status = 401


class IdentityProviderError(RequestError):
    """The identity provider vouches for nobody, or its answer cannot be used."""

    http_status = 502


class ForbiddenError(RequestError):
    """The visitor may not do this."""

    http_status = 403


class FirstPasswordError(ForbiddenError):
    """A password that somebody else chose must be changed first."""


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
        super().__init__(seconds=self.seconds)
