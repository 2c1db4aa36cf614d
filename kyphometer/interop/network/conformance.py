"""The DICOM conformance statement of the network part, made from what the code offers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kyphometer.dicom.uids import uid_name
from kyphometer.interop.network.asking import GET, MOVE
from kyphometer.interop.network.association import LARGEST_PDU
from kyphometer.interop.network.commitment import COMMITMENT
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.dimse import FIND, IMAGE_KEYS, SERIES_KEYS, STUDY_KEYS, VERIFICATION
from kyphometer.interop.network.listen import Listening
from kyphometer.interop.network.syntaxes import FILM_CLASSES, SYNTAXES, UNCOMPRESSED
from kyphometer.interop.objects.withdrawal import SOP_CLASSES

_HEAD = """# DICOM conformance statement

Made from the code by `python -m kyphometer.interop.network.conformance`; a test holds this page
to it. It states the network services, which tests ask for at both ends, and the objects that are
made; [PACS](pacs.md) tells how they are used. There is no user identity negotiation; TLS (1.2 and
later, with certificates of either end) is offered as requestor and as acceptor.
"""
WITHDRAWAL: Final = "1.2.840.10008.5.1.4.1.1.88.59"
"""SOP class of the note that rejects them."""


def statement() -> str:
    """The statement as Markdown."""
    parts = [_HEAD, _requestor(), _listener(), _syntaxes(), _web(), _objects()]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _requestor() -> str:
    to = Destination(name="-", kind="dimse")
    rows = [
        (VERIFICATION, "SCU", "`pacs echo`"),
        (FIND, "SCU", "`pacs find`, `pacs fetch`"),
        (GET, "SCU", '`pacs fetch`, `retrieve = "get"`'),
        (MOVE, "SCU", '`pacs fetch`, `retrieve = "move"`'),
        (COMMITMENT, "SCU", "`pacs send`, `commitment = true`"),
    ]
    uncompressed = ", ".join(map(_name, UNCOMPRESSED[:2]))
    return f"""
## Association requestor

Calling title `{to.calling_ae}` and called title by destination. Largest PDU {
        LARGEST_PDU:,} bytes, one operation at a
time, silence of {to.timeout_s:g} s ends an association. Transfer syntaxes of these services: {
        uncompressed
    }.

{_table(("SOP class", "UID", "role", "used by"), [(_name(uid), uid, *rest) for uid, *rest in rows])}

Storage: SCU of the SOP class and transfer syntax of each file that `pacs send` is given, none
other. SCP on the associations of C-GET for the SOP classes that C-FIND has named, or else for
these, each in every syntax below:

{_table(("SOP class", "UID"), [(_name(uid), uid) for uid in FILM_CLASSES])}

Keys of C-FIND, Study Root, hierarchical (those asked with a value by options of `pacs find`:
PatientID, PatientName, AccessionNumber, StudyInstanceUID, StudyDate):

{
        _table(
            ("level", "keys"),
            [
                ("STUDY", ", ".join(STUDY_KEYS)),
                ("SERIES", ", ".join(SERIES_KEYS)),
                ("IMAGE", ", ".join(IMAGE_KEYS)),
            ],
        )
    }
"""


def _listener() -> str:
    how, to = Listening(), Destination(name="-", kind="dimse")
    kinds, version = storage_classes()
    return f"""
## Association acceptor

`kyphometer listen`: title `{how.ae_title}` (`--ae-title`; others are refused), port {how.port},
at most {how.associations} associations at once, with `--certificate` by TLS only. SCP of
Verification and of these {len(kinds)} storage classes (pynetdicom {version}) in every syntax below;
what arrives is kept as it is (level 2, full).

While `pacs fetch` waits for films of C-MOVE, the same storage classes and syntaxes are accepted at
the destination's `listen_port` ({to.listen_port}), by TLS only with `listen_tls`, called by the
destination's `calling_ae`, and no Verification.
While `pacs send` waits for the report of a commitment, that port accepts Verification and Storage
Commitment ({COMMITMENT}) from an archive that reports as SCP.

{_table(("SOP class", "UID"), [(_name(uid), uid) for uid in kinds])}

C-STORE answers 0x0000, 0xA700 (disk full) or 0xC000 (no whole DICOM object, or beyond the bound of
{how.film_bytes:,} bytes).
"""


def _syntaxes() -> str:
    rows = _table(("transfer syntax", "UID"), [(_name(uid), uid) for uid in SYNTAXES])
    return (
        f"## Transfer syntaxes\n\nOne presentation context each; nothing is transcoded.\n\n{rows}\n"
    )


def _web() -> str:
    rows = _table(
        ("service", "resource", "media type"),
        [
            ("QIDO-RS", "`/studies`, `/studies/{study}/instances`, `/studies/{study}/series`, "
             "`/studies/{study}/series/{series}/instances`", "application/dicom+json"),
            ("WADO-RS", "`/studies/{study}/series/{series}/instances/{instance}`",
             "application/dicom, transfer-syntax=*"),
            ("STOW-RS", "`/studies`, one instance a request", "application/dicom"),
        ],
    )  # fmt: skip
    return (
        f"## DICOMweb (user agent)\n\nHTTP Basic, bearer token or client certificate.\n\n{rows}\n"
    )


def _objects() -> str:
    rows = [(_name(uid), uid, kind.series_description) for kind, uid in SOP_CLASSES.items()]
    rows.append((_name(WITHDRAWAL), WITHDRAWAL, "rejects the others (IHE IOCM)"))
    return f"""## Objects made

In the study of the film, Explicit VR Little Endian, character set ISO_IR 192. [Other
systems](interop.md) tells of the codes of the scheme 99KYPHO and the private group 0099.

{_table(("SOP class", "UID", "series"), rows)}
"""


def storage_classes() -> tuple[Sequence[str], str]:
    """SOP classes that the listener accepts, and the version of pynetdicom that knows them."""
    from pynetdicom import AllStoragePresentationContexts, __version__

    return [str(one.abstract_syntax) for one in AllStoragePresentationContexts], __version__


def _name(uid: str) -> str:
    return (uid_name(uid) or uid).replace(":", ",").split(", Default")[0].strip()


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(statement())
