"""An archive over DICOMweb: QIDO-RS, WADO-RS and STOW-RS as streams.

Films go in and out as the bytes that they are; nothing is decoded or written anew, and never more
than a piece of a film is in memory. No answer may trickle, or be without end.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from kyphometer.errors import (
    KyphometerError,
    MissingExtraError,
    PacsAnswerError,
    PacsCutError,
    PacsDoubledError,
    PacsFullError,
    PacsNotFoundError,
    PacsNotStoredError,
    PacsSignInError,
    PacsSlowError,
    PacsStalledError,
    PacsStatusError,
    PacsTlsError,
    PacsUnreachableError,
)
from kyphometer.interop.network.answer import Answer
from kyphometer.interop.network.archive import (
    Entry,
    Outgoing,
    Query,
    Receiver,
    Tell,
)
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.listing import MOST_BYTES, Listing, bounded
from kyphometer.interop.network.multipart import (
    PIECE,
    FileBody,
    PartsError,
    boundary_of,
    first_part,
)
from kyphometer.interop.network.qido import Search
from kyphometer.interop.network.secret import secret
from kyphometer.interop.network.stow import Stored
from kyphometer.interop.network.tls import client_tls

_AS_KEPT: Final = {
    "Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*',
    "Accept-Encoding": "identity",  # deflating films on the fly takes a server far longer
}
_OF_ONE: Final = (
    PacsStatusError,
    PacsAnswerError,
    PacsNotFoundError,
    PacsFullError,
    PacsNotStoredError,
)
"""What one instance meets while the others still go."""
_AT_ONCE: Final = 3


class WebArchive:
    """An archive that speaks DICOMweb; see `Archive`."""

    def __init__(self, destination: Destination) -> None:
        self._to = destination
        self._base = destination.url.rstrip("/")
        self._timeout = destination.timeout_s
        self._connections = threading.Semaphore(_AT_ONCE)
        with _extra():
            import requests

            from kyphometer.interop.network.heads import paced_adapter
        self._session = session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, paced_adapter())
        session.hooks["response"].append(_read_bounded)
        if destination.token:
            session.headers["Authorization"] = f"Bearer {secret(destination, destination.token)}"
            session.auth = lambda request: request  # or a .netrc would replace the token
        elif destination.password:
            session.auth = (destination.user, secret(destination, destination.password))
        if destination.ca or destination.certificate:
            client_tls(destination)  # a file that cannot be used is told now, not as a cut
        if destination.ca:
            session.verify = destination.ca
            merged = session.merge_environment_settings
            session.merge_environment_settings = partial(_own_authority, merged, destination.ca)  # type: ignore[method-assign]
        if destination.certificate:
            session.cert = (destination.certificate, destination.key or destination.certificate)
        self._listing = Listing(session, self._base, self._timeout)

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def echo(self) -> None:
        """See whether it answers and lets us in, by the smallest search."""
        with _extra():
            from dicomweb_client.web import DICOMwebClient
        logging.getLogger("retrying").setLevel(logging.CRITICAL)  # it logs whole tracebacks
        client = DICOMwebClient(self._base, session=self._session, timeout=self._timeout)
        client.set_http_retry_params(retry=False)
        # The client sends its host without the port, which servers then repeat in addresses.
        client.host = f"{client.host}:{client.port}"
        with self._told("echo"):
            client.search_for_studies(limit=1)

    def find(self, query: Query, tell: Tell | None = None) -> Iterator[Entry]:
        """Instances that fit, study by study."""
        return Search(self._listing, self._to.name, self._told, tell).find(query)

    def fetch(
        self, entries: Sequence[Entry], receiver: Receiver
    ) -> Iterator[tuple[Entry, KyphometerError | None]]:
        """Fetch each in the syntax that it is kept in, a few at once.

        As many again may be on their way to the disk while others come.
        """
        with ThreadPoolExecutor(2 * _AT_ONCE) as pool:
            waiting = deque[tuple[Entry, Future[KyphometerError | None]]]()
            try:
                for entry in entries:
                    waiting.append((entry, pool.submit(self._outcome, entry, receiver)))
                    if len(waiting) == 2 * _AT_ONCE:
                        first, outcome = waiting.popleft()
                        yield first, outcome.result()
                for last, outcome in waiting:
                    yield last, outcome.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _outcome(self, entry: Entry, receiver: Receiver) -> KyphometerError | None:
        """What one film met; what ends all is raised."""
        try:
            self._fetch(entry, receiver)
        except (*_OF_ONE, PacsDoubledError) as error:
            return error
        return None

    def _fetch(self, entry: Entry, receiver: Receiver) -> None:
        address = (
            f"{self._base}/studies/{entry.study_instance_uid}/series/{entry.series_instance_uid}"
            f"/instances/{entry.sop_instance_uid}"
        )
        with (
            self._told("fetch", entry.sop_instance_uid),
            receiver.receive(entry.sop_instance_uid) as part,
            self._connections,
            self._session.get(
                address, headers=_AS_KEPT, stream=True, timeout=self._timeout
            ) as answer,
        ):
            answer.raise_for_status()
            pieces = self._pieces(answer.raw)
            boundary = boundary_of(answer.headers.get("Content-Type", ""))
            for piece in pieces if boundary is None else first_part(pieces, boundary):
                part.write(piece)

    def _pieces(self, raw: Any) -> Iterator[bytes]:
        """The body as it comes; one that trickles ends with the time for a film."""
        end = time.monotonic() + self._to.film_timeout_s
        while piece := raw.read1(PIECE, decode_content=True):
            yield piece
            if time.monotonic() > end:
                raise PacsStalledError(self._to.name, self._to.film_timeout_s)

    def send(self, items: Iterable[Outgoing]) -> Iterator[tuple[Outgoing, KyphometerError | None]]:
        """Store each, one in a request, so that each has an answer of its own."""
        for item in items:
            try:
                self._send(item)
            except _OF_ONE as error:
                yield item, error
            except PacsCutError:
                self.echo()  # a server that refuses the account may hang up on a large body
                raise
            else:
                yield item, None

    def _send(self, item: Outgoing) -> None:
        boundary = secrets.token_hex(24)
        body = FileBody(item.path, item.size, boundary, "application/dicom")
        headers = {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Content-Length": str(len(body)),
            "Accept": "application/dicom+json",
        }
        with self._told("send", item.sop_instance_uid):
            answer = self._session.post(
                f"{self._base}/studies", data=body, headers=headers, timeout=self._timeout
            )
            if answer.status_code != HTTPStatus.CONFLICT:  # whose body says why
                answer.raise_for_status()
            said = answer.json() if answer.content else {}
        self._require_stored(item, Stored.of(said), answer.status_code)

    def _require_stored(self, item: Outgoing, said: Stored, status: int) -> None:
        """Refuse an answer that does not name this instance as stored (PS3.18, 10.5.3)."""
        if said.failed or status in (HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT):
            code = f"{status}" if said.reason is None else f"0x{said.reason:04X}"
            if said.is_full:
                raise PacsFullError(self._to.name, code, item.path.name)
            raise PacsStatusError(self._to.name, "send", code, item.sop_instance_uid)
        # Orthanc 1.10 with a full disk answers 200 and names nothing at all.
        if item.sop_instance_uid not in said.stored and not self._holds(item):
            raise PacsNotStoredError(self._to.name, item.path.name)

    def _holds(self, item: Outgoing) -> bool:
        with self._told("send", item.sop_instance_uid):
            found = [
                Answer(one, self._to.name).get("SOPInstanceUID")
                for one in self._listing.search_for_instances(
                    search_filters={"SOPInstanceUID": item.sop_instance_uid}, limit=1
                )
            ]
        return item.sop_instance_uid in found

    def committed(self, _items: Sequence[Outgoing]) -> dict[str, bool] | None:
        """None: a stored answer is DICOMweb's promise; there is no other."""
        return None

    @contextmanager
    def _told(self, deed: str, what: str = "") -> Iterator[None]:
        """Say in one sentence what the connection or the server refused."""
        import urllib3.exceptions as lower
        from requests import exceptions as upper

        name = self._to.name
        try:
            yield
        except upper.HTTPError as error:
            status = 0 if error.response is None else error.response.status_code
            raise self._by_status(status, deed, what) from None
        except (upper.SSLError, lower.SSLError) as error:
            raise PacsTlsError(name, self._to.address, _last(error)) from None
        except (upper.ConnectTimeout, lower.ConnectTimeoutError):
            raise PacsUnreachableError(name, self._to.address, "timeout") from None
        except (upper.ReadTimeout, lower.ReadTimeoutError):
            raise PacsSlowError(name, self._timeout) from None
        except (upper.ChunkedEncodingError, lower.ProtocolError, PartsError):
            raise PacsCutError(name) from None
        except upper.ConnectionError as error:
            raise self._by_connection(error) from None
        except (upper.InvalidURL, upper.MissingSchema, upper.TooManyRedirects):
            raise PacsUnreachableError(name, self._to.address, "address") from None
        except (upper.RequestException, ValueError):
            raise PacsAnswerError("no_dicom_json", source=name) from None
        except OSError as error:
            if getattr(error, "filename", None):
                raise  # a file of ours, not the connection
            raise PacsCutError(name) from None

    def _by_status(self, status: int, deed: str, what: str) -> KyphometerError:
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return PacsSignInError(self._to.name, status)
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return PacsNotFoundError(self._to.name, what or self._to.address)
        if status == HTTPStatus.INSUFFICIENT_STORAGE:
            return PacsFullError(self._to.name, f"{int(status)}", what or self._to.address)
        return PacsStatusError(self._to.name, deed, f"{int(status)}", what or self._to.address)

    def _by_connection(self, error: BaseException) -> KyphometerError:
        import urllib3.exceptions as lower

        inner = _chain(error)
        if any(isinstance(one, lower.ReadTimeoutError | TimeoutError) for one in inner):
            return PacsSlowError(self._to.name, self._timeout)
        if any(isinstance(one, lower.NewConnectionError) for one in inner):
            return PacsUnreachableError(self._to.name, self._to.address, _reason(inner))
        return PacsCutError(self._to.name)


