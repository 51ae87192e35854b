"""One palette for nodes, states and components, so that a colour means the same on every page."""

from __future__ import annotations

import numpy as np
from plotly.colors import sample_colorscale

COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#7A4FCF",
    "#C41038",
)
"""Okabe and Ito's colours that show on light and dark, and two more: all of them and `MUTED` are
told apart with any kind of colour blindness, which tests/app/test_palette.py measures."""

SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up", "x", "star", "pentagon")
"""Beyond eight groups the marker tells apart what the colour cannot."""

MUTED = "#656D74"
"""Points without a component, and what is not selected."""

CONTINUOUS = "Cividis"


def colour(index: int) -> str:
    """Colour of a node, state or component; -1 is none of them.

    >>> colour(0), colour(8) == colour(0)
    ('#0072B2', True)
    """
    return MUTED if index < 0 else COLOURS[index % len(COLOURS)]


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
