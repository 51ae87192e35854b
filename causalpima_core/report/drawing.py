"""How figures look and leave: one style, as SVG, as PNG, and as SVG inside a page."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

INK = "#1d2226"
FULL_WIDTH, HALF_WIDTH = 7.0, 3.4
"""Inches: the width of a page, and of one of two columns."""
PNG_DPI = 300
PAGE_SCALE = 1.33
"""Larger on a page than on paper, which is read from closer by."""
MOST_POINTS = 2_000
"""More are drawn as one picture inside an SVG, which would else be too large to open."""

_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.5,
    "font.family": "sans-serif",
    "font.size": 8,
    "legend.borderaxespad": 0,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "lines.linewidth": 1.2,
    "savefig.bbox": "tight",  # however long a name is, nothing is cut off
    "savefig.dpi": PNG_DPI,
    "savefig.pad_inches": 0.04,
    "svg.fonttype": "none",  # text stays text: found, copied and edited
    "svg.hashsalt": "causalpima",  # the same figure is the same file
    "text.color": INK,
    "text.parse_math": False,  # a name may hold a dollar sign
    "xtick.color": INK,
    "xtick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.color": INK,
    "ytick.labelsize": 7.5,
    "ytick.major.width": 0.6,
}
_UNUSED = ("metadata", "title")


@contextmanager
def styled() -> Iterator[None]:
    """Figures made and written inside look as they should; not for several threads at once."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A name in a script the font lacks is still right in an SVG, and boxes in a PNG.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches that finds room for all its labels."""
    return Figure(figsize=(width, height), layout="constrained")


def mark(colour: str, label: str, marker: str = "o") -> Line2D:
    """An entry of a legend for points."""
    return Line2D([], [], color=colour, marker=marker, linestyle="", markersize=4, label=label)


def rendered(figure: Figure, suffix: str) -> bytes:
    """A figure as the content of a file.

    Args:
        figure: made inside `styled`.
        suffix: svg or png.
    """
    file = io.BytesIO()
    metadata = {"Date": None, "Creator": "causalPIMA"} if suffix == "svg" else None
    with styled():
        figure.savefig(file, format=suffix, metadata=metadata, facecolor="white")
    return file.getvalue()


def inline_svg(figure: Figure, name: str) -> str:
    """A figure as an element of a page: no names in common with others, ink as the page's text.

    Args:
        figure: made inside `styled`.
        name: tells it from the other figures of the page.
    """
    file = io.BytesIO()
    with styled():
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(file.getvalue())  # noqa: S314 - written one line above
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in _UNUSED:
                parent.remove(child)
    for element in root.iter():
        element.tag = _local(element.tag)
        found = {_local(key): value for key, value in element.attrib.items()}
        element.attrib.clear()
        element.attrib.update({key: _adapted(key, value, name) for key, value in found.items()})
    width = PAGE_SCALE * float(root.attrib.pop("width").removesuffix("pt"))
    for needless in ("height", "version"):
        root.attrib.pop(needless, None)
    root.set("width", f"{width:.0f}pt")  # with its viewBox; the page may shrink it
    if figure.get_figwidth() > (HALF_WIDTH + FULL_WIDTH) / 2:
        root.set("class", "wide-one")
    root.set("aria-hidden", "true")  # the page says in words what it shows
    return ElementTree.tostring(root, encoding="unicode", method="html")


def _local(tag: str) -> str:
    """Without its namespace, which HTML knows by itself."""
    return tag.rpartition("}")[2]


def _adapted(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "href" and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    value = value.replace("url(#", f"url(#{name}-")
    return value.replace(INK, "currentColor") if key in ("style", "fill", "stroke") else value
