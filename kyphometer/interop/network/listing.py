"""QIDO-RS on the wire: an address that asks, and answers that are bounded and read as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from kyphometer.interop.network.members import members

MOST_BYTES: Final = 64 * 1024 * 1024
MOST_MEMBERS: Final = 50_000
"""Of one answer; some archives give all that they have, however many are asked for."""
_PIECE: Final = 64 * 1024
_ENDS: Final = ("Content-Length", "Transfer-Encoding")


class Listing:
    """What an archive lists of studies, series and instances, each as the JSON that came.

    Parameters
    ----------
    session
        Of `requests`, signed in.
    base
        Address under which `/studies` lies.
    """

    def __init__(self, session: Any, base: str, timeout_s: float) -> None:
        self._session = session
        self._base = base
        self._timeout = timeout_s

    def search_for_studies(
        self,
        *,
        limit: int,
        offset: int = 0,
        fields: Sequence[str] = (),
        search_filters: Mapping[str, str] | None = None,
    ) -> Iterator[bytes]:
        """Studies."""
        return self._ask("studies", limit, offset, fields, search_filters or {})

    def search_for_series(
        self, *, limit: int, offset: int = 0, fields: Sequence[str] = (), study_instance_uid: str
    ) -> Iterator[bytes]:
        """Series of a study."""
        return self._ask(f"studies/{study_instance_uid}/series", limit, offset, fields, {})

    def search_for_instances(
        self,
        *,
        limit: int,
        offset: int = 0,
        fields: Sequence[str] = (),
        study_instance_uid: str = "",
        series_instance_uid: str = "",
        search_filters: Mapping[str, str] | None = None,
    ) -> Iterator[bytes]:
        """Instances of a series, of a study, or of all."""
        where = f"studies/{study_instance_uid}/" if study_instance_uid else ""
        where += f"series/{series_instance_uid}/" if series_instance_uid else ""
        return self._ask(f"{where}instances", limit, offset, fields, search_filters or {})

    def _ask(
        self,
        where: str,
        limit: int,
        offset: int,
        fields: Sequence[str],
        filters: Mapping[str, str],
    ) -> Iterator[bytes]:
        asked = [*filters.items(), ("limit", limit), ("offset", offset)]
        asked += [("includefield", field) for field in fields]
        # Wildcards stay as they are: Orthanc 1.10 does not take them escaped.
        query = urlencode(asked, safe="*?", quote_via=quote)
        with self._session.get(
            f"{self._base}/{where}?{query}",
            headers={"Accept": "application/dicom+json"},
            stream=True,
            timeout=self._timeout,
        ) as answer:
            answer.raise_for_status()
            pieces = bounded(answer, MOST_BYTES)
            for count, member in enumerate(members(pieces)):
                if count == MOST_MEMBERS:
                    raise ValueError("too many")
                yield member
            for _ in pieces:  # the little that may follow, so that a connection can serve again
                pass


def bounded(answer: Any, most: int) -> Iterator[bytes]:
    """Pieces of an answer of `requests`, which is not read beyond a bound.

    Raises
    ------
    requests.exceptions.ChunkedEncodingError
        If the answer was cut within its head, which looks like one that lists nothing.
    ValueError
        Beyond the bound.
    """
    from requests.exceptions import ChunkedEncodingError

    count = 0
    for piece in answer.iter_content(_PIECE):
        count += len(piece)
        if count > most:
            raise ValueError("too long")
        yield piece
    is_list = answer.status_code == HTTPStatus.OK and answer.request.method == "GET"
    if is_list and not count and not any(name in answer.headers for name in _ENDS):
        raise ChunkedEncodingError
