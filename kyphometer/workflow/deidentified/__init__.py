"""A folder or a study copied without identity, and the search for what may be left.

copy       deidentify_source, Choices, Outcome
leftovers  find_leftovers, Leftover
"""

from kyphometer.workflow.deidentified.copy import Choices, Outcome, deidentify_source
from kyphometer.workflow.deidentified.leftovers import Leftover, find_leftovers

__all__ = ["Choices", "Leftover", "Outcome", "deidentify_source", "find_leftovers"]
