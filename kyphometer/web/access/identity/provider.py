"""The identity provider: where to send browsers, and whom it vouches for when they come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from kyphometer.errors import IdentityProviderError, ServerStartError
from kyphometer.web.access.identity.journey import Journey
from kyphometer.web.access.identity.options import (
    ProviderOptions,
    claim,
    may_be_trusted,
    secret_of,
)

PATIENCE_S = 15.0
METADATA_KEPT_S = 3600.0
LEEWAY_S = 60
"""How far the clocks of provider and server may be apart."""
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519",
)  # fmt: skip
"""Signatures that only the provider can make; never `none` or a shared secret."""
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom the provider vouches for: claims, and the token that they came in."""

    claims: Mapping[str, Any]
    token: str


class IdentityProvider:
    """A provider of OpenID Connect; its methods wait for the network.

    Raises
    ------
    ServerStartError
        If the extra `oidc` is not installed or the client's secret cannot be read.
    """

    def __init__(
        self, options: ProviderOptions, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.options = options
        self._secret = secret_of(options)
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: tuple[float, dict[str, Any]] | None = None
        try:
            import authlib.integrations.requests_client  # noqa: F401
        except ImportError:
            raise ServerStartError("provider_extra") from None

    def address(self, journey: Journey, back: str) -> str:
        """Where a browser is sent to sign in.

        Raises
        ------
        IdentityProviderError
            If the provider cannot be reached or contradicts itself.
        """
        metadata = self._known_metadata()
        with self._session(back) as session:
            address, _ = session.create_authorization_url(
                metadata["authorization_endpoint"],
                state=journey.state,
                nonce=journey.nonce,
                code_verifier=journey.verifier,
            )
        return str(address)

    def identity(self, answer: Mapping[str, str], journey: Journey, back: str) -> Identity:
        """Whom the provider vouches for, by what the browser brings back from it.

        Raises
        ------
        IdentityProviderError
            If it vouches for nobody, cannot be reached, or its answer is not to be trusted.
        """
        metadata = self._known_metadata()
        self._require_answer(answer, metadata)
        with _told_in_words(), self._session(back) as session:
            token = session.fetch_token(
                metadata["token_endpoint"], code=answer["code"], code_verifier=journey.verifier
            )
            text = str(token.get("id_token", ""))
            claims = self._claims(text, metadata, self._keys(session, metadata), {
                "nonce": journey.nonce,
                "client_id": self.options.client_id,
                "access_token": token.get("access_token", ""),
            })  # fmt: skip
            return Identity(claims=self._completed(claims, metadata, session), token=text)

    def sign_out_address(self, token: str, after: str) -> str | None:
        """Where a browser is sent to sign out at the provider too, or None if that is nowhere."""
        try:
            end = self._known_metadata().get("end_session_endpoint")
        except IdentityProviderError:
            return None
        if not isinstance(end, str) or not may_be_trusted(end):
            return None
        asked = {
            "id_token_hint": token,
            "client_id": self.options.client_id,
            "post_logout_redirect_uri": after,
        }
        return f"{end}{'&' if '?' in end else '?'}{urlencode(asked)}"

    # -------------------------------------------------------------------------------- parts

    def _session(self, back: str) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        session = OAuth2Session(
            self.options.client_id,
            self._secret,
            scope=" ".join(self.options.scopes),
            redirect_uri=back,
            code_challenge_method="S256",
            default_timeout=PATIENCE_S,
        )
        if self.options.ca:
            session.verify = self.options.ca
        return session

    def _known_metadata(self) -> dict[str, Any]:
        with self._lock:
            if self._metadata is not None:
                asked, known = self._metadata
                if self._clock() - asked < METADATA_KEPT_S:
                    return known
        found = self._asked_metadata()
        with self._lock:
            self._metadata = self._clock(), found
        return found

    def _asked_metadata(self) -> dict[str, Any]:
        issuer = self.options.issuer
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        with _told_in_words(), self._session("") as session:
            found = _object(session.get(address, withhold_token=True))
        if found.get("issuer") != issuer:
            raise IdentityProviderError("provider_issuer", issuer=issuer, other=found.get("issuer"))
        for name in _ENDPOINTS:
            if not may_be_trusted(str(found.get(name, ""))):
                raise IdentityProviderError("provider_endpoint", name=name)
        return found

    def _require_answer(self, answer: Mapping[str, str], metadata: Mapping[str, Any]) -> None:
        """Refuse what comes from elsewhere (RFC 9207) or is no code."""
        told = answer.get("iss")
        always = metadata.get("authorization_response_iss_parameter_supported") is True
        if (told is not None or always) and told != self.options.issuer:
            raise IdentityProviderError("provider_issuer", issuer=self.options.issuer, other=told)
        if "error" in answer or "code" not in answer:
            raise IdentityProviderError("provider_refuses", reason=answer.get("error", "-"))

    def _keys(self, session: Any, metadata: Mapping[str, Any]) -> Any:
        from joserfc.jwk import KeySet

        found = _object(session.get(metadata["jwks_uri"], withhold_token=True))
        return KeySet.import_key_set(found)  # type: ignore[arg-type]

    def _claims(
        self, text: str, metadata: Mapping[str, Any], keys: Any, held_to: Mapping[str, str]
    ) -> dict[str, Any]:
        """Claims of an identity token that is whole, ours and of now."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt

        told = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
        token = jwt.decode(text, keys, algorithms=[name for name in ALGORITHMS if name in told])
        found = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": self.options.issuer},
                "aud": {"essential": True, "value": self.options.client_id},
            },
            dict(held_to),
        )
        found.validate(leeway=LEEWAY_S)
        return dict(token.claims)

    def _completed(
        self, claims: dict[str, Any], metadata: Mapping[str, Any], session: Any
    ) -> dict[str, Any]:
        """The claims, with those of the provider's second source where one that is needed lacks."""
        needed = [self.options.account_claim, self.options.role_claim]
        needed += ["email_verified"] if "email" in needed else []
        lacking = any(name and claim(claims, name) is None for name in needed)
        address = str(metadata.get("userinfo_endpoint", ""))
        if not lacking or not may_be_trusted(address):
            return claims
        more = _object(session.get(address))
        if more.get("sub") != claims["sub"]:
            raise IdentityProviderError("provider_other_person")
        return {**more, **claims}


def _object(answer: Any) -> dict[str, Any]:
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise IdentityProviderError("provider_answer", reason=type(found).__name__)
    return found


@contextmanager
def _told_in_words() -> Iterator[None]:
    """Turns the libraries' errors into ours."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    try:
        yield
    except (
        AuthlibBaseError,
        JoseError,
        RequestException,
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        reason = f"{type(error).__name__}: {error}"[:300]
        raise IdentityProviderError("provider_answer", reason=reason) from None
