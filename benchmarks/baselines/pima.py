"""PIMA: the same networks with a mixture prior that knows no graph, from a random start.

After Trask, Martinez, Lee and Boyce (arXiv 2202.03242): fusion, Gaussian mixture and closed-form
updates are this project's own; there are no nodes, no candidates to choose from, and no graph
until the end. One node with a state per component is just such a mixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.cluster import kmeans_plusplus

from benchmarks.attempts import Attempt, of_mixture
from benchmarks.tasks import Task
from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.prior import GaussianComponents, log_responsibilities
from causalpima_core.runs.records import Record
from causalpima_core.training.encoding import encode
from causalpima_core.training.findings import Findings, conclude
from causalpima_core.training.loop import Trainer
from causalpima_core.training.start import Start

LEAST_WEIGHT = 1e-9
"""Of a component without samples, whose logarithm must be finite."""


class RandomStart(Trainer):
    """A trainer that takes the first division it is handed."""

    def _look_for_start(self) -> Iterator[Record]:
        """After all cycles of the warm-up, each sample to the nearest of some random samples."""
        self.position.cycle += 1
        if self.position.cycle < self.config.warm_up_cycles:
            return
        data = self.some(self.train_rows)
        latents = encode(self.model, data).joint.mean.cpu().double().numpy()
        states = self.model.config.states
        cell = nearest_of_random(latents, self.model.config.n_outcomes, self.config.seed)
        self.start = Start(states, cell, "random", gains=(None,), views=((),), overlap=(0.0,))
        self.start_networks = self._networks()
        self._begin_joint(data, self.start)
        yield from ()


def nearest_of_random(latents: NDArray[np.float64], n_cells: int, seed: int) -> NDArray[np.int64]:
    """Cells around samples far apart at random (k-means++), shape ``(n,)``."""
    centres, _ = kmeans_plusplus(latents, n_cells, random_state=seed)
    return cdist(latents, centres).argmin(1)


def attempt(dataset: MultimodalDataset, states: tuple[int, ...], task: Task) -> list[Attempt]:
    """Latent size, warm-up, joint training and seed as ours; all cycles of the warm-up."""
    latent_dim = ModelConfig.parse(states=states).n_latent
    model = ModelConfig.parse(states=(prod(states),), latent_dim=latent_dim)
    config = TrainingConfig.of_preset(task.preset, seed=task.seed, start_error=None)
    trainer = RandomStart(dataset, model, config)
    for _ in trainer.run():
        pass
    findings = conclude(trainer, dataset)
    centres = findings.arrays["component_means"]
    rng = np.random.default_rng([task.seed, 3])
    return of_mixture(responsibilities(findings), cdist(centres, centres), states, rng)


def responsibilities(findings: Findings) -> NDArray[np.float64]:
    """``q(c|X)`` of every sample, shape ``(n, C)``."""
    arrays = {name: torch.from_numpy(values).double() for name, values in findings.arrays.items()}
    components = GaussianComponents(arrays["component_means"], arrays["component_covariances"])
    posterior = DiagonalGaussian(arrays["latent_mean"], arrays["latent_variance"].log())
    weights = torch.tensor([c.weight for c in findings.graph.components], dtype=torch.float64)
    log_weights = weights.clamp_min(LEAST_WEIGHT).log()
    log_gamma = log_responsibilities(log_weights, components.expected_log_density(posterior))
    return log_gamma.exp().numpy()
