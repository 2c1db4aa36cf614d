"""Blinded reading sessions: plan, rounds, mirroring, certificate."""
