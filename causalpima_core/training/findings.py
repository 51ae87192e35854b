"""What a trained model found, as results to be written, and in words where it is not certain."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from causalpima_core.config import node_names
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.inference import answered, inferred
from causalpima_core.model import CausalPima
from causalpima_core.outcomes import fit_tables, node_posteriors, outcome_table
from causalpima_core.runs.results import (
    ComponentResult,
    EdgeResult,
    GraphResult,
    NodeEvidence,
    NodeResult,
    Summary,
    TableResult,
)
from causalpima_core.samples import Samples
from causalpima_core.training.assignment import mean_entropy
from causalpima_core.training.doubts import doubts
from causalpima_core.training.encoding import encode
from causalpima_core.training.epochs import evaluate
from causalpima_core.training.expert_results import expert_results
from causalpima_core.training.hardening import DecidedGraph, harden
from causalpima_core.training.loop import Trainer
from causalpima_core.training.ranking import mutual_information
from causalpima_core.training.separation import separations
from causalpima_core.training.start import Start

SURE = 0.9
"""Probability of a state below which it is open."""
TELLING_LACK = 0.3
"""Normalised mutual information above which a node goes with whether a modality was measured."""


@dataclass(frozen=True)
class Findings:
    """Everything `RunFolder.write_result` wants.

    Attributes:
        graph: the decided graph with its tables and components.
        summary: evidence and warnings.
        assignments: component and node states of each sample.
        arrays: latents and decoded prototypes.
    """

    graph: GraphResult
    summary: Summary
    assignments: pd.DataFrame
    arrays: dict[str, NDArray]


def conclude(trainer: Trainer, dataset: MultimodalDataset) -> Findings:
    """Decide the graph, fit its tables, assign every sample, and say how sure that is.

    Leaves the trainer's model with the decided graph in place of the learned one, and without
    encoders of single modalities where they were not taught to the end.

    Raises:
        RuntimeError: joint training has not begun, so there are neither groups nor a graph.
    """
    start = trainer.start
    if start is None or not trainer.joint_has_begun:
        raise RuntimeError("There are no findings before joint training has begun.")
    model, states = trainer.model, trainer.model.config.states
    if not trainer.is_distilled:
        model.drop_unimodal()  # what was half taught would answer with confidence
    temperature = trainer.temperature
    posterior = encode(model, trainer.data).joint
    with torch.no_grad():
        place = (model, trainer.data, posterior)
        learned, _ = inferred(*place, model.log_outcomes(temperature))
        edges = model.dag(temperature).roll(-int(model.best_restart), dims=0).cpu().numpy()
    rows = trainer.train_rows
    nodes, knowledge = model.config.nodes, model.config.knowledge
    masks = (
        knowledge.allowed_mask(nodes),
        knowledge.required_mask(nodes),
        knowledge.before(nodes),
    )
    # What others let expect of a sample fits tables; for an edge it is no further evidence.
    decided = harden(learned[rows[trainer.full]].sum(0).reshape(states), edges, *masks)
    told = rows[answered(model, trainer.data)[rows]]
    counts = learned[told if len(told) else rows].sum(0).reshape(states)
    model.decide(fit_tables(counts, decided.adjacency))
    with torch.no_grad():
        gamma, _ = inferred(*place, model.log_outcomes(0.0))
    judged = gamma[trainer.data.observed.sum(1).cpu().numpy() >= trainer.full_from]
    graph = _graph(model, decided, gamma, judged)
    arrays = {
        "latent_mean": posterior.mean.cpu().numpy(),
        "latent_variance": posterior.variance.cpu().numpy(),
        "component_means": model.components.mean.cpu().numpy(),
        "component_covariances": model.components.full_covariance().cpu().numpy(),
    }
    prototypes = model.prototypes()
    arrays |= {f"prototype.{name}": values for name, values in prototypes.items()}
    return Findings(
        graph=graph,
        summary=_summary(trainer, start, graph, decided, gamma, judged),
        assignments=_assignments(dataset, gamma, states),
        arrays=arrays,
    )


def _assignments(
    dataset: MultimodalDataset, gamma: NDArray[np.float64], states: tuple[int, ...]
) -> pd.DataFrame:
    component = gamma.argmax(1)
    table = pd.DataFrame(
        {"sample": dataset.sample_id, "component": component, "confidence": gamma.max(1).round(6)}
    )
    table[list(node_names(len(states)))] = outcome_table(states)[component]
    return table


def _graph(
    model: CausalPima,
    decided: DecidedGraph,
    gamma: NDArray[np.float64],
    judged: NDArray[np.float64],
) -> GraphResult:
    states, nodes = model.config.states, model.config.nodes
    separation = separations(node_posteriors(judged, states))
    probabilities = decided.probabilities
    edges = [
        EdgeResult(
            source=nodes[i],
            target=nodes[j],
            weight=round(float(decided.weights[i, j]), 6),
            direction="compelled" if decided.equivalence.compelled[i, j] else "reversible",
            probability=round(float(probabilities[i, j] + probabilities[j, i]), 6),
            probability_of_direction=round(float(probabilities[i, j]), 6),
        )
        for i, j in np.argwhere(decided.adjacency)
    ]
    return GraphResult(
        nodes=[
            NodeResult(name=name, states=k, separation=round(float(s), 6))
            for name, k, s in zip(nodes, states, separation, strict=True)
        ],
        edges=edges,
        tables=_tables(model, decided.adjacency),
        components=[
            ComponentResult(outcome=outcome.tolist(), weight=round(float(weight), 6))
            for outcome, weight in zip(outcome_table(states), gamma.mean(0), strict=True)
        ],
    )


def _tables(model: CausalPima, adjacency: NDArray[np.bool_]) -> dict[str, TableResult]:
    """Tables over parents only, in node order, the node's own states on the last axis."""
    nodes, tables = model.config.nodes, {}
    conditionals = model.conditionals.exp().cpu().double().numpy()
    for j, name in enumerate(nodes):
        parents = np.flatnonzero(adjacency[:, j])
        kept = [slice(None) if i in (*parents, j) else 0 for i in range(len(nodes))]
        table = conditionals[j][tuple(kept)]
        table = np.moveaxis(table, int(np.searchsorted(parents, j)), -1)
        table = table / table.sum(-1, keepdims=True)
        tables[name] = TableResult(
            parents=[nodes[i] for i in parents], probabilities=table.round(6).tolist()
        )
    return tables


