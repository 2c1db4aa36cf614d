"""From a read film to the same patient's next one: the same bodies, and how they changed.

`carry_over(film, reading, next_film)` is the door. Where the column may lie is looked for
(`places`) by its appearance (`search`, `locate`), from one body that is known (`grow`) and by the
bodies that the whole-film detector sees (`found`); every place is judged by the network of changes
(`columns`, `change_model`), and the bodies of the best one are proposed (`transfer`) with the
uncertainty of their change (`carried`).
"""

from __future__ import annotations

from kyphometer.carry.carried import (
    AngleChange,
    CarriedVertebra,
    CarryOver,
    NotCarried,
    change_with_uncertainty,
)
from kyphometer.carry.carry_over import carry_over

__all__ = [
    "AngleChange",
    "CarriedVertebra",
    "CarryOver",
    "NotCarried",
    "carry_over",
    "change_with_uncertainty",
]
