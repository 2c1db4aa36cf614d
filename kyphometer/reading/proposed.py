"""Which bodies of a proposal may be taken together, without a look at each: the only such rule.

The page's key, `measure --auto`, `batch --auto` and the lists of what waits all go by it.
"""

from __future__ import annotations

MOST_DOUBT = 0.10
"""Bodies that are off by 3 mm with this probability or more are looked at one by one."""


def may_be_taken(*, refined: bool, doubt: float) -> bool:
    """Whether a proposed body may be taken together with others.

    Parameters
    ----------
    refined
        Whether both of its endplates lie on their rims.
    doubt
        Probability that a corner is off by more than 3 mm.
    """
    return refined and doubt < MOST_DOUBT
