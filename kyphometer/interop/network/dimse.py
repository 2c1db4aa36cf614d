"""An archive over DIMSE: C-ECHO, C-FIND, C-GET or C-MOVE, C-STORE, storage commitment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from kyphometer.errors import (
    KyphometerError,
    PacsFullError,
    PacsKindsError,
    PacsNotAcceptedError,
    PacsPartError,
    PacsStatusError,
)
from kyphometer.interop.network.archive import (
    Entry,
    Outgoing,
    Query,
    Receiver,
    Tell,
    entry_of,
    quiet,
)
from kyphometer.interop.network.association import associated, ended, watched
from kyphometer.interop.network.commitment import ask_commitment
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.retrieve import fetch_by_get, fetch_by_move
from kyphometer.interop.network.stored import OUT_OF_RESOURCES
from kyphometer.interop.network.syntaxes import UNCOMPRESSED

VERIFICATION: Final = "1.2.840.10008.1.1"
FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
_PENDING: Final = (0xFF00, 0xFF01)
_WARNINGS: Final = (0x0000, 0xB000, 0xB006, 0xB007)
_CANCELLED: Final = 0xFE00
_MOST_CONTEXTS: Final = 120
STUDY_KEYS: Final = (
    "StudyDescription", "StudyInstanceUID", "StudyDate", "PatientID", "PatientName",
    "AccessionNumber",
)  # fmt: skip
SERIES_KEYS: Final = (
    "SeriesInstanceUID", "Modality", "SeriesDescription", "BodyPartExamined", "ProtocolName",
    "ViewPosition",
)  # fmt: skip
IMAGE_KEYS: Final = (
    "SOPInstanceUID", "SOPClassUID", "Rows", "Columns", "ViewPosition", "ImageLaterality",
    "BodyPartExamined",
)  # fmt: skip


class DimseArchive:
    """An archive that speaks DIMSE; see `Archive`."""

    def __init__(self, destination: Destination) -> None:
        self._to = destination

    def close(self) -> None:
        """Nothing is held between deeds."""

    def echo(self) -> None:
        """C-ECHO."""
        with associated(self._to, [(VERIFICATION, UNCOMPRESSED[:2])]) as association:
            started = time.monotonic()
            self._require_success(association.send_c_echo(), started, "echo")

    def find(self, query: Query, tell: Tell | None = None) -> Iterator[Entry]:
        """Instances that fit, by C-FIND of studies, their series, and their instances."""
        left = query.limit
        with associated(self._to, [(FIND, UNCOMPRESSED[:2])]) as association:
            for study in list(self._find(association, _study_keys(query), tell)):
                for series in list(self._find(association, _series_keys(study), tell)):
                    modality = str(series.get("Modality") or "").upper()
                    if query.modalities and modality not in query.modalities:
                        continue
                    for image in self._find(association, _image_keys(study, series), tell):
                        if left <= 0:
                            return
                        left -= 1
                        found = entry_of(image, series, study)
                        if found is not None:
                            yield found

    def _find(self, association: Any, keys: Any, tell: Tell | None) -> Iterator[Any]:
        started, count = time.monotonic(), 0
        for status, found in association.send_c_find(keys, FIND):
            code = getattr(status, "Status", None)
            if code in _PENDING:
                started = time.monotonic()
                if found is not None:
                    count += 1
                    yield found
            elif code is not None and count and _is_part(code):
                if tell is not None:
                    tell(PacsPartError(self._to.name, count, None, _asked(keys)))
            else:
                self._require_success(status, started, "find")

    def fetch(
        self, entries: Sequence[Entry], receiver: Receiver
    ) -> Iterator[tuple[Entry, KyphometerError | None]]:
        """Fetch each by C-GET or C-MOVE, in the syntax that it is kept in."""
        way = fetch_by_get if self._to.retrieve == "get" else fetch_by_move
        yield from way(self._to, entries, receiver)

    def send(self, items: Iterable[Outgoing]) -> Iterator[tuple[Outgoing, KyphometerError | None]]:
        """C-STORE each; kinds and syntaxes are agreed on for all at the start."""
        waiting = list(items)
        pairs = list(dict.fromkeys((one.sop_class_uid, one.transfer_syntax_uid) for one in waiting))
        for first in range(0, len(pairs), _MOST_CONTEXTS):
            offered = pairs[first : first + _MOST_CONTEXTS]
            chosen = [
                one for one in waiting if (one.sop_class_uid, one.transfer_syntax_uid) in offered
            ]
            yield from self._send_all(offered, chosen)

    def _send_all(
        self, offered: Sequence[tuple[str, str]], items: Sequence[Outgoing]
    ) -> Iterator[tuple[Outgoing, KyphometerError | None]]:
        contexts = [(kind, (syntax,)) for kind, syntax in offered]
        try:
            with associated(self._to, contexts) as association:
                accepted = {
                    (context.abstract_syntax, context.transfer_syntax[0])
                    for context in association.accepted_contexts
                }
                for number, item in enumerate(items, 1):
                    pair = (item.sop_class_uid, item.transfer_syntax_uid)
                    if pair not in accepted:
                        yield item, PacsNotAcceptedError(self._to.name, *pair, item.path.name)
                    else:
                        yield item, self._store(association, item, number)
        except PacsKindsError:
            for item in items:
                pair = (item.sop_class_uid, item.transfer_syntax_uid)
                yield item, PacsNotAcceptedError(self._to.name, *pair, item.path.name)

    def _store(self, association: Any, item: Outgoing, number: int) -> KyphometerError | None:
        started = time.monotonic()
        with watched(self._to, association):
            try:
                status = association.send_c_store(item.path, msg_id=number % 65535)
            except RuntimeError:  # no association any more
                raise ended(self._to, time.monotonic() - started) from None
        code = getattr(status, "Status", None)
        if code is None:
            raise ended(self._to, time.monotonic() - started)
        if code in _WARNINGS:
            return None
        if code & 0xFF00 == OUT_OF_RESOURCES:
            return PacsFullError(self._to.name, _status(status), item.path.name)
        return PacsStatusError(self._to.name, "send", _status(status), item.path.name)

    def committed(self, items: Sequence[Outgoing]) -> dict[str, bool] | None:
        """Ask for storage commitment, where the destination says that it is offered."""
        return ask_commitment(self._to, items) if self._to.commitment and items else None

    def _require_success(self, status: Any, started: float, deed: str) -> None:
        code = getattr(status, "Status", None)
        if code is None:
            raise ended(self._to, time.monotonic() - started)
        if code != 0:
            raise PacsStatusError(self._to.name, deed, _status(status), self._to.address)


def _is_part(code: int) -> bool:
    """True for statuses with which archives end a list that is too long for them."""
    return code == _CANCELLED or code & 0xFF00 == OUT_OF_RESOURCES


def _asked(keys: Any) -> str:
    """The series or study in which was searched, or the level."""
    uids = (str(keys.get(name, "")) for name in ("SeriesInstanceUID", "StudyInstanceUID"))
    return next((uid for uid in uids if uid), str(keys.QueryRetrieveLevel))


def _status(status: Any) -> str:
    comment = str(getattr(status, "ErrorComment", "") or "")
    return f"0x{status.Status:04X}" + (f", {comment[:64]}" if comment else "")


def _keys(level: str, stated: dict[str, str], asked: Sequence[str]) -> Any:
    from pydicom.dataset import Dataset

    keys = Dataset()
    keys.SpecificCharacterSet = "ISO_IR 192"
    keys.QueryRetrieveLevel = level
    for name in asked:
        setattr(keys, name, None if name in ("Rows", "Columns") else "")
    with quiet():
        for name, value in stated.items():
            setattr(keys, name, value)
    return keys


def _study_keys(query: Query) -> Any:
    stated = {
        "PatientID": query.patient_id,
        "PatientName": query.patient_name,
        "AccessionNumber": query.accession_number,
        "StudyInstanceUID": query.study_instance_uid,
        "StudyDate": query.dates(),
    }
    return _keys("STUDY", stated, STUDY_KEYS)


def _series_keys(study: Any) -> Any:
    uid = str(study.get("StudyInstanceUID", ""))
    return _keys("SERIES", {"StudyInstanceUID": uid}, SERIES_KEYS)


def _image_keys(study: Any, series: Any) -> Any:
    uids = {"StudyInstanceUID": str(study.get("StudyInstanceUID", "")),
            "SeriesInstanceUID": str(series.get("SeriesInstanceUID", ""))}  # fmt: skip
    return _keys("IMAGE", uids, IMAGE_KEYS)
