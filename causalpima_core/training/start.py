"""From what a warmed-up model sees to the start of joint training: candidates, labelling."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import nan, prod
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from causalpima_core.config import node_names
from causalpima_core.errors import TrainingError
from causalpima_core.model import CausalPima
from causalpima_core.outcomes import node_posteriors, outcome_table
from causalpima_core.prior import GaussianComponents, SufficientStatistics
from causalpima_core.samples import Samples
from causalpima_core.training.appearance import Appearance, prototype_distances, prototype_squares
from causalpima_core.training.assignment import (
    Latents,
    cell_responsibilities,
    judge,
    mean_entropy,
)
from causalpima_core.training.candidates import Candidate, find_candidates, judge_candidates
from causalpima_core.training.common import common_nodes
from causalpima_core.training.encoding import encode
from causalpima_core.training.fit import CLEAR_ENTROPY, Fit
from causalpima_core.training.growth import begin, combine, first_nodes, grow, grow_again
from causalpima_core.training.labelling import (
    effects_of,
    label_cells,
    nonadditive_share,
)
from causalpima_core.training.physics import physical_candidates
from causalpima_core.training.pursuit import SAME_NODE, View, shown_gain
from causalpima_core.training.ranking import first_distinct, mutual_information
from causalpima_core.training.scene import Scene

SAME_PARTITION = 0.98
"""Normalised mutual information above which two candidates count as the same partition."""
CLEAR_GAP = 0.01
"""Nats by which the next division must be worse for a clear one to be enough."""
MOST_LABELLED, MOST_LIKE_IT = 30, 10
MOST_ROUNDS, LEAST_HELP = 8, 1e-4
"""How often nodes of the best division are found again, and by how much, nats, that must help."""
SHRINKAGE = 10.0
"""Pseudo-samples of pooled covariance in each component."""


@dataclass(frozen=True)
class Start:
    """Where joint training sets out from, and why.

    Attributes:
        states: number of states of each node.
        outcome: joint outcome of each training sample, shape ``(n,)``.
        source: how its partition was found.
        gains: gain of each node in the view that shows it best; None where none does by itself.
        views: views that show each node, the clearest first.
        entropy: its assignment entropy, nats per sample; NaN where it was not judged.
        overlap: how undecided each node is, nats per sample.
        nonadditive: share of what its cells look like that is no sum of single nodes' effects.
        next_source: how the best partition into other nodes was found; None without one.
        next_entropy: its assignment entropy.
        next_cost: its `cost`.
        labelling_gap: by how much the next best labelling fits worse, as a share; None where there
            is no other.
        refused: why no more nodes or states, in words, where their numbers were chosen from the
            data.
        is_narrow: whether these or those were a close thing.
    """

    states: tuple[int, ...]
    outcome: NDArray[np.int64]
    source: str
    gains: tuple[float | None, ...]
    views: tuple[tuple[str, ...], ...]
    entropy: float = nan
    overlap: tuple[float, ...] = ()
    nonadditive: float = nan
    next_source: str | None = None
    next_entropy: float | None = None
    next_cost: float | None = None
    labelling_gap: float | None = None
    refused: str | None = None
    is_narrow: bool = False

    def notes(self) -> dict:
        """All but the outcomes, for JSON."""
        return {name: value for name, value in asdict(self).items() if name != "outcome"}

    @classmethod
    def of_notes(cls, notes: dict[str, Any], outcome: NDArray[np.int64]) -> Start:
        """The same again."""
        views = tuple(tuple(names) for names in notes["views"])
        lists = {name: tuple(notes[name]) for name in ("states", "gains", "overlap")}
        everything: dict[str, Any] = notes | lists | {"outcome": outcome, "views": views}
        return cls(**everything)

    @property
    def n_outcomes(self) -> int:
        """Number of joint outcomes."""
        return prod(self.states)

    @property
    def n_vacant(self) -> int:
        """Joint outcomes without samples."""
        return self.n_outcomes - len(np.unique(self.outcome))

    @property
    def fit(self) -> Fit:
        """How well it fits the samples."""
        return Fit(self.entropy, self.nonadditive)

    @property
    def cost(self) -> float:
        """See `Fit.cost`."""
        return self.fit.cost

    def is_better(self, other: Start) -> bool:
        """Whether it divides into more outcomes, or as many of more nodes, or fits better.

        A node of four states takes any four groups; two of two states that fit as well say more.
        """
        size, others = ((one.n_outcomes, len(one.states)) for one in (self, other))
        return size > others if size != others else self.fit.is_better(other.fit)

    @property
    def is_clear(self) -> bool:
        """Whether the groups hardly overlap and no other division comes near."""
        alone = self.next_cost is None or self.next_cost - self.cost > CLEAR_GAP
        return self.entropy < CLEAR_ENTROPY and alone


def choose_start(
    scene: Scene, states: tuple[int, ...], rng: Generator, *, again: bool = True, vacant: int = 0
) -> Start:
    """Find candidate partitions into joint outcomes, take the best, and name its cells.

    Args:
        scene: the samples.
        states: number of states of each node.
        rng: source of all searches.
        again: whether nodes of the best one are found again, which can take as long once more.
        vacant: how many joint outcomes have no samples.

    Raises:
        TrainingError: the samples cannot be divided into enough different cells.
    """
    views, seen, n_samples = scene.views, scene.latents, len(scene.latents)
    if len(np.unique(views[0].mean.round(6), axis=0)) < prod(states):  # draws differ in any case
        raise _too_much_alike(states)
    first = first_nodes(views, states, seen, rng)
    begun = begin(first, n_samples, states, vacant)
    found = [("grown", one.gathered(seen)) for one in grow(begun, views, seen, rng)]
    combined = combine(first, n_samples, states, vacant)
    found += [("combined", one.gathered(seen)) for one in combined]
    if not vacant:
        found += physical_candidates(scene.physical, views, seen, states, rng)
    candidates = find_candidates(seen, prod(states) - vacant, rng, found)
    if not candidates:
        raise _too_much_alike(states)
    labelled = _all_labelled(candidates, scene, states, rng)
    chosen, *worse = _improved(labelled, scene, states, rng) if again else labelled
    best = chosen.candidate
    rival = min(filter(chosen.differs_from, worse), key=lambda one: one.fit.cost, default=None)
    shown = [
        _shown(state, n_states, views)
        for state, n_states in zip(chosen.nodes.T, states, strict=True)
    ]
    return Start(
        states=states,
        outcome=chosen.outcome,
        source=best.source,
        entropy=best.entropy,
        overlap=_overlap(seen, chosen.outcome, states),
        nonadditive=chosen.nonadditive,
        next_source=rival.candidate.source if rival else None,
        next_entropy=rival.candidate.entropy if rival else None,
        next_cost=rival.fit.cost if rival else None,
        labelling_gap=chosen.gap,
        gains=tuple(max(gains.values(), default=None) for gains in shown),
        views=tuple(tuple(gains) for gains in shown),
    )


def in_common(scene: Scene, start: Start) -> Start:
    """The start with nodes that two modalities show in the place of undecided ones.

    Args:
        scene: all samples of the start.
        start: whose groups overlap.
    """
    states = start.states
    nodes = outcome_table(states)[start.outcome]
    sketches = scene.appearance.sketches()
    found = common_nodes(nodes, states, start.overlap, sketches, scene.latents)
    if not found:
        return start
    names, told = node_names(len(states)), []
    for node in found:
        nodes[:, node.place] = node.state
        told.append(f"{names[node.place]} from what {node.shown_by} have in common")
    outcome = np.ravel_multi_index(tuple(nodes.T), states)
    prototypes = scene.appearance.prototypes(outcome)
    shown = [_shown(s, n_states, scene.views) for s, n_states in zip(nodes.T, states, strict=True)]
    return replace(
        start,
        outcome=outcome,
        source="; ".join([start.source, *told]),
        entropy=judge(scene.latents, outcome)[0],
        overlap=_overlap(scene.latents, outcome, states),
        nonadditive=nonadditive_share(prototype_squares(prototypes), states),
        gains=tuple(max(gains.values(), default=None) for gains in shown),
        views=tuple(tuple(gains) for gains in shown),
        next_source=None,
        next_entropy=None,
        next_cost=None,
        labelling_gap=None,
    )


def _improved(
    labelled: list[_Labelled], scene: Scene, states: tuple[int, ...], rng: Generator
) -> list[_Labelled]:
    """With those in which nodes of the best one were found again, as long as that helps."""
    taken_off = 1
    for _ in range(MOST_ROUNDS):
        best = labelled[0]
        vacant = prod(states) - best.n_groups
        if taken_off >= len(states) or (best.candidate.entropy < CLEAR_ENTROPY and not vacant):
            break
        where = (scene.views, scene.latents, rng)
        cells = grow_again(best.nodes, states, taken_off, *where, vacant)
        found = judge_candidates(scene.latents, best.n_groups, (("grown again", c) for c in cells))
        labelled = _best_first(labelled + _all_labelled(found, scene, states, rng), prod(states))
        if labelled[0].fit.is_better(best.fit, LEAST_HELP):
            taken_off = 1
        elif (best.fit.overlaps or best.fit.is_misshapen) and taken_off == 1:
            taken_off = 2
        else:
            break
    return labelled


def _all_labelled(
    candidates: list[Candidate], scene: Scene, states: tuple[int, ...], rng: Generator
) -> list[_Labelled]:
    """Different candidates with their nodes, and some like the best of them, best first."""
    distinct = first_distinct(candidates, _repeats, MOST_LABELLED)
    labelled = [_labelled(one, scene.appearance, states, rng) for one in distinct]
    if labelled:
        best = _best_first(labelled, prod(states))[0].candidate
        like_it = [c for c in candidates if c not in distinct and _repeats(c, best)]
        labelled += [_labelled(c, scene.appearance, states, rng) for c in like_it[:MOST_LIKE_IT]]
    return _best_first(labelled, prod(states))


def _too_much_alike(states: tuple[int, ...]) -> TrainingError:
    return TrainingError(
        f"The samples could not be divided into {prod(states)} groups: they are too "
        "much alike; use fewer nodes or states."
    )


def _overlap(
    latents: Latents, outcome: NDArray[np.int64], states: tuple[int, ...]
) -> tuple[float, ...]:
    """How undecided each node is, mean entropy in nats."""
    taken, cell = np.unique(outcome, return_inverse=True)
    gamma = np.zeros((len(outcome), prod(states)))
    gamma[:, taken], _ = cell_responsibilities(latents, cell)
    return tuple(mean_entropy(posterior) for posterior in node_posteriors(gamma, states))


@dataclass(frozen=True)
class _Labelled:
    """A candidate whose cells have become joint outcomes, with states ``nodes``, ``(n, L)``."""

    candidate: Candidate
    outcome: NDArray[np.int64]
    nonadditive: float
    gap: float | None
    nodes: NDArray[np.int64]

    @property
    def fit(self) -> Fit:
        return Fit(self.candidate.entropy, self.nonadditive)

    @property
    def n_groups(self) -> int:
        return int(self.candidate.cell.max()) + 1

    def differs_from(self, other: _Labelled) -> bool:
        """Whether some node of this one has no like among the other's nodes."""
        agreement = [
            max(mutual_information(mine, theirs) for theirs in other.nodes.T)
            for mine in self.nodes.T
        ]
        return min(agreement) < SAME_NODE


