"""Examples whose truth is known: seeded samples of a causal graph, drawn as images and curves.

Each sample's factors come from a known graph with known tables; what is then measured of it adds
jitter, noise and nuisance (phase, handwriting) that no node should explain.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.random import Generator

from causalpima_core.data.catalogue import EXAMPLES, ExampleInfo
from causalpima_core.data.factors import GRAPHS, Truth, base_for, graph_of, sample_outcomes
from causalpima_core.data.multimodal import MultimodalDataset, of_arrays
from causalpima_core.errors import ConfigError, RunFolderError
from causalpima_core.runs.files import refusal, replacing


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
    return draw_example(_example(name), samples, seed, graph)


def draw_example(
    info: ExampleInfo, samples: int | None = None, seed: int = 0, graph: str | None = None
) -> tuple[MultimodalDataset, Truth]:
    """As `make_example`, of an example that need not be one of `EXAMPLES`.

    Raises:
        ConfigError: unknown graph, or fewer than 2 samples.
    """
    truth, rng = _draw_truth(info, samples, seed, graph)
    return of_arrays(info.draw(truth.outcomes, rng), metadata=truth.table()), truth


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
    return _draw_truth(_example(name), samples, seed, graph)


def _example(name: str) -> ExampleInfo:
    if name not in EXAMPLES:
        raise ConfigError(f"Unknown example '{name}': expected one of {', '.join(EXAMPLES)}.")
    return EXAMPLES[name]


def _draw_truth(
    info: ExampleInfo, samples: int | None, seed: int, graph: str | None
) -> tuple[Truth, Generator]:
    graph = graph or info.default_graph
    if graph not in GRAPHS:
        raise ConfigError(f"Unknown graph '{graph}': expected one of {', '.join(GRAPHS)}.")
    samples = info.default_samples if samples is None else samples
    if not 2 <= samples <= 1_000_000:
        raise ConfigError(f"Expected 2 to 1,000,000 samples, got {samples}.")
    if seed < 0:
        raise ConfigError(f"Expected a seed of 0 or more, got {seed}.")
    rng = np.random.default_rng([seed, *info.name.encode()])
    adjacency = graph_of(graph, len(info.states))
    base = base_for(adjacency, info.states, info.rarest) if info.rarest else 0.0
    outcomes = sample_outcomes(adjacency, info.states, samples, rng, base)
    truth = Truth(info.factors, info.states, adjacency, outcomes, info.weak, dict(info.thresholds))
    return truth, rng


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
        raise refusal(error) or RunFolderError(
            f"Cannot write '{out}' ({error.strerror}): choose another place."
        ) from error
