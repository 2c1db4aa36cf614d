"""Codes, UIDs, days and times of day that only a key can link to what they stand for."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from datetime import date, datetime, time, timedelta
from typing import Final

_LONGEST_SHIFT_DAYS: Final = 3650
_DECADES: Final = timedelta(days=365 * 20)
_DAY: Final = re.compile(r"\s*(\d{4})[.\-/]?(\d\d)[.\-/]?(\d\d)")
_CLOCK: Final = re.compile(r"\s*(\d\d):?(\d\d)?:?(\d\d)?")
_SECONDS: Final = 86_400


class Pseudonyms:
    """What stands for one person's codes, UIDs, days and times of day.

    Days move into the past by one number of days (20 to 30 years), so that intervals stay exact.
    Times of day are bent (a straight line that the key draws for each person): their order within a
    day stays, hours do not; moments less than two seconds apart may become one. Midnight, which
    also stands for a time that nobody knows, stays.

    Parameters
    ----------
    key
        Secret of the study.
    person
        What tells the person from others.
    """

    def __init__(self, key: str, person: str) -> None:
        self._key = key.encode()
        self._person = person
        span = self._number("shift", person) % _LONGEST_SHIFT_DAYS
        self.shift = _DECADES + timedelta(days=span)
        self._start = self._number("start", person) % (_SECONDS // 4)
        self._rate = 0.6 + 0.1 * (self._number("rate", person) % 1000) / 1000

    def _digest(self, *parts: str) -> bytes:
        return hmac.new(self._key, "\0".join(parts).encode(), hashlib.sha256).digest()

    def _number(self, *parts: str) -> int:
        return int.from_bytes(self._digest(*parts)[:8], "big")

    def uid(self, uid: str) -> str:
        """A UID in place of another one, under the root for UUIDs (PS3.5 B.2)."""
        return f"2.25.{uuid.UUID(bytes=self._digest('uid', uid)[:16], version=4).int}"

    def code(self) -> str:
        """A code in place of the person."""
        return "K" + self._digest("patient", self._person).hex()[:10].upper()

    def mark(self, *what: str) -> str:
        """Eight letters and digits in place of anything else."""
        return self._digest("mark", *what).hex()[:8]

    def date(self, day: date) -> date:
        """A shifted day."""
        return day - self.shift

    def clock(self, at: time) -> time:
        """A bent time of day."""
        seconds = at.hour * 3600 + at.minute * 60 + at.second
        if seconds == 0:
            return time()
        bent = int(self._start + self._rate * seconds)
        return time(bent // 3600, bent // 60 % 60, bent % 60)

    def moment(self, moment: datetime) -> datetime:
        """A shifted day with a bent time of day."""
        return datetime.combine(self.date(moment.date()), self.clock(moment.time()))

    def day_text(self, text: str) -> str:
        """A shifted date (DA), empty if it was none."""
        day = _day(text)
        return "" if day is None else f"{self.date(day):%Y%m%d}"

    def clock_text(self, text: str) -> str:
        """A bent time of day (TM), empty if it was none."""
        at = _clock(text)
        return "" if at is None else f"{self.clock(at):%H%M%S}"

    def moment_text(self, text: str) -> str:
        """A shifted date and time (DT) without its time zone, empty if it was none."""
        match = _DAY.match(text)
        return self.day_text(text) + (self.clock_text(text[match.end() :]) if match else "")


def _day(text: str) -> date | None:
    match = _DAY.match(text)
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def _clock(text: str) -> time | None:
    match = _CLOCK.match(text)
    try:
        hour, minute, second = (int(part or 0) for part in match.groups()) if match else (99, 0, 0)
        return time(hour, minute, min(second, 59))
    except ValueError:
        return None
