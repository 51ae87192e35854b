"""The search for groups in a part of very many samples, and the others' place in what it finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier

from causalpima_core.config import SEARCHED_SAMPLES
from causalpima_core.model import CausalPima
from causalpima_core.samples import Samples
from causalpima_core.training.encoding import encode
from causalpima_core.training.start import Start

NEIGHBOURS = 15
"""Near samples that decide together on the group of one that was not searched."""


def searched_rows(n: int, seed: int) -> NDArray[np.int64]:
    """Rows of the samples to search, the same whenever asked: all, or so many at random."""
    if n <= SEARCHED_SAMPLES:
        return np.arange(n)
    return np.sort(np.random.default_rng([seed, 4]).permutation(n)[:SEARCHED_SAMPLES])


def for_all(
    start: Start, model: CausalPima, samples: Samples, searched: NDArray[np.int64]
) -> Start:
    """What was found in some samples, for all: the others take the outcome of their neighbours.

    Args:
        start: with the outcomes of those that were searched.
        model: as it was when they were.
        samples: all of them.
        searched: rows of those that were searched.
    """
    latents = encode(model, samples).joint.mean.cpu().numpy()
    known = KNeighborsClassifier(NEIGHBOURS).fit(latents[searched], start.outcome)
    outcome = known.predict(latents).astype(np.int64)
    outcome[searched] = start.outcome
    return replace(start, outcome=outcome)


def in_words(n: int) -> str:
    """What was not looked at in the search among ``n`` samples."""
    return (
        f"Groups were looked for in {SEARCHED_SAMPLES:,} of the {n:,} training samples, drawn at "
        "random; the others went to the groups of their neighbours."
    )
