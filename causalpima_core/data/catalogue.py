"""The examples there are: what each measures, which factors it shows where, and how hard it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from causalpima_core.data.factors import GRAPHS
from causalpima_core.data.measurements import measure_cells, measure_powders
from causalpima_core.data.renderings import (
    draw_circles,
    draw_coloured_digits,
    draw_lattice,
    draw_shapes,
)


@dataclass(frozen=True)
class ExampleInfo:
    """What there is to know of an example before it is made.

    Attributes:
        name: as on the command line and on every page.
        summary: what is measured, in a sentence or two.
        shown_in: factor -> modalities that show it; its keys name the factors, in order.
        states: number of states of each factor.
        default_samples: how many are made unless told.
        default_graph: the graph they are drawn from unless told.
        draw: joint outcomes ``(n, L)`` -> arrays by modality.
        graphs: graphs it can be drawn from.
        rarest: probability of the rarest joint outcome, where tables are set to make it so.
        weak: factors whose states overlap in all that is measured.
        thresholds: see `Truth`.
    """

    name: str
    summary: str
    shown_in: Mapping[str, tuple[str, ...]]
    states: tuple[int, ...]
    default_samples: int
    default_graph: str
    draw: Callable[[NDArray[np.int64], Generator], dict[str, NDArray[np.float32]]]
    graphs: tuple[str, ...] = tuple(GRAPHS)
    rarest: float | None = None
    weak: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors, in order."""
        return tuple(self.shown_in)


EXAMPLES: dict[str, ExampleInfo] = {
    info.name: info
    for info in (
        ExampleInfo(
            name="circles",
            summary="Images of a disc whose hue, radius and position each take two values.",
            shown_in={"hue": ("image",), "radius": ("image",), "position": ("image",)},
            states=(2, 2, 2),
            default_samples=2000,
            default_graph="chain",
            draw=draw_circles,
        ),
        ExampleInfo(
            name="coloured-digits",
            summary="Handwritten 0, 4 and 7 in two colours and two brightnesses, each with a "
            "curve whose slope follows the digit.",
            shown_in={
                "class": ("image", "curve"),
                "colour": ("image",),
                "brightness": ("image",),
            },
            states=(3, 2, 2),
            default_samples=2000,
            default_graph="chain",
            draw=draw_coloured_digits,
            thresholds={"class": 0.90},  # some handwriting is ambiguous to people, too
        ),
        ExampleInfo(
            name="lattice",
            summary="Unit cells of a metal lattice with their stress–strain curves; topology and "
            "density show in both, heat treatment in the curve alone.",
            shown_in={
                "topology": ("image", "curve"),
                "density": ("image", "curve"),
                "heat_treatment": ("curve",),
            },
            states=(2, 2, 2),
            default_samples=3000,
            default_graph="collider",
            draw=draw_lattice,
        ),
        ExampleInfo(
            name="shapes",
            summary="Images of a square of two colours and two sizes at one of four places, so far "
            "apart that pixels cannot tell a move along one axis from a move along both.",
            shown_in={
                "colour": ("image",),
                "size": ("image",),
                "x": ("image",),
                "y": ("image",),
            },
            states=(2, 2, 2, 2),
            default_samples=3000,
            default_graph="chain",
            draw=draw_shapes,
        ),
        ExampleInfo(
            name="spectra",
            summary="Diffraction patterns, Raman spectra and a table of properties of a doped "
            "oxide. Background, intensity, peak width and zero shift vary for no reason, and one "
            "joint outcome is rare (1%).",
            shown_in={
                "phase": ("diffraction", "raman", "table"),
                "dopant": ("raman", "table"),
                "annealing": ("diffraction", "table"),
            },
            states=(3, 2, 2),
            default_samples=2500,
            default_graph="chain",
            draw=measure_powders,
            rarest=0.01,
        ),
        ExampleInfo(
            name="weak",
            summary="Discharge curves and a table of battery cells. Chemistry and loading are "
            "plain; warm storage raises the resistance by less than twice its scatter, so no "
            "method can tell it for every cell.",
            shown_in={
                "chemistry": ("curve", "table"),
                "loading": ("curve", "table"),
                "storage": ("curve", "table"),
            },
            states=(2, 2, 2),
            default_samples=2000,
            default_graph="chain",
            draw=measure_cells,
            weak=("storage",),
        ),
    )
}
