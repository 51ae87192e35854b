"""The Python interface: fit a dataset, then look at what was found or ask the model."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from causalpima_core.config import (
    IN_MEMORY,
    DatasetReference,
    ModelConfig,
    RunConfig,
    TrainingConfig,
)
from causalpima_core.data.multimodal import Kind, MultimodalDataset
from causalpima_core.equivalence import EquivalenceClass
from causalpima_core.errors import ConfigError, DamagedError
from causalpima_core.experts.check import completed_experts
from causalpima_core.model import CausalPima
from causalpima_core.ordered_class import ordered_class
from causalpima_core.outcomes import intervene
from causalpima_core.queries import (
    Counterfactual,
    Prediction,
    counterfactual,
    outcome_posterior,
    predict,
    reconstruct,
)
from causalpima_core.runs.files import replacing
from causalpima_core.runs.parameters import parameter_table
from causalpima_core.runs.records import Record, RunState, Status
from causalpima_core.runs.results import GraphResult, Summary
from causalpima_core.runs.store import WRITTEN_ANEW, RunFolder
from causalpima_core.scaling import ModalitySpec
from causalpima_core.training.findings import Findings, conclude
from causalpima_core.training.loop import Trainer

SEEDS = 2**64
"""How many there are of what is drawn from a model."""


class FittedGraph:
    """The decided graph, with ways out to other libraries."""

    def __init__(self, result: GraphResult, config: ModelConfig) -> None:
        """Wrap a result."""
        self.result = result
        self._config = config

    def to_networkx(self) -> nx.DiGraph:
        """Nodes and edges with all that is known of each as attributes."""
        graph = nx.DiGraph()
        for node in self.result.nodes:
            graph.add_node(node.name, states=node.states, separation=node.separation)
        for edge in self.result.edges:
            evidence = edge.model_dump(exclude={"source", "target"})
            graph.add_edge(edge.source, edge.target, **evidence)
        return graph

    def equivalence_class(self) -> EquivalenceClass:
        """What data and knowledge can orient of the graph."""
        nodes, knowledge = self._config.nodes, self._config.knowledge
        adjacency = nx.to_numpy_array(self.to_networkx(), nodelist=nodes, weight=None) > 0
        allowed, required = knowledge.allowed_mask(nodes), knowledge.required_mask(nodes)
        return ordered_class(adjacency, allowed, required, knowledge.before(nodes))


class FittedModel:
    """A trained model and what it found.

    Attributes:
        config: what was modelled.
        graph: the decided graph.
        assignments: columns sample, component, confidence, node_1 …
        summary: evidence, held-out terms and warnings in words.
    """

    def __init__(self, model: CausalPima, findings: Findings, run: RunConfig) -> None:
        """Made by `fit` or `FittedModel.load`."""
        self.config = model.config
        self.graph = FittedGraph(findings.graph, model.config)
        self.assignments: pd.DataFrame = findings.assignments
        self.summary: Summary = findings.summary
        self._model, self._findings, self._run = model, findings, run

    @property
    def modalities(self) -> tuple[ModalitySpec, ...]:
        """Name, kind and shape of each modality it was trained on."""
        return self._model.specs

    def differences(self, dataset: MultimodalDataset) -> list[str]:
        """What is otherwise than in training, in words.

        Units and axes of curves as they are stated, and columns that were constant.
        """
        told: list[str] = []
        for spec in self.modalities:
            if spec.name not in dataset.names:
                continue
            modality = dataset[spec.name]
            told += spec.differences(modality)
            columns = self._model.scalings[spec.name].no_longer_constant(modality)
            told += [
                f"Column {repr(spec.columns[c]) if spec.columns else c + 1} of '{spec.name}' was "
                "constant in training and is not here: it says nothing to the model."
                for c in columns
            ]
        return told

    def posterior(self, dataset: MultimodalDataset) -> NDArray[np.float64]:
        """Probability of each joint outcome for each sample, shape ``(n, C)``.

        The dataset may lack modalities, or miss them for some samples.

        Raises:
            DataError: no modality fits the model.
        """
        return outcome_posterior(self._model, dataset)

    def reconstruct(self, dataset: MultimodalDataset) -> dict[str, NDArray]:
        """All modalities of samples as the model sees them, those they lack included.

        Raises:
            DataError: no modality fits the model.
        """
        return reconstruct(self._model, dataset)

    def predict(self, dataset: MultimodalDataset, target: str, seed: int = 0) -> Prediction:
        """One modality from the others, with 90% intervals, in the data's units.

        Args:
            dataset: with at least one other modality for every sample.
            target: the modality to predict; where the dataset has it, it is not looked at.
            seed: of the draws that the intervals are made from.

        Raises:
            ConfigError: the seed is none.
            DataError: unknown target, or nothing to predict it from.
        """
        return predict(self._model, dataset, target, _generator(seed))

    def counterfactual(self, dataset: MultimodalDataset, do: Mapping[str, int]) -> Counterfactual:
        """What samples would have been like had nodes been set to states.

        Raises:
            ConfigError: a node or state does not exist.
            DataError: no modality fits the model.
        """
        return counterfactual(self._model, dataset, self._settings(do))

    def intervention_probabilities(self, do: Mapping[str, int]) -> NDArray[np.float64]:
        """``p(c | do(…))`` of every joint outcome, shape ``(C,)``."""
        return intervene(self._model.conditionals, self._settings(do)).exp().double().numpy()

    def caveats(self, do: Mapping[str, int], *, counterfactual: bool = False) -> list[str]:
        """What an intervention's result rests on that the data could not tell, in words.

        Between two nodes that are both set, an edge does nothing whichever way it runs; between
        two that are not, it matters to counterfactuals alone, where both can follow from a node
        that is set.

        Args:
            do: node -> state it is set to.
            counterfactual: whether to tell what `counterfactual` rests on.
        """
        drawn = self.graph.to_networkx()
        following = {node for name in do for node in nx.descendants(drawn, name)} - set(do)
        told = []
        for edge in self.graph.result.edges:
            source, target = edge.source, edge.target
            ends = {source, target}
            if edge.direction != "reversible" or ends <= set(do):
                continue
            if source in do:
                rests = f"setting {source} acts on {target} only because it is drawn "
            elif target in do:
                rests = f"setting {target} leaves {source} as it is only because it is drawn "
            elif counterfactual and ends <= following:
                rests = "what would have become of both is so only because it is drawn "
            else:
                continue
            told.append(
                f"The direction of the edge {source} – {target} is not known from the data: "
                f"{rests}{source} -> {target}."
            )
        return told

    def decode(self, latent: NDArray[np.floating]) -> dict[str, NDArray]:
        """All modalities at points of the latent space, in the data's units.

        Args:
            latent: shape ``(n, latent_dim)``.
        """
        points = torch.as_tensor(np.asarray(latent), dtype=torch.float32)
        return self._model.decode_to_units(points)

    def prototypes(self) -> dict[str, NDArray]:
        """Centre of every joint outcome in the data's units; where physics is known, its curve."""
        return self._model.prototypes()

    def physics(self) -> pd.DataFrame:
        """Parameters of modalities with known physics, one row per joint outcome and parameter.

        Columns modality, component, node_1 …, parameter, value, standard_error, spread, unit,
        at_bound; the standard error is that of the value, the spread that between samples.
        """
        return parameter_table(self.graph.result, self.summary)

    def generate(
        self, n_samples: int, do: Mapping[str, int] | None = None, seed: int = 0
    ) -> dict[str, NDArray]:
        """Draw samples in the data's units, by modality; with ``do``, under an intervention.

        They are what the networks decode, without the noise of measurement.

        Args:
            n_samples: how many; all are held in memory.
            do: node -> state it is set to; its causes no longer act on it.
            seed: of the draw.

        Raises:
            ConfigError: a node or state does not exist, there is nothing to draw, or the seed is
                none.
        """
        if n_samples < 1:
            raise ConfigError(f"Expected 1 or more samples to draw, got {n_samples}.")
        generator = _generator(seed)
        weights = intervene(self._model.conditionals, self._settings(do or {})).exp()
        outcome = torch.multinomial(weights, n_samples, replacement=True, generator=generator)
        factor = torch.linalg.cholesky(self._model.components.full_covariance())
        noise = torch.randn(n_samples, factor.shape[-1], generator=generator)
        latent = self._model.components.mean[outcome]
        for c in outcome.unique():
            rows = outcome == c
            latent[rows] += noise[rows] @ factor[c].mT
        return self._model.decode_to_units(latent)

    def _settings(self, do: Mapping[str, int]) -> dict[int, int]:
        """Node index -> state."""
        nodes, states = self.config.nodes, self.config.states
        settings = {}
        for name, state in do.items():
            if name not in nodes or not 0 <= state < states[nodes.index(name)]:
                raise ConfigError(
                    f"Cannot set {name} to {state}: nodes are {', '.join(nodes)}, their states "
                    f"are counted from 0 (numbers of states: {', '.join(map(str, states))})."
                )
            settings[nodes.index(name)] = state
        return settings

    def save(self, path: Path | str) -> None:
        """Write everything as a run folder.

        Raises:
            RunFolderError: ``path`` is taken or cannot be written.
        """
        now = time.time()
        status = Status(state=RunState.FINISHED, started=now, ended=now, heartbeat=now)
        folder = RunFolder.create(path, self._run, status)
        write_findings(folder, self._model, self._findings)

    @classmethod
    def load(cls, path: Path | str) -> FittedModel:
        """Read what `save`, the command line or the app wrote.

        Raises:
            RunFolderError: no run, or none with a result, is there.
            DamagedError: its weights are.
        """
        folder = RunFolder(path).require()
        run, graph = folder.config(), folder.graph()
        tensors, specs = _weights_of(folder)
        restarts = len(tensors["dag.potentials"])
        model = CausalPima(run.model, specs, restarts, torch.Generator().manual_seed(0))
        model.load_weights(tensors)
        findings = Findings(
            graph=graph,
            summary=folder.summary(),
            assignments=folder.assignments(),
            arrays=folder.arrays(),
        )
        return cls(model, findings, run)


