"""What becomes of documents: members of allow-lists, codes, shifted days, no free text."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.dicom.pseudonyms import Pseudonyms
from kyphometer.film import Position
from kyphometer.followup.clinical.columns import (
    AIS_GRADES,
    COMPLICATION_TYPES,
    MECHANISMS,
    NO_SYMPTOMS,
    SEXES,
)
from kyphometer.geometry import Facing, SpacingSource
from kyphometer.reading import CornerRule
from kyphometer.reading.model import MarkSource
from kyphometer.store.deidentified.ledger import Ledger

_ENUMS: Final[tuple[type[Enum], ...]] = (
    EndplateSide, Level, Position, Facing, SpacingSource, CornerRule, MarkSource,
)  # fmt: skip
_WORDS: Final = frozenset(
    (
        *(item.value for kind in _ENUMS for item in kind), *AIS_GRADES, *COMPLICATION_TYPES,
        *MECHANISMS, *SEXES, "none", "open", "locked", "reproducibility", "training", "imported",
        "certification", "observer", "owner", "qa", "disc", "anterior_margin", "posterior_margin",
        "kyphometer-reading", "kyphometer-clinical", "DX", "CR", "RF", "XA", "OT", "F", "M", "O",
        "A", "P", "L", "R", "H",
    )
)  # fmt: skip
"""Words that the program itself writes."""
_FREE: Final = frozenset(("comment", "reason", "note", "title", "name", "description", "history"))
_MEMBER: Final = re.compile(r"\d{1,9}|[a-z][a-z0-9_]{0,40}|[A-Z][A-Z0-9_.-]{0,24}")
_SOFTWARE: Final = re.compile(r"kyphometer[\w .+()/,:-]{0,60}", re.IGNORECASE)
_METHOD: Final = re.compile(r"[a-z][a-z0-9_-]{0,20}( [\w.+-]{1,16})?")
_UID: Final = re.compile(r"(?=.{10})[0-2](\.\d+){2,}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")
_OLDEST: Final = 90.0


class Masks:
    """Turns documents of one study into such that name nobody.

    Attributes
    ----------
    ledger
        The key.
    hashes
        New hashes of documents and pixels by old ones.
    paths
        New paths by old ones, as the study stores them.
    visits
        Names of the study's visits, which stay.
    keep
        Clinical columns whose texts stay.
    done
        What was done to values, with how often.
    """

    def __init__(self, ledger: Ledger, *, keep: frozenset[str] = frozenset()) -> None:
        self.ledger = ledger
        self.hashes: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        self.visits: frozenset[str] = frozenset()
        self.keep = keep
        self.done: Counter[str] = Counter()

    # ------------------------------------------------------------------------- single values

    def uid(self, uid: str | None) -> str | None:
        """A UID of the copy."""
        if not uid:
            return None
        return self.ledger.work.uid(uid)

    def hash(self, sha256: str | None) -> str | None:
        """The hash of what a hash was of."""
        return None if sha256 is None else self.hashes.get(sha256, sha256)

    def work_moment(self, text: str | None) -> str | None:
        """A moment of the work on the study as text: days shift, times of day stay."""
        if not text:
            return text
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        shifted = (moment - self.ledger.work.shift).isoformat(
            timespec="microseconds" if "." in text else "auto"
        )
        self._day_used(moment.date() - self.ledger.work.shift)
        return shifted.replace("+00:00", "Z") if text.endswith("Z") else shifted

    def day(self, person: str, day: date | None) -> date | None:
        """A day of a patient."""
        if day is None:
            return None
        moved = self.ledger.person(person).date(day)
        self._day_used(moved)
        return moved

    def day_text(self, person: str, text: str | None) -> str | None:
        """A day of a patient as text (ISO 8601)."""
        if not text:
            return None
        try:
            moved = self.day(person, date.fromisoformat(text[:10]))
        except ValueError:
            return None
        return None if moved is None else moved.isoformat()

    def _day_used(self, day: date) -> None:
        self.ledger.days.add(f"{day:%Y%m%d}")

    def drop(self, what: str, text: object) -> str:
        """Nothing in place of a free text."""
        if text:
            self.done[f"{what} emptied"] += 1
        return ""

    # ------------------------------------------------------------------------- readings

    def reading(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A reading or a draft."""
        found: dict[str, Any] = {}
        for name, value in document.items():
            if name in ("format", "version", "facing", "fractured_levels", "corner_rule"):
                found[name] = value
            elif name == "film":
                found[name] = self._film(value)
            elif name == "observer":
                found[name] = self.ledger.observer(value) if value else value
            elif name == "session":
                found[name] = self.ledger.session(value) if value else value
            elif name == "created":
                found[name] = self.work_moment(value)
            elif name == "software":
                found[name] = value if value and _SOFTWARE.fullmatch(value) else None
            elif name == "vertebrae":
                found[name] = {level: self._vertebra(body) for level, body in value.items()}
            elif name == "not_measurable":
                found[name] = [self._not_measurable(item) for item in value or []]
            elif name == "comment":
                found[name] = self.drop("comments of readings", value)
            elif name == "carried_over" and value:
                found[name] = {level: self._carried(body) for level, body in value.items()}
            elif name == "consensus" and value:
                found[name] = self._consensus(value)
            elif name == "known_size" and value:
                kept = ("kind", "ends", "known_mm", "known_sd_mm", "mark_sd_mm")
                found[name] = {key: value[key] for key in kept}
            elif name == "next_intact":
                found[name] = value is True
            elif name not in ("carried_over", "consensus", "known_size"):
                self.drop("unknown members of readings", value)
        return found

    def _film(self, film: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: film.get(name) for name in ("frame", "rows", "columns") if name in film}
        return {
            "sop_instance_uid": self.uid(film.get("sop_instance_uid")),
            **kept,
            "sha256_pixels": self.hash(film.get("sha256_pixels")),
        }

    def _vertebra(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {
            side: plate and {corner: self._landmark(mark) for corner, mark in plate.items()}
            for side, plate in body.items()
            if side in ("superior", "inferior")
        }

    def _landmark(self, mark: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if mark is None:
            return None
        found = {n: v for n, v in mark.items() if n in ("xy", "source", "covariance", "raw")}
        method = str(mark.get("method") or "")
        if _SOFTWARE.fullmatch(method) or _METHOD.fullmatch(method):
            found["method"] = method
        self.drop("notes of landmarks", mark.get("note"))
        return found

    def _not_measurable(self, item: Mapping[str, Any]) -> dict[str, Any]:
        self.drop("reasons of endplates that were not marked", item.get("reason"))
        return {"level": item.get("level"), "endplate": item.get("endplate"), "reason": ""}

    def _consensus(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Of whom and which; hashes of documents with identity become ones of the new names."""
        parts = []
        for place, part in enumerate(value["of"]):
            whose = self.ledger.observer(part["observer"]) if part.get("observer") else None
            name = f"{whose} {part.get('version')} {place}"
            sha256 = hashlib.sha256(name.encode()).hexdigest()
            parts.append({**part, "observer": whose, "sha256": sha256})
        return {"of": parts, "edited": bool(value.get("edited"))}

    def _carried(self, body: Mapping[str, Any]) -> dict[str, Any]:
        kept = {n: v for n, v in body.items() if n in ("correlation", "superior", "inferior")}
        return {"from": self._film(body["from"]), **kept}

    # ------------------------------------------------------------------------- clinical data

    def clinical(self, person: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """A clinical record; texts of the user's own columns become labels."""
        found = dict(document)
        found["patient"] = self.ledger.patient(person)
        for name in ("history", "comment"):
            if found.get(name):
                self.drop(f"clinical {name}", found[name])
                found[name] = None
        for name in ("injury_date", "surgery_date", "revision_date"):
            found[name] = self.day_text(person, found.get(name))
        found["clinic_dates"] = {
            visit: self.day_text(person, day)
            for visit, day in (found.get("clinic_dates") or {}).items()
        }
        found["symptoms"] = {
            visit: [s if s == NO_SYMPTOMS else self._label("symptoms", s) for s in symptoms]
            for visit, symptoms in (found.get("symptoms") or {}).items()
        }
        found["lost"] = {
            visit: self._label("lost", why) for visit, why in (found.get("lost") or {}).items()
        }
        if (found.get("age_years") or 0) > _OLDEST:
            self.done["ages above 90 set to 90"] += 1
            found["age_years"] = _OLDEST
        for item in found.get("complications") or ():
            if item.get("site") and item["site"] not in _WORDS:
                item["site"] = self._label("complication_sites", item["site"])
        found["angles"] = [self._angle(person, angle) for angle in found.get("angles") or ()]
        found["own"] = {
            name: self._label(name, value) if isinstance(value, str) else value
            for name, value in (found.get("own") or {}).items()
        }
        return found

    def _label(self, column: str, text: str) -> str:
        if column in self.keep:
            return text
        self.done[f"texts of {column} became labels"] += 1
        return self.ledger.label(column, text)

    def _angle(self, person: str, angle: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(angle)
        if found.get("observer"):
            found["observer"] = self.ledger.observer(found["observer"])
        if found.get("taken_on"):
            found["taken_on"] = self.day_text(person, found["taken_on"])
        return found

    # ------------------------------------------------------------------------- films, settings

    def facts(self, text: str, secret: Pseudonyms) -> str:
        """What a study knows of a header whose film is not at hand any more."""
        facts = json.loads(text)
        kept = {
            name: facts[name]
            for name in (
                "modality", "sop_class_uid", "patient_sex", "view", "is_lateral", "frames",
                "patient_orientation", "source_to_detector_mm", "source_to_patient_mm",
                "magnification", "burned_in_annotation", "lossy", "transfer_syntax_uid",
            )
            if name in facts
        }  # fmt: skip
        for name in ("study_instance_uid", "series_instance_uid"):
            if facts.get(name):
                kept[name] = secret.uid(facts[name])
        if facts.get("exposed_at"):
            kept["exposed_at"] = str(secret.moment(datetime.fromisoformat(facts["exposed_at"])))
        if facts.get("study_date"):
            kept["study_date"] = str(secret.date(date.fromisoformat(facts["study_date"])))
        if facts.get("time_point") in self.visits:
            kept["time_point"] = facts["time_point"]
        return json.dumps(kept, ensure_ascii=False)

    def settings(self, text: str) -> str:
        """Settings of a study; the level map goes by the new codes."""
        document = json.loads(text)
        document["levels"] = {
            self.ledger.patient(patient): levels
            for patient, levels in (document.get("levels") or {}).items()
        }
        return json.dumps(document, ensure_ascii=False, sort_keys=True)

    # ------------------------------------------------------------------------- anything else

    def details(self, value: Any, person: str | None = None, name: str = "") -> Any:
        """A JSON value of which nothing is known beforehand: only words of the program stay.

        Parameters
        ----------
        person
            Whose days they are; the work's if nobody's.
        name
            Name of the member that it is the value of.
        """
        if isinstance(value, Mapping):
            return {
                key: self.details(item, person, key)
                for old, item in value.items()
                if (key := self._member(old)) is not None
            }
        if isinstance(value, list):
            if len(value) == 4 and isinstance(value[0], str) and " " in value[0]:
                return self._change(value)
            return [self.details(item, person, name) for item in value]
        return self._text(value, person, name) if isinstance(value, str) else value

    def _change(self, change: list[Any]) -> list[Any]:
        """A change of the merge rule: subject, name, before, after."""
        kind, _, code = change[0].partition(" ")
        person = code if kind == "patient" else None
        name = change[1] if isinstance(change[1], str) else ""
        said = name if re.fullmatch(r"[a-z_]{1,40}", name) or name in self.visits else ""
        rest = [self.details(item, person, name) for item in change[2:]]
        return [self.subject(change[0]), said, *rest]

    def _member(self, name: str) -> str | None:
        for kind, code in (("patients", self.ledger.patient), ("observers", self.ledger.observer)):
            if name in self.ledger.known(kind):
                return code(name)
        return name if _MEMBER.fullmatch(name) or name in self.visits else None

    def _text(self, text: str, person: str | None, name: str) -> str:
        if name in _FREE or not text:
            return self.drop("free texts of the audit trail and of settings", text)
        if text in self.paths:
            return self.paths[text]
        for kind, code in (
            ("patients", self.ledger.patient), ("observers", self.ledger.observer),
            ("sessions", self.ledger.session),
        ):  # fmt: skip
            if text in self.ledger.known(kind):
                return code(text)
        if name in ("created_by", "actor", "login"):
            return self.ledger.actor(text)
        if text.startswith(("{", "[")):
            try:
                inner = json.loads(text)
            except ValueError:
                return ""
            if isinstance(inner, dict) and "visits" in inner:
                return self.settings(text)
            return json.dumps(self.details(inner, person), ensure_ascii=False, sort_keys=True)
        return self._plain_text(text, person)

    def _plain_text(self, text: str, person: str | None) -> str:
        if _HASH.fullmatch(text):
            return self.hash(text) or ""
        if text.startswith("1.2.840.10008."):
            return text
        if _UID.fullmatch(text):
            return self.uid(text) or ""
        if _DAY.fullmatch(text):
            return (self.day_text(person, text) if person else self.work_moment(text)) or ""
        if _MOMENT.fullmatch(text):
            return (self.day_text(person, text) if person else self.work_moment(text)) or ""
        plain = text in _WORDS or text in self.visits or _SOFTWARE.fullmatch(text)
        if plain or re.fullmatch(r"[+-]?\d{1,6}(\.\d{1,12})?", text):
            return text
        return self.drop("unknown texts of the audit trail and of settings", text)

    def subject(self, subject: str) -> str:
        """On what something was done, for example `film 12 observer KN`."""
        kind, _, rest = subject.partition(" ")
        if kind == "film":
            found = re.fullmatch(r"(\d+)(?: observer (.+?))?( item \d+)?", rest)
            if found is None:
                return kind
            who = f" observer {self.ledger.observer(found[2])}" if found[2] else ""
            return f"film {found[1]}{who}{found[3] or ''}"
        if kind == "session":
            found = re.fullmatch(r"(.+?)( item \d+)?", rest)
            return f"session {self.ledger.session(found[1])}{found[2] or ''}" if found else kind
        coded = {
            "patient": self.ledger.patient,
            "observer": self.ledger.observer,
            "account": self.ledger.actor,
        }.get(kind)
        if coded is not None and rest:
            return f"{kind} {coded(rest)}"
        return subject if subject in ("study", "clinical data") else kind
