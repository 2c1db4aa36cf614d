"""Addresses: what each takes and answers."""