def _own_authority(
    merged: Callable[..., Any], ca: str, url: str, proxies: Any, stream: Any, verify: Any, cert: Any
) -> Any:
    """Settings of a request with the destination's authority: REQUESTS_CA_BUNDLE would win."""
    return merged(url, proxies, stream, ca if verify is None else verify, cert)


def _read_bounded(answer: Any, **options: Any) -> None:
    """Read what is not read as a stream: `requests` itself would read without end."""
    if not options.get("stream"):
        answer._content = b"".join(bounded(answer, MOST_BYTES))


def _chain(error: BaseException) -> list[BaseException]:
    """An error with all that it came from or that it carries."""
    found: list[BaseException] = []
    left: list[Any] = [error]
    while left and len(found) < 20:
        one = left.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            left += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found


def _reason(errors: Sequence[BaseException]) -> str:
    said = [one.strerror for one in errors if isinstance(one, OSError) and one.strerror]
    return said[-1] if said else "silent"


def _last(error: BaseException) -> str:
    import ssl

    said = [one for one in _chain(error) if isinstance(one, ssl.SSLError)]
    worded = [getattr(one, "verify_message", "") or one.reason for one in said]
    return str(next((word for word in worded if word), "TLS"))


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(error.name or "dicomweb-client", "interop") from None