def _summary(
    trainer: Trainer,
    start: Start,
    graph: GraphResult,
    decided: DecidedGraph,
    gamma: NDArray[np.float64],
    judged: NDArray[np.float64],
) -> Summary:
    model = trainer.model
    held = trainer.some(trainer.held_rows)
    terms = evaluate(model, held, model.log_outcomes(0.0)).means("held_out")
    posteriors = node_posteriors(gamma, model.config.states)
    observed = trainer.data.observed.cpu().numpy()
    nodes = [
        NodeEvidence(
            name=node.name,
            separation=node.separation,
            least_state_share=round(float(posterior.mean(0).min()), 6),
            gain=gain,
            views=list(views),
            overlap=round(overlap, 6),
            open_share=round(_open_share(posterior, observed), 6),
            goes_with=_goes_with(posterior, observed, model.names),
        )
        for node, posterior, gain, views, overlap in zip(
            graph.nodes, posteriors, start.gains, start.views, start.overlap, strict=True
        )
    ]
    summary = Summary(
        held_out_elbo={name.removeprefix("held_out/"): value for name, value in terms.items()},
        modality_error=modality_errors(model, held),
        assignment_entropy=mean_entropy(judged),
        start={
            "source": start.source,
            "entropy": start.entropy,
            "next_source": start.next_source,
            "next_entropy": start.next_entropy,
            "cost": start.cost,
            "next_cost": start.next_cost,
            "nonadditive": start.nonadditive,
            "labelling_gap": start.labelling_gap,
            "refused_states": start.refused,
            "narrow_states": start.is_narrow,
        },
        nodes=nodes,
        score_gap=decided.score_gap,
        edges_not_drawn=_not_drawn(model.config.nodes, decided),
        experts=expert_results(model),
        warnings=[],
        seconds={stage: round(spent, 3) for stage, spent in trainer.position.seconds.items()},
        guessed=int((~answered(model, trainer.data)).sum()),
        apart=len(model.names) > 1 and bool(observed.sum(1).max() == 1),
    )
    untaught = trainer.distil_epochs > 0 and not trainer.is_distilled
    warnings = doubts(summary, graph, finished=trainer.joint_is_over, untaught=untaught)
    return summary.model_copy(update={"warnings": warnings})


def _open_share(posterior: NDArray[np.float64], observed: NDArray[np.bool_]) -> float:
    """Share of samples that lack a modality and leave a node's state open."""
    return float((~observed.all(1) & (posterior.max(1) < SURE)).mean())


def _goes_with(
    posterior: NDArray[np.float64], observed: NDArray[np.bool_], names: tuple[str, ...]
) -> str | None:
    """The modality whose being measured tells most of a node's sure states; None if none does.

    Args:
        posterior: of the node's states, shape ``(n, K)``.
        observed: which modalities samples have, shape ``(n, modalities)``.
        names: of the modalities.
    """
    sure = posterior.max(1) >= SURE
    state, there = posterior[sure].argmax(1), observed[sure].astype(np.int64)
    told = {
        name: mutual_information(state, column)
        for name, column in zip(names, there.T, strict=True)
        if len(np.unique(column)) > 1
    }
    most = max(told, key=lambda name: told[name], default=None)
    return most if most and told[most] > TELLING_LACK else None


def _not_drawn(nodes: tuple[str, ...], decided: DecidedGraph) -> list[dict[str, float | str]]:
    """Pairs without an edge in the decided graph, with the probability that there is one."""
    either = decided.adjacency | decided.adjacency.T
    pairs = np.argwhere(np.triu(~either, 1))
    probabilities = decided.probabilities + decided.probabilities.T
    return [
        {
            "source": nodes[i],
            "target": nodes[j],
            "probability": round(float(probabilities[i, j]), 6),
        }
        for i, j in pairs
    ]


@torch.no_grad()
def modality_errors(model: CausalPima, samples: Samples) -> dict[str, float]:
    """Mean squared error of the reconstruction over the data's variance, by modality."""
    latent = encode(model, samples).joint.mean
    errors = {}
    for place, name in enumerate(model.names):
        seen = samples.observed[:, place]
        if not bool(seen.any()):
            continue
        left, spread = latent.new_zeros(2)
        middle = model.scalings[name].middle
        for rows in samples.pieces(name):
            values = samples.column(name, rows)[seen[rows]]
            left += (model.decoders[name](latent[rows])[seen[rows]] - values).square().sum()
            spread += (values - middle).square().sum()
        if spread == 0:  # a single sample has it
            continue
        n_values = seen.sum() * prod(values.shape[1:])
        errors[name] = float((left / n_values) / (spread / n_values))
    return errors
