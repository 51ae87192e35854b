"""The method with one of its parts taken away, to see what that part is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args
from unittest.mock import patch

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from causalpima_core.training import appearance, start
from causalpima_core.training.appearance import Appearance
from causalpima_core.training.candidates import Candidate, find_candidates
from causalpima_core.training.labelling import Labelling, label_cells

Part = Literal[
    "labelling", "description-length", "entropy", "witness", "moments", "common", "additivity"
]
"""What can be left out:

- labelling: cells become joint outcomes in the order in which they come.
- description-length: the graph pays nothing for the size of its tables, as in the paper.
- entropy: the start is the likeliest candidate, not the one with the least entropy and the most
  additive cells.
- witness: the start has no say in joint training.
- moments: images count by their latents and pixels alone.
- additivity: groups get the outcomes whose grid is shortest, whether effects add up or not.
- common: undecided nodes are not looked for in what two modalities have in common.
"""
PARTS: tuple[Part, ...] = get_args(Part)
SETTINGS: dict[Part, dict[str, float | None]] = {
    "description-length": {"description_length": 0.0},
    "witness": {"start_error": None},
}
"""Settings of training that leave a part out."""


@contextmanager
def without(part: Part | None) -> Iterator[None]:
    """While this lasts, a part that no setting turns off is left out of the search for a start."""
    match part:
        case "labelling":
            with patch.object(start, "label_cells", _as_they_come):
                yield
        case "entropy":
            as_found = patch.object(start, "MOST_ROUNDS", 0)
            with as_found, patch.object(start, "find_candidates", _likeliest):
                yield
        case "additivity":
            with patch.object(start, "label_cells", _by_length):
                yield
        case "moments":
            no_views = patch.object(Appearance, "views", lambda _: [])
            with no_views, patch.object(appearance, "PIXELS", 0.5):
                yield
        case "common":
            with patch.object(start, "common_nodes", lambda *_: []):
                yield
        case _:
            yield


def _as_they_come(distances: NDArray[np.floating], *_: object) -> Labelling:
    return Labelling(np.arange(len(distances)), gap=None)


def _by_length(
    distances: NDArray[np.floating], squares: NDArray[np.floating], *others: object
) -> Labelling:
    nothing = np.zeros_like(squares)
    return label_cells(distances, nothing, *others)  # pyright: ignore[reportArgumentType]


def _likeliest(
    latents: NDArray[np.float64], n_cells: int, rng: Generator, *others: object
) -> list[Candidate]:
    found = find_candidates(latents, n_cells, rng, *others)  # pyright: ignore[reportArgumentType]
    return sorted(found, key=lambda one: -one.likelihood)[:1]
