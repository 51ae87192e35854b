"""Makes `assets/example/lattice.zip`: ``python -m assets.make_example_run``.

Trains on lattice data rounded so that they are small, makes sure that the truth was found, names
nodes and states by it, and packs the run without what only `resume` needs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.examples import write_example
from causalpima_core.data.factors import Truth
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs.bundle import data_files, pack
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.files import replacing
from causalpima_core.runs.names import Names
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.worker import train
from causalpima_core.scores import score_recovery

OUT = Path(__file__).parent / "example" / "lattice.zip"
NAME = "example-lattice"
SAMPLES, SEED, GRAPH = 700, 0, "collider"
LAW = "elastic-plastic; t=0:0.03; value [MPa]"
GREY_LEVELS = 32
"""Steps of an image's values; the noise in them is as coarse."""
CALLED = {
    "topology": ("topology", ("gyroid-like", "octet-like")),
    "density": ("density", ("light", "dense")),
    "heat_treatment": ("heat treatment", ("as built", "treated")),
}
SNAPSHOTS = 8


def main() -> None:
    """Train, check, name and pack."""
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / f"{NAME}.npz"
        write_example("lattice", data, samples=SAMPLES, seed=SEED, graph=GRAPH)
        _round(data)
        dataset = load_dataset(data)
        model = ModelConfig.parse(states=(2, 2, 2), experts={"curve": LAW})
        training = TrainingConfig.of_preset("standard", seed=SEED)
        folder = create_run(Path(place) / NAME, data, dataset, model, training)
        if train(folder) is not RunState.FINISHED:
            raise SystemExit(folder.status().reason)
        truth = _truth(data)
        _check(folder, truth)
        _name(folder, truth)
        with replacing(OUT) as file:
            pack(file, folder, data_files(folder), _places(folder))
    sys.stderr.write(f"{OUT}: {OUT.stat().st_size / 1e6:.2f} MB\n")


def _round(data: Path) -> None:
    with np.load(data, allow_pickle=False) as stored:
        arrays = dict(stored)
    arrays["image"] = (np.round(arrays["image"] * GREY_LEVELS) / GREY_LEVELS).astype(np.float16)
    arrays["curve"] = arrays["curve"].astype(np.float16)
    np.savez_compressed(data, allow_pickle=False, **arrays)


def _truth(data: Path) -> Truth:
    told = json.loads(data.with_suffix(".truth.json").read_text(encoding="utf-8"))
    factors = tuple(node["name"] for node in told["nodes"])
    adjacency = np.zeros((len(factors), len(factors)), dtype=bool)
    for edge in told["edges"]:
        adjacency[factors.index(edge["source"]), factors.index(edge["target"])] = True
    outcomes = load_dataset(data).metadata[list(factors)].to_numpy(dtype=np.int64)
    return Truth(factors, tuple(node["states"] for node in told["nodes"]), adjacency, outcomes)


def _check(folder: RunFolder, truth: Truth) -> None:
    """Nothing is shipped that did not find what is there."""
    states = _states(folder)
    recovery = score_recovery(states, folder.graph(), truth)
    sys.stderr.write(f"{recovery}\n{folder.summary().warnings}\n")
    if not recovery.recovered:
        raise SystemExit("The run did not find the truth: choose another seed.")


def _states(folder: RunFolder) -> np.ndarray:
    nodes = [node.name for node in folder.graph().nodes]
    return folder.assignments()[nodes].to_numpy(dtype=np.int64)


def _name(folder: RunFolder, truth: Truth) -> None:
    """Each node by the factor it agrees with in most samples, whichever way its states count."""
    nodes, states = {}, {}
    for node, found in zip(folder.graph().nodes, _states(folder).T, strict=True):
        agreement = (found[:, None] == truth.outcomes).mean(0)
        factor = int(np.argmax(np.maximum(agreement, 1 - agreement)))
        called, of_states = CALLED[truth.factors[factor]]
        nodes[node.name] = called
        states[node.name] = list(of_states if agreement[factor] > 0.5 else of_states[::-1])
    folder.write_names(Names.parse(nodes, states, folder.graph()))


def _places(folder: RunFolder) -> list[str]:
    """All that is portable but the checkpoint, with some of the snapshots."""
    epochs = folder.snapshot_epochs()
    kept = np.linspace(0, len(epochs) - 1, min(SNAPSHOTS, len(epochs))).round().astype(int)
    snapshots = {f"snapshots/{epochs[k]:04d}.npz" for k in kept}
    return [
        place
        for place in folder.portable()
        if not place.startswith("checkpoint/")
        and (place in snapshots or not place.startswith("snapshots/"))
    ]


if __name__ == "__main__":
    main()
