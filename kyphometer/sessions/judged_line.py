"""One quantity held against a limit that was fixed beforehand, and the verdict of several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kyphometer.reliability.words import Verdict
from kyphometer.stats.estimate import Estimate, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLine(Result):
    """One quantity of one measurement with its limit (None: for information) and the verdict."""

    code: str
    quantity: Estimate
    limit: float | None = None
    verdict: Verdict | None = None

    def record(self) -> dict[str, object]:
        """One row of a table: names as in the documents, no verdict where there is no limit."""
        return {
            "code": self.code,
            "quantity": self.quantity.name,
            "value": self.quantity.value,
            "low": self.quantity.low,
            "high": self.quantity.high,
            "unit": self.quantity.unit,
            "limit": self.limit,
            "verdict": None if self.verdict is None else str(self.verdict),
        }


def together(lines: Iterable[JudgedLine]) -> Verdict:
    """The worst verdict: one broken limit breaks all, one that is not shown leaves all open."""
    verdicts = {line.verdict for line in lines}
    worst = (v for v in (Verdict.REFUTED, Verdict.NOT_SHOWN) if v in verdicts)
    return next(worst, Verdict.SHOWN)


def named(lines: Iterable[JudgedLine], verdict: Verdict) -> str:
    """The lines of a verdict, in words: `VKA bias against truth, ...`."""
    return ", ".join(f"{x.code} {x.quantity.name}" for x in lines if x.verdict is verdict)
