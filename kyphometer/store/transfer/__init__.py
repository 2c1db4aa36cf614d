"""Copies of a study: backup, export and import."""
