"""From the warmed-up latents to the start of joint training: splits, candidates, labelling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

from causalpima_core.errors import TrainingError
from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.model import Batch, CausalPima, Inference
from causalpima_core.outcomes import outcome_table
from causalpima_core.prior import GaussianComponents, SufficientStatistics
from causalpima_core.training.candidates import Candidate, find_candidates
from causalpima_core.training.encoding import encode
from causalpima_core.training.labelling import label_cells
from causalpima_core.training.pursuit import Split, View, find_splits

SAME_PARTITION = 0.98
"""Adjusted mutual information above which two candidates count as the same partition."""
SHOWN_BY_SPLIT = 0.75
"""Normalised mutual information from which a split counts as showing a node."""
CLEAR_ENTROPY, CLEAR_GAP = 0.002, 0.01
"""Nats below which groups are clear, and by which the next division must be worse."""
SHRINKAGE = 2.0
"""Pseudo-samples of pooled covariance in each component."""


@dataclass(frozen=True)
class Start:
    """Where joint training sets out from, and why.

    Attributes:
        outcome: joint outcome of each training sample, shape ``(n,)``.
        source: how its partition was found.
        entropy: its assignment entropy, nats per sample.
        next_source: how the best clearly different partition was found; None without one.
        next_entropy: its assignment entropy.
        gains: gain of the split that shows each node; None where no single direction does.
        views: views that show each node.
    """

    outcome: NDArray[np.int64]
    source: str
    entropy: float
    next_source: str | None
    next_entropy: float | None
    gains: tuple[float | None, ...]
    views: tuple[tuple[str, ...], ...]

    @property
    def is_clear(self) -> bool:
        """Whether the groups hardly overlap and no other division comes near."""
        alone = self.next_entropy is None or self.next_entropy - self.entropy > CLEAR_GAP
        return self.entropy < CLEAR_ENTROPY and alone


def choose_start(model: CausalPima, batch: Batch, rng: Generator) -> Start:
    """Find candidate partitions in the latents, take the best, and name its cells.

    Raises:
        TrainingError: the samples cannot be divided into enough different cells.
    """
    states = model.config.states
    inference = encode(model, batch)
    latents = inference.joint.mean.cpu().double().numpy()
    pool = find_splits(_views(model, batch, inference), rng)
    candidates = find_candidates(latents, pool, states, rng)
    if not candidates:
        raise TrainingError(
            f"The samples could not be divided into {model.config.n_outcomes} groups: they are too "
            "much alike; use fewer nodes or states."
        )
    best = candidates[0]
    outcome = label_cells(_distances(model, latents, best.cell), states, rng)[best.cell]
    rival = _rival(candidates)
    shown = [_showing(outcome_table(states)[outcome, j], pool) for j in range(len(states))]
    return Start(
        outcome=outcome,
        source=best.source,
        entropy=best.entropy,
        next_source=rival.source if rival else None,
        next_entropy=rival.entropy if rival else None,
        gains=tuple(split.gain if split else None for split in shown),
        views=tuple(split.views if split else () for split in shown),
    )


def components_at(
    model: CausalPima, batch: Batch, outcome: NDArray[np.int64]
) -> GaussianComponents:
    """One Gaussian per joint outcome, fitted to the samples given to it."""
    q = encode(model, batch).joint
    n_components, n_latent = model.config.n_outcomes, model.config.n_latent
    statistics = SufficientStatistics(n_components, n_latent, q.mean.device)
    given = torch.from_numpy(outcome).to(q.mean.device)
    statistics.add(q, torch.nn.functional.one_hot(given, n_components).to(q.mean.dtype))
    shape = (n_latent,) if model.config.covariance == "diagonal" else (n_latent, n_latent)
    blank = GaussianComponents(
        q.mean.new_zeros(n_components, n_latent), q.mean.new_ones(n_components, *shape)
    )
    return statistics.maximise(blank, SHRINKAGE)


def _distances(
    model: CausalPima, latents: NDArray[np.float64], cell: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Distances between the cells' centres by two witnesses with equal say.

    As a person would see them (root mean square difference of the decoded centres, summed over
    modalities), and in the latent space. Either alone misled the labelling now and then: latent
    distances where the encoder happened to stretch its space, decoded ones where a modality does
    not show a factor.
    """
    centres = np.stack([latents[cell == c].mean(0) for c in range(int(cell.max()) + 1)])
    with torch.no_grad():
        decoded = model.generate(torch.from_numpy(centres).to(model.component_mean))
    seen = sum(
        cdist(picture, picture) / np.sqrt(picture.shape[1])
        for picture in (d.flatten(1).cpu().double().numpy() for d in decoded.values())
    )
    latent = cdist(centres, centres)
    return seen / np.mean(seen) + latent / np.mean(latent)


def _views(model: CausalPima, batch: Batch, inference: Inference) -> list[View]:
    """The joint latents, and each modality's own where there are several."""
    everyone = np.ones(len(batch), dtype=bool)
    views = [_view("joint", inference.joint, everyone)]
    if len(model.names) > 1:
        observed = batch.observed.cpu().numpy()
        views += [
            _view(name, inference.single[name], observed[:, column])
            for column, name in enumerate(model.names)
        ]
    return views


def _view(name: str, q: DiagonalGaussian, observed: NDArray[np.bool_]) -> View:
    mean, variance = q.mean.cpu().double().numpy(), q.variance.cpu().double().numpy()
    return View(name, mean, variance, observed)


def _rival(candidates: list[Candidate]) -> Candidate | None:
    """The best candidate that is another partition than the chosen one."""
    chosen = candidates[0].cell
    for candidate in candidates[1:]:
        if adjusted_mutual_info_score(chosen, candidate.cell) < SAME_PARTITION:
            return candidate
    return None


def _showing(states: NDArray[np.int64], pool: list[Split]) -> Split | None:
    """The split of the pool that shows a node best, if one does."""
    agreement = [normalized_mutual_info_score(states, split.side) for split in pool]
    if not pool or max(agreement) < SHOWN_BY_SPLIT:
        return None
    return pool[int(np.argmax(agreement))]
