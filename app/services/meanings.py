"""What a node changes in each modality: decoded centres of its states, all else held the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from app.services.loaders import Result, result_of
from causalpima_core.agreement import Agreement, agreements
from causalpima_core.runs.results import GraphResult
from causalpima_core.runs.store import RunFolder


@dataclass(frozen=True)
class Contrast:
    """Components that differ in one node alone.

    Attributes:
        members: component by the node's state and the outcome of the others, shape ``(K, O)``.
        others: those outcomes, one row each, in the order of the other nodes.
        weights: of each such outcome, shape ``(O,)``; that of its rarest state, so that a
            combination some state hardly occurs in counts little.
    """

    members: NDArray[np.int64]
    others: NDArray[np.int64]
    weights: NDArray[np.float64]

    def centres(self, prototypes: NDArray[np.floating]) -> NDArray[np.floating]:
        """Decoded centre of each state, averaged over the others' outcomes, shape ``(K, …)``."""
        return np.tensordot(self.weights, prototypes[self.members], axes=(0, 1))

    def commonest(self, limit: int) -> NDArray[np.int64]:
        """Positions of the outcomes with most weight, in their own order."""
        return np.sort(np.argsort(-self.weights, kind="stable")[:limit])


def contrast(graph: GraphResult, node: str) -> Contrast:
    """Components by the states of ``node``; they come in the order of their outcomes."""
    position = [n.name for n in graph.nodes].index(node)
    outcomes = np.array([c.outcome for c in graph.components])
    shares = np.array([c.weight for c in graph.components])
    states = range(graph.nodes[position].states)
    members = np.stack([np.flatnonzero(outcomes[:, position] == k) for k in states])
    others = np.delete(outcomes[members[0]], position, axis=1)
    rarest = shares[members].min(0)
    weights = rarest if rarest.sum() > 0 else np.ones(len(rarest))
    return Contrast(members, others, weights / weights.sum())


def members_of(result: Result, node: str, state: int) -> NDArray[np.int64]:
    """Rows of the samples in a state, the surest first."""
    rows = np.flatnonzero(result.assignments[node].to_numpy() == state)
    confidence = result.assignments["confidence"].to_numpy()[rows]
    return rows[np.argsort(-confidence, kind="stable")]


def agreements_of(folder: RunFolder, node: str, metadata: pd.DataFrame) -> list[Agreement]:
    """The node against every metadata column, worked out once for a result and these columns."""
    stamp = (folder.result_written, *metadata.columns)
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
