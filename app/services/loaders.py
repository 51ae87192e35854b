"""Cached reading of datasets and results; what is returned is shared between people: read only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from app.services.identity import workspace
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import CausalPimaError, DamagedError
from causalpima_core.runs.names import UNNAMED, Names
from causalpima_core.runs.origin import CHANGED, place_of
from causalpima_core.runs.records import Snapshot
from causalpima_core.runs.results import GraphResult, Summary
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import BESIDE


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
    arrays: Mapping[str, NDArray]
    names: Names

    @property
    def latent(self) -> NDArray[np.float32]:
        """Latent means of all samples, shape ``(n, d)``."""
        return self.arrays["latent_mean"]

    def prototypes(self, modality: str) -> NDArray[np.float32] | None:
        """Decoded centres of the components, shape ``(C, …)``, where they were kept."""
        return self.arrays.get(f"prototype.{modality}")


def dataset_at(path: Path | str) -> MultimodalDataset:
    """A dataset, read once per version of its file.

    Raises:
        DataError: the same sentence as on the command line.
    """
    return _dataset(str(path), version_of(Path(path)))


def version_of(path: Path) -> int:
    """A number that changes with a dataset's file, or folder, and with what lies beside it."""
    if not path.name:  # a run may come without data
        return 0
    files = (path, *(path.with_suffix(ending) for ending in BESIDE))
    return sum(file.stat().st_mtime_ns for file in files if file.exists())


def dataset_or_reason(folder: RunFolder) -> tuple[MultimodalDataset | None, str]:
    """A run's dataset, or the sentence why it is gone: a run can be looked at without it."""
    try:
        workspace().data_of(folder)  # says so where they are none of its user's business
        return dataset_at(place_of(folder.config().dataset)), ""
    except CausalPimaError as error:
        return None, str(error)


def dataset_of(folder: RunFolder, result: Result) -> tuple[MultimodalDataset | None, str]:
    """The data of a run's result, or the sentence why its samples cannot be shown."""
    dataset, reason = dataset_or_reason(folder)
    if dataset is not None and not _is_data_of(folder, dataset, result):
        return None, CHANGED
    return dataset, reason


def _is_data_of(folder: RunFolder, dataset: MultimodalDataset, result: Result) -> bool:
    """Whether these are still the measurements that a run was trained on."""
    config = folder.config()
    path = Path(config.dataset.path)
    if len(dataset) != len(result.assignments):
        return False
    if path.stat().st_mtime <= config.created:  # the usual case, without reading all of it
        return True
    return _fingerprint(str(path), version_of(path)) == config.dataset.sha256


def result_of(folder: RunFolder) -> Result:
    """A run's result, read once per time it was written.

    Raises:
        RunFolderError: there is none yet, or one of its files is damaged.
    """
    written = _result(str(folder.path), folder.result_written)
    return replace(written, names=names_of(folder))


def names_of(folder: RunFolder) -> Names:
    """What a person calls nodes and states; none where the file is damaged, which the page says."""
    try:
        return folder.names()
    except CausalPimaError:
        return UNNAMED


def snapshot_of(folder: RunFolder, epoch: int) -> Snapshot:
    """One moment of a run.

    Raises:
        DamagedError: its file is.
    """
    return _snapshot(str(folder.path), epoch, folder.snapshot_written(epoch))


@st.cache_resource(show_spinner="Reading the data …", max_entries=6)
def _dataset(path: str, stamp: int) -> MultimodalDataset:
    return load_dataset(path)


@st.cache_data(show_spinner="Comparing the data with the run's …", max_entries=64)
def _fingerprint(path: str, stamp: int) -> str:
    return _dataset(path, stamp).fingerprint()


@st.cache_resource(show_spinner="Reading the result …", max_entries=8)
def _result(path: str, stamp: int) -> Result:
    folder = RunFolder(path)
    arrays: Mapping[str, NDArray]
    try:
        arrays = folder.arrays()
    except DamagedError as error:
        arrays = _NoArrays(str(error))
    return Result(folder.graph(), folder.summary(), folder.assignments(), arrays, UNNAMED)


class _NoArrays(dict[str, NDArray]):
    """Stands for a damaged file: graph and tables are shown, and what needs it says why not."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def __missing__(self, key: str) -> NDArray:
        raise DamagedError(self.reason)


@st.cache_resource(show_spinner=False, max_entries=64)
def _snapshot(path: str, epoch: int, stamp: int) -> Snapshot:
    return RunFolder(path).snapshot(epoch)
