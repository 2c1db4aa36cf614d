"""Names of UIDs, for sentences."""

from __future__ import annotations

import re


def uid_name(uid: str) -> str | None:
    """Name of a UID that DICOM defines, None for any other."""
    from pydicom.config import IGNORE
    from pydicom.uid import UID

    name = str(UID(uid, validation_mode=IGNORE).name)
    return None if name == uid or not name else name


def shown_uid(uid: str) -> str:
    """A UID as a sentence may show it, whatever a damaged header made of it."""
    return re.sub(r"[^0-9.]", "?", uid)[:64] or "(none)"
