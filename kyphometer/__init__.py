"""Kyphometer: kyphosis angles from lateral spine films, with uncertainty and change over time."""

__version__ = "0.1.0"
