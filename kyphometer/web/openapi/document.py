"""Description of the API (OpenAPI 3.1), written by hand and held to the routes by a test."""

from __future__ import annotations

from functools import cache
from typing import Any

import kyphometer
from kyphometer.web.openapi.schemas import DRAFT_DOCUMENT, LEVEL, ROLE, SCHEMAS
from kyphometer.web.openapi.types import (
    ANY_OBJECT,
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    body,
    choice,
    many,
    maybe,
    ref,
)
from kyphometer.web.reader.service import SORTS

_BASE = {"base": maybe(TEXT)}
_LOG = body(
    {},
    {
        "seconds": NUMBER,
        "zoom": maybe(NUMBER),
        "window_center": maybe(NUMBER),
        "window_width": maybe(NUMBER),
        "details": maybe(ANY_OBJECT),
    },
)
_TARGET = body(
    {"level": LEVEL},
    {
        "endplate": maybe(choice("superior", "inferior")),
        "corner": maybe(choice("anterior", "posterior")),
    },
)
_CONFIRM = body({"document": DRAFT_DOCUMENT}, {**_BASE, "reason": maybe(TEXT), "log": maybe(_LOG)})
_FILM_ID = {
    "name": "film_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    "description": "Opaque name of a film, from the work list.",
}
_PUBLIC = ("health", "login")
_SENTENCES = {
    400: "The request cannot be used.",
    401: "Nobody is signed in, or the key is missing.",
    403: "The visitor may not do this, or another web page asked for it.",
    404: "There is no such film.",
    409: "Somebody was faster, or the rules of the study forbid it; what is stored is in the body.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "The film or the marks cannot be used; the sentence says why.",
    429: "Too many failed attempts to sign in; Retry-After says when to try again.",
    507: "The disk is full; nothing was lost.",
}


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kyphometer annotator",
            "version": kyphometer.__version__,
            "description": "Films, readings and live results for the page that marks endplates.",
        },
        "security": [{"cookie": []}, {"bearer": []}],
        "paths": {**_paths(), **_account_paths(), **_planning_paths(), **_quality_paths()},
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": "kyphometer"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _paths() -> dict[str, Any]:
    return {
        "/api/health": {"get": _operation("health", "Is it up?", _json(ref("Ok")))},
        "/api/openapi.json": {"get": _operation("openapi", "This description.", _json(ANY_OBJECT))},
        "/api/config": {"get": _operation("config", "What the page needs.", _json(ref("Config")))},
        "/api/worklist": {"get": _work_list()},
        "/api/progress": {
            "get": _operation(
                "progress", "How far everybody is; for QA.", _json(ref("Progress")), 403
            )
        },
        **_film_paths("/api/films/{film_id}"),
        **_marking_paths("/api/films/{film_id}"),
    }


def _film_paths(film: str) -> dict[str, Any]:
    """What is told of a film."""
    return {
        film: {"get": _operation("film", "Facts of a film.", _json(ref("Film")), film=True)},
        f"{film}/readings": {
            "get": _operation(
                "readings", "Everybody's readings; for QA.", _json(ref("Readings")), 403, film=True
            )
        },
        f"{film}/pixels": {"get": _picture("pixels", "application/octet-stream")},
        f"{film}/thumbnail": {"get": _picture("thumbnail", "image/jpeg")},
        f"{film}/picture.png": {"get": _picture("picture", "image/png")},
        f"{film}/page.pdf": {"get": _picture("page_pdf", "application/pdf")},
        f"{film}/page.png": {"get": _picture("page_png", "image/png")},
        f"{film}/measurements.csv": {"get": _picture("table", "text/csv")},
        f"{film}/document": {
            "get": _operation(
                "document", "Draft or latest reading.", _json(ref("Document")), film=True
            )
        },
    }


def _marking_paths(film: str) -> dict[str, Any]:
    """What is done with its marks."""
    return {
        f"{film}/draft": {
            "put": _change(
                "save_draft", "Save a draft.", "Saved", body({"document": DRAFT_DOCUMENT}, _BASE)
            ),
            "delete": _change("discard_draft", "Discard the draft.", "Document", body({}, _BASE)),
        },
        f"{film}/reading": {"post": _change("confirm", "Confirm.", "Confirmed", _CONFIRM)},
        f"{film}/assist": {
            "post": _change(
                "assist",
                "Move marks onto the rims that the image shows.",
                "Assisted",
                body({"document": DRAFT_DOCUMENT, "targets": many(_TARGET)}),
            )
        },
        f"{film}/carry-over": {
            "post": _change(
                "carry_over",
                "Propose endplates from an earlier film of the patient.",
                "Carried",
                body({"document": DRAFT_DOCUMENT}, {"from": maybe(TEXT)}),
            )
        },
        f"{film}/visits": {
            "post": _change(
                "visits",
                "All visits of the film's patient: angles, change, loss and verdicts.",
                "VisitTable",
                body({}, {"document": maybe(DRAFT_DOCUMENT)}),
            )
        },
        f"{film}/measure": {
            "post": _change(
                "measure", "Live results.", "Measured", body({"document": DRAFT_DOCUMENT})
            )
        },
    }


