"""What quality assurance does at the server: sessions of the study, and their reports."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from kyphometer.errors import NotFoundError, StudyRefusedError, UnknownRecordError
from kyphometer.sessions.options import chosen
from kyphometer.sessions.rounds import RoundState
from kyphometer.store.sessions.plans import SessionRecord
from kyphometer.store.study.study import Study
from kyphometer.web.pixels.decode_job import Refusal, settle_in
from kyphometer.web.pixels.decoder import DecodingError
from kyphometer.web.quality.answers import (
    Choices,
    NewSession,
    Planned,
    ReaderRow,
    Report,
    RoundRow,
    SessionList,
    SessionRow,
    State,
)
from kyphometer.web.quality.job import Kind, ReportOrder, make
from kyphometer.workflow.session_progress import ObserverProgress, session_progress
from kyphometer.workflow.sessions import FilmRule, SessionRequest, SessionRules, new_session

CODES = ("VKA", "RKA")


class QualityDesk:
    """Sessions of one study.

    Parameters
    ----------
    key
        Folder of the true readings of a kit, or None; observers must not be able to read it.
    changed
        Called when a session was made, ended or opened again.
    """

    def __init__(
        self, study: Study, key: Path | None = None, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._study = study
        self._changed = changed
        self._key = key
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    # ------------------------------------------------------------------------------ watching

    def sessions(self) -> SessionList:
        """All sessions with everybody's progress, the newest first."""
        rows = [self._row(session) for session in reversed(self._study.sessions.list())]
        return SessionList(sessions=rows, certificates=self._key is not None)

    def _row(self, session: SessionRecord) -> SessionRow:
        rules = SessionRules.from_dict(session.settings)
        return SessionRow(
            code=session.code,
            title=session.title,
            kind=session.kind,
            locked=session.locked,
            may_be_seen=session.may_be_seen,
            created=session.created_at.isoformat(timespec="seconds"),
            process=rules.process,
            films=rules.sampling,
            readers=[
                ReaderRow(
                    observer=item.observer,
                    minutes=item.minutes,
                    rounds=list(_rounds(item, locked=session.locked)),
                )
                for item in session_progress(self._study, session.code)
            ],
        )

    def choices(self) -> Choices:
        """What a session can be planned from."""
        films = [film for film in self._study.films() if film.is_lateral is not False]
        order = {visit: n for n, visit in enumerate(self._study.settings.visits.visits)}
        visits = {film.visit for film in films if film.visit}
        return Choices(
            observers=[observer.code for observer in self._study.observers()],
            patients=sorted({film.patient for film in films if film.patient}),
            visits=sorted(visits, key=lambda visit: (order.get(visit, len(order)), visit)),
            positions=sorted({str(film.position) for film in films}),
            films=len(films),
        )

    # ------------------------------------------------------------------------------ changing

    def plan(self, actor: str, wanted: NewSession) -> Planned:
        """Plan a session in the name of `actor`."""
        learning = tuple(wanted.training_patients)
        request = SessionRequest(
            code=wanted.code,
            observers=tuple(wanted.observers),
            title=wanted.title,
            films=FilmRule(
                patients=tuple(wanted.patients),
                visits=tuple(wanted.visits),
                positions=tuple(wanted.positions),
                count=wanted.films,
            ),
            training=FilmRule(patients=learning) if learning else None,
            seed=wanted.seed,
            fix_levels=wanted.fix_levels,
            text_checked=wanted.text_checked,
            **{**chosen(wanted), "reference": wanted.reference or None},
        )
        plan = new_session(self._study.acting_as(actor), request)
        self._changed()
        return Planned(code=wanted.code, showings=len(plan.showings), remarks=list(plan.remarks))

    def lock(self, actor: str, code: str, reason: str) -> SessionRow:
        """End a session."""
        self._study.acting_as(actor).sessions.lock(code, reason)
        self._changed()
        return self._row(self._study.sessions.get(code))

    def reopen(self, actor: str, code: str, reason: str, item: str | None) -> SessionRow:
        """Open a locked session again, or one read item of an open one for correction."""
        if not reason.strip():
            raise StudyRefusedError("reopening_needs_reason")
        sessions = self._study.acting_as(actor).sessions
        if item is None:
            sessions.reopen(code, reason)
        else:
            found = next((one for one in sessions.items(code) if one.code == item), None)
            if found is None:
                raise UnknownRecordError("no_session_item", name=item[:20])
            sessions.reopen_item(found.id, reason)
        self._changed()
        return self._row(self._study.sessions.get(code))

    # ------------------------------------------------------------------------------ results

    async def report(self, code: str, kind: Kind) -> Report | bytes:
        """The reliability report of a session whose values may be seen."""
        return await self._made(await run_in_threadpool(self._order, code), kind)

    async def certificate(self, code: str, kind: Kind, observer: str | None) -> Report | bytes:
        """The certificate of a kit's session."""
        if self._key is None:
            raise NotFoundError("no_kit_key")
        order = await run_in_threadpool(self._order, code, certificate=True, observer=observer)
        return await self._made(order, kind)

    def _order(
        self, code: str, *, certificate: bool = False, observer: str | None = None
    ) -> ReportOrder:
        session = self._study.sessions.get(code)
        if not session.may_be_seen:
            raise StudyRefusedError("session_not_locked_here", code=code)
        items = self._study.sessions.items(code)
        stamp = max((str(item.locked_at) for item in items if item.locked_at), default="")
        database = self._study.database
        url = database.engine.url.render_as_string(hide_password=False)
        return ReportOrder(
            target=url if database.path is None else str(database.path),
            session=code,
            codes=CODES,
            observer=observer,
            key=self._key,
            certificate=certificate,
            stamp=stamp,
        )

    async def _made(self, order: ReportOrder, kind: Kind) -> Report | bytes:
        under_way = self._executor().submit(make, order, kind)
        found = await asyncio.wrap_future(under_way)
        if isinstance(found, Refusal):
            raise DecodingError(found.sentence, found.kind, found.status)
        return found

    def _executor(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                spawn = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=settle_in)
            return self._pool

    def close(self) -> None:
        """End the process that makes reports."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


def _rounds(found: ObserverProgress, *, locked: bool) -> Iterator[RoundRow]:
    if found.training_total:
        yield RoundRow(
            round=0,
            state=_judged(found),
            read=found.training_read,
            total=found.training_total,
            opens_at=None,
        )
    for part in found.rounds:
        yield RoundRow(
            round=part.round,
            state="locked" if locked else _STATES[part.state],
            read=part.read,
            total=part.total,
            opens_at=None if part.opens_at is None else part.opens_at.isoformat(timespec="minutes"),
        )


def _judged(found: ObserverProgress) -> State:
    """How the training set stands."""
    if found.training is None:
        return "open"
    return "passed" if found.training.passed else "not passed"


_STATES: dict[RoundState, State] = {
    RoundState.WAITING: "waiting",
    RoundState.WASH_OUT: "wash-out",
    RoundState.OPEN: "open",
    RoundState.DONE: "done",
}
