"""Principal components of all measurements side by side, and a Gaussian mixture on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from benchmarks.attempts import Attempt
from benchmarks.baselines.mixture import divide
from benchmarks.tasks import Task
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.scaling import ModalitySpec, Scaling

MOST_COMPONENTS = 10
EXPLAINED = 0.95


def attempt(dataset: MultimodalDataset, states: tuple[int, ...], task: Task) -> list[Attempt]:
    """Ten principal components, or as many as hold 95% of the variance where they are fewer."""
    values = side_by_side(dataset)
    most = min(MOST_COMPONENTS, *values.shape)
    pca = PCA(most, random_state=task.seed).fit(values)
    enough = int(np.searchsorted(np.cumsum(pca.explained_variance_ratio_), EXPLAINED)) + 1
    return divide(pca.transform(values)[:, :enough], states, task.seed)


def side_by_side(dataset: MultimodalDataset) -> NDArray[np.float64]:
    """Every modality standardised as for the networks, and all of them with equal say, ``(n, p)``.

    What is missing is put at the mean, 0.
    """
    columns = []
    for modality in dataset.modalities:
        scaled = standardised(dataset, modality.name).reshape(len(dataset), -1)
        total = np.square(scaled[modality.observed]).mean(0).sum()
        columns.append(scaled / np.sqrt(total))
    return np.concatenate(columns, axis=1)


def standardised(dataset: MultimodalDataset, name: str) -> NDArray[np.float64]:
    """A modality as the networks see it, 0 where it is missing; shape as in the dataset."""
    import torch

    scaling = Scaling(ModalitySpec.of(dataset[name]))
    scaling.fit(dataset[name])
    scaled = scaling(torch.from_numpy(dataset[name].values)).numpy()
    return np.nan_to_num(scaled.astype(np.float64), nan=0.0)
