"""Blinded reading sessions in the database."""
