"""The types of every picture, for those who hand pictures on."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["Axes", "Figure"]
