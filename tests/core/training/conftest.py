from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import MultimodalDataset, of_arrays
from causalpima_core.runs.records import EpochRecord, Record
from causalpima_core.training.checkpoint import last_checkpoint, save_checkpoint
from causalpima_core.training.loop import Trainer

CPU = torch.device("cpu")


def two_cause_data(n=300, seed=0, missing=0.0):
    """A curve and a table of two binary factors, the second caused by the first."""
    rng = np.random.default_rng(seed)
    cause = rng.integers(0, 2, n)
    effect = np.where(rng.random(n) < 0.85, cause, 1 - cause)
    t = np.linspace(0, 1, 24)
    curve = np.where(cause[:, None], np.sin(6 * t), t) + 0.05 * rng.normal(size=(n, 24))
    table = np.stack([2.0 * effect, 1.0 - effect, cause + effect], 1)
    table = table + 0.1 * rng.normal(size=table.shape)
    curve[rng.random(n) < missing] = np.nan
    return of_arrays({"curve": curve, "table": table}), np.stack([cause, effect], 1)


class Whole(NamedTuple):
    """A training that nothing happened to; only to be looked at.

    Attributes:
        trainer: at its end.
        records: all it told.
        checkpoints: by epoch, folders with what was kept at the end of that epoch.
    """

    trainer: Trainer
    records: list[Record]
    checkpoints: dict[int, Path]

    def of(self, kind):
        return [r for r in self.records if isinstance(r, kind)]

    def weights(self):
        return self.trainer.model.state_dict()


def trained_whole(
    dataset: MultimodalDataset,
    model: ModelConfig,
    training: TrainingConfig,
    kept_in: Path | None = None,
    epochs: tuple[int, ...] = (),
) -> Whole:
    """Train to the end, with checkpoints in ``kept_in`` at the end of some epochs."""
    whole = Whole(Trainer(dataset, model, training, CPU), [], {})
    for record in whole.trainer.run():
        whole.records.append(record)
        if isinstance(record, EpochRecord) and record.epoch in epochs:
            folder = whole.checkpoints[record.epoch] = kept_in / f"epoch-{record.epoch}"
            folder.mkdir()
            save_checkpoint(folder, record.epoch, *whole.trainer.state())
    return whole


def gone_on(dataset, model, training, checkpoint: Path) -> Trainer:
    """Another trainer that took up a checkpoint, at its end."""
    trainer = Trainer(dataset, model, training, CPU)
    trainer.restore(*last_checkpoint(checkpoint).stored)
    for _ in trainer.run():
        pass
    return trainer


def assert_same(first, second):
    """Weights to the last bit."""
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.fixture(scope="session")
def dataset():
    return two_cause_data()[0]


@pytest.fixture(scope="session")
def model_config():
    return ModelConfig.parse(states=(2, 2), latent_dim=4)


@pytest.fixture(scope="session")
def training_config():
    return TrainingConfig.of_preset(
        "quick", seed=1, warm_up_steps=80, joint_steps=40, distil_steps=30
    )
