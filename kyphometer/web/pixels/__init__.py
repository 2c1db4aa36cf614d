"""Decoded films on their way to the browser."""
