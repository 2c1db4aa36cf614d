"""A whole lateral film proposed without a click."""
