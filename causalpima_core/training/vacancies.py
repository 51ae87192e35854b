"""Joint outcomes without samples: divisions into fewer groups, where those fit better."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.random import Generator

from causalpima_core.errors import TrainingError
from causalpima_core.training.assignment import Latents, evidence_of
from causalpima_core.training.fit import CLEAR_ENTROPY
from causalpima_core.training.labelling import MOST_VACANT
from causalpima_core.training.scene import Scene
from causalpima_core.training.start import Start, choose_start

LESS_EVIDENCE = 0.02
"""Nats below which two clear groups have as much evidence as one: pieces of one group lost at most
0.003 by that, or gained, different groups of examples lost 0.058 to 0.42 (one 0.8% of the samples
gained 0.004)."""
LEAST_LEFT = 3
"""Degrees of freedom without which effects explain any groups."""
MOST_LEFT = 0.01
"""Assignment entropy, nats, of fewer groups that still overlap: at most 0.006 where an outcome was
missing; mostly 0.014 and more where a node whose states overlap was lost instead."""
HARDLY_ANY = 0.2
"""Share of the overlap that is hardly any: in true divisions without an outcome 0.03 and 0.08 of it
were left, in false ones at least 0.45."""
MUCH_BETTER = 0.65
"""Factor on what is not additive: at most 0.46 in true divisions where a clear group had been
broken up for a missing outcome, at least 0.86 in false ones."""


def with_vacancies(scene: Scene, start: Start, rng: Generator) -> Start:
    """The start, or a division that leaves joint outcomes without samples, where it fits better.

    Where the samples hold no such combination, every division into all outcomes breaks up a group
    to fill it, and mixes nodes, often without a sign. A true division without it is clearer and
    adds up better, by the degrees of freedom that its groups leave.

    Args:
        scene: the samples of the start.
        start: that divides them into all outcomes.
        rng: source of all searches.
    """
    for vacant in range(1, MOST_VACANT + 1):
        if _left(start) <= LEAST_LEFT or not may_be_broken(scene.latents, start):
            break
        try:
            fewer = choose_start(scene, start.states, rng, vacant=vacant)
        except TrainingError:
            break  # no division into so many groups
        if not is_truer(fewer, start):
            break
        start = fewer
    return start


def is_truer(fewer: Start, start: Start) -> bool:
    """Whether fewer groups overlap less, and add up better by the degrees of freedom they leave.

    Pieces of one group look alike, which can add up better than the truth. So it is also enough
    that hardly anything of an overlap is left, at a lower cost. Groups that still overlap do so by
    their nature, not because one of them was broken up. Where none overlap to begin with, fewer
    must add up much better.
    """
    if fewer.entropy >= min(start.entropy, MOST_LEFT):
        return False
    is_clear = start.entropy < CLEAR_ENTROPY
    enough = start.nonadditive / _left(start) * (MUCH_BETTER if is_clear else 1.0)
    adds_up = fewer.nonadditive / _left(fewer) < enough
    separates = not is_clear and fewer.entropy < HARDLY_ANY * start.entropy
    return adds_up or (separates and fewer.cost < start.cost)


def may_be_broken(latents: Latents, start: Start) -> bool:
    """Whether a group may be a piece of another one, to fill an outcome that has no samples.

    Groups that are not clear may; of clear ones two where one in their place says as much.
    """
    if not start.is_clear:
        return True
    cell = np.unique(start.outcome, return_inverse=True)[1]
    least = evidence_of(latents, cell) - LESS_EVIDENCE
    pairs = combinations(range(int(cell.max()) + 1), 2)
    together = (np.unique(np.where(cell == b, a, cell), return_inverse=True)[1] for a, b in pairs)
    return any(evidence_of(latents, merged) > least for merged in together)


def _left(start: Start) -> int:
    """Degrees of freedom that effects of single nodes leave to what its groups look like."""
    return start.n_outcomes - start.n_vacant - 1 - sum(k - 1 for k in start.states)
