"""A whole lateral film proposed without a click: bodies, corners, levels, each with its doubt.

`detect(film)` is the door. A film is looked at by a small network at several sizes (`pyramid`,
`model`, `search`), its peaks are bodies (`candidates`), those that lie above each other a column
(`chain`), which is numbered by
evidence with odds (`numbering`), refined by `kyphometer.endplates` and
handed out as a reading that nobody has confirmed (`proposal`). The network is made in `training/`.
"""

from __future__ import annotations

from kyphometer.detect.fractures import FractureSuggestion
from kyphometer.detect.numbering import Numbering
from kyphometer.detect.proposal import Proposal, ProposedBody, detect

__all__ = ["FractureSuggestion", "Numbering", "Proposal", "ProposedBody", "detect"]
