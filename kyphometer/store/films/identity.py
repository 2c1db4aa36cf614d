"""Who a film says it is of, as keyed hashes: enough to notice another person, not to name one."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from typing import Final

from kyphometer.film import Acquisition

PERSON: Final = {"birth_date": "birth date", "sex": "sex", "name": "name"}
"""What two films of one person must agree in, with how it is called."""


def identity(acquisition: Acquisition, key: str) -> dict[str, str]:
    """Hashes of what a header says of the patient, under the study's own key; gaps left out.

    Names are compared without accents, case, order and punctuation: `NGUYEN^Van A` and
    `Nguyễn Văn^A` are one.
    """
    birth = acquisition.patient_birth_date
    facts = {
        "patient_id": acquisition.patient_id,
        "name": _plain_name(acquisition.patient_name or ""),
        "birth_date": None if birth is None else birth.isoformat(),
        "sex": acquisition.patient_sex if acquisition.patient_sex in ("F", "M") else None,
    }
    return {
        name: hmac.new(key.encode(), f"{name}:{value}".encode(), hashlib.sha256).hexdigest()[:24]
        for name, value in facts.items()
        if value
    }


def contradiction(one: Mapping[str, str], other: Mapping[str, str]) -> str:
    """In what two films cannot be of one person, in words; empty if they can."""
    return " and ".join(
        word
        for name, word in PERSON.items()
        if name in one and name in other and one[name] != other[name]
    )


def _plain_name(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name.replace("đ", "d").replace("Đ", "D")).casefold()
    letters = "".join(c if c.isalnum() else " " for c in bare if not unicodedata.combining(c))
    return " ".join(sorted(letters.split()))