def _generator(seed: int) -> torch.Generator:
    """One that draws the same again for the same seed.

    Raises:
        ConfigError: torch takes no such seed.
    """
    if not 0 <= seed < SEEDS:
        raise ConfigError(f"Expected a seed from 0 to {SEEDS - 1}, got {seed}.")
    return torch.Generator().manual_seed(seed)


def _weights_of(folder: RunFolder) -> tuple[dict[str, torch.Tensor], tuple[ModalitySpec, ...]]:
    """What `write_findings` wrote of the model."""
    try:
        with safe_open(folder.weights, framework="pt") as stored:
            told = json.loads(stored.metadata()["modalities"])
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - no mapping
        return tensors, tuple(
            ModalitySpec(
                name=s["name"],
                kind=Kind(s["kind"]),
                shape=tuple(s["shape"]),
                # Earlier versions kept no more.
                columns=tuple(s.get("columns", ())),
                unit=s.get("unit", ""),
                axis=tuple(s.get("axis", ())),
            )
            for s in told
        )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(
            f"result/model.safetensors of run '{folder.name}' is damaged: {WRITTEN_ANEW}."
        ) from error


def write_findings(folder: RunFolder, model: CausalPima, findings: Findings) -> None:
    """Write a run's result, the weights with all that is needed to read them again."""
    modalities = [asdict(spec) for spec in model.specs]
    metadata = {"modalities": json.dumps(modalities), "config": model.config.model_dump_json()}

    def write_weights(path: Path) -> None:
        tensors = {name: t.cpu().contiguous() for name, t in model.state_dict().items()}
        with replacing(path) as file:
            file.write(save(tensors, metadata=metadata))

    folder.write_result(
        findings.graph, findings.summary, findings.assignments, findings.arrays, write_weights
    )


