"""Agreement of a long table of categories: film, observer, replicate, category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from kyphometer.errors import DuplicateReadingsError
from kyphometer.reliability.categorical import (
    Kappa,
    KappaWeights,
    MultiObserverAgreement,
    cohen_kappa,
    multi_observer_agreement,
)
from kyphometer.reliability.observers import tried
from kyphometer.stats.estimate import NotComputed, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRow(Result):
    """One category, such as a fractured level or a grade; None where it could not be given."""

    film: str
    observer: str
    replicate: str = "1"
    category: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedKappa(Result):
    """Kappa of two series of categories, or why there is none."""

    label: str
    films: int
    kappa: Kappa | NotComputed


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryAnalysis(Result):
    """Agreement of all observers, of each pair (first readings) and of each observer's repeats.

    `disputed` are the films on which first readings differ, with the category of each observer.
    """

    films: int
    observers: int
    together: MultiObserverAgreement | NotComputed
    pairs: tuple[NamedKappa, ...]
    repeats: tuple[NamedKappa, ...]
    disputed: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def analyse_categories(
    rows: Sequence[CategoryRow],
    *,
    categories: Sequence[str] | None = None,
    weights: KappaWeights = KappaWeights.NONE,
    confidence: float = 0.95,
) -> CategoryAnalysis:
    """Return the agreement of categories.

    Parameters
    ----------
    categories
        All categories in their order; needed for weights.
    weights
        Of the pairwise kappas; agreement of all observers together is unweighted.

    Raises
    ------
    DuplicateReadingsError
        A film, observer and replicate come twice.
    """
    table = _by_film(rows)
    observers = sorted({row.observer for row in rows})
    first = {film: {o: codes[0] for o, codes in reads.items()} for film, reads in table.items()}
    compare = _Comparison(categories=categories, weights=weights, confidence=confidence)
    codes = [[reads.get(observer) for observer in observers] for reads in first.values()]
    return CategoryAnalysis(
        films=len(table),
        observers=len(observers),
        together=tried(
            "agreement of all observers",
            lambda: multi_observer_agreement(codes, categories=categories, confidence=confidence),
        ),
        pairs=tuple(
            compare.named(f"{a} - {b}", [(r[a], r[b]) for r in first.values() if a in r and b in r])
            for a, b in combinations(observers, 2)
        ),
        repeats=tuple(
            compare.named(f"{o}, first - second reading", pairs)
            for o in observers
            if (pairs := [(r[o][0], r[o][1]) for r in table.values() if len(r.get(o, ())) > 1])
        ),
        disputed=tuple(
            (film, tuple(sorted(reads.items())))
            for film, reads in first.items()
            if len(set(reads.values())) > 1
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    categories: Sequence[str] | None
    weights: KappaWeights
    confidence: float

    def named(self, label: str, pairs: list[tuple[str, str]]) -> NamedKappa:
        first, second = [a for a, _ in pairs], [b for _, b in pairs]
        kappa = tried(
            "kappa",
            lambda: cohen_kappa(
                first,
                second,
                categories=self.categories,
                weights=self.weights,
                confidence=self.confidence,
            ),
        )
        return NamedKappa(label=label, films=len(pairs), kappa=kappa)


def _by_film(rows: Sequence[CategoryRow]) -> dict[str, dict[str, list[str]]]:
    """Return the categories by film and observer, in the order of replicates."""
    seen: set[tuple[str, str, str]] = set()
    twice = []
    for row in rows:
        key = (row.film, row.observer, row.replicate)
        if key in seen:
            twice.append(f"film {row.film}, observer {row.observer}, replicate {row.replicate}")
        seen.add(key)
    if twice:
        raise DuplicateReadingsError(tuple(twice))
    table: dict[str, dict[str, list[str]]] = {}
    for row in sorted(rows, key=lambda r: (len(r.replicate), r.replicate)):
        if row.category is not None:
            table.setdefault(row.film, {}).setdefault(row.observer, []).append(row.category)
    return table
