"""What two modalities have in common: where a node is looked for whose states overlap.

Of such a node the clearest division says nothing, as some division of one modality's noise is
clearer. But noise of one modality does not show in another. So the directions that two of them have
in common are taken, given the other nodes (canonical correlation analysis, Hotelling 1936, doi
10.1093/biomet/28.3-4.321), and along them the division that is likeliest, however unclear.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.special import logsumexp

from causalpima_core.training.assignment import Latents
from causalpima_core.training.growth import is_whole
from causalpima_core.training.pursuit import View, centred, for_all, whiten, whitening

LEAST_COMMON = 0.75
"""Canonical correlation from which a direction counts as common: between 0.85 and 0.99 where two
modalities of the examples show a factor, mostly below 0.2 and at most 0.67 where they do not."""
MOST_BY_CHANCE = 0.3
"""Largest canonical correlation of mere noise with which directions are looked for at all."""
UNDECIDED = 0.3
"""Share of the most undecided node's overlap from which another is undecided as well."""
LEAST_MORE = 0.15
"""By how much more of a node two modalities must show for it to take the place of another."""
POWERS, STEPS = (0.25, 0.5, 1.0, 2.0, 4.0), 200
RIDGE, LEAST_VARIANCE, PSEUDO_COUNT = 1e-6, 1e-6, 1.0

States = NDArray[np.int64]


@dataclass(frozen=True)
class CommonNode:
    """A node in the place of one that was found otherwise.

    Attributes:
        place: its column among the nodes.
        state: of each sample, shape ``(n,)``.
        shown_by: the two modalities that show it.
    """

    place: int
    state: States
    shown_by: str


def common_nodes(
    nodes: States,
    states: tuple[int, ...],
    overlap: tuple[float, ...],
    sketches: list[View],
    everywhere: Latents,
) -> list[CommonNode]:
    """Nodes that two modalities show, in the place of undecided ones of which they show less.

    Args:
        nodes: state of each node in each sample, shape ``(n, L)``.
        states: number of states of each node.
        overlap: how undecided each node is, nats.
        sketches: what each modality shows, see `Appearance.sketches`.
        everywhere: latents that all samples have, ``(n, d)``.
    """
    nodes, found = nodes.copy(), []
    for place in np.argsort(overlap)[::-1].tolist():
        if overlap[place] < UNDECIDED * max(overlap):
            break
        others = np.delete(nodes, place, 1)
        _, cell = np.unique(others, axis=0, return_inverse=True)
        least = shown_by_two(nodes[:, place], cell, sketches) + LEAST_MORE
        likeliest, best = -np.inf, None
        for view in common_directions(sketches, cell):
            seen, k = view.observed, states[place]
            state, likelihood = divide(view.mean[seen, 0], others[seen], k)
            state = for_all(state, view, everywhere)
            fits = is_whole(k * cell + state, k * (int(cell.max()) + 1))
            if fits and likelihood > likeliest and shown_by_two(state, cell, sketches) > least:
                likeliest, best = likelihood, CommonNode(place, state, view.name)
        if best:
            nodes[:, place] = best.state
            found.append(best)
    return found


def shown_by_two(state: States, cell: States, sketches: list[View]) -> float:
    """What at least two modalities show of a node: share of its variance, given the other nodes.

    Args:
        state: of each sample, shape ``(n,)``.
        cell: of each sample by the other nodes, shape ``(n,)``.
        sketches: what each modality shows.
    """
    member = np.eye(int(state.max()) + 1)[state]
    shares = []
    for sketch in sketches:
        _, inside = np.unique(cell[sketch.observed], return_inverse=True)
        known = whiten(centred(sketch.mean[sketch.observed], inside))
        varies = centred(member[sketch.observed], inside)
        explained = np.square(known.T @ varies / len(known)).sum()
        shares.append(explained / max(np.square(varies).sum() / len(known), LEAST_VARIANCE))
    return sorted(shares)[-2] if len(shares) > 1 else 0.0


def common_directions(sketches: list[View], cell: States) -> Iterator[View]:
    """What varies together in two modalities while the other nodes stand still, in one dimension.

    Args:
        sketches: what each modality shows.
        cell: of each sample by the other nodes, shape ``(n,)``.
    """
    for pair in combinations(sketches, 2):
        both = pair[0].observed & pair[1].observed
        cells, inside = np.unique(cell[both], return_inverse=True)
        first, second = (sketch.mean[both] for sketch in pair)
        n_free = len(inside) - len(cells)
        if correlation_by_chance(first.shape[1], second.shape[1], n_free) > MOST_BY_CHANCE:
            continue
        maps = [whitening(centred(values, inside))[0] for values in (first, second)]
        white = [centred(v, inside) @ m for v, m in zip((first, second), maps, strict=True)]
        left, correlation, right = np.linalg.svd(white[0].T @ white[1] / len(inside))
        for at in np.flatnonzero(correlation > LEAST_COMMON).tolist():
            along = first @ maps[0] @ left[:, at] + second @ maps[1] @ right[at]
            values = np.zeros((len(cell), 1))
            values[both, 0] = (along - along.mean()) / along.std()
            name = " and ".join(sketch.name for sketch in pair)
            yield View(name, values, np.zeros_like(values), both)


def correlation_by_chance(p: int, q: int, n_samples: int) -> float:
    """Largest canonical correlation of p and q numbers of noise, for many samples.

    The edge of the spectrum by Wachter 1980, doi 10.1214/aos/1176345134; 1 for too few samples.
    """
    if n_samples <= p + q:
        return 1.0
    a, b = p / n_samples, q / n_samples
    return float(np.sqrt(a * (1 - b)) + np.sqrt(b * (1 - a)))


