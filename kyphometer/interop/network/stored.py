"""C-STORE requests that come in, on an association of ours or to a listener."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from kyphometer.errors import FolderFullError, KyphometerError
from kyphometer.interop.network.archive import Receiver

SUCCESS: Final = 0x0000
OUT_OF_RESOURCES: Final = 0xA700
CANNOT_UNDERSTAND: Final = 0xC000


class StoreHandler:
    """Keeps what is stored with us, and what went wrong by SOP instance."""

    def __init__(
        self, receiver: Receiver, on_error: Callable[[KyphometerError], None] | None = None
    ) -> None:
        self._receiver = receiver
        self._on_error = on_error
        self.failed: dict[str, KyphometerError] = {}
        self.kept: set[str] = set()

    def __call__(self, event: Any) -> int:
        """Keep one instance as the bytes that came; the status to answer."""
        uid = str(event.request.AffectedSOPInstanceUID or "")
        try:
            with self._receiver.receive(uid) as part:
                part.write(_head(event))
                content = event.request.DataSet.getbuffer()
                for start in range(0, len(content), 1 << 20):
                    part.write(bytes(content[start : start + (1 << 20)]))
                content.release()
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
