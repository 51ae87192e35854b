"""Small data and run folders that the tests of the core share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import MultimodalDataset, of_arrays
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.results import (
    ComponentResult,
    EdgeResult,
    GraphResult,
    NodeResult,
    Summary,
    TableResult,
)
from causalpima_core.runs.store import RunFolder

MakeRun = Callable[..., RunFolder]

SAMPLES = 8
HOSTILE = ('</script><b>"hue" & \\', "-> {} ;")
"""Names of nodes that no format takes unquoted."""


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def dataset(rng: np.random.Generator) -> MultimodalDataset:
    return of_arrays({"table": rng.normal(size=(SAMPLES, 3))})


@pytest.fixture
def make_run(tmp_path: Path, dataset: MultimodalDataset) -> MakeRun:
    """Make a queued run, or one in the state that is asked for."""

    def make(name: str = "run", **status: object) -> RunFolder:
        folder = create_run(
            tmp_path / name,
            tmp_path / "data.npz",
            dataset,
            ModelConfig(states=(2, 3)),
            TrainingConfig.of_preset("quick"),
        )
        if status:
            folder.write_status(Status.model_validate({"heartbeat": time.time()} | status))
        return folder

    return make


@pytest.fixture
def graph() -> GraphResult:
    """A compelled and a reversible edge between names that no format takes unquoted."""
    edge = {"weight": 0.91, "probability": 0.97}
    return GraphResult(
        nodes=[
            NodeResult(name="node_1", states=2, separation=0.99),
            NodeResult(name=HOSTILE[0], states=3, separation=0.5),
            NodeResult(name=HOSTILE[1], states=2, separation=0.75),
        ],
        edges=[
            EdgeResult(
                source="node_1",
                target=HOSTILE[0],
                direction="compelled",
                probability_of_direction=0.96,
                **edge,
            ),
            EdgeResult(
                source="node_1",
                target=HOSTILE[1],
                direction="reversible",
                probability_of_direction=0.5,
                **edge,
            ),
        ],
        tables={
            "node_1": TableResult(parents=[], probabilities=[0.25, 0.75]),
            HOSTILE[0]: TableResult(parents=["node_1"], probabilities=[[0.2, 0.3, 0.5]] * 2),
            HOSTILE[1]: TableResult(parents=["node_1"], probabilities=[[0.1, 0.9], [0.6, 0.4]]),
        },
        components=[
            ComponentResult(outcome=list(outcome), weight=1 / 12) for outcome in np.ndindex(2, 3, 2)
        ],
    )


@pytest.fixture
def assignments() -> pd.DataFrame:
    ids = ["=1+1", "+x", "-y", "@z", "-5", "007", "plain", 'with "quotes", and comma']
    return pd.DataFrame(
        {
            "sample": ids,
            "component": range(8),
            "confidence": np.linspace(0.3, 1.0, 8),
            "node_1": [0, 1] * 4,
            HOSTILE[0]: [0, 1, 2, 0] * 2,
            HOSTILE[1]: [0, 0, 1, 1] * 2,
        }
    )


@pytest.fixture
def finished_run(make_run: MakeRun, graph: GraphResult, assignments: pd.DataFrame) -> RunFolder:
    folder = make_run("finished", state=RunState.FINISHED)
    summary = Summary(
        held_out_elbo={"elbo": -1.0},
        modality_error={"table": 0.1},
        assignment_entropy=0.01,
        start={"source": "pursuit"},
        nodes=[],
        score_gap=0.0,
        warnings=["node_2 is not separated."],
        seconds={"warm-up": 1.0},
    )
    folder.write_result(
        graph,
        summary,
        assignments,
        {
            "latent_mean": np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32),
            "component_means": np.zeros((12, 2), dtype=np.float32),
            "component_covariances": np.tile(np.eye(2, dtype=np.float32), (12, 1, 1)),
        },
        lambda path: save_file({"weight": np.arange(4.0)}, path),
    )
    return folder
