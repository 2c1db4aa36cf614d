"""Errors of archives that are talked to, and of what is told about them beforehand."""

from __future__ import annotations

from kyphometer.errors.network import NetworkError
from kyphometer.errors.usage import UsageError
from kyphometer.messages import Word


class DestinationFileError(UsageError):
    """A destinations file that cannot be used; what stands for a secret is never shown."""

    frame = "destination_file"


class UnknownDestinationError(UsageError):
    """A destination that the file does not name."""

    def __init__(self, name: str, known: list[str], path: object) -> None:
        super().__init__(name=name, known=known or ["-"], path=path)


class SecretError(UsageError):
    """A secret that is not where the destinations file says; it is called by its name only."""

    def __init__(self, destination: str, place: str, key: str) -> None:
        super().__init__(
            "secret_not_set" if place == "env" else "secret_not_kept",
            destination=destination,
            key=key,
        )


class PacsError(NetworkError):
    """An archive is not there, refuses, or gives what cannot be used."""


class PacsUnreachableError(PacsError):
    """Nothing answers at the address; `reason` is the system's, or `timeout` or `address`."""

    def __init__(self, destination: str, address: str, reason: str) -> None:
        known = reason in ("timeout", "address", "silent")
        told = Word(f"pacs.reason_{reason}") if known else reason
        super().__init__(destination=destination, address=address, reason=told)


class PacsTlsError(PacsError):
    """The other end cannot be trusted, does not trust us, or a certificate cannot be used."""

    def __init__(self, destination: str, address: str, reason: object) -> None:
        super().__init__(destination=destination, address=address, reason=reason)


class PacsSignInError(PacsError):
    """The archive refuses the account."""

    def __init__(self, destination: str, status: int) -> None:
        super().__init__(destination=destination, status=int(status))


class PacsAssociationError(PacsError):
    """The archive refuses the association."""

    def __init__(self, destination: str, called: str, calling: str, reason: str) -> None:
        told = Word("pacs.reason_silent") if reason == "silent" else reason
        super().__init__(destination=destination, called=called, calling=calling, reason=told)


class PacsTitleError(PacsError):
    """An archive sends what we asked for to another title than ours."""

    def __init__(self, destination: str, called: str, ours: str) -> None:
        super().__init__(destination=destination, called=called, ours=ours)


class PacsUncalledError(PacsError):
    """An archive that was asked to send films here has not called."""

    def __init__(self, destination: str, status: str, ours: str, port: int) -> None:
        super().__init__(destination=destination, status=status, ours=ours, port=int(port))


class PacsKindsError(PacsError):
    """The archive accepts nothing of what was offered."""

    def __init__(self, destination: str) -> None:
        super().__init__(destination=destination)


class PacsSlowError(PacsError):
    """The archive is silent, or slower than was agreed on."""

    http_status = 504

    def __init__(self, destination: str, seconds: float) -> None:
        super().__init__(destination=destination, seconds=seconds)


class PacsStalledError(PacsSlowError):
    """No film came whole in the time that one may take."""

    def __init__(self, destination: str, seconds: float) -> None:
        super().__init__(destination, seconds)


class PacsCutError(PacsError):
    """The connection ended before the thing was whole."""

    def __init__(self, destination: str) -> None:
        super().__init__(destination=destination)


class PacsNotFoundError(PacsError):
    """The archive does not hold it."""

    http_status = 404

    def __init__(self, destination: str, what: str) -> None:
        super().__init__(destination=destination, what=what)


class PacsPartError(PacsError):
    """The archive lists a part of what it holds; None where it does not say how much that is."""

    def __init__(self, destination: str, listed: int, held: int | None, where: str) -> None:
        held_told = Word("pacs.more") if held is None else held
        super().__init__(destination=destination, listed=listed, held=held_told, where=where)


class PacsNotAcceptedError(PacsError):
    """The archive accepts no such kind of object, or not in this syntax."""

    def __init__(self, destination: str, kind: str, syntax: str, name: str) -> None:
        super().__init__(destination=destination, kind=kind, syntax=syntax, name=name)


class PacsStatusError(PacsError):
    """The archive answers a deed with a failure."""

    def __init__(self, destination: str, deed: str, status: str, what: str) -> None:
        super().__init__(
            destination=destination, deed=Word(f"pacs.deed_{deed}"), status=status, what=what
        )


class PacsFullError(PacsError):
    """The archive has no room."""

    http_status = 507

    def __init__(self, destination: str, status: str, what: str) -> None:
        super().__init__(destination=destination, status=status, what=what)


class PacsNotStoredError(PacsError):
    """The archive took something and neither names it as stored nor holds it."""

    def __init__(self, destination: str, what: str) -> None:
        super().__init__(destination=destination, what=what)


class PacsAnswerError(PacsError):
    """The archive gives something else than what was asked for."""

    frame = "pacs_answer"


class PacsDoubledError(PacsError):
    """Another film comes under the UID of one that is here; `what` are the attributes."""

    http_status = 409

    def __init__(self, source: str, uid: str, what: list[str]) -> None:
        super().__init__(source=source, uid=uid, what=what)


class PacsTooLargeError(PacsError):
    """A film beyond the bound."""

    http_status = 413

    def __init__(self, source: str, limit: int) -> None:
        super().__init__(source=source, megabytes=limit / 1e6)


class ListenError(NetworkError):
    """The port to listen on cannot be had."""

    def __init__(self, address: str, reason: object) -> None:
        super().__init__(address=address, reason=reason)


class CertificateError(NetworkError):
    """A certificate, its key or an authority's file cannot be used."""

    def __init__(self, path: object, reason: object) -> None:
        super().__init__(path=path, reason=reason)


class PacsCallerError(PacsError):
    """With somebody who called us no encrypted connection came about."""

    def __init__(self, caller: str, reason: str) -> None:
        told = Word("pacs.reason_silent") if reason == "silent" else reason
        super().__init__(caller=caller, reason=told)


class FolderFullError(PacsError):
    """No room for what arrives."""

    http_status = 507

    def __init__(self, folder: object) -> None:
        super().__init__(folder=folder)


class UnsendableError(UsageError):
    """A file that cannot be sent."""

    frame = "unsendable"
