"""Films by C-GET and by C-MOVE: many in a request, and what fails so, each by itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from kyphometer.errors import (
    KyphometerError,
    PacsStatusError,
    PacsTitleError,
    PacsUncalledError,
)
from kyphometer.interop.network.archive import Entry, Receiver
from kyphometer.interop.network.asking import GET, MOVE, Asking
from kyphometer.interop.network.association import application_entity, associated
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.receiving import Door, receiving
from kyphometer.interop.network.silence import Silence
from kyphometer.interop.network.stored import StoreHandler
from kyphometer.interop.network.syntaxes import FILM_CLASSES, SYNTAXES, UNCOMPRESSED
from kyphometer.interop.network.tls import called_tls

_MOST_KINDS: Final = 120 // len(SYNTAXES)
_AT_ONCE: Final = 3
"""So many films are brought to the disk while others come."""
_UNCALLED: Final = 3
"""So many films that nobody called to bring end a run: the archive cannot find us."""
Outcome = tuple[Entry, KyphometerError | None]


def fetch_by_get(
    to: Destination, entries: Sequence[Entry], receiver: Receiver
) -> Iterator[Outcome]:
    """C-GET, on one association for every few kinds of films."""
    from pynetdicom import evt

    silence = Silence(to)
    with ThreadPoolExecutor(_AT_ONCE) as disk:
        handler = StoreHandler(receiver, later=disk, on_came=silence.came)
        handlers = [(evt.EVT_C_STORE, handler), (evt.EVT_DATA_RECV, silence.heard)]
        for kinds, chosen in _by_kinds(entries):
            # A context for each syntax: an archive that cannot transcode picks the one it keeps.
            contexts: list[tuple[str, tuple[str, ...]]] = [(GET, UNCOMPRESSED[:2])]
            contexts += [(kind, (syntax,)) for kind in kinds for syntax in SYNTAXES]
            with associated(to, contexts, roles=kinds, handlers=handlers) as association:
                asking = Asking(to, association, handler, silence)
                yield from _settled(asking.each(chosen), handler)


def fetch_by_move(
    to: Destination, entries: Sequence[Entry], receiver: Receiver
) -> Iterator[Outcome]:
    """C-MOVE to a listener of ours that runs as long."""
    from pynetdicom import AllStoragePresentationContexts, evt

    silence = Silence(to)
    kinds = [str(one.abstract_syntax) for one in AllStoragePresentationContexts]
    heard = [(evt.EVT_DATA_RECV, silence.heard)]
    with ThreadPoolExecutor(_AT_ONCE) as disk:
        handler = StoreHandler(receiver, later=disk, on_came=silence.came)
        with (
            _listening(to, kinds, [(evt.EVT_C_STORE, handler), *heard]) as calls,
            associated(to, [(MOVE, UNCOMPRESSED[:2])], handlers=heard) as association,
        ):
            each = Asking(to, association, handler, silence).each(entries)
            yield from _explained(to, _settled(each, handler), calls)


def _settled(outcomes: Iterable[Outcome], handler: StoreHandler) -> Iterator[Outcome]:
    """Outcomes once films are on the disk, to which they are brought while others come."""
    waiting = deque[Entry]()
    for entry, failed in outcomes:
        if failed is not None:
            yield entry, failed
            continue
        waiting.append(entry)
        while len(waiting) > _AT_ONCE or (waiting and handler.is_kept(waiting[0].sop_instance_uid)):
            first = waiting.popleft()
            yield first, handler.settle(first.sop_instance_uid)
    for last in waiting:
        yield last, handler.settle(last.sop_instance_uid)


def _explained(to: Destination, outcomes: Iterable[Outcome], calls: _Calls) -> Iterator[Outcome]:
    """Why films did not come, as far as those who called here, or did not, tell."""
    uncalled = 0
    for entry, failed in outcomes:
        if failed is not None and calls.refused:
            yield entry, calls.refused[-1]
        elif isinstance(failed, PacsStatusError) and not calls.count:
            status = str(failed.facts["status"])
            untold = PacsUncalledError(to.name, status, to.calling_ae, to.listen_port)
            uncalled += 1
            if uncalled == _UNCALLED:
                raise untold
            yield entry, untold
        else:
            yield entry, failed


@dataclass
class _Calls:
    """Who has called here: how many, and why some were refused."""

    count: int = 0
    refused: list[KyphometerError] = field(default_factory=list)


def _by_kinds(entries: Sequence[Entry]) -> Iterator[tuple[tuple[str, ...], list[Entry]]]:
    """Entries in batches of a few SOP classes; all kinds of films where none is stated."""
    stated = list(dict.fromkeys(one.sop_class_uid for one in entries if one.sop_class_uid))
    for first in range(0, len(stated), _MOST_KINDS):
        kinds = tuple(stated[first : first + _MOST_KINDS])
        yield kinds, [one for one in entries if one.sop_class_uid in kinds]
    rest = [one for one in entries if not one.sop_class_uid]
    if rest:
        yield FILM_CLASSES[:_MOST_KINDS], rest


@contextmanager
def _listening(
    to: Destination, kinds: Sequence[str], handlers: Sequence[tuple[Any, Any]]
) -> Iterator[_Calls]:
    """Receive while the block runs; gives who has called."""
    from pynetdicom import evt

    calls = _Calls()

    def note(event: Any) -> None:
        calls.count += 1
        called = str(event.assoc.requestor.primitive.called_ae_title).strip()
        if called != to.calling_ae:
            calls.refused.append(PacsTitleError(to.name, called, to.calling_ae))

    entity = application_entity(to.calling_ae, to.timeout_s)
    entity.require_called_aet = True
    entity.network_timeout = to.film_timeout_s  # between two films of one request
    for kind in kinds:
        entity.add_supported_context(kind, list(SYNTAXES))
    door = Door(
        host=to.listen_host,
        port=to.listen_port,
        timeout_s=to.timeout_s,
        tls=called_tls(to),
        on_refused=calls.refused.append,
    )
    with receiving(entity, door, [*handlers, (evt.EVT_REQUESTED, note)]):
        yield calls
