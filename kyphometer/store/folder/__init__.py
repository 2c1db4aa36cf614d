"""Readings beside their films, without a study."""
