"""Signing in by an identity provider (OpenID Connect, authorisation code flow with PKCE)."""
