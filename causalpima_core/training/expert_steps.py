"""The components' experts in joint training: their beginning and their M-step."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from causalpima_core.experts.components import ExpertState, ExpertStatistics
from causalpima_core.experts.curve_fit import find_starts, fit_curves
from causalpima_core.model import CausalPima
from causalpima_core.samples import Batch, Samples
from causalpima_core.training.physics import AT_ONCE, curves_in_units, typical


def begin_experts(
    model: CausalPima, samples: Samples, outcome: NDArray[np.int64], rng: Generator
) -> None:
    """Give every component its curve, from samples that are given to joint outcomes."""
    n_components = model.config.n_outcomes
    given = torch.from_numpy(outcome).to(samples.observed.device)
    gamma = torch.nn.functional.one_hot(given, n_components).to(torch.float32)
    for name, learned in model.experts.items():
        curves, seen = curves_in_units(model, samples, name)
        means = np.stack(
            [
                curves[seen & (outcome == c)].mean(0) if (seen & (outcome == c)).any() else overall
                for overall in [curves[seen].mean(0)]
                for c in range(n_components)
            ]
        )
        starts = find_starts(learned.expert, typical(means, rng), rng)
        fits = fit_curves(learned.expert, means, starts)
        k, ones = len(learned.expert.names), np.ones(n_components)
        blank = np.tile(np.eye(k), (n_components, 1, 1))
        learned.learn(ExpertState(fits.parameters, blank, ones, ones))
    for _ in range(2):  # the second time along the tangents of the fitted curves
        statistics = expert_statistics(model)
        for rows in torch.arange(len(samples), device=given.device).split(AT_ONCE):
            gather(model, statistics, samples[rows], gamma[rows])
        maximise_experts(model, statistics)


def expert_statistics(model: CausalPima) -> dict[str, ExpertStatistics]:
    """Empty sums for the M-step of every modality's expert."""
    return {
        name: ExpertStatistics(learned.density(model.scalings[name].units()))
        for name, learned in model.experts.items()
    }


def gather(
    model: CausalPima,
    statistics: dict[str, ExpertStatistics],
    batch: Batch,
    responsibilities: Float[Tensor, "batch C"],
) -> None:
    """Add a batch to the sums."""
    for name, sums in statistics.items():
        observed = batch.observed[:, model.names.index(name)]
        sums.add(batch.values[name], observed, responsibilities.detach())


def maximise_experts(model: CausalPima, statistics: dict[str, ExpertStatistics]) -> None:
    """The M-step of every modality's expert."""
    for name, sums in statistics.items():
        learned = model.experts[name]
        units = model.scalings[name].units()
        learned.learn(sums.maximise(learned.expert, learned.state(), units))
