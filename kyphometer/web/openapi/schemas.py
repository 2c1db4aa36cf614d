"""Shapes of requests and answers, by name."""

from __future__ import annotations

from msgspec.json import schema_components

from kyphometer.anatomy import Level
from kyphometer.film import Position
from kyphometer.followup.correction_model import Verdict
from kyphometer.followup.judged import Basis
from kyphometer.geometry import Facing, SpacingSource
from kyphometer.reading import CornerRule
from kyphometer.reading.findings import FindingCode
from kyphometer.web.access.visitors import Role
from kyphometer.web.openapi.types import (
    ANY_OBJECT,
    COUNT,
    DATE,
    FLAG,
    NUMBER,
    POINT,
    TEXT,
    Schema,
    choice,
    many,
    maybe,
    record,
    ref,
)
from kyphometer.web.quality.answers import Choices, NewSession, Planned, Report, SessionList
from kyphometer.web.server.settings import Mode
from kyphometer.web.views.visits import VisitTable

LEVEL = choice(*(level.value for level in Level))
STATUS = choice("unread", "draft", "read", "failed")
DRAFT_DOCUMENT: Schema = {
    "type": "object",
    "description": (
        "A reading (`kyphometer schema reading`) in which corners may still be missing; its "
        "member `draft` is the page's own and is dropped on confirmation."
    ),
}
ROLE = choice(*map(str, Role))
USER = record({"name": TEXT, "role": ROLE})
ACCOUNT = record({"name": TEXT, "role": ROLE, "observer": TEXT, "active": FLAG, "created": TEXT})
_LINE_MEMBERS = {
    "film_id": TEXT,
    "label": TEXT,
    "patient": maybe(TEXT),
    "visit": maybe(TEXT),
    "date": maybe(DATE),
    "position": maybe(choice(*map(str, Position))),
    "status": STATUS,
}
_WINDOW = record({"center": NUMBER, "width": NUMBER, "function": TEXT, "explanation": TEXT})
_LUT = record(
    {"explanation": TEXT, "first": {"type": "integer"}, "bits": COUNT, "values": many(COUNT)}
)
_GEOMETRY = record(
    {
        "row_mm": maybe(NUMBER),
        "column_mm": maybe(NUMBER),
        "aspect": NUMBER,
        "source": choice(*map(str, SpacingSource)),
        "in_patient": FLAG,
    }
)
_PIXELS = record(
    {
        "slope": NUMBER,
        "intercept": NUMBER,
        "bits": COUNT,
        "padding": maybe(many(COUNT)),
        "inverted": FLAG,
        "windows": many(_WINDOW),
        "luts": many(_LUT),
    }
)
_DEFINITION = record(
    {"code": TEXT, "label": TEXT, "upper": TEXT, "lower": TEXT, "description": TEXT}
)
_CHANGE = record(
    {
        "code": TEXT,
        "label": TEXT,
        "previous_value": NUMBER,
        "change": maybe(NUMBER),
        "standard_uncertainty": maybe(NUMBER),
        "limit": maybe(NUMBER),
        "basis": maybe(choice(*map(str, Basis))),
        "uncertainty_source": TEXT,
        "verdict": choice(*map(str, Verdict)),
        "beyond_uncertainty": maybe(FLAG),
        "reasons": many(TEXT),
        "previous_film": TEXT,
    }
)
_READING = record(
    {
        "observer": TEXT,
        "session": maybe(TEXT),
        "version": COUNT,
        "reason": TEXT,
        "saved_at": TEXT,
        "document": ANY_OBJECT,
        "measurements": many(ref("Measurement")),
        "error": maybe(TEXT),
        "latest": FLAG,
    }
)
_SPREAD = record(
    {
        "code": TEXT,
        "label": TEXT,
        "readings": COUNT,
        **dict.fromkeys(("lowest", "highest", "difference"), NUMBER),
        "mdc95": maybe(NUMBER),
        "beyond_mdc": maybe(FLAG),
    }
)
_PROGRESS = record({"observer": TEXT, **dict.fromkeys(("read", "draft", "unread", "total"), COUNT)})
_MOVED = record(
    {
        "level": LEVEL,
        "endplate": choice("superior", "inferior"),
        "corner": choice("anterior", "posterior"),
        "from": POINT,
        "to": POINT,
        "note": TEXT,
    }
)
_REFUSED = record(
    {"level": LEVEL, "endplate": maybe(choice("superior", "inferior")), "reason": TEXT}
)

_, _TYPED = schema_components(
    (VisitTable, SessionList, Choices, NewSession, Planned, Report),
    ref_template="#/components/schemas/{name}",
)
"""What is described by the types themselves."""

