"""MVAE from the package MultiVae, in an environment of its own, and a mixture on its latents.

Multimodal VAE of Wu and Goodman (NeurIPS 2018) as MultiVae has it, with our networks, latent size
and number of epochs. The package wants other versions than ours, so a worker script runs it in the
environment that `BENCHMARK_PYTHON` names; data go there and latents come back as .npz.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.attempts import Attempt
from benchmarks.baselines.mixture import divide
from benchmarks.baselines.pca import standardised
from benchmarks.tasks import Task
from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import Kind, MultimodalDataset
from causalpima_core.errors import TrainingError

PYTHON = "BENCHMARK_PYTHON"
WORKER = "benchmarks.baselines.multivae_worker"
ROOT = Path(__file__).parents[2]


def attempt(dataset: MultimodalDataset, states: tuple[int, ...], task: Task) -> list[Attempt]:
    """Latents of every sample from all modalities it has, then a mixture as for the others."""
    training = TrainingConfig.of_preset(task.preset, seed=task.seed)
    small = all(m.kind is not Kind.IMAGE for m in dataset.modalities)
    steps = training.warm_up_cycles * training.warm_up_steps + training.joint_steps
    told = {
        "kinds": {m.name: m.kind.value for m in dataset.modalities},
        "latent_dim": ModelConfig.parse(states=states).n_latent,
        "epochs": training.epochs_of(steps, len(dataset), small=small),
        "batch_size": training.batch_of(len(dataset)),
        "seed": task.seed,
    }
    return divide(_latents(dataset, told), states, task.seed)


def _latents(dataset: MultimodalDataset, told: dict) -> NDArray[np.float64]:
    """Have the worker train and encode; shape ``(n, d)``.

    Raises:
        TrainingError: there is no environment for it, or the worker failed.
    """
    python = os.environ.get(PYTHON)
    if not python:
        raise TrainingError(
            f"Expected in {PYTHON} the Python of an environment with benchmarks/requirements.txt, "
            "got nothing: make one (see there) and name it."
        )
    arrays = {
        f"values/{m.name}": standardised(dataset, m.name).astype(np.float32)
        for m in dataset.modalities
    }
    arrays |= {f"observed/{m.name}": m.observed for m in dataset.modalities}
    with tempfile.TemporaryDirectory() as folder:
        data, found = Path(folder) / "data.npz", Path(folder) / "latents.npz"
        np.savez(data, told=np.array(json.dumps(told)), **arrays)
        command = [str(Path(python).absolute()), "-m", WORKER, str(data), str(found)]
        ended = subprocess.run(  # noqa: S603 - our own module
            command, capture_output=True, text=True, check=False, cwd=ROOT
        )
        if ended.returncode:
            said = ended.stderr.strip().splitlines() or ["it said nothing"]
            raise TrainingError(f"MultiVae failed (exit code {ended.returncode}): {said[-1]}")
        with np.load(found, allow_pickle=False) as file:
            return file["latents"].astype(np.float64)
