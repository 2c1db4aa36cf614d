"""Which of an archive's instances are lateral spine films, and by what that is said."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kyphometer.interop.network.archive import RADIOGRAPHS, Entry
from kyphometer.messages import Word, sentence


class Choice(StrEnum):
    """Whether an instance is wanted."""

    CHOSEN = "chosen"
    """A lateral film of the spine, by what the archive says."""
    POSSIBLE = "possible"
    """Perhaps: the archive does not say enough."""
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An instance with the choice made and what it was made by."""

    entry: Entry
    choice: Choice
    reasons: tuple[Word, ...]

    def reason(self, language: str | None = None) -> str:
        """The reasons as one sentence."""
        said = [reason.sentence(language) for reason in self.reasons]
        return sentence("pacs.because", {"reasons": said}, language)


_SPINE_PARTS: Final = re.compile(
    r"(?:[CTL]|TL|LS|CT|CTL|WHOLE|FULL|TOTAL|CERVICO\w*|THORACO\w*|LUMBO\w*)?[ _-]?SPINE"
    r"|SPINE[ _-]?(?:WHOLE|LAT\w*)?|(?:CERVICAL|THORACIC|LUMBAR|THORACOLUMBAR|ENTIRE)[ _-]SPINE"
    r"|SPINAL COLUMN|VERTEBRAL COLUMN|(?:WIRBELS|L|B|H)?WS|LWS|BWS|HWS|WS|SACRUM|SSPINE"
)
_SPINE_WORDS: Final = re.compile(
    r"\b(?:\w*spines?|spinal|vertebr\w*|thora[ck]o-?lumb\w*|lumb[ao]\w*|dorso-?lomb\w*"
    r"|scolio\w*|skolio\w*|kypho\w*|cypho\w*|cifo\w*|kyfo\w*|tlso"
    r"|\w*wirbel\w*|lws|bws|hws|ws|ganzwirbels\w*"
    r"|rachis|rachidien\w*|colonne|lombaire|rachide|colonna|lombare|dorsolombare"
    r"|columna|raquis|espina\w*|coluna|lombar"
    r"|\w*wervel\w*|lwk|twk|cwk|rygg\w*|ryg\w*|columna"
    r"|kr[eę]gos[lł]up\w*|páteř\w*|pater\w*|chrbtic\w*|kičm\w*|kralježni\w*|gerinc\w*|coloan[aă]"
    r"|selkä\w*|selkäranka|lanneranka|omurga\w*|vertebra\w*)\b"
    r"|позвон\w*|хребет\w*|хребт\w*|σπονδυλ\w*|ο\.?μ\.?σ\.?σ"
    r"|cột sống|cot song|脊柱|脊椎|腰椎|胸椎|颈椎|頸椎|胸腰椎|胸腰|척추|요추|흉추|กระดูกสันหลัง"
    r"|العمود الفقري|עמוד שדרה"
)
_LATERAL: Final = re.compile(
    r"\b(?:ll|rl|lat|llat|rlat|latl|latr|lateral\w*|latéral\w*|laterolateral\w*"
    r"|latero-?lateral\w*|seitlich\w*|seite|seitaufnahme|profil|perfil|profilo|zijdelings\w*|sidebil\w*"
    r"|sidofoto|sida|sivu\w*|boczn\w*|bočn\w*|bocn\w*|oldalir\w*|yan|lateralis|laterală)\b"
    r"|боков\w*|бічн\w*|πλάγι\w*|πλαγι\w*|tư thế nghiêng|nghiêng|nghieng|側面|侧位|側位|侧面|측면"
    r"|ด้านข้าง|جانبي|صورة جانبية|צד"
)
_FRONTAL: Final = re.compile(
    r"\b(?:ap|pa|a\.p\.?|p\.a\.?|a/p|p/a|a-p|p-a|frontal\w*|face|de face|frente|anteroposterior"
    r"|antero-?post\w*|p\.?-?a\.?|előlnézet\w*|przednio\w*|předozadn\w*|ön-?arka|coronal)\b"
    r"|прям\w*|thẳng|thang\b|正面|正位|정면|face\b"
)
_OBLIQUE: Final = re.compile(r"\b(?:obl\w*|lao|rao|lpo|rpo|schräg\w*|bilat\w*|косая|косой)\b")
_DECUBITUS: Final = re.compile(r"\b(?:lat\w*)\.? (?:decub\w*|lying)|\b[lr]ld\b")
_TEXTS: Final = {
    "view": "ViewPosition",
    "series_description": "SeriesDescription",
    "protocol": "ProtocolName",
    "study_description": "StudyDescription",
}


def judge(entry: Entry) -> Judged:
    """Judge an instance by modality, body part, view and descriptions, in this order of trust."""
    if entry.modality.upper() not in RADIOGRAPHS:
        what = Word("pacs.no_radiograph", {"modality": entry.modality or "?"})
        return Judged(entry=entry, choice=Choice.NO, reasons=(what,))
    spine, by_part = _spine(entry)
    lateral, by_view = _lateral(entry)
    if spine is False or lateral is False:
        no = tuple(why for is_so, why in ((spine, by_part), (lateral, by_view)) if is_so is False)
        return Judged(entry=entry, choice=Choice.NO, reasons=no)
    both = spine is True and lateral is True
    modality = Word("pacs.modality", {"modality": entry.modality})
    return Judged(
        entry=entry,
        choice=Choice.CHOSEN if both else Choice.POSSIBLE,
        reasons=(modality, by_part, by_view),
    )


def plain_words(text: str) -> str:
    """A text as it is searched: one form of every letter, small, words parted by blanks."""
    one = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text)).casefold()
    return re.sub(r"[_,;:()\[\]^]+", " ", one)


def _spine(entry: Entry) -> tuple[bool | None, Word]:
    """Whether it shows the spine, and by what."""
    part = entry.body_part
    if part and (
        _SPINE_PARTS.fullmatch(part.strip().upper()) or _SPINE_WORDS.search(plain_words(part))
    ):
        return True, _word("spine", "BodyPartExamined", part)
    described = _first(entry, _SPINE_WORDS)
    if described is not None and part:
        return None, _word("part_against", *described, part=part)
    if described is not None:
        return True, _word("spine", *described)
    if part:
        return False, _word("not_spine", "BodyPartExamined", part)
    return None, Word("pacs.spine_unknown")


def _lateral(entry: Entry) -> tuple[bool | None, Word]:
    """Whether it is lateral, and by what: the most specific text that says one thing."""
    for name, keyword in _TEXTS.items():
        text = getattr(entry, name)
        says = _by_words(text)
        # A study's description lists what was ordered: "AP and lateral" denies no film of it.
        if says is True or (says is False and name != "study_description"):
            return says, _word("lateral" if says else "not_lateral", keyword, text)
    return None, Word("pacs.view_unknown")


def _by_words(text: str) -> bool | None:
    words = _DECUBITUS.sub(" ", plain_words(text))
    if _OBLIQUE.search(words):
        return None if _LATERAL.search(words) or _FRONTAL.search(words) else False
    lateral, frontal = bool(_LATERAL.search(words)), bool(_FRONTAL.search(words))
    return lateral if lateral != frontal else None


def _first(entry: Entry, pattern: re.Pattern[str]) -> tuple[str, str] | None:
    for name, keyword in _TEXTS.items():
        text = getattr(entry, name)
        if name != "view" and pattern.search(plain_words(text)):
            return keyword, text
    return None


def _word(key: str, keyword: str, text: str, **more: str) -> Word:
    return Word(f"pacs.{key}", {"keyword": keyword, "text": text[:64], **more})
