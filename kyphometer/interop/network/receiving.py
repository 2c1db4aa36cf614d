"""Where others call us: the listeners of `kyphometer listen`, C-MOVE and storage commitment."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kyphometer.errors import KyphometerError, ListenError, PacsCallerError
from kyphometer.interop.network.association import patience, stop_server


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where and whom we let in.

    Attributes
    ----------
    host, port
        Where; an empty host is every address of this machine, port 0 a free one.
    timeout_s
        Silence after which a caller counts as gone.
    tls
        Who we are, and whom we ask to show who they are; None without encryption.
    allowed
        Addresses or networks of those who may call; empty allows everybody.
    on_refused
        Told of a caller with whom no encrypted connection comes about.
    """

    host: str
    port: int
    timeout_s: float
    tls: ssl.SSLContext | None = None
    allowed: tuple[str, ...] = ()
    on_refused: Callable[[KyphometerError], None] | None = None


@contextmanager
def receiving(
    entity: Any, door: Door, handlers: Sequence[tuple[Any, Callable[[Any], Any]]]
) -> Iterator[int]:
    """Listen while the block runs; gives the port. At the end open connections are aborted.

    Parameters
    ----------
    entity
        An application entity of pynetdicom with all that it offers.

    Raises
    ------
    ListenError
        If the port cannot be had.
    """
    from pynetdicom import evt

    threshold = _Threshold(door)
    opened = (evt.EVT_CONN_OPEN, threshold.cross)
    try:
        server = entity.start_server(
            (door.host, door.port), block=False, evt_handlers=[opened, *handlers]
        )
    except OSError as error:
        raise ListenError(f"{door.host}:{door.port}", error.strerror) from None
    server.contexts = _Offered(server.contexts)
    try:
        yield server.server_address[1]
    finally:
        threshold.close()
        stop_server(server)


class _Offered(list[Any]):
    """What is offered to every caller alike: copying it for each takes a tenth of a second."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> list[Any]:
        return list(self)


class _Threshold:
    """Every caller passes it, each in a thread of its own."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._networks = [ipaddress.ip_network(one, strict=False) for one in door.allowed]
        self._patience = patience(door.timeout_s)
        self._lock = threading.Lock()
        self._greeting: set[socket.socket] = set()
        self._is_closed = False

    def cross(self, event: Any) -> None:
        """Let a caller in, or hang up."""
        transport = event.assoc.dul.socket
        if not self._is_allowed(event.address[0]):
            transport.close()
            return
        if self._door.tls is not None:
            try:
                transport.socket = self._encrypted(transport.socket, self._door.tls)
            except OSError as error:
                transport.close()
                self._tell(event.address, error)
                return
        self._patience(event)

    def close(self) -> None:
        """Hang up on those who have not finished to say who they are."""
        with self._lock:
            self._is_closed = True
            for waiting in self._greeting:
                with contextlib.suppress(OSError):
                    waiting.shutdown(socket.SHUT_RDWR)

    def _is_allowed(self, address: str) -> bool:
        # A listener for all addresses sees those of IPv4 as IPv6 has them.
        known = ipaddress.ip_address(address.removeprefix("::ffff:"))
        return not self._networks or any(known in network for network in self._networks)

    def _encrypted(self, plain: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        plain.settimeout(self._door.timeout_s)
        encrypted = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        try:
            with self._lock:
                self._greeting.add(encrypted)
                if self._is_closed:
                    raise ConnectionAbortedError
            encrypted.do_handshake()
        except BaseException:
            encrypted.close()
            raise
        finally:
            with self._lock:
                self._greeting.discard(encrypted)
        return encrypted

    def _tell(self, address: Sequence[Any], error: OSError) -> None:
        if self._door.on_refused is not None and not self._is_closed:
            caller = str(address[0]).removeprefix("::ffff:")
            self._door.on_refused(PacsCallerError(caller, _reason(error)))


def _reason(error: OSError) -> str:
    """What went wrong, as OpenSSL says it."""
    said = getattr(error, "verify_message", "") or getattr(error, "reason", "") or error.strerror
    return str(said or "silent").replace("_", " ").lower()
