"""How many nodes there are and of how many states, where that is left to the data.

Grids of outcomes are tried from the smallest on, each larger by a node of two states; where that
finds nothing, by two such nodes, as a small grid that is no part of the true one leads nowhere
else; and then by a state of a node. A larger one is taken while its groups stay clear, every node
and state shows in some view where the other nodes are given, the groups still look like
combinations of nodes, in one way that is better than all others, and there is more evidence of all
of them than of fewer. In noise and along a straight continuum nothing meets all of these: no view
shows two halves of a Gaussian more than one, once what they leave undecided is taken off (see
`Node.gain`). A bent continuum can still be taken for groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp, inf, prod

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from causalpima_core.config import MAX_NODES, states_in_words
from causalpima_core.errors import TrainingError
from causalpima_core.outcomes import outcome_table
from causalpima_core.training.appearance import MISSHAPEN
from causalpima_core.training.assignment import evidence_of
from causalpima_core.training.fit import OVERLAP
from causalpima_core.training.labelling import CLOSE_GAP
from causalpima_core.training.pursuit import shown_gain
from causalpima_core.training.scene import Scene
from causalpima_core.training.start import Start, choose_start

LEAST_GAIN = 0.3
"""Nats that each node must gain by each of its states in some view."""
STRETCH, STRETCH_OF_STATE = 0.1, 0.05
"""Share of the groups' differences by which a grid may be less additive for each further node, or
for a further state of a node: a node's halves rarely look like a state of their own."""
NARROW = 1.5
"""Factor by which a criterion is passed or missed, below which that was a close thing."""
MOST_AGAINST = 100.0
"""Nats; more evidence for the smaller grid counts as this."""
MOST_STATES, MOST_OUTCOMES, FEWEST_SAMPLES = 5, 36, 10
"""Of a node, of all, and per outcome."""
MOST_AT_ONCE = 16
"""Outcomes that a grid larger by two nodes may have."""


@dataclass(frozen=True)
class Trial:
    """How a grid of outcomes fits the samples; each criterion is met where it is at most 1.

    Attributes:
        start: the best division into its outcomes.
        criteria: by what it says where missed.
        evidence: see `evidence_of`.
    """

    start: Start
    criteria: dict[str, float]
    evidence: float

    @classmethod
    def of(cls, scene: Scene, start: Start, smaller: Trial | None) -> Trial:
        """Against the grid it is larger than."""
        evidence, weakest = evidence_of(scene.latents, start.outcome), weakest_gain(scene, start)
        gap = inf if start.labelling_gap is None else start.labelling_gap
        less, allowed = smaller.evidence if smaller else -inf, MISSHAPEN
        if smaller and len(smaller.start.states) > 1:  # a single node is additive whatever it is
            further_nodes = len(start.states) - len(smaller.start.states)
            allowed = smaller.start.nonadditive + (STRETCH * further_nodes or STRETCH_OF_STATE)
        return cls(
            start,
            {
                f"groups overlap, {start.entropy:.3f} nats": start.entropy / OVERLAP,
                "a node or state shows nowhere": LEAST_GAIN / weakest if weakest > 0 else inf,
                "groups look like no combinations of nodes": start.nonadditive / allowed,
                "groups fit the grid in several ways": CLOSE_GAP / gap if gap > 0 else inf,
                "fewer groups say as much": exp(min(less - evidence, MOST_AGAINST)),
            },
            evidence,
        )

    @property
    def shortfall(self) -> float:
        """Of the criterion missed by most; at most 1 where all are met."""
        return max(self.criteria.values())

    @property
    def in_words(self) -> str:
        """Why it was refused."""
        missed = max(self.criteria, key=lambda name: self.criteria[name])
        return f"{states_in_words(self.start.states)} ({missed})"


def weakest_gain(scene: Scene, start: Start) -> float:
    """Least that any node gains by its last state in the view that shows it best, nats.

    The other nodes are given; 0 where no view shows it.
    """
    nodes = outcome_table(start.states)[start.outcome]

    def gained(node: int, state: NDArray[np.int64], n_states: int) -> float:
        others = np.unique(np.delete(nodes, node, axis=1), axis=0, return_inverse=True)[1]
        gains = (shown_gain(view, state, n_states, others.ravel()) for view in scene.views)
        return max((gain for gain in gains if gain is not None), default=0.0)

    def by_last_state(node: int, n_states: int) -> float:
        merged = [
            np.unique(np.where(nodes[:, node] == one, other, nodes[:, node]), return_inverse=True)
            for one, other in combinations(range(n_states), 2)
        ]
        fewer = (gained(node, state, n_states - 1) for _, state in merged if n_states > 2)
        return gained(node, nodes[:, node], n_states) - max(fewer, default=0.0)

    return min(by_last_state(node, n_states) for node, n_states in enumerate(start.states))


def choose_states(scene: Scene, rng: Generator) -> Start | None:
    """The best division into the outcomes of as many nodes and states as the samples show.

    None where they show no groups at all.
    """
    chosen: Trial | None = None
    refused: list[Trial] = []
    while True:
        for larger in _larger(chosen.start.states if chosen else (), len(scene.latents)):
            trials = list(_tried(scene, larger, chosen, rng))
            passed = [trial for trial in trials if trial.shortfall <= 1]
            if passed:
                chosen = min(passed, key=lambda trial: trial.start.cost)
                refused = []
                break
            refused += trials
        else:
            break
    if chosen is None:
        return None
    narrow = chosen.shortfall > 1 / NARROW or any(t.shortfall < NARROW for t in refused)
    told = "; ".join(trial.in_words for trial in refused) or None
    # Another search, with other starts: what the first one looked at is not kept.
    longer = choose_start(scene, chosen.start.states, rng)
    best = longer if longer.is_better(chosen.start) else chosen.start
    return replace(best, refused=told, is_narrow=narrow)


def _larger(states: tuple[int, ...], n_samples: int) -> Iterator[list[tuple[int, ...]]]:
    """Grids of a further node, then those of two, then those of a further state."""
    further, two_further = (*states, 2), (*states, 2, 2)
    higher = [
        tuple(sorted([*states[:j], n_states + 1, *states[j + 1 :]]))
        for j, n_states in enumerate(states)
    ]
    most = min(MOST_OUTCOMES, n_samples // FEWEST_SAMPLES)
    at_once = [two_further] if states and prod(two_further) <= MOST_AT_ONCE else []
    for grids in ([further], at_once, list(dict.fromkeys(higher))):
        yield [
            grid
            for grid in grids
            if prod(grid) <= most and max(grid) <= MOST_STATES and len(grid) <= MAX_NODES
        ]


def _tried(
    scene: Scene, grids: list[tuple[int, ...]], smaller: Trial | None, rng: Generator
) -> Iterator[Trial]:
    for states in grids:
        try:
            start = choose_start(scene, states, rng, again=False)
        except TrainingError:
            continue  # fewer different samples than outcomes: no grid of this size
        yield Trial.of(scene, start, smaller)