def fit(
    dataset: MultimodalDataset,
    states: tuple[int, ...] | str,
    *,
    seed: int = 0,
    preset: str = "standard",
    on_record: Callable[[Record], None] = lambda _: None,
    **options: Any,  # noqa: ANN401 - checked by ModelConfig
) -> FittedModel:
    """Learn nodes, their graph and the networks from a dataset.

    Args:
        dataset: from `load_dataset`, `load_example` or `of_arrays`.
        states: number of states of each node, or "auto" to have them chosen from the data.
        seed: the same seed on the same machine gives the same result.
        preset: quick, standard or thorough.
        on_record: told what happens while it trains.
        **options: fields of `ModelConfig`: latent_dim, covariance, knowledge, experts,
            scales.

    Raises:
        ConfigError: settings that make no sense.
        DataError: a scale for a modality that is not there.
        TrainingError: training diverged, or the samples cannot be divided.
    """
    model = ModelConfig.parse(states=states, **options)
    scales, experts = dataset.scales(model.scales), completed_experts(model.experts, dataset)
    run = RunConfig.parse(
        name="fit",
        dataset=DatasetReference(
            path="", sha256=dataset.fingerprint(), n_samples=len(dataset), name=IN_MEMORY
        ),
        model=model.model_copy(update={"experts": experts, "scales": scales}).settled(),
        training=TrainingConfig.of_preset(preset, seed=seed),
        created=time.time(),
    )
    trainer = Trainer(dataset, run.model, run.training)
    for record in trainer.run():
        on_record(record)
    findings = conclude(trainer, dataset)
    run = run.model_copy(update={"model": trainer.model.config})
    return FittedModel(trainer.model.cpu(), findings, run)
