"""Which joint outcome each group is: how often that is right, on simulated grids of known labels.

Each grid is what the groups look like on average, and nothing else: no networks, no samples. So
hundreds of them take minutes, and kinds of effects that no example has can be looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.ledger import RESULTS, write_json
from causalpima_core.outcomes import outcome_table
from causalpima_core.training.appearance import Prototypes, prototype_distances, prototype_squares
from causalpima_core.training.labelling import CLOSE_GAP, label_cells

States = tuple[int, ...]
Grid = Callable[[States, Generator], NDArray[np.float64]]

STATES: list[States] = [(2, 2), (3, 2), (4, 2), (3, 3), (2, 2, 2), (3, 2, 2), (2, 2, 2, 2)]
N_VALUES, SIZES, NOISE = 12, (0.6, 1.0, 1.6), 0.02
CRITERIA = {"length alone": (1.0, 0.0), "additivity alone": (0.0, 1.0), "both": (1.0, 1.0)}
"""What distances and their squares count for."""


def additive(states: States, rng: Generator) -> NDArray[np.float64]:
    """Each state has an effect of its own, in any direction; effects add up."""
    effects = [rng.choice(SIZES) * rng.normal(size=(k, N_VALUES)) for k in states]
    return np.sum([e[s] for e, s in zip(effects, outcome_table(states).T, strict=True)], axis=0)


def in_a_row(states: States, rng: Generator) -> NDArray[np.float64]:
    """The same, with each node's states along a line, as sizes or doses are."""
    places = [np.sort(rng.random(k)) + 0.5 * np.arange(k) for k in states]
    effects = [rng.choice(SIZES) * np.outer(place, rng.normal(size=N_VALUES)) for place in places]
    return np.sum([e[s] for e, s in zip(effects, outcome_table(states).T, strict=True)], axis=0)


def interacting(states: States, rng: Generator) -> NDArray[np.float64]:
    """Effects add up but for something that every outcome has to itself, of 0.7."""
    return additive(states, rng) + 0.7 * rng.normal(size=(prod(states), N_VALUES))


def multiplying(states: States, rng: Generator) -> NDArray[np.float64]:
    """Effects multiply."""
    return np.exp(0.5 * additive(states, rng))


def saturating(states: States, rng: Generator) -> NDArray[np.float64]:
    """Large effects are cut."""
    return np.tanh(additive(states, rng))


def peaks(states: States, rng: Generator) -> NDArray[np.float64]:
    """A peak's height, place and width, for the first nodes, and a level for a fourth."""
    q = np.linspace(0, 1, 80)
    places = [np.sort(rng.random(k)) + 0.7 * np.arange(k) for k in (*states, 1, 1)]
    rows = outcome_table((*states, 1, 1))
    height, place, width, level = (p[s] for p, s in zip(places, rows.T[:4], strict=False))
    apart = (q - 0.25 - 0.15 * place[:, None]) / (0.05 + 0.05 * width[:, None])
    return (1 + height[:, None]) * np.exp(-0.5 * apart**2) + level[:, None]


def peaks_and_table(states: States, rng: Generator) -> NDArray[np.float64]:
    """The same, beside a table in which effects add up."""
    curve = peaks(states, rng)
    return np.hstack([curve / curve.std(), 0.7 * in_a_row(states, rng)])


GRIDS: list[Grid] = [
    additive,
    in_a_row,
    interacting,
    multiplying,
    saturating,
    peaks,
    peaks_and_table,
]


def are_right(found: NDArray[np.int64], states: States) -> bool:
    """Whether the nodes are the true ones but for names, where cell c is truly outcome c."""
    true, nodes = outcome_table(states).T, outcome_table(states)[found].T
    return all(any(_is_renamed(node, other) for other in nodes) for node in true)


def _is_renamed(node: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    pairs = len(np.unique([node, other], axis=1).T)
    return pairs == node.max() + 1 == other.max() + 1


def look_at(grid: Grid, states: States, seeds: int) -> dict:
    """How many grids each criterion labels rightly, and what the gap says about that."""
    right, told = dict.fromkeys(CRITERIA, 0), {"clear": [0, 0], "unclear": [0, 0]}
    for seed in range(seeds):
        rng = np.random.default_rng([seed, *states])
        values = grid(states, rng)
        values = values + NOISE * values.std() * rng.normal(size=values.shape)
        prototypes = [Prototypes(values / np.sqrt(values.shape[1]), 1.0)]
        distances, squares = prototype_distances(prototypes), prototype_squares(prototypes)
        for name, (length, additivity) in CRITERIA.items():
            labelling = label_cells(distances * length, squares * additivity, states, rng)
            is_right = are_right(labelling.outcome, states)
            right[name] += is_right
            if name == "both":
                is_clear = labelling.gap is None or labelling.gap >= CLOSE_GAP
                count = told["clear" if is_clear else "unclear"]
                count[0] += is_right
                count[1] += 1
    return {"grid": grid.__name__, "states": states, "of": seeds, "right": right, "gap": told}


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Grids of each kind and size.")] = 20,
    out: Annotated[Path, typer.Option(help="Where to write the figures.")] = RESULTS
    / "labels.json",
) -> None:
    """Label simulated grids, one line per kind and size; all goes to JSON."""
    found = []
    for grid in GRIDS:
        for states in STATES:
            found.append(look_at(grid, states, seeds))
            typer.echo(json.dumps(found[-1]))
    write_json(out, {"grids": found})


if __name__ == "__main__":
    typer.run(main)
