"""What a node means: samples in its states, its agreement with metadata, ways between states."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from app.services.loaders import Result, result_of, version_of, workspace
from causalpima_core.agreement import Agreement, agreements
from causalpima_core.report.contrast import contrast
from causalpima_core.runs.store import RunFolder


def members_of(result: Result, node: str, state: int) -> NDArray[np.int64]:
    """Rows of the samples in a state, the surest first."""
    rows = np.flatnonzero(result.assignments[node].to_numpy() == state)
    confidence = result.assignments["confidence"].to_numpy()[rows]
    return rows[np.argsort(-confidence, kind="stable")]


def agreements_of(folder: RunFolder, node: str, metadata: pd.DataFrame) -> list[Agreement]:
    """The node against every metadata column, worked out once for a result and these data."""
    stamp = (folder.result_written, version_of(workspace().data_of(folder)), *metadata.columns)
    return _agreements(str(folder.path), node, stamp, metadata)


@st.cache_data(show_spinner="Comparing with metadata …", max_entries=64)
def _agreements(path: str, node: str, stamp: tuple, _metadata: pd.DataFrame) -> list[Agreement]:
    states = result_of(RunFolder(path)).assignments[node].to_numpy(dtype=np.int64)
    return agreements(states, _metadata, np.random.default_rng(0))


def latent_path(result: Result, node: str, way: str, steps: int) -> NDArray[np.float64]:
    """Points on a line in the latent space, shape ``(steps, d)``.

    Args:
        result: of the run.
        node: whose states the line may run between.
        way: ``0:1`` from one state to another where the other nodes are as most samples have
            them, or ``axis:3`` along an axis.
        steps: how many points.
    """
    first, second = way.split(":")
    along = np.linspace(0, 1, steps)[:, None]
    if first == "axis":
        centre, axis = result.latent.mean(0), int(second)
        reach = 2 * result.latent[:, axis].std() * np.eye(len(centre))[axis]
        return centre - reach + along * 2 * reach
    found = contrast(result.graph, node)
    column = int(found.weights.argmax())
    means = result.arrays["component_means"]
    start, stop = (means[found.members[int(k), column]] for k in (first, second))
    return start + along * (stop - start)
