"""Examples whose truth is known: seeded samples of a causal graph, drawn as images and curves.

Each sample's factors come from a known graph with known tables; what is then measured of it adds
jitter, noise and nuisance (phase, handwriting) that no node should explain.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from causalpima_core.data.multimodal import MultimodalDataset, of_arrays
from causalpima_core.data.renderings import draw_circles, draw_coloured_digits, draw_lattice
from causalpima_core.errors import ConfigError, RunFolderError
from causalpima_core.runs.store import replacing

GRAPHS: dict[str, tuple[tuple[int, int], ...]] = {
    "chain": ((0, 1), (1, 2)),
    "fork": ((1, 0), (1, 2)),
    "collider": ((0, 2), (1, 2)),
    "independent": (),
    "complete": ((0, 1), (0, 2), (1, 2)),
}
"""Edges between the three factors, by position."""

EFFECT = 1.4
"""Strength of a cause: it moves the log-odds between the ends of its child's scale by ±1.4."""


@dataclass(frozen=True)
class ExampleInfo:
    """What there is to know of an example before it is made."""

    name: str
    summary: str
    factors: tuple[str, ...]
    states: tuple[int, ...]
    default_samples: int
    default_graph: str
    draw: Callable[[NDArray[np.int64], Generator], dict[str, NDArray[np.float32]]]
    graphs: tuple[str, ...] = tuple(GRAPHS)


@dataclass(frozen=True)
class Truth:
    """What an example was made from.

    Attributes:
        factors: names of the true nodes.
        states: number of states of each.
        adjacency: ``[i, j]`` True where factor i causes factor j, shape ``(L, L)``.
        outcomes: state of each factor in each sample, shape ``(n, L)``.
    """

    factors: tuple[str, ...]
    states: tuple[int, ...]
    adjacency: NDArray[np.bool_]
    outcomes: NDArray[np.int64]

    def table(self) -> pd.DataFrame:
        """One column per factor."""
        return pd.DataFrame(self.outcomes, columns=list(self.factors))


EXAMPLES: dict[str, ExampleInfo] = {
    info.name: info
    for info in (
        ExampleInfo(
            name="circles",
            summary="Images of a disc whose hue, radius and position each take two values.",
            factors=("hue", "radius", "position"),
            states=(2, 2, 2),
            default_samples=2000,
            default_graph="chain",
            draw=draw_circles,
        ),
        ExampleInfo(
            name="coloured-digits",
            summary="Handwritten 0, 4 and 7 in two colours and two brightnesses, each with a "
            "curve whose slope follows the digit.",
            factors=("class", "colour", "brightness"),
            states=(3, 2, 2),
            default_samples=2000,
            default_graph="chain",
            draw=draw_coloured_digits,
        ),
        ExampleInfo(
            name="lattice",
            summary="Unit cells of a metal lattice with their stress–strain curves; topology and "
            "density show in both, heat treatment in the curve alone.",
            factors=("topology", "density", "heat_treatment"),
            states=(2, 2, 2),
            default_samples=3000,
            default_graph="collider",
            draw=draw_lattice,
        ),
    )
}


def make_example(
    name: str, samples: int | None = None, seed: int = 0, graph: str | None = None
) -> tuple[MultimodalDataset, Truth]:
    """Draw an example and the truth behind it; the same arguments give the same data.

    Args:
        name: a key of `EXAMPLES`.
        samples: how many; the example's own number by default.
        seed: any non-negative integer.
        graph: a key of `GRAPHS`; the example's own by default.

    Raises:
        ConfigError: unknown name or graph, or fewer than 2 samples.
    """
    truth, rng = make_truth(name, samples, seed, graph)
    arrays = EXAMPLES[name].draw(truth.outcomes, rng)
    return of_arrays(arrays, metadata=truth.table()), truth


def load_example(
    name: str, samples: int | None = None, seed: int = 0, graph: str | None = None
) -> MultimodalDataset:
    """An example's dataset, its true factors in the metadata (see `make_example`)."""
    return make_example(name, samples, seed, graph)[0]


