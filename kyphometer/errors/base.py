"""The root of the error tree."""

from __future__ import annotations

import re
from typing import ClassVar

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROLS_OF_LISTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class KyphometerError(Exception):
    """Base of every error that Kyphometer raises on purpose.

    Control characters, which names from files may hold, are shown escaped: a sentence stays one
    line and cannot steer a terminal.
    """

    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 400
    is_list: ClassVar[bool] = False
    """True for errors that are a list of problems, a line each."""

    def __init__(self, sentence: str = "") -> None:
        controls = _CONTROLS_OF_LISTS if self.is_list else _CONTROLS
        super().__init__(controls.sub(lambda found: repr(found[0])[1:-1], sentence))
