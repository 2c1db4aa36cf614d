"""Films by C-GET and by C-MOVE, one instance a request: what fails, fails alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from kyphometer.errors import (
    KyphometerError,
    PacsNotFoundError,
    PacsStatusError,
    PacsTitleError,
    PacsUncalledError,
)
from kyphometer.interop.network.archive import Entry, Receiver
from kyphometer.interop.network.association import (
    application_entity,
    associated,
    ended,
    watched,
)
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.receiving import Door, receiving
from kyphometer.interop.network.stored import StoreHandler
from kyphometer.interop.network.syntaxes import FILM_CLASSES, SYNTAXES, UNCOMPRESSED
from kyphometer.interop.network.tls import called_tls

GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
_PENDING: Final = (0xFF00, 0xFF01)
_MOST_KINDS: Final = 120 // len(SYNTAXES)
_UNCALLED: Final = 3
"""So many films that nobody called to bring end a run: the archive cannot find us."""


def fetch_by_get(
    to: Destination, entries: Sequence[Entry], receiver: Receiver
) -> Iterator[tuple[Entry, KyphometerError | None]]:
    """C-GET each, on one association for every few kinds of films."""
    with ThreadPoolExecutor(1) as disk:
        handler = StoreHandler(receiver, later=disk)
        waiting: Entry | None = None
        for entry, failed in _get_each(to, entries, handler):
            if waiting is not None:  # on its way to the disk while this one came
                yield waiting, handler.settle(waiting.sop_instance_uid)
            waiting = None if failed else entry
            if failed is not None:
                yield entry, failed
        if waiting is not None:
            yield waiting, handler.settle(waiting.sop_instance_uid)


def _get_each(
    to: Destination, entries: Sequence[Entry], handler: StoreHandler
) -> Iterator[tuple[Entry, KyphometerError | None]]:
    """Get each; what has come without an error may not be on the disk yet."""
    from pynetdicom import evt

    for kinds, chosen in _by_kinds(entries):
        # A context for each syntax: an archive that cannot transcode picks the one it keeps.
        contexts: list[tuple[str, tuple[str, ...]]] = [(GET, UNCOMPRESSED[:2])]
        contexts += [(kind, (syntax,)) for kind in kinds for syntax in SYNTAXES]
        handlers = [(evt.EVT_C_STORE, handler)]
        with associated(to, contexts, roles=kinds, handlers=handlers) as association:
            for number, entry in enumerate(chosen, 1):
                yield entry, _retrieve(to, association, entry, handler, number)


def fetch_by_move(
    to: Destination, entries: Sequence[Entry], receiver: Receiver
) -> Iterator[tuple[Entry, KyphometerError | None]]:
    """C-MOVE each to a listener of ours that runs as long."""
    from pynetdicom import AllStoragePresentationContexts

    handler = StoreHandler(receiver)
    kinds = [str(one.abstract_syntax) for one in AllStoragePresentationContexts]
    with (
        _listening(to, kinds, handler) as calls,
        associated(to, [(MOVE, UNCOMPRESSED[:2])]) as association,
    ):
        for number, entry in enumerate(entries, 1):
            failed = _retrieve(to, association, entry, handler, number)
            failed = failed or handler.settle(entry.sop_instance_uid)
            if failed is not None:
                failed = _explained(to, failed, calls)
                if isinstance(failed, PacsUncalledError) and number >= _UNCALLED:
                    raise failed
            yield entry, failed


def _explained(to: Destination, failed: KyphometerError, calls: _Calls) -> KyphometerError:
    """Why a film did not come, as far as those who called here, or did not, tell."""
    if calls.refused:
        return calls.refused[-1]
    if isinstance(failed, PacsStatusError) and not calls.count:
        status = str(failed.facts["status"])
        return PacsUncalledError(to.name, status, to.calling_ae, to.listen_port)
    return failed


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


def _retrieve(
    to: Destination, association: Any, entry: Entry, handler: StoreHandler, number: int
) -> KyphometerError | None:
    started = time.monotonic()
    last: Any = None
    with watched(to, association):
        try:
            for last, _ in _requests(to, association, entry, number):
                if getattr(last, "Status", None) in _PENDING:
                    started = time.monotonic()
        except RuntimeError:  # no association any more
            raise ended(to, time.monotonic() - started) from None
    uid = entry.sop_instance_uid
    if handler.came(uid):
        return None
    code = getattr(last, "Status", None)
    if code is None:
        raise ended(to, time.monotonic() - started)
    if code == 0 and not getattr(last, "NumberOfFailedSuboperations", 0):
        return PacsNotFoundError(to.name, uid)
    return PacsStatusError(to.name, "fetch", f"0x{code:04X}", uid)


def _requests(to: Destination, association: Any, entry: Entry, number: int) -> Any:
    from pydicom.dataset import Dataset

    keys = Dataset()
    keys.QueryRetrieveLevel = "IMAGE"
    keys.StudyInstanceUID = entry.study_instance_uid
    keys.SeriesInstanceUID = entry.series_instance_uid
    keys.SOPInstanceUID = entry.sop_instance_uid
    if to.retrieve == "get":
        return association.send_c_get(keys, GET, msg_id=number % 65535)
    return association.send_c_move(keys, to.calling_ae, MOVE, msg_id=number % 65535)


@contextmanager
def _listening(to: Destination, kinds: Sequence[str], handler: StoreHandler) -> Iterator[_Calls]:
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
    for kind in kinds:
        entity.add_supported_context(kind, list(SYNTAXES))
    door = Door(
        host=to.listen_host,
        port=to.listen_port,
        timeout_s=to.timeout_s,
        tls=called_tls(to),
        on_refused=calls.refused.append,
    )
    with receiving(entity, door, [(evt.EVT_C_STORE, handler), (evt.EVT_REQUESTED, note)]):
        yield calls
