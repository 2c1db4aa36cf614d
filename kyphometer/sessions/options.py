"""What can be chosen for a reading session, declared once: name, usual value, range, words.

The plan, the rules that a study keeps, the command line and the page's request all take it from
here; an option that is added here is added everywhere but in the page's form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields
from typing import Any

from kyphometer.errors import ParameterRangeError
from kyphometer.messages import Word


def _option(
    usual: Any,
    words: str,
    *,
    low: float | None = None,
    high: float | None = None,
    metavar: str | None = None,
    flag: str = "",
) -> Any:
    told = {"words": words, "low": low, "high": high, "metavar": metavar, "flag": flag}
    return field(default=usual, metadata=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """How a session is read.

    Attributes
    ----------
    rounds
        How often each observer reads every film, 1 to 20.
    washout_days
        From an observer's last reading of a round to his first of the next.
    duplicates
        Share of films shown a second time within a round, 0 to 0.5; 0.1 to 0.2 is usual.
    mirrored
        Share of all showings of a round that are mirrored, drawn at random, 0 to 1.
    spacing
        Least number of places from one film of a patient to the next, where possible, 1 to 100.
    assist
        True if the image may help.
    planning
        How the number of films was found, in words.
    reference
        Observer whose readings outside of sessions judge the training set.
    pass_mark_deg
        Largest standard error of measurement against the reference that passes the training.
    """

    rounds: int = _option(2, "readings of each film", low=1, high=20, metavar="N")
    washout_days: float = _option(14.0, "days between rounds", low=0.0, high=3650.0, metavar="D")
    duplicates: float = _option(0.15, "shown twice", low=0.0, high=0.5, metavar="SHARE")
    mirrored: float = _option(0.5, "shown mirrored", low=0.0, high=1.0, metavar="SHARE")
    spacing: int = _option(5, "places between a patient's films", low=1, high=100, metavar="N")
    assist: bool = _option(False, "allow help from the image")
    planning: str = _option("", "how the sample size was found, in words")
    reference: str | None = _option(None, "whose readings are right", metavar="OBSERVER")
    pass_mark_deg: float = _option(
        2.0, "largest SEM that passes", low=0.1, high=45.0, metavar="DEG", flag="--pass-mark"
    )

    def require_possible(self) -> None:
        """Refuse what lies outside its range.

        Raises
        ------
        ParameterRangeError
            Names the option and its range.
        """
        for option in options():
            low, high = option.metadata["low"], option.metadata["high"]
            value = getattr(self, option.name)
            if low is not None and not low <= value <= high:
                name = Word(f"option.{option.name}")
                raise ParameterRangeError(
                    "design_range", name=name, value=value, low=low, high=high
                )


def options() -> Iterator[Field[Any]]:
    """The options, as fields with `words`, `low`, `high`, `metavar` and `flag`."""
    return iter(fields(SessionOptions))


def chosen(source: object) -> dict[str, Any]:
    """Those that something with attributes of these names has chosen."""
    return {
        option.name: getattr(source, option.name)
        for option in options()
        if hasattr(source, option.name)
    }


def add_options(parser: Any, *names: str, **usual: Any) -> None:
    """Declare options of a command line; `usual` are other values where nothing is said."""
    for option in options():
        if option.name not in names:
            continue
        told = option.metadata
        flag = told["flag"] or f"--{option.name.replace('_', '-')}"
        default = usual.get(option.name, option.default)
        if default is False:
            parser.add_argument(flag, action="store_true", help=told["words"])
            continue
        kind = str if default is None else type(default)
        shown = f" (default {default:g})" if isinstance(default, int | float) else ""
        parser.add_argument(
            flag,
            dest=option.name,
            type=kind,
            default=default,
            metavar=told["metavar"],
            help=f"{told['words']}{shown}",
        )
