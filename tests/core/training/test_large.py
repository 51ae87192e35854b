"""Training on samples that stay on disk: the same result, without ever holding them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.large import Form, discs, draw_discs, of_run, written
from benchmarks.scaling import alone
from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data import stored
from causalpima_core.data.multimodal import MultimodalDataset, of_arrays
from causalpima_core.data.stored import StoredValues
from causalpima_core.runs.records import NoteRecord
from causalpima_core.training import subsample
from causalpima_core.training.findings import Findings, conclude
from causalpima_core.training.loop import Trainer

N, SIDE = 12_000, 64
HELD_MIB = 4 * N * 3 * SIDE**2 / 2**20
"""What the samples would take as float32."""


def trained(dataset: MultimodalDataset) -> tuple[Trainer, Findings, list[str]]:
    training = TrainingConfig.of_preset(
        "quick", seed=1, warm_up_cycles=1, warm_up_steps=60, joint_steps=20, distil_steps=20
    )
    trainer = Trainer(dataset, ModelConfig.parse(states=(2, 2), latent_dim=4), training)
    notes = [record.text for record in trainer.run() if isinstance(record, NoteRecord)]
    return trainer, conclude(trainer, dataset), notes


@pytest.fixture
def images_and_table(rng: np.random.Generator) -> dict[str, np.ndarray]:
    images = discs(260, 16, rng)
    bright = images.mean((1, 2, 3))[:, None] + rng.normal(size=(260, 3))
    bright[::9] = np.nan
    return {"photo": images, "table": bright}


@pytest.mark.slow
def test_what_stays_on_disk_trains_as_what_is_in_memory(monkeypatch, images_and_table):
    held, there, _ = trained(of_arrays(images_and_table))
    monkeypatch.setattr(stored, "LARGE", 10_000)
    monkeypatch.setattr("causalpima_core.samples.READ_AT_ONCE", 16 * 16 * 3 * 50)
    dataset = of_arrays(images_and_table)
    assert isinstance(dataset["photo"].values, StoredValues)
    read, here, _ = trained(dataset)
    weights = held.model.state_dict()
    for name, tensor in read.model.state_dict().items():
        if "unexplained" not in name:
            assert torch.equal(tensor, weights[name]), name
        else:  # a mean over pieces is the mean but for rounding
            torch.testing.assert_close(tensor, weights[name])
    assert here.assignments.equals(there.assignments)
    assert here.summary.modality_error == pytest.approx(there.summary.modality_error, rel=1e-5)


@pytest.mark.slow
def test_groups_looked_for_in_some_samples_are_those_of_all(monkeypatch, images_and_table):
    dataset = of_arrays(images_and_table)
    whole, _, told = trained(dataset)
    assert not any("drawn at random" in note for note in told)
    monkeypatch.setattr(subsample, "SEARCHED_SAMPLES", 150)
    part, _, told = trained(dataset)
    assert sum("150 of the 234 training samples, drawn at random" in note for note in told) == 1
    assert part.start is not None
    assert part.start.outcome.shape == whole.train_rows.shape
    assert set(part.start.outcome) == {0, 1, 2, 3}


def brief_run(path: Path) -> dict:
    """For a process of its own; groups are looked for in few samples, to save time."""
    subsample.SEARCHED_SAMPLES = 300
    return of_run(path, steps=2)


@pytest.mark.slow
def test_a_run_never_holds_all_its_samples(tmp_path):
    draw_discs(tmp_path / "image.npy", N, SIDE)
    path = written(Form.NPZ, tmp_path / "image.npy")
    assert stored.is_large((N, 3, SIDE, SIDE))
    found = alone(partial(brief_run, path))
    own = {one["stage"]: one["peak_mib_without_files"] for one in found["stages"]}
    assert max(own.values()) - own["reading"] < 0.75 * HELD_MIB, own
