"""What a report must say about data that was left out, doubtful or refused."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from kyphometer.stats.tabular import Row


class RemarkKind(StrEnum):
    """How grave a remark is."""

    EXCLUDED = "excluded"
    """Something was not used; the reason is stated."""
    WARNING = "warning"
    """Something was used, but the reader must know about it."""
    REFUSED = "refused"
    """A result could not be given for this patient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One sentence about one patient.

    Attributes
    ----------
    kind
        How grave it is.
    patient
        Code of the patient, or empty if it concerns the whole study.
    sentence
        What is the matter and, where something can be done, what.
    visit, code
        Visit and measurement that it is about, where it is about one.
    """

    kind: RemarkKind
    patient: str
    sentence: str
    visit: str | None = None
    code: str | None = None

    def row(self) -> Row:
        """Row of a table."""
        return {**asdict(self), "kind": self.kind.value}
