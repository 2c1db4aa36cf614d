"""C-STORE requests that come in, on an association of ours or to a listener."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import Any, Final

from kyphometer.errors import FolderFullError, KyphometerError
from kyphometer.interop.network.archive import Receiver

SUCCESS: Final = 0x0000
OUT_OF_RESOURCES: Final = 0xA700
CANNOT_UNDERSTAND: Final = 0xC000
MOST_WAITING: Final = 4
"""So many films wait for the disk at most; the next one waits to be received."""


class StoreHandler:
    """Keeps what is stored with us, and what went wrong by SOP instance.

    Parameters
    ----------
    later
        Brings films to the disk while others come; their success is answered before. Only
        for films that the other side keeps: `settle` says what became of one.
    on_came
        Told as each film has come, which may not be on the disk yet.
    """

    def __init__(
        self,
        receiver: Receiver,
        on_error: Callable[[KyphometerError], None] | None = None,
        later: Executor | None = None,
        on_came: Callable[[], None] | None = None,
    ) -> None:
        self._receiver = receiver
        self._on_error = on_error
        self._later = later
        self._on_came = on_came
        self._room = threading.Semaphore(MOST_WAITING)
        self._coming: dict[str, Future[int]] = {}
        self._expected: frozenset[str] | None = None
        self.failed: dict[str, KyphometerError] = {}
        self.kept: set[str] = set()

    def __call__(self, event: Any) -> int:
        """Keep one instance as the bytes that came; the status to answer."""
        uid = str(event.request.AffectedSOPInstanceUID or "")
        head, content = _head(event), event.request.DataSet.getbuffer()
        if self._later is None:
            return self._keep(uid, head, content)
        if self._expected is not None and uid not in self._expected:
            return CANNOT_UNDERSTAND
        if not self.came(uid):
            self._room.acquire()  # the disk may be slower than the network
            self._coming[uid] = self._later.submit(self._keep_later, uid, head, content)
        if self._on_came is not None:
            self._on_came()
        return SUCCESS

    def expect(self, uids: Iterable[str]) -> None:
        """Refuse others from now on."""
        self._expected = frozenset(uids)

    def came(self, uid: str) -> bool:
        """True if that film has come, though it may not be on the disk yet."""
        return uid in self._coming or uid in self.kept or uid in self.failed

    def is_kept(self, uid: str) -> bool:
        """True if `settle` would not wait."""
        coming = self._coming.get(uid)
        return coming is None or coming.done()

    def settle(self, uid: str) -> KyphometerError | None:
        """Wait until that film is kept; what went wrong with it.

        Raises
        ------
        FolderFullError
            If there is no room: that ends all.
        """
        coming = self._coming.get(uid)
        if coming is not None:
            coming.result()
        failed = self.failed.get(uid)
        if isinstance(failed, FolderFullError):
            raise failed
        return failed

    def _keep_later(self, uid: str, head: bytes, content: memoryview) -> int:
        try:
            return self._keep(uid, head, content)
        finally:
            self._room.release()

    def _keep(self, uid: str, head: bytes, content: memoryview) -> int:
        try:
            with content, self._receiver.receive(uid) as part:
                part.write(head)
                for start in range(0, len(content), 1 << 20):
                    part.write(bytes(content[start : start + (1 << 20)]))
        except KyphometerError as error:
            self.failed[uid] = error
            if self._on_error is not None:
                self._on_error(error)
            return OUT_OF_RESOURCES if isinstance(error, FolderFullError) else CANNOT_UNDERSTAND
        self.kept.add(uid)
        return SUCCESS


def _head(event: Any) -> bytes:
    """Preamble and file meta information."""
    from pynetdicom.dsutils import encode_file_meta

    return b"\x00" * 128 + b"DICM" + bytes(encode_file_meta(event.file_meta))


class Bound:
    """Ends an association when one message grows beyond a bound, before memory is full."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes + (1 << 20)

    def received(self, event: Any) -> None:
        """Count what one message has brought; a new message starts anew."""
        association, data = event.assoc, event.data
        if len(data) < 12 or data[0] != 0x04:  # not P-DATA-TF
            return
        control = data[11]
        is_command_end = control & 0b11 == 0b11
        size = 0 if is_command_end else getattr(association, "kyphometer_size", 0)
        size += struct.unpack(">I", data[2:6])[0]
        association.kyphometer_size = size
        if size > self._most:
            association.dul.socket.close()
