"""Addresses that open a study in another program."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from kyphometer.interop.network.destinations import Destination


def links(destination: Destination, study_instance_uid: str) -> dict[str, str]:
    """By program (`ohif`, `weasis`, `annotator`), the address that opens the study there.

    OHIF and the annotator need their own address in the destinations file, Weasis a DICOMweb
    destination. An account is never part of an address.
    """
    found: dict[str, str] = {}
    if destination.ohif:
        words = urlencode({"StudyInstanceUIDs": study_instance_uid})
        found["ohif"] = f"{destination.ohif.rstrip('/')}/viewer?{words}"
    if destination.kind == "dicomweb":
        words = urlencode({"studyUID": study_instance_uid})
        command = f'$dicom:rs --url "{destination.url.rstrip("/")}" -r "{words}"'
        found["weasis"] = "weasis://" + quote(command, safe="")
    if destination.annotator:
        words = urlencode({"StudyInstanceUID": study_instance_uid})
        found["annotator"] = f"{destination.annotator.rstrip('/')}/open?{words}"
    return found