def divide(along: Float[np.ndarray, " n"], others: States, n_states: int) -> tuple[States, float]:
    """The likeliest division along a direction, and its mean log-likelihood, nats per sample.

    Each state lies at a place of its own, and what scatters about it is one Gaussian. Shares of the
    states differ from cell to cell. Other nodes may add to the place, each as far as the samples
    demand it (BIC): that they do no more tells apart what looks alike in a single cell, most of the
    samples in the upper state or most of them in the lower one.

    Args:
        along: where the samples lie, shape ``(n,)``.
        others: states of the other nodes, shape ``(n, L - 1)``.
        n_states: of the node, K.
    """
    kinds, cell = np.unique(others, axis=0, return_inverse=True)
    effects = [column[:, None] == np.unique(column)[1:] for column in kinds.T]
    design = np.ones((len(kinds), 1))
    state, likelihood = _likeliest(along, design, cell, n_states)
    while effects:
        wider = [np.hstack([design, effect]) for effect in effects]
        found = [_likeliest(along, one, cell, n_states) for one in wider]
        best = int(np.argmax([likelihood for _, likelihood in found]))
        gain = (found[best][1] - likelihood) * len(along)
        if gain < 0.5 * effects[best].shape[1] * np.log(len(along)):
            break
        design, (state, likelihood) = wider[best], found[best]
        del effects[best]
    return state, likelihood


def _likeliest(
    along: Float[np.ndarray, " n"],
    design: Float[np.ndarray, "C q"],
    cell: States,
    n_states: int,
) -> tuple[States, float]:
    """By EM from many starts; in cell c the other nodes' effects are a sum of ``design[c]``."""
    member = np.eye(len(design))[cell]
    share = _ordered(along, design[cell], n_states)
    for _ in range(STEPS):
        count = share @ member
        place = _places(along, design, member, share)
        square = np.square(along - place[:, :, cell])
        variance = (share * square).sum((1, 2)) / len(along) + LEAST_VARIANCE
        prior = (count + PSEUDO_COUNT / n_states) / (member.sum(0) + PSEUDO_COUNT)
        logits = np.log(prior)[:, :, cell] - square / (2 * variance[:, None, None])
        evidence = logsumexp(logits, axis=1, keepdims=True)
        share = np.exp(logits - evidence)
    likelihood = evidence.mean((1, 2)) - 0.5 * np.log(2 * np.pi * variance)
    best = int(likelihood.argmax())
    expected = share[best] @ member / member.sum(0)
    return _cut(along, cell, expected, place[best].mean(1)), float(likelihood[best])


def _cut(
    along: Float[np.ndarray, " n"],
    cell: States,
    expected: Float[np.ndarray, "K C"],
    place: Float[np.ndarray, " K"],
) -> States:
    """States in their order along the direction, in every cell as many of each as are expected.

    The likeliest state of each sample would leave rare states empty and have dependences look
    stronger than they are.
    """
    order = np.argsort(place)
    bounds = expected[order].cumsum(0)[:-1]
    state = np.empty_like(cell)
    for c in range(expected.shape[1]):
        rows = np.flatnonzero(cell == c)
        rank = (np.argsort(np.argsort(along[rows])) + 0.5) / len(rows)
        state[rows] = order[(rank > bounds[:, c][:, None]).sum(0)]
    return state


def _ordered(
    along: Float[np.ndarray, " n"], design: Float[np.ndarray, "n q"], n_states: int
) -> Float[np.ndarray, "starts K n"]:
    """States in order along the direction, and along what the other nodes leave of it."""
    left = along - design @ np.linalg.lstsq(design, along)[0]
    rank = np.argsort(np.argsort([along, left], 1), 1) / len(along)
    state = [(one**power * n_states).astype(np.int64) for one in rank for power in POWERS]
    return np.moveaxis(np.eye(n_states)[np.array(state)], 2, 1)


def _places(
    along: Float[np.ndarray, " n"],
    design: Float[np.ndarray, "C q"],
    member: Float[np.ndarray, "n C"],
    share: Float[np.ndarray, "starts K n"],
) -> Float[np.ndarray, "starts K C"]:
    """Least-squares places of the states in every cell, effects of all nodes adding up."""
    count, n_fixed = share @ member, design.shape[1]
    after = np.arange(n_fixed, n_fixed + share.shape[1] - 1)
    normal = np.zeros((len(share), n_fixed + len(after), n_fixed + len(after)))
    normal[:, :n_fixed, :n_fixed] = design.T @ (member.sum(0)[:, None] * design)
    normal[:, n_fixed:, :n_fixed] = count[:, 1:] @ design
    normal[:, :n_fixed, n_fixed:] = np.swapaxes(normal[:, n_fixed:, :n_fixed], 1, 2)
    normal[:, after, after] = count[:, 1:].sum(2)
    normal += RIDGE * np.eye(normal.shape[1])
    fixed = np.tile(design.T @ (member.T @ along), (len(share), 1))
    effect = np.linalg.solve(normal, np.hstack([fixed, share[:, 1:] @ along])[..., None])[..., 0]
    own = np.pad(effect[:, n_fixed:], ((0, 0), (1, 0)))
    return own[:, :, None] + (effect[:, :n_fixed] @ design.T)[:, None]
