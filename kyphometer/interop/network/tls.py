"""Certificates of encrypted connections: whom we trust and who we are, calling and called."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kyphometer.errors import CertificateError, PacsTlsError
from kyphometer.interop.network.destinations import Destination


def client_tls(to: Destination) -> ssl.SSLContext:
    """Whom we trust and who we are.

    Raises
    ------
    PacsTlsError
        If a certificate's file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=to.ca or None)
        if to.certificate:
            context.load_cert_chain(to.certificate, to.key or None, password=_no_password)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or getattr(error, "reason", "") or "-"
        raise PacsTlsError(to.name, to.address, reason) from None
    return context


def called_tls(to: Destination) -> ssl.SSLContext | None:
    """Who we are to an archive that calls us back, None where it does so without encryption.

    Raises
    ------
    CertificateError
        If a certificate's file cannot be used.
    """
    return server_tls(to.certificate, to.key, to.listen_ca) if to.listen_tls else None


def server_tls(
    certificate: str | Path, key: str | Path = "", ca: str | Path = ""
) -> ssl.SSLContext:
    """Who we are to those who call us.

    Parameters
    ----------
    certificate, key
        PEM files; the key may stand in the certificate's.
    ca
        Authorities one of which must have signed the caller's certificate; empty asks for none.

    Raises
    ------
    CertificateError
        If a file cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with _usable(certificate):
        context.load_cert_chain(certificate, key or None, password=_no_password)
    if ca:
        with _usable(ca):
            context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def _usable(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", "") or getattr(error, "strerror", "") or "-"
        raise CertificateError(path, str(reason).replace("_", " ").lower()) from None


def _no_password() -> str:
    """OpenSSL would ask at the terminal for the password of an encrypted key."""
    return ""
