"""Marks in the files of neighbouring programs."""
