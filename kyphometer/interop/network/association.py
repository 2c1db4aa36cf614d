"""Associations of DIMSE: made, refused in a sentence, and watched while they run."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from kyphometer.errors import (
    KyphometerError,
    MissingExtraError,
    PacsAssociationError,
    PacsCutError,
    PacsKindsError,
    PacsSlowError,
    PacsTlsError,
    PacsUnreachableError,
)
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.tls import client_tls
from kyphometer.interop.network.turnstile import Turnstile

_QUICK_ACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)  # Linux
LARGEST_PDU: Final = 1 << 20
"""Pieces of a megabyte: few enough to be fast, small enough to bound memory."""


def application_entity(title: str, timeout_s: float) -> Any:
    """An application entity of pynetdicom that streams files, with bounded patience."""
    try:
        from pynetdicom import AE, _config
        from pynetdicom.transport import AssociationSocket
    except ImportError:
        raise MissingExtraError("pynetdicom", "interop") from None
    _config.STORE_SEND_CHUNKED_DATASET = True
    # Its own leaves a socket open where the other end was faster.
    AssociationSocket._shutdown_socket = _close_socket  # type: ignore[method-assign,assignment]
    entity = AE(ae_title=title)
    entity.connection_timeout = timeout_s
    entity.acse_timeout = timeout_s
    entity.dimse_timeout = timeout_s
    entity.network_timeout = timeout_s
    entity.maximum_pdu_size = LARGEST_PDU
    return entity


def _close_socket(transport: Any) -> None:
    ours = transport.socket  # another thread may take it away meanwhile
    if ours is not None:
        with contextlib.suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)
        ours.close()


@contextmanager
def associated(
    to: Destination,
    contexts: Sequence[tuple[str, Sequence[str]]],
    *,
    roles: Sequence[str] = (),
    handlers: Sequence[tuple[Any, Any]] = (),
) -> Iterator[Any]:
    """An association with an archive, released at the end.

    Parameters
    ----------
    contexts
        Abstract syntaxes, each with the transfer syntaxes of one presentation context.
    roles
        SOP classes that the archive stores with us on this association (C-GET).

    Raises
    ------
    PacsUnreachableError, PacsTlsError, PacsAssociationError, PacsKindsError, PacsSlowError
        If it is not made.
    """
    from pynetdicom import build_role, evt

    entity = application_entity(to.calling_ae, to.timeout_s)
    for abstract, syntaxes in contexts:
        entity.add_requested_context(abstract, list(syntaxes))
    association = entity.associate(
        to.host,
        to.port,
        ae_title=to.called_ae,
        max_pdu=LARGEST_PDU,
        ext_neg=[build_role(uid, scp_role=True) for uid in roles] or None,
        evt_handlers=[
            *handlers,
            (evt.EVT_CONN_OPEN, patience(to.timeout_s)),
            (evt.EVT_CONN_OPEN, _stand_still),
        ],
        tls_args=(client_tls(to), to.host) if to.tls else None,
    )
    if not association.is_established:
        hang_up(association)
        raise _refused(to, association)
    try:
        yield association
    except BaseException:
        hang_up(association)
        raise
    if association.is_established:
        association.release()


@contextmanager
def watched(to: Destination, association: Any) -> Iterator[None]:
    """End the association when one film takes longer than it may."""
    late = threading.Event()

    def end() -> None:
        late.set()
        hang_up(association)

    timer = threading.Timer(to.film_timeout_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():
        raise PacsSlowError(to.name, to.film_timeout_s)


def patience(timeout_s: float) -> Callable[[Any], None]:
    """What an opened connection is told: neither silence nor a claimed length may be endless.

    Its small messages go and are acknowledged at once: many archives write a message in two
    pieces, and the second waits up to 40 ms for the acknowledgement of the first.
    """

    def bound(event: Any) -> None:
        transport = event.assoc.dul.socket
        connection = transport.socket
        connection.settimeout(timeout_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def receive_bounded(length: int) -> bytearray:
            if length > 4 * LARGEST_PDU:
                raise ConnectionAbortedError
            return _receive(connection, length)

        transport.recv = receive_bounded
        _end_quietly(event.assoc)

    return bound


def _end_quietly(association: Any) -> None:
    """Let its reactor end without a traceback where it aborts what nobody has asked for yet."""
    from pynetdicom.fsm import InvalidEventError

    reactor = association.dul
    act = reactor.state_machine.do_action

    def act_or_end(happened: str) -> None:
        try:
            act(happened)
        except InvalidEventError:
            association._kill = reactor._kill_thread = True
            if reactor.socket is not None:
                reactor.socket.close()

    reactor.state_machine.do_action = act_or_end


def _stand_still(event: Any) -> None:
    """Leave every answer to the request that waits for it."""
    event.assoc._reactor_checkpoint = Turnstile(event.assoc)


def _receive(connection: socket.socket, length: int) -> bytearray:
    """As many bytes; fewer if the other side hung up."""
    received = bytearray(length)
    view, count = memoryview(received), 0
    while count < length and (more := connection.recv_into(view[count:])):
        count += more
        if _QUICK_ACK is not None:
            connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
    return received if count == length else received[:count]


def hang_up(association: Any) -> None:
    """End an association at once, also in the middle of a message that never ends."""
    transport = association.dul.socket
    connection = transport and transport.socket
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    association.abort()
    if connection is not None:
        connection.close()


def stop_server(server: Any) -> None:
    """End a listener with the associations that are open to it."""
    for association in list(server.active_associations):
        hang_up(association)
    server.shutdown()


def ended(to: Destination, waited_s: float) -> KyphometerError:
    """What a missing answer means: the archive was silent, or the connection is gone."""
    if waited_s >= to.timeout_s * 0.95:
        return PacsSlowError(to.name, to.timeout_s)
    return PacsCutError(to.name)


def _refused(to: Destination, association: Any) -> KyphometerError:
    """Why there is no association; the network is tried again where pynetdicom does not tell."""
    answer = association.acceptor.primitive
    if association.is_rejected and answer is not None:
        return PacsAssociationError(to.name, to.called_ae, to.calling_ae, answer.reason_str)
    if association.rejected_contexts and not association.accepted_contexts:
        return PacsKindsError(to.name)
    return _unreachable(to) or PacsAssociationError(to.name, to.called_ae, to.calling_ae, "silent")


def _unreachable(to: Destination) -> KyphometerError | None:
    try:
        with socket.create_connection((to.host, to.port), to.timeout_s) as plain:
            return _no_tls(to, plain) if to.tls else None
    except TimeoutError:
        return PacsUnreachableError(to.name, to.address, "timeout")
    except OSError as error:
        return PacsUnreachableError(to.name, to.address, error.strerror or "silent")


def _no_tls(to: Destination, plain: socket.socket) -> KyphometerError | None:
    """Why the handshake fails, None if it does not."""
    try:
        with client_tls(to).wrap_socket(plain, server_hostname=to.host):
            return None
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason
    except OSError as error:
        reason = error.strerror
    return PacsTlsError(to.name, to.address, reason or "-")
