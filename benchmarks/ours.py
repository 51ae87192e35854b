"""The method of this project, through the same trainer as the command line and the app."""

from __future__ import annotations

import numpy as np

from benchmarks.ablations import SETTINGS, without
from benchmarks.attempts import Attempt
from benchmarks.tasks import Task
from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.training.findings import Findings, conclude
from causalpima_core.training.loop import Trainer


def attempt(dataset: MultimodalDataset, states: tuple[int, ...], task: Task) -> list[Attempt]:
    """Train as the preset says, and conclude."""
    told = states if task.states == "true" else task.states
    changes = SETTINGS.get(task.without, {}) if task.without else {}
    training = TrainingConfig.of_preset(task.preset, seed=task.seed, **changes)
    modality, _, physics = (task.expert or "").partition("=")
    model = ModelConfig.parse(states=told, experts={modality: physics} if modality else {})
    trainer = Trainer(dataset, model, training)
    with without(task.without):
        for _ in trainer.run():
            pass
    return [of_findings(conclude(trainer, dataset))]


def of_findings(findings: Findings) -> Attempt:
    """A run's findings in the benchmark's terms."""
    nodes = tuple(node.name for node in findings.graph.nodes)
    adjacency = np.zeros((len(nodes), len(nodes)), dtype=bool)
    for edge in findings.graph.edges:
        adjacency[nodes.index(edge.source), nodes.index(edge.target)] = True
    summary = findings.summary
    return Attempt(
        how=str(summary.start["source"]),
        nodes=nodes,
        states=findings.assignments[list(nodes)].to_numpy(),
        adjacency=adjacency,
        separation=tuple(node.separation for node in findings.graph.nodes),
        warnings=summary.warnings,
        notes={
            "start": summary.start,
            "score_gap": summary.score_gap,
            "seconds_by_stage": summary.seconds,
        },
    )
