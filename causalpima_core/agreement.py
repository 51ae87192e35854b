"""How far a node agrees with columns nobody trained on, against what chance alone would give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

PERMUTATIONS = 200
CHANCE = 0.95
BINS = 10
"""Of a column of many different numbers, at its quantiles."""
MOST_VALUES = 100
"""A column of text with more different values names samples rather than groups of them."""


@dataclass(frozen=True)
class Agreement:
    """A node and a column.

    Attributes:
        column: its name.
        information: mutual information, nats.
        by_chance: its 95% quantile where the node's states are permuted, nats.
        explained: share of the node's entropy that the column accounts for, 0 to 1.
        p_value: share of permutations with at least as much, the data themselves counted as one;
            of this column alone.
    """

    column: str
    information: float
    by_chance: float
    explained: float
    p_value: float

    @property
    def beyond_chance(self) -> bool:
        """Whether chance is no explanation, of one column looked at."""
        return self.information > self.by_chance


def agreements(
    states: NDArray[np.int64],
    table: pd.DataFrame,
    rng: Generator,
    permutations: int = PERMUTATIONS,
) -> list[Agreement]:
    """Of a node with every column that has groups or numbers, by what is beyond chance.

    A column of many groups shares more with anything, by chance alone.

    Args:
        states: of the node, one per sample, shape ``(n,)``.
        table: a row per sample; missing values are a group of their own.
        rng: for the permutations.
        permutations: how many.
    """
    coded = {str(name): codes for name, codes in _coded(table)}
    entropy = _information(_counts(states, states))
    found = []
    for name, codes in coded.items():
        counts = _counts(states, codes)
        here = _information(counts)
        chance = np.array([_information(_permuted(counts, rng)) for _ in range(permutations)])
        found.append(
            Agreement(
                column=name,
                information=here,
                by_chance=float(np.quantile(chance, CHANCE)),
                explained=min(here / entropy, 1.0) if entropy > 0 else 0.0,
                p_value=float((1 + (chance >= here).sum()) / (1 + permutations)),
            )
        )
    return sorted(found, key=lambda one: one.by_chance - one.information)


def _coded(table: pd.DataFrame) -> Iterator[tuple[object, NDArray[np.int64]]]:
    """Columns as groups; one says nothing, and neither do more than half as many as samples."""
    for name in table.columns:
        column = table[name]
        if pd.api.types.is_float_dtype(column):
            column = column.replace([np.inf, -np.inf], np.nan)
        if pd.api.types.is_numeric_dtype(column) and column.nunique() > BINS:
            column = _binned(column)
        codes, groups = pd.factorize(column)
        if codes.min() < 0:
            codes = codes + 1
        if codes.max() > 0 and len(groups) <= min(MOST_VALUES, len(codes) / 2):
            yield name, codes.astype(np.int64)


def _binned(column: pd.Series) -> pd.Series:
    """Numbers at their quantiles; one that most samples have is a group of its own."""
    often = column == column.mode()[0]
    if often.mean() < 1 / BINS:
        return pd.qcut(column, BINS, duplicates="drop").cat.codes
    rest = pd.qcut(column[~often], BINS, duplicates="drop").cat.codes
    return rest.reindex(column.index, fill_value=BINS)


def _counts(states: NDArray[np.int64], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Samples with each state and code, shape ``(K, groups)``."""
    shape = int(states.max()) + 1, int(codes.max()) + 1
    return np.bincount(states * shape[1] + codes, minlength=shape[0] * shape[1]).reshape(shape)


def _permuted(counts: NDArray[np.int64], rng: Generator) -> NDArray[np.int64]:
    """Counts as a permutation of the states over the samples gives them, by their sums alone.

    Each state in turn takes its number of samples from those that are left, which takes no longer
    where there are many.
    """
    left = counts.sum(0)
    drawn = np.empty_like(counts)
    for state, size in enumerate(counts.sum(1)):
        drawn[state] = rng.multivariate_hypergeometric(left, size)
        left = left - drawn[state]
    return drawn


def _information(counts: NDArray[np.int64]) -> float:
    """Mutual information of rows and columns, nats.

    scikit-learn has it too, and is a second to import on every page that tells of a feature.
    """
    joint = counts / counts.sum()
    shared = _entropy(joint.sum(1)) + _entropy(joint.sum(0)) - _entropy(joint)
    return max(shared, 0.0)


def _entropy(shares: NDArray[np.float64]) -> float:
    """Of shares that sum to 1, nats."""
    positive = shares[shares > 0]
    return -float(positive @ np.log(positive))