SCHEMAS: dict[str, Schema] = {
    **_TYPED,
    "Error": record(
        {"error": TEXT, "kind": TEXT},
        {
            "code": TEXT,
            "facts": ANY_OBJECT,
            "etag": TEXT,
            "document": maybe(ANY_OBJECT),
            "version": COUNT,
            "source": TEXT,
            "findings": many(ref("Finding")),
        },
    ),
    "Config": record(
        {
            "version": TEXT,
            "mode": choice(*map(str, Mode)),
            "user": maybe(USER),
            "sign_in": choice("password", "proxy"),
            "observer": TEXT,
            "csrf": TEXT,
            "blinded": FLAG,
            "languages": many(TEXT),
            "corner_sd_mm": NUMBER,
            "fractured_level": maybe(LEVEL),
            "assist": record({"available": FLAG, "allowed": FLAG}),
            "levels": many(LEVEL),
            "position_values": many(TEXT),
            "corner_rules": many(choice(*map(str, CornerRule))),
            "definitions": many(_DEFINITION),
        }
    ),
    "WorkLine": record(
        {
            **_LINE_MEMBERS,
            **dict.fromkeys(("fractured_levels", "others", "warnings"), many(TEXT)),
            "group": maybe(record({"films": COUNT, "read": COUNT})),
        },
        {"error": maybe(TEXT)},
    ),
    "WorkList": record(
        {
            "total": COUNT,
            "progress": record(dict.fromkeys(("read", "draft", "total", "failed"), COUNT)),
            "items": many(ref("WorkLine")),
            "others": many(record({"observer": TEXT, "films": COUNT})),
        }
    ),
    "Sibling": record(_LINE_MEMBERS),
    "Film": record(
        {
            **{name: shape for name, shape in _LINE_MEMBERS.items() if name != "status"},
            "rows": COUNT,
            "columns": COUNT,
            "facing": maybe(choice(*map(str, Facing))),
            "view": maybe(TEXT),
            "facts": many({"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}),
            "warnings": many(TEXT),
            "geometry": _GEOMETRY,
            "pixels": maybe(_PIXELS),
            "siblings": many(ref("Sibling")),
            "fractured_levels": many(LEVEL),
            "previous": maybe(TEXT),
            "next": maybe(TEXT),
            "error": maybe(TEXT),
        }
    ),
    "Document": record(
        {
            "document": maybe(ANY_OBJECT),
            "etag": TEXT,
            "status": STATUS,
            "version": COUNT,
            "source": choice("draft", "reading", "none"),
        }
    ),
    "SignedIn": record({"user": USER, "csrf": TEXT, "first_password": FLAG}),
    "SignIns": record({"sign_ins": many(ref("Attempt"))}),
    "Attempt": record(
        {
            "time": TEXT,
            "outcome": choice("success", "failure", "too early"),
            "address": TEXT,
            "name": maybe(TEXT),
            "name_hash": maybe(TEXT),
            "by": choice("password", "proxy", "openid"),
        }
    ),
    "Account": ACCOUNT,
    "Accounts": record({"users": many(ref("Account"))}),
    "NewAccount": record({"name": TEXT, "password": TEXT}),
    "Ok": record({"ok": FLAG}),
    "Saved": record({"etag": TEXT}),
    "Confirmed": record({"etag": TEXT, "version": COUNT, "measured": many(ref("Measurement"))}),
    "Measurement": record(
        {
            "code": TEXT,
            "label": TEXT,
            "upper": maybe(TEXT),
            "lower": maybe(TEXT),
            "value": NUMBER,
            "unit": TEXT,
            "standard_uncertainty": maybe(NUMBER),
            "interval95": maybe(POINT),
            "lines": many(many(POINT)),
            "levels": many(LEVEL),
            "definition": TEXT,
            "note": TEXT,
        },
        {"details": {"type": "object", "additionalProperties": NUMBER}},
    ),
    "SampleSizes": record(
        {"sizes": many(record({"method": TEXT, "aim": TEXT, "n": COUNT, "achieved": NUMBER}))}
    ),
    "Assisted": record({"document": ANY_OBJECT, "moved": many(_MOVED), "refused": many(_REFUSED)}),
    "Carried": record({"document": ANY_OBJECT, "notes": many(TEXT), "carried": many(LEVEL)}),
    "Readings": record({"readings": many(_READING), "spread": many(_SPREAD)}),
    "Progress": record({"observers": many(_PROGRESS)}),
    "Finding": record(
        {
            "code": choice(*map(str, FindingCode)),
            "severity": choice("error", "warning"),
            "where": TEXT,
            "message": TEXT,
            "remedy": TEXT,
            "sentence": TEXT,
            "levels": many(LEVEL),
            "corners": many(
                record(
                    {
                        "level": LEVEL,
                        "endplate": choice("superior", "inferior"),
                        "corner": choice("anterior", "middle", "posterior"),
                    }
                )
            ),
        }
    ),
    "Measured": record(
        {
            "facing": maybe(choice(*map(str, Facing))),
            "measurements": many(ref("Measurement")),
            "findings": many(ref("Finding")),
            "missing": many(
                record({"code": TEXT, "label": TEXT, "reason": TEXT, "needs": many(TEXT)})
            ),
            "warnings": many(TEXT),
            "change": maybe(many(_CHANGE)),
        }
    ),
}
