"""What charts need beside the colours of `causalpima_core.palette`: markers, gradients, opacity."""

from __future__ import annotations

import numpy as np
from plotly.colors import sample_colorscale

from causalpima_core.palette import COLOURS, MUTED, colour

__all__ = ["COLOURS", "CONTINUOUS", "MUTED", "SYMBOLS", "colour", "faded", "gradient", "symbol"]

SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up", "x", "star", "pentagon")
"""Beyond eight groups the marker tells apart what the colour cannot."""

CONTINUOUS = "Cividis"


def gradient(steps: int) -> list[str]:
    """So many colours from one end of the continuous scale to the other.

    >>> gradient(2)
    ['#00224e', '#fee838']
    """
    shades = sample_colorscale(CONTINUOUS, np.linspace(0, 1, steps).tolist(), colortype="tuple")
    return ["#" + "".join(f"{round(255 * float(part)):02x}" for part in shade) for shade in shades]


def symbol(index: int) -> str:
    """Marker of a group: changes where the colours begin anew."""
    return SYMBOLS[(max(index, 0) // len(COLOURS)) % len(SYMBOLS)]


def faded(hex_colour: str, opacity: float) -> str:
    """The colour as CSS with an opacity.

    >>> faded("#0072B2", 0.5)
    'rgba(0,114,178,0.5)'
    """
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
