"""Certificates of an encrypted connection: whom we trust and who we are."""

from __future__ import annotations

import ssl

from kyphometer.errors import PacsTlsError
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
            context.load_cert_chain(to.certificate, to.key or None)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or getattr(error, "reason", "") or "-"
        raise PacsTlsError(to.name, to.address, reason) from None
    return context