def _best_first(labelled: list[_Labelled], n_outcomes: int) -> list[_Labelled]:
    """By cost; where the cheapest one overlaps, or leaves outcomes vacant, after all clear ones."""
    ranked = sorted(labelled, key=lambda one: round(one.fit.cost, 6))
    if ranked and (ranked[0].fit.overlaps or ranked[0].n_groups < n_outcomes):
        ranked.sort(key=lambda one: not one.fit.is_clear)
    return ranked


def _labelled(
    candidate: Candidate, appearance: Appearance, states: tuple[int, ...], rng: Generator
) -> _Labelled:
    prototypes = appearance.prototypes(candidate.cell)
    # rounded: sums taken in another order, of data that are read in pieces, decide no mirror image
    distances, squares = prototype_distances(prototypes), prototype_squares(prototypes)
    labelling = label_cells(distances.round(6), squares.round(6), states, rng)
    cell_of_outcome = np.argsort(labelling.outcome)
    laid = squares[np.ix_(cell_of_outcome, cell_of_outcome)]
    nonadditive = nonadditive_share(laid, states, np.sort(labelling.outcome))
    outcome = labelling.outcome[candidate.cell]
    nodes = outcome_table(states)[outcome]
    return _Labelled(candidate, outcome, nonadditive, labelling.gap, nodes)


