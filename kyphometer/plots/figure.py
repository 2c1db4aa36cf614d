"""The type of every picture, for those who hand pictures on."""

from matplotlib.figure import Figure

__all__ = ["Figure"]
