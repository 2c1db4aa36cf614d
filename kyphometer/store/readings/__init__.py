"""Readings of a study: versions, drafts, and the numbers measured on them."""
