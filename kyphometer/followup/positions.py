"""Was the patient held alike? Position alone moves local kyphosis by up to 10 degrees."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from kyphometer.film import Position
from kyphometer.followup.remarks import Remark, RemarkKind
from kyphometer.followup.visit_model import VisitAssignment


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionPolicy:
    """Which changes may be stated although positions differ or are unknown.

    The same 15 osteoporotic fractures measured 26.2 degrees sitting, 19.8 in lateral decubitus and
    15.4 supine (science.md#posture), so by default neither is allowed.

    Attributes
    ----------
    allow_unknown
        True to state changes where a position is unknown; each is flagged.
    allow_mixed
        True to state changes between different known positions; each is flagged.
    """

    allow_unknown: bool = False
    allow_mixed: bool = False

    def judge(self, earlier: Position, later: Position) -> PositionJudgement:
        """Whether a change between two positions may be stated, with the sentence to print."""
        if earlier is later and earlier is not Position.UNKNOWN:
            return _SAME
        if Position.UNKNOWN in (earlier, later):
            sentence = (
                f"position {_words(earlier)} at the earlier and {_words(later)} at the later visit"
            )
            return PositionJudgement(eligible=self.allow_unknown, sentence=sentence)
        sentence = (
            f"{_words(earlier)} at the earlier but {_words(later)} at the later visit, which "
            "alone can move local kyphosis by up to 10°"
        )
        return PositionJudgement(eligible=self.allow_mixed, sentence=sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionJudgement:
    """Outcome for one pair of visits.

    Attributes
    ----------
    eligible
        True if a change may be stated.
    sentence
        What is the matter; empty if both positions are known and the same.
    """

    eligible: bool
    sentence: str


_SAME = PositionJudgement(eligible=True, sentence="")
STRICT_POSITIONS = PositionPolicy()


def position_remarks(assignment: VisitAssignment) -> tuple[Remark, ...]:
    """A warning for each patient whose visits differ in position or lack it."""
    by_patient: dict[str, dict[str, Position]] = defaultdict(dict)
    for visit in assignment.visits:
        by_patient[visit.patient][visit.visit] = visit.position
    remarks = []
    for patient, positions in by_patient.items():
        unknown = [visit for visit, p in positions.items() if p is Position.UNKNOWN]
        if unknown:
            remarks.append(
                _warning(
                    patient,
                    f"the position is unknown at {', '.join(unknown)}; state it, since changes "
                    "from or to an unknown position are not judged",
                )
            )
        known = {visit: p for visit, p in positions.items() if p is not Position.UNKNOWN}
        if len(set(known.values())) > 1:
            listed = ", ".join(f"{visit} {_words(p)}" for visit, p in known.items())
            remarks.append(_warning(patient, f"positions differ between visits ({listed})"))
    return tuple(remarks)


def _warning(patient: str, problem: str) -> Remark:
    return Remark(
        kind=RemarkKind.WARNING, patient=patient, sentence=f"Patient {patient}: {problem}."
    )


def _words(position: Position) -> str:
    return position.value.replace("_", " ")