def make_truth(
    name: str, samples: int | None = None, seed: int = 0, graph: str | None = None
) -> tuple[Truth, Generator]:
    """The factors of an example without the drawing, and the generator to draw it with.

    Raises:
        ConfigError: see `make_example`.
    """
    info = EXAMPLES.get(name)
    if info is None:
        raise ConfigError(f"Unknown example '{name}': expected one of {', '.join(EXAMPLES)}.")
    graph = graph or info.default_graph
    if graph not in GRAPHS:
        raise ConfigError(f"Unknown graph '{graph}': expected one of {', '.join(GRAPHS)}.")
    samples = info.default_samples if samples is None else samples
    if not 2 <= samples <= 1_000_000:
        raise ConfigError(f"Expected 2 to 1,000,000 samples, got {samples}.")
    if seed < 0:
        raise ConfigError(f"Expected a seed of 0 or more, got {seed}.")
    rng = np.random.default_rng([seed, *name.encode()])
    adjacency = np.zeros((len(info.states),) * 2, dtype=bool)
    for source, target in GRAPHS[graph]:
        adjacency[source, target] = True
    outcomes = sample_outcomes(adjacency, info.states, samples, rng)
    return Truth(info.factors, info.states, adjacency, outcomes), rng


def sample_outcomes(
    adjacency: NDArray[np.bool_], states: tuple[int, ...], samples: int, rng: Generator
) -> NDArray[np.int64]:
    """Draw states from the graph: a child leans towards where its parents stand.

    Returns:
        Shape ``(samples, L)``.
    """
    outcomes = np.zeros((samples, len(states)), dtype=np.int64)
    positions = np.zeros((samples, len(states)))
    for j in _causes_first(adjacency):
        parents = np.flatnonzero(adjacency[:, j])
        scale = np.linspace(-1, 1, states[j])
        lean = positions[:, parents].sum(1)
        logits = EFFECT / 2 * lean[:, None] * scale
        noise = rng.gumbel(size=logits.shape)
        outcomes[:, j] = (logits + noise).argmax(1)
        positions[:, j] = scale[outcomes[:, j]]
    return outcomes


def _causes_first(adjacency: NDArray[np.bool_]) -> list[int]:
    order: list[int] = []
    while len(order) < len(adjacency):
        waiting = [j for j in range(len(adjacency)) if j not in order]
        order += [j for j in waiting if set(np.flatnonzero(adjacency[:, j])) <= set(order)]
    return order


def write_example(
    name: str,
    out: Path | str,
    samples: int | None = None,
    seed: int = 0,
    graph: str | None = None,
) -> None:
    """Write an example as `FILE.npz`, its graph as `FILE.truth.json`, factors as `FILE.truth.csv`.

    Raises:
        ConfigError: see `make_example`; also where ``out`` does not end in .npz.
        RunFolderError: the files cannot be written.
    """
    out = Path(out)
    if out.suffix != ".npz":
        raise ConfigError(f"Expected an output file ending in .npz, got '{out}'.")
    dataset, truth = make_example(name, samples, seed, graph)
    arrays = {m.name: m.values for m in dataset.modalities}
    told = {
        "example": name,
        "seed": seed,
        "samples": len(dataset),
        "nodes": [
            {"name": factor, "states": k}
            for factor, k in zip(truth.factors, truth.states, strict=True)
        ],
        "edges": [
            {"source": truth.factors[i], "target": truth.factors[j]}
            for i, j in np.argwhere(truth.adjacency)
        ],
    }
    table = truth.table()
    table.insert(0, "sample", dataset.sample_id)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with replacing(out) as file:
            np.savez_compressed(file, sample_id=dataset.sample_id, **arrays)
        with replacing(out.with_suffix(".truth.json")) as file:
            file.write(json.dumps(told, indent=2).encode())
        with replacing(out.with_suffix(".truth.csv")) as file:
            table.to_csv(file, index=False)
    except OSError as error:
        raise RunFolderError(f"Cannot write '{out}' ({error.strerror}).") from error