def _account_paths() -> dict[str, Any]:
    """Signing in and accounts; these addresses answer 404 where one person works alone."""
    name = {"name": "name", "in": "path", "required": True, "schema": TEXT}
    log_in = body({"name": TEXT, "password": TEXT})
    add = body({"name": TEXT, "role": ROLE}, {"observer": maybe(TEXT)})
    change = body({}, {"role": maybe(ROLE), "active": maybe(FLAG)})
    changed = _account_change("change_user", "Change an account.", "Account", change)
    changed["parameters"] = [name]
    added = _account_change("add_user", "Add an account.", "NewAccount", add)
    added["responses"]["201"] = added["responses"].pop("200")
    return {
        "/api/login": {"post": _account_change("login", "Sign in.", "SignedIn", log_in)},
        "/api/logout": {"post": _account_change("logout", "Sign out.", "Ok", None)},
        "/api/password": {
            "post": _account_change(
                "password", "Change one's password.", "SignedIn", body({"old": TEXT, "new": TEXT})
            )
        },
        "/api/sign-ins": {
            "get": _operation("sign_ins", "Attempts to sign in.", _json(ref("SignIns")), 403, 404)
        },
        "/api/users": {
            "get": _operation("users", "All accounts.", _json(ref("Accounts")), 403, 404),
            "post": added,
        },
        "/api/users/{name}": {"patch": changed},
    }


def _planning_paths() -> dict[str, Any]:
    common = dict.fromkeys(("power", "confidence"), maybe(NUMBER))
    icc = body(
        {"expected": NUMBER},
        {**dict.fromkeys(("null", "width", "readings"), maybe(NUMBER)), **common},
    )
    limits = body(
        {"tolerance": NUMBER},
        {**dict.fromkeys(("sd", "standard_error", "bias"), maybe(NUMBER)), **common},
    )
    return {
        "/api/planning/icc": {
            "post": _account_change("plan_icc", "Films for an ICC.", "SampleSizes", icc)
        },
        "/api/planning/limits": {
            "post": _account_change("plan_limits", "Pairs for limits.", "SampleSizes", limits)
        },
    }


def _quality_paths() -> dict[str, Any]:
    """Sessions and their reports."""
    session: Schema = {"name": "code", "in": "path", "required": True, "schema": TEXT}
    kind: Schema = {"name": "kind", "in": "path", "required": True, "schema": TEXT}
    reason = body({}, {"reason": maybe(TEXT)})
    again = body({"reason": TEXT}, {"item": maybe(TEXT)})
    made = _account_change("plan_session", "Plan a session.", "Planned", ref("NewSession"))
    made["responses"]["201"] = made["responses"].pop("200")
    paths: dict[str, Any] = {
        "/api/session-choices": {
            "get": _operation(
                "session_choices", "What can be planned.", _json(ref("Choices")), 403, 404
            )
        },
        "/api/sessions": {
            "get": _operation("sessions", "All sessions.", _json(ref("SessionList")), 403, 404),
            "post": made,
        },
        "/api/sessions/{code}/lock": {
            "post": _account_change("lock_session", "End it.", "SessionRow", reason)
        },
        "/api/sessions/{code}/reopen": {
            "post": _account_change("reopen_session", "Open it again.", "SessionRow", again)
        },
    }
    for name in ("report", "certificate"):
        found = _operation(f"session_{name}", f"Its {name}.", _json(ref("Report")), 403, 404, 409)
        found["responses"]["422"] = _json(ref("Error"), _SENTENCES[422])
        found["parameters"] = [kind]
        paths[f"/api/sessions/{{code}}/{name}/{{kind}}"] = {"get": found}
    for path, item in paths.items():
        if "{code}" in path:
            for operation in item.values():
                operation["parameters"] = [session, *operation.get("parameters", [])]
    return paths


def _account_change(name: str, summary: str, answer: str, request: Schema | None) -> dict[str, Any]:
    found = _operation(name, summary, _json(ref(answer)), 403, 404, 409, 413, 415, 422, 429)
    if request is not None:
        content = {"application/json": {"schema": request}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _json(schema: Schema, words: str = "Done.") -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _operation(
    name: str, summary: str, done: dict[str, Any], *errors: int, film: bool = False
) -> dict[str, Any]:
    known = {400, 401, *errors, *((404, 422) if film else ())}
    refusals = {str(code): _json(ref("Error"), _SENTENCES[code]) for code in sorted(known)}
    found: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {"200": done, **refusals},
    }
    if film:
        found["parameters"] = [_FILM_ID]
    if name in _PUBLIC:
        found["security"] = []
    return found


def _change(name: str, summary: str, answer: str, request: Schema) -> dict[str, Any]:
    found = _operation(name, summary, _json(ref(answer)), 403, 409, 413, 415, 507, film=True)
    found["requestBody"] = {"required": True, "content": {"application/json": {"schema": request}}}
    return found


def _picture(name: str, media_type: str) -> dict[str, Any]:
    done = {"description": "Done.", "content": {media_type: {"schema": {"type": "string"}}}}
    found = _operation(name, f"The film's {name}.", done, film=True)
    found["responses"]["304"] = {"description": "Not changed since the tag that was sent."}
    return found


def _work_list() -> dict[str, Any]:
    count = {"type": "integer", "minimum": 0}
    found = _operation("worklist", "Films to read.", _json(ref("WorkList")))
    shapes: dict[str, Schema] = {
        "query": TEXT,
        "status": choice("unread", "draft", "read", "mine", "flagged", "failed"),
        "sort": choice(*SORTS),
        "offset": {**count, "maximum": 10_000_000},
        "limit": {**count, "maximum": 500},
    }
    found["parameters"] = [
        {"name": name, "in": "query", "schema": shape} for name, shape in shapes.items()
    ]
    return found
