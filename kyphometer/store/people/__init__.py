"""Observers, patients, accounts and clinical data."""
