"""A run that was really trained, in seconds, for pages that ask the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs import worker
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace
from tests.core.training.conftest import two_cause_data


def write_trained_run(root: Path, name: str = "trained") -> RunFolder:
    """Two nodes of two states in a curve and a table, in a workspace at ``root``."""
    dataset, truth = two_cause_data(n=400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSALPIMA_WORKSPACE", str(root))
        workspace = Workspace()
        path = workspace.datasets_folder / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{m.name: m.values for m in dataset.modalities})
        factors = pd.DataFrame(truth, columns=["cause", "effect"])
        factors.to_csv(path.with_suffix(".truth.csv"), index_label="sample")
        training = TrainingConfig.of_preset(
            "quick", seed=1, warm_up_steps=80, joint_steps=40, distil_steps=30
        )
        folder = create_run(
            workspace.new_run_path(name),
            path,
            load_dataset(path),
            ModelConfig.parse(states=(2, 2), latent_dim=4),
            training,
        )
    worker.train(folder)
    return folder
