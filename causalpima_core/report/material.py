"""All of a run that figures and report are made of, read once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from causalpima_core.config import DatasetReference, RunConfig
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.errors import CausalPimaError
from causalpima_core.report.axes import Axes
from causalpima_core.runs.label import Label
from causalpima_core.runs.names import Names
from causalpima_core.runs.origin import CHANGED, data_of_run
from causalpima_core.runs.records import Status
from causalpima_core.runs.results import ExpertResult, GraphResult, NodeResult, Summary
from causalpima_core.runs.store import RunFolder


@dataclass(frozen=True)
class Shown:
    """A modality as far as it can be shown.

    Attributes:
        name: of the modality.
        kind: image, curve or table.
        prototypes: decoded centres of the components, shape ``(C, …)``.
        measured: the measurements, where the data are there.
    """

    name: str
    kind: Kind
    prototypes: NDArray[np.float32]
    measured: Modality | None


@dataclass(frozen=True)
class Material:
    """A run with its result.

    Attributes:
        name: of the run.
        dataset: what it was trained on, if that is still there.
        missing: why the data cannot be shown, in a sentence; empty where they can.
        kinds: of the modalities, by name.
    """

    name: str
    label: Label
    names: Names
    config: RunConfig
    status: Status
    graph: GraphResult
    summary: Summary
    assignments: pd.DataFrame
    arrays: dict[str, NDArray]
    metrics: pd.DataFrame
    dataset: MultimodalDataset | None
    missing: str
    kinds: dict[str, Kind]

    @property
    def title(self) -> str:
        """What the person calls the run, else its name."""
        return self.label.title or self.name

    @property
    def latent(self) -> NDArray[np.float32]:
        """Latent means of all samples, shape ``(n, d)``."""
        return self.arrays["latent_mean"]

    @cached_property
    def modalities(self) -> list[Shown]:
        """Those whose decoded centres were kept, in the order of the data."""
        found = []
        for name, kind in self.kinds.items():
            prototypes = self.arrays.get(f"prototype.{name}")
            if prototypes is not None:
                measured = self.dataset[name] if self.dataset else None
                found.append(Shown(name, kind, prototypes, measured))
        return found

    def node(self, name: str) -> NodeResult:
        """The node of that name."""
        return next(node for node in self.graph.nodes if node.name == name)

    def law(self, modality: str) -> ExpertResult | None:
        """Known physics of a modality."""
        return next((law for law in self.summary.experts if law.modality == modality), None)

    def axes(self, shown: Shown) -> Axes:
        """What a curve is drawn over: as its law says, else as the data state, else its points."""
        law = self.law(shown.name)
        if law:
            return Axes.of_law(law)
        if shown.measured:
            return Axes.of_modality(shown.measured)
        return Axes.of_points(shown.prototypes.shape[1], shown.name)


def material_of(folder: RunFolder) -> Material:
    """Read a run.

    Raises:
        RunFolderError: it has no result yet.
    """
    graph, config, assignments = folder.graph(), folder.config(), folder.assignments()
    dataset, missing = _dataset(config.dataset, len(assignments))
    return Material(
        name=folder.name,
        label=folder.label(),
        names=folder.names(),
        config=config,
        status=folder.status(),
        graph=graph,
        summary=folder.summary(),
        assignments=assignments,
        arrays=folder.arrays(),
        metrics=folder.metrics(),
        dataset=dataset,
        missing=missing,
        kinds={m.name: m.kind for m in dataset.modalities} if dataset else _kinds_trained(folder),
    )


def _dataset(reference: DatasetReference, samples: int) -> tuple[MultimodalDataset | None, str]:
    try:
        dataset = data_of_run(reference)
    except CausalPimaError as error:
        return None, str(error)
    return (dataset, "") if len(dataset) == samples else (None, CHANGED)


def _kinds_trained(folder: RunFolder) -> dict[str, Kind]:
    """Kinds of modalities as the weights tell of them; none where these cannot be read."""
    try:
        with safe_open(folder.weights, framework="numpy") as stored:
            told = json.loads((stored.metadata() or {}).get("modalities", "[]"))
        return {one["name"]: Kind(one["kind"]) for one in told}
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return {}
