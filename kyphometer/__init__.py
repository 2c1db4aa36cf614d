"""Kyphometer: kyphosis angles from lateral spine films, with their uncertainty, and their change."""

__version__ = "0.1.0"