def _repeats(one: Candidate, other: Candidate) -> bool:
    return mutual_information(one.cell, other.cell) >= SAME_PARTITION


def components_at(
    model: CausalPima, samples: Samples, outcome: NDArray[np.int64]
) -> GaussianComponents:
    """One Gaussian per joint outcome, fitted to the samples given to it.

    An outcome without samples lies where the sum of its nodes' effects puts it.
    """
    q = encode(model, samples).joint
    n_components, n_latent = model.config.n_outcomes, model.config.n_latent
    statistics = SufficientStatistics(n_components, n_latent, q.mean.device)
    given = torch.from_numpy(outcome).to(q.mean.device)
    statistics.add(q, torch.nn.functional.one_hot(given, n_components).to(q.mean.dtype))
    shape = (n_latent,) if model.config.covariance == "diagonal" else (n_latent, n_latent)
    blank = GaussianComponents(
        q.mean.new_zeros(n_components, n_latent), q.mean.new_ones(n_components, *shape)
    )
    found = statistics.maximise(blank, SHRINKAGE)
    taken = np.unique(outcome)
    if len(taken) < n_components:
        design = effects_of(outcome_table(model.config.states), model.config.states)
        effects = np.linalg.lstsq(design[taken], found.mean[taken].cpu().numpy())[0]
        vacant = np.setdiff1d(np.arange(n_components), taken)
        found.mean[vacant] = torch.from_numpy(design[vacant] @ effects).to(found.mean)
    return found


def _shown(state: NDArray[np.int64], n_states: int, views: list[View]) -> dict[str, float]:
    """Gain of a node in each view that shows it by itself, the clearest first."""
    gains = {view.name: shown_gain(view, state, n_states) for view in views}
    clear = {name: gain for name, gain in gains.items() if gain is not None}
    return dict(sorted(clear.items(), key=lambda one: -one[1]))
