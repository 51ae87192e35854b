"""The one palette of pages, figures and reports: a colour means the same wherever it is seen."""

from __future__ import annotations

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

MUTED = "#656D74"
"""Points without a component, and what is not selected."""

COMPELLED, REVERSIBLE = COLOURS[0], COLOURS[5]
"""Edges by what the data tell of their direction."""


def colour(index: int) -> str:
    """Colour of a node, state or component; -1 is none of them.

    >>> colour(0), colour(8) == colour(0)
    ('#0072B2', True)
    """
    return MUTED if index < 0 else COLOURS[index % len(COLOURS)]
