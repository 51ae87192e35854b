"""The search for groups in a part of the samples, and the others' place in what it finds.

Of very many samples a part says as much. And one that lacks what shows a node is put into one of
its states by the joint encoders, whatever it is: groups are looked for in samples that lack little.
The warm-up makes do with these as well: with nothing else to encode in a sample, the encoder of
what is there becomes sure of its nuisance in all latent dimensions, and hides there what the other
modalities show.
"""

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


def warm_up_rows(observed: NDArray[np.bool_], full: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows of the samples to warm up with: the full ones, or all where those miss a modality.

    Args:
        observed: which modalities samples have, shape ``(n, modalities)``.
        full: as for `searched_rows`.
    """
    return np.flatnonzero(full if observed[full].any(0).all() else np.ones_like(full))


def searched_rows(full: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    """Rows of the samples to search, the same whenever asked: all full ones, or many at random.

    Args:
        full: whether each sample has as many modalities as is asked, shape ``(n,)``.
        seed: of the run.
    """
    rows = np.flatnonzero(full)
    if len(rows) <= SEARCHED_SAMPLES:
        return rows
    chosen = np.random.default_rng([seed, 4]).permutation(len(rows))[:SEARCHED_SAMPLES]
    return rows[np.sort(chosen)]


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
    if len(searched) == len(samples):
        return start
    latents = encode(model, samples).joint.mean.cpu().numpy()
    known = KNeighborsClassifier(NEIGHBOURS).fit(latents[searched], start.outcome)
    outcome = known.predict(latents).astype(np.int64)
    outcome[searched] = start.outcome
    return replace(start, outcome=outcome)


def in_words(full: NDArray[np.bool_]) -> str | None:
    """What was not looked at in the search; None where everything was.

    Args:
        full: as for `searched_rows`.
    """
    n_full = int(full.sum())
    searched = min(n_full, SEARCHED_SAMPLES)
    if searched == len(full):
        return None
    which = "drawn at random" if n_full > SEARCHED_SAMPLES else "which lack the fewest modalities"
    return (
        f"Groups were looked for in {searched:,} of the {len(full):,} training samples, {which}; "
        "the others went to the groups of their neighbours."
    )
