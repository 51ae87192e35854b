"""From settings and data to a new run folder, the same way for the page and the command line."""

from __future__ import annotations

import platform
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from causalpima_core.config import DatasetReference, ModelConfig, RunConfig, TrainingConfig
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.errors import RunFolderError
from causalpima_core.experts.check import check_experts, completed_experts
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.store import RunFolder

_RECORDED = ("causalpima", "torch", "numpy", "scikit-learn")
"""Distributions whose version can change a result."""


def create_run(
    path: Path | str,
    data: Path | str,
    dataset: MultimodalDataset,
    model: ModelConfig,
    training: TrainingConfig,
) -> RunFolder:
    """Make the folder of a run that waits for its first epoch.

    Args:
        path: the folder to make; must not exist.
        data: the file ``dataset`` was read from, to be read again by the worker.
        dataset: what the run is to be trained on.
        model: what is modelled.
        training: how it is trained.

    Raises:
        DataError: there is one sample only, or a scale for no modality of theirs.
        ConfigError: more outcomes than samples, or an expert that does not fit its modality.
        RunFolderError: ``path`` is taken, cannot be written or lies among the data.
    """
    dataset.check_trainable()
    scales, experts = dataset.scales(model.scales), completed_experts(model.experts, dataset)
    model = model.model_copy(update={"experts": experts, "scales": scales}).settled()
    check_experts(model.experts, dataset)
    data = Path(data).absolute()
    if data.is_dir() and Path(path).absolute().is_relative_to(data):
        raise RunFolderError(
            f"The run '{path}' would lie in the folder of its data, to be read as data itself: "
            "choose a place outside."
        )
    now = time.time()
    config = RunConfig(
        name=Path(path).name,
        dataset=DatasetReference(
            path=str(data), sha256=dataset.fingerprint(), n_samples=len(dataset), name=data.name
        ),
        model=model,
        training=training,
        created=now,
        versions=_versions(),
    )
    return RunFolder.create(path, config, Status(state=RunState.QUEUED, heartbeat=now))


def _versions() -> dict[str, str]:
    """Of what is installed; the program itself may also run from a checkout that is not."""
    versions = {"python": platform.python_version()}
    for distribution in _RECORDED:
        with suppress(PackageNotFoundError):
            versions[distribution] = version(distribution)
    return versions
