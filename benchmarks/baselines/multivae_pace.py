"""MultiVae's own trainer with our networks, data and batches, so that its training can be timed."""

from __future__ import annotations

from pathlib import Path

import torch
from multivae.data.datasets import MultimodalBaseDataset
from multivae.models import MVAE
from multivae.trainers import BaseTrainer, BaseTrainerConfig

from benchmarks.baselines.multivae_worker import make_model
from benchmarks.joint import KnownStart


class DisklessTrainer(BaseTrainer):
    """Keeps its model in memory, as ours does in the same measurement."""

    def save_model(self, model: MVAE, dir_path: str) -> None:
        """Write nothing."""


def like(trainer: KnownStart, folder: Path, *, subsampling: bool) -> BaseTrainer:
    """MultiVae's trainer for the work of ours: same samples, held-out samples, batches, epochs.

    Args:
        trainer: ours, on complete data.
        folder: for what MultiVae writes.
        subsampling: see `make_model`.
    """
    told = {
        "kinds": {spec.name: spec.kind.value for spec in trainer.model.specs},
        "latent_dim": trainer.model.config.n_latent,
    }
    held_out = trainer.data[torch.from_numpy(trainer.held_rows)].values
    values = trainer.data[torch.from_numpy(trainer.train_rows)].values
    config = BaseTrainerConfig(
        output_dir=str(folder),
        num_epochs=trainer.joint_epochs,
        per_device_train_batch_size=trainer.batch_size,
        per_device_eval_batch_size=len(trainer.held_rows),
        learning_rate=trainer.config.joint_learning_rate,
        seed=trainer.config.seed,
        no_cuda=True,
    )
    return DisklessTrainer(
        make_model(told, values, subsampling=subsampling),
        train_dataset=MultimodalBaseDataset(values),
        eval_dataset=MultimodalBaseDataset(held_out),
        training_config=config,
    )
