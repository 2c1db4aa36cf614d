"""Reliability: how far readings can be trusted, from planning a study to its statistics."""
