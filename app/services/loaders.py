"""Cached reading of datasets and results; what is returned is shared between people: read only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.units import SUFFIX as UNITS
from causalpima_core.errors import CausalPimaError
from causalpima_core.runs.names import UNNAMED, Names
from causalpima_core.runs.records import Snapshot
from causalpima_core.runs.results import GraphResult, Summary
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace


@dataclass(frozen=True)
class Result:
    """All that a run wrote at its end.

    Attributes:
        assignments: component, confidence and node states, in the samples' order.
        arrays: `latent_mean`, `component_means`, … as the run folder documents them.
        names: what a person calls nodes and states.
    """

    graph: GraphResult
    summary: Summary
    assignments: pd.DataFrame
    arrays: dict[str, NDArray]
    names: Names

    @property
    def latent(self) -> NDArray[np.float32]:
        """Latent means of all samples, shape ``(n, d)``."""
        return self.arrays["latent_mean"]

    def prototypes(self, modality: str) -> NDArray[np.float32] | None:
        """Decoded centres of the components, shape ``(C, …)``, where they were kept."""
        return self.arrays.get(f"prototype.{modality}")


def workspace() -> Workspace:
    """Datasets and runs of whoever started the server."""
    return Workspace()


def dataset_at(path: Path | str) -> MultimodalDataset:
    """A dataset, read once per version of its file.

    Raises:
        DataError: the same sentence as on the command line.
    """
    path = Path(path)
    beside = (path, path.with_suffix(UNITS))
    stamp = sum(file.stat().st_mtime_ns for file in beside if file.is_file())
    return _dataset(str(path), stamp)


def dataset_or_reason(path: Path | str) -> tuple[MultimodalDataset | None, str]:
    """A run's dataset, or the sentence why it is gone: a run can be looked at without it."""
    try:
        return dataset_at(path), ""
    except CausalPimaError as error:
        return None, str(error)


def dataset_of(folder: RunFolder, result: Result) -> tuple[MultimodalDataset | None, str]:
    """The data of a run's result, or the sentence why its samples cannot be shown."""
    dataset, reason = dataset_or_reason(folder.config().dataset.path)
    if dataset is not None and len(dataset) != len(result.assignments):
        return None, "The data file has changed since the run."
    return dataset, reason


def result_of(folder: RunFolder) -> Result:
    """A run's result, read once per time it was written.

    Raises:
        RunFolderError: there is none yet.
    """
    status = folder.status()
    written = _result(str(folder.path), status.ended or status.heartbeat)
    return replace(written, names=folder.names())


def snapshot_of(folder: RunFolder, epoch: int) -> Snapshot:
    """One moment of a run; rewritten only by a resume, which changes its start."""
    return _snapshot(str(folder.path), epoch, folder.status().started or 0.0)


@st.cache_resource(show_spinner="Reading the data …", max_entries=6)
def _dataset(path: str, stamp: int) -> MultimodalDataset:
    return load_dataset(path)


@st.cache_resource(show_spinner="Reading the result …", max_entries=8)
def _result(path: str, stamp: float) -> Result:
    folder = RunFolder(path)
    return Result(folder.graph(), folder.summary(), folder.assignments(), folder.arrays(), UNNAMED)


@st.cache_resource(show_spinner=False, max_entries=64)
def _snapshot(path: str, epoch: int, started: float) -> Snapshot:
    return RunFolder(path).snapshot(epoch)
