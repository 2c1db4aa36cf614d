"""A storage SCP: films that others send come to lie in a folder, each once and whole."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kyphometer.errors import KyphometerError
from kyphometer.interop.network.association import application_entity
from kyphometer.interop.network.fetch import JOURNAL, LOCK
from kyphometer.interop.network.incoming import Incoming, Kept, PartFile, sweep
from kyphometer.interop.network.journal import Journal
from kyphometer.interop.network.receiving import Door, receiving
from kyphometer.interop.network.stored import Bound, StoreHandler
from kyphometer.interop.network.syntaxes import SYNTAXES
from kyphometer.store.folder.atomic import locked

_VERIFICATION: Final = "1.2.840.10008.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """How it is listened.

    Attributes
    ----------
    host, port
        Where; an empty host is every address of this machine, port 0 a free one.
    ae_title
        Our own; who calls another is refused.
    allowed_titles, allowed_addresses
        Who may send; empty allows everybody. Addresses may be networks, as in 10.1.0.0/16.
    film_bytes
        Bound on one film.
    associations
        How many may be open at once.
    timeout_s
        Silence after which a sender counts as gone.
    tls
        Who we are, and whom we ask to show who they are (`server_tls`); None without encryption.
    """

    host: str = ""
    port: int = 11112
    ae_title: str = "KYPHOMETER"
    allowed_titles: tuple[str, ...] = ()
    allowed_addresses: tuple[str, ...] = ()
    film_bytes: int = 512 * 1024 * 1024
    associations: int = 8
    timeout_s: float = 60.0
    tls: ssl.SSLContext | None = None


class OnceEach:
    """Receives films one after another into a folder; one that is known is not written again."""

    def __init__(self, incoming: Incoming, journal: Journal) -> None:
        self._incoming = incoming
        self._lock = threading.Lock()
        self._journal = journal
        self._known = {str(line.get("sop")): str(line.get("file")) for line in journal.lines}

    @contextmanager
    def receive(self, sop_instance_uid: str) -> Iterator[PartFile | _Nowhere]:
        """Take a film in, or let it pass if it is here.

        Raises
        ------
        PacsDoubledError
            If another film is here under its UID.
        """
        with self._lock:
            here = self._known.get(sop_instance_uid)
            if here is None:
                with self._incoming.receive(sop_instance_uid) as part:
                    yield part
                self._known[sop_instance_uid] = str(self._journal.lines[-1].get("file"))
            elif (self._journal.path.parent / here).is_file():
                path = self._journal.path.parent / here
                with self._incoming.compare(sop_instance_uid, path) as part:
                    yield part
            else:
                yield _Nowhere()


class _Nowhere:
    """Where bytes of a film go that was here and was moved away."""

    def write(self, piece: bytes) -> None:
        """Let them pass."""


@contextmanager
def listening(
    folder: Path,
    how: Listening,
    *,
    on_kept: Callable[[Kept], None] | None = None,
    on_error: Callable[[KyphometerError], None] | None = None,
) -> Iterator[int]:
    """Receive films into a folder while the block runs; gives the port.

    What arrived once is not kept twice, though it be sent again. At the end open associations are
    aborted; a film that is half here leaves nothing.

    Raises
    ------
    ListenError
        If the port cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK), Journal(folder / JOURNAL) as journal:
        sweep(folder)

        def keep(kept: Kept) -> None:
            place = kept.path.relative_to(folder).as_posix()
            journal.add(sop=kept.sop_instance_uid, file=place, bytes=kept.size)
            if on_kept is not None:
                on_kept(kept)

        incoming = Incoming(folder, how.ae_title, how.film_bytes, keep)
        handler = StoreHandler(OnceEach(incoming, journal), on_error)
        with _open(how, handler, on_error) as port:
            yield port


@contextmanager
def _open(
    how: Listening, handler: StoreHandler, on_refused: Callable[[KyphometerError], None] | None
) -> Iterator[int]:
    from pynetdicom import AllStoragePresentationContexts, evt

    entity = application_entity(how.ae_title, how.timeout_s)
    entity.maximum_associations = how.associations
    entity.require_called_aet = True
    entity.require_calling_aet = list(how.allowed_titles)
    entity.add_supported_context(_VERIFICATION)
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax, list(SYNTAXES))
    door = Door(
        host=how.host,
        port=how.port,
        timeout_s=how.timeout_s,
        tls=how.tls,
        allowed=how.allowed_addresses,
        on_refused=on_refused,
    )
    handlers: list[tuple[Any, Callable[[Any], Any]]] = [
        (evt.EVT_C_STORE, handler),
        (evt.EVT_DATA_RECV, Bound(how.film_bytes).received),
    ]
    with receiving(entity, door, handlers) as port:
        yield port
