"""A whole run in seconds: every stage of training, in as few epochs and trials as there can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.store import RunFolder
from causalpima_core.training import labelling, start
from tests.core.training.conftest import two_cause_data


@contextmanager
def short_search() -> Iterator[None]:
    """Few trials in the search for groups, which takes most of a tiny run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(start, "MOST_LABELLED", 3)
        patch.setattr(labelling, "WORK", 256)
        yield


def write_data(path: Path) -> Path:
    """Two causes in a curve and a table, as a file."""
    dataset, _ = two_cause_data(n=120)
    np.savez(path, **{m.name: m.values for m in dataset.modalities})
    return path


def new_run(path: Path, data: Path) -> RunFolder:
    """A run that waits for its first epoch."""
    training = TrainingConfig.of_preset(
        "quick", seed=1, warm_up_steps=8, joint_steps=8, distil_steps=8
    )
    model = ModelConfig.parse(states=(2, 2), latent_dim=2)
    return create_run(path, data, load_dataset(data), model, training)


def assert_same_result(folder: RunFolder, expected: RunFolder) -> None:
    """Graph, assignments and weights to the last bit; history and notes as if in one go."""
    for name in ("assignments.csv", "dag.json"):
        assert (folder.path / "result" / name).read_bytes() == (
            expected.path / "result" / name
        ).read_bytes(), name
    weights, others = load_file(folder.weights), load_file(expected.weights)
    assert weights.keys() == others.keys()
    for name, values in weights.items():
        np.testing.assert_array_equal(values, others[name], err_msg=name)
    arrays, others = folder.arrays(), expected.arrays()
    for name, values in arrays.items():
        np.testing.assert_array_equal(values, others[name], err_msg=name)
    assert folder.status().notes == expected.status().notes
    assert folder.status().epoch == expected.status().epoch
    pd.testing.assert_frame_equal(
        folder.metrics().drop(columns="time"), expected.metrics().drop(columns="time")
    )
    assert folder.snapshot_epochs() == expected.snapshot_epochs()
    for epoch in folder.snapshot_epochs():
        ours, theirs = folder.snapshot(epoch), expected.snapshot(epoch)
        for field in ("latent", "component", "means", "covariances", "weights", "edges"):
            np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field))
