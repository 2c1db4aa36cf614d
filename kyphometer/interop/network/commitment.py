"""Storage commitment, push model: an archive's promise to keep what it was sent."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

from kyphometer.errors import ListenError, PacsKindsError, PacsStatusError
from kyphometer.interop.network.archive import Outgoing
from kyphometer.interop.network.association import (
    application_entity,
    associated,
    ended,
)
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.receiving import Door, receiving
from kyphometer.interop.network.syntaxes import UNCOMPRESSED
from kyphometer.interop.network.tls import called_tls

COMMITMENT: Final = "1.2.840.10008.1.20.1"
_INSTANCE: Final = "1.2.840.10008.1.20.1.1"


def ask_commitment(to: Destination, items: Sequence[Outgoing]) -> dict[str, bool] | None:
    """Ask, and wait for the report on this association or on one that the archive opens.

    Returns
    -------
    promised
        By SOP instance; one that the report does not name counts as not promised. None if the
        archive does not offer it or does not report in time.
    """
    from pydicom.uid import generate_uid
    from pynetdicom import evt

    transaction = generate_uid()
    reports: queue.Queue[dict[str, bool]] = queue.Queue()

    def reported(event: Any) -> int:
        told = event.event_information
        if told.get("TransactionUID") == transaction:
            reports.put(_promised(told))
        return 0x0000

    handlers = [(evt.EVT_N_EVENT_REPORT, reported)]
    try:
        with (
            _listening(to, handlers),
            associated(to, [(COMMITMENT, UNCOMPRESSED[:2])], handlers=handlers) as association,
        ):
            started = time.monotonic()
            status, _ = association.send_n_action(
                _asked(transaction, items), 1, COMMITMENT, _INSTANCE
            )
            code = getattr(status, "Status", None)
            if code is None:
                raise ended(to, time.monotonic() - started)
            if code != 0:
                raise PacsStatusError(to.name, "commit", f"0x{code:04X}", to.address)
            told = reports.get(timeout=to.timeout_s)
    except (PacsKindsError, queue.Empty):
        return None
    return {item.sop_instance_uid: told.get(item.sop_instance_uid, False) for item in items}


def _asked(transaction: str, items: Sequence[Outgoing]) -> Any:
    from pydicom.dataset import Dataset

    asked = Dataset()
    asked.TransactionUID = transaction
    asked.ReferencedSOPSequence = [Dataset() for _ in items]
    for reference, item in zip(asked.ReferencedSOPSequence, items, strict=True):
        reference.ReferencedSOPClassUID = item.sop_class_uid
        reference.ReferencedSOPInstanceUID = item.sop_instance_uid
    return asked


def _promised(told: Any) -> dict[str, bool]:
    kept = {
        str(one.ReferencedSOPInstanceUID): True for one in told.get("ReferencedSOPSequence", ())
    }
    lost = {str(one.ReferencedSOPInstanceUID): False for one in told.get("FailedSOPSequence", ())}
    return kept | lost


@contextmanager
def _listening(to: Destination, handlers: list[tuple[Any, Any]]) -> Iterator[None]:
    """A listener for the report, where the port is free; without it only this association tells."""
    entity = application_entity(to.calling_ae, to.timeout_s)
    entity.add_supported_context(COMMITMENT, list(UNCOMPRESSED[:2]), scu_role=False, scp_role=True)
    entity.add_supported_context("1.2.840.10008.1.1")
    door = Door(
        host=to.listen_host, port=to.listen_port, timeout_s=to.timeout_s, tls=called_tls(to)
    )
    with ExitStack() as stack:
        with suppress(ListenError):
            stack.enter_context(receiving(entity, door, handlers))
        yield
