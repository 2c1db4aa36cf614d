"""Errors of the study database."""

from __future__ import annotations

from kyphometer.errors.base import KyphometerError


class StudyError(KyphometerError):
    """The study database refuses."""

    exit_status = 8
    http_status = 409


class StudyFileError(StudyError):
    """A study that cannot be created, opened, read or written."""

    http_status = 503

    def __init__(self, where: object, problem: str, remedy: str) -> None:
        super().__init__(f"The study '{where}' {problem}; {remedy}.")


class StudyFullError(StudyFileError):
    """No room to save."""

    http_status = 507


class StudyConflictError(StudyError):
    """Somebody else was faster; `current` is what is there now (None: nothing)."""

    def __init__(self, what: str, current: object = None) -> None:
        self.current = current
        super().__init__(
            f"{what} since you opened it; nothing was overwritten: look at the newer one first."
        )


class UnknownRecordError(StudyError):
    """Something that the study does not hold."""

    http_status = 404

    def __init__(self, kind: str, name: object, remedy: str = "see what the study holds") -> None:
        super().__init__(f"There is no {kind} '{name}' here; {remedy}.")


class StudyRefusedError(StudyError):
    """Something that the rules of the study forbid."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}.")


class UnacceptedChangesError(StudyError):
    """Facts that differ from what the study knows, without leave to change them."""

    is_list = True

    def __init__(self, source: str, changes: tuple[object, ...], shown: int = 30) -> None:
        self.changes = changes
        lines = [str(change) for change in changes[:shown]]
        if len(changes) > shown:
            lines.append(f"... and {len(changes) - shown} more.")
        count = "1 fact differs" if len(changes) == 1 else f"{len(changes)} facts differ"
        super().__init__(
            f"Nothing was taken from {source}: {count} from what the study knows. Look at each; if "
            "the new ones are right, say --accept-changes.\n" + "\n".join(lines)
        )
