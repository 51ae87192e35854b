"""Pursuit of single nodes: divisions of the samples that some view shows along few directions.

A view is what one modality, or all together, say of the samples: latents, image moments, physical
parameters. A node moves all of them by the same amount wherever the other nodes stand (see
`additive`), so it is looked for given the cells that nodes found before make; before any is known,
there is one cell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier

from causalpima_core.training.additive import AdditiveMixtures, fit_additive, single_likelihood
from causalpima_core.training.assignment import Latents
from causalpima_core.training.ranking import mutual_information

STARTS, FINALISTS, KEPT = 96, 8, 5
FIRST_STEPS, LAST_STEPS = 6, 30
MOST_SAMPLES = 2000
"""Samples that a node is looked for in; the others follow."""
LEAST_SHARE, LEAST_PER_DIMENSION = 0.02, 2
"""Share of samples that a state must have, and samples for each dimension: in noise, as few as
there are dimensions can be told from all others along some direction."""
SAME_DIVISION = 0.95
"""Share of samples put alike from which two fits count as one."""
SAME_NODE = 0.8
"""Normalised mutual information above which two divisions count as one."""
SHOWN = 0.75
"""Normalised mutual information from which a view counts as showing a node."""
LEAST_PER_STATE = 10
"""Samples for each state that a view must have."""
UNINFORMED = 0.5
"""Posterior variance above which a modality says nothing of a latent dimension."""
NEIGHBOURS = 15
TURNS, LEAST_TO_TURN = 5, 5
"""Steps that turn a start's direction, and samples per dimension that it takes."""


@dataclass(frozen=True)
class View:
    """Latents of the samples as one modality, or all of them, see them.

    Attributes:
        name: of the modality, or ``joint``.
        mean: posterior means, shape ``(n, d)``.
        variance: posterior variances, shape ``(n, d)``.
        observed: samples that have this view, shape ``(n,)``.
    """

    name: str
    mean: Latents
    variance: Latents
    observed: NDArray[np.bool_]

    @property
    def informed(self) -> NDArray[np.bool_]:
        """Dimensions that the view determines better than the spread over samples, ``(d,)``."""
        return self.variance[self.observed].mean(0) < UNINFORMED

    def drawn(self, rng: Generator) -> View:
        """A draw from every posterior in the place of its mean."""
        noise = np.sqrt(self.variance) * rng.normal(size=self.mean.shape)
        return replace(self, mean=self.mean + noise)


@dataclass(frozen=True)
class Node:
    """A division of the samples into states.

    Attributes:
        state: of each sample, 0 … K − 1, shape ``(n,)``.
        gain: by how much it raises the mean log-likelihood of its view, less what it leaves
            undecided (`AdditiveMixtures.clarity`), nats per sample.
    """

    state: NDArray[np.int64]
    gain: float

    def agrees_with(self, other: Node) -> bool:
        """Whether both are the same division, give or take a few samples."""
        return mutual_information(self.state, other.state) > SAME_NODE


def side_by_side(latents: Latents, views: list[View]) -> Latents:
    """Latents with what each view determines beside them, shape ``(n, d + …)``.

    Where a sample lacks a view, it gets what the latents let expect.
    """
    known = np.column_stack([np.ones(len(latents)), latents])
    columns = [latents]
    for view in views:
        determined, seen = view.mean[:, view.informed], view.observed
        slopes, *_ = np.linalg.lstsq(known[seen], determined[seen])
        columns.append(np.where(seen[:, None], determined, known @ slopes))
    return np.hstack(columns)


def find_nodes(
    view: View,
    cell: NDArray[np.int64],
    n_states: int,
    everywhere: Latents,
    rng: Generator,
    *,
    alike: bool = False,
) -> list[Node]:
    """The clearest few nodes of a view, by falling gain.

    Args:
        view: where to look.
        cell: cell of each sample by the nodes found before, shape ``(n,)``.
        n_states: of the node, K.
        everywhere: latents that all samples have, ``(n, d)``: by them those without the view
            take the state of their neighbours.
        rng: source of the starts.
        alike: whether the states have the same shares in all cells.
    """
    rows = np.flatnonzero(view.observed)
    if not _is_enough(view, n_states):
        return []
    _, inside = np.unique(cell[rows], return_inverse=True)
    white = whiten(centred(view.mean[rows][:, view.informed], inside))
    if white.shape[1] == 0:
        return []
    some = rng.permutation(len(rows))[:MOST_SAMPLES]
    seen = centred(white[some], np.unique(inside[some], return_inverse=True)[1])
    starts = _starts(seen, inside[some], n_states, rng)
    inside = np.zeros_like(inside) if alike else inside
    known, among = np.unique(inside[some], return_inverse=True)
    first = fit_additive(seen, among, starts, FIRST_STEPS)
    best = _distinct(first)[:FINALISTS]
    last = fit_additive(seen, among, first.share[best], LAST_STEPS)
    within = np.minimum(np.searchsorted(known, inside), len(known) - 1)
    clarity, alone = last.clarity, single_likelihood(seen)
    least = max(LEAST_SHARE * len(rows), LEAST_PER_DIMENSION * white.shape[1])
    nodes: list[Node] = []
    for start in _distinct(last):
        state = last.state(start, white, within)
        if np.bincount(state, minlength=n_states).min() < least:
            continue
        gain = float(clarity[start]) - alone
        node = Node(for_all(state, view, everywhere), gain)
        if not any(node.agrees_with(other) for other in nodes):
            nodes.append(node)
        if len(nodes) == KEPT:
            break
    return nodes


def shown_gain(
    view: View,
    state: NDArray[np.int64],
    n_states: int,
    cell: NDArray[np.int64] | None = None,
) -> float | None:
    """Gain of a known node in a view; None where the view by itself does not show it.

    Args:
        view: where to look.
        state: of each sample, 0 … K − 1, shape ``(n,)``.
        n_states: K.
        cell: of each sample by other nodes, which are then given, shape ``(n,)``.
    """
    given = state[view.observed]
    if not _is_enough(view, n_states) or len(np.unique(given)) < n_states:
        return None
    others = np.zeros_like(given)
    if cell is not None:
        others = np.unique(cell[view.observed], return_inverse=True)[1]
    white = whiten(centred(view.mean[view.observed][:, view.informed], others))
    fitted = fit_additive(white, others, np.eye(n_states)[None, :, given], FIRST_STEPS)
    if mutual_information(given, fitted.state(0, white, others)) < SHOWN:
        return None
    return float(fitted.clarity[0]) - single_likelihood(white)


def _is_enough(view: View, n_states: int) -> bool:
    """Whether so few samples have the view that any division would seem to show in it."""
    least = max(LEAST_PER_STATE * n_states, LEAST_PER_DIMENSION * int(view.informed.sum()))
    return bool(view.informed.any()) and view.observed.sum() >= least


def whiten(latents: Latents) -> Latents:
    """Linear map to zero mean and unit covariance; directions without variance are dropped."""
    return (latents - latents.mean(0)) @ whitening(latents)[0]


def whitening(latents: Latents) -> tuple[Latents, Latents]:
    """The map of `whiten`, shape ``(d, kept)``, and for directions the way there, ``(kept, d)``."""
    values, vectors = np.linalg.eigh(np.cov(latents.T).reshape(latents.shape[1], -1))
    kept = values > 1e-8 * values.max()
    length = np.sqrt(values[kept])
    return vectors[:, kept] / length, (vectors[:, kept] * length).T


def _distinct(mixtures: AdditiveMixtures) -> list[int]:
    """The clearest first, without those that divide the samples nearly as a clearer one does."""
    starts, n_states, n = mixtures.share.shape
    member = np.moveaxis(np.eye(n_states)[mixtures.share.argmax(1)], 2, 1).reshape(-1, n)
    common = (member @ member.T).reshape(starts, n_states, starts, n_states)
    purity = common.max(3).sum(1) / n
    same = np.minimum(purity, purity.T) > SAME_DIVISION
    kept: list[int] = []
    for start in np.argsort(-mixtures.clarity).tolist():
        if not same[start, kept].any():
            kept.append(start)
    return kept


def _starts(
    latents: Latents, cell: NDArray[np.int64], n_states: int, rng: Generator
) -> NDArray[np.float64]:
    """States in order along telling directions: as many samples in each, or ever fewer.

    A node whose shares differ from cell to cell may look like a Gaussian in all cells together, so
    half of the directions or more are those of single cells.

    Returns:
        Shape ``(STARTS, K, n)``.
    """
    d = latents.shape[1]
    cells = [cell == c for c in range(int(cell.max()) + 1)]
    places = [rows for rows in (cell >= 0, *cells) if rows.sum() > LEAST_TO_TURN * d]
    directions = rng.normal(size=(d, STARTS))
    for place, rows in enumerate(places):
        own = slice(place, None, len(places))
        directions[:, own] = telling_directions(latents[rows], directions[:, own])
    along = latents @ directions
    rank = np.argsort(np.argsort(along, 0), 0) / len(latents)
    rank[:, 1::3] **= 3
    rank[:, 2::3] = 1 - (1 - rank[:, 2::3]) ** 3
    return np.moveaxis(np.eye(n_states)[(rank * n_states).astype(np.int64)], 0, 2)


def telling_directions(latents: Latents, directions: Latents) -> Latents:
    """Directions turned towards where the latents look least like a Gaussian.

    Fixed-point steps of independent component analysis, each direction by itself (Hyvärinen 1999,
    doi 10.1109/72.761722). Every other one looks for skewness, as two states of which one has a
    fifth of the samples show in nothing else.

    Args:
        latents: shape ``(n, d)``.
        directions: to set out from, shape ``(d, starts)``.

    Returns:
        Shape ``(d, starts)``.
    """
    white, back = whitening(latents)
    seen = (latents - latents.mean(0)) @ white
    turned = back @ directions
    for _ in range(TURNS):
        turned /= np.linalg.norm(turned, axis=0)
        along = seen @ turned
        bent, slope = along**2, 2 * along
        bent[:, ::2] = np.tanh(along[:, ::2])
        slope[:, ::2] = 1 - bent[:, ::2] ** 2
        turned = seen.T @ bent / len(seen) - slope.mean(0) * turned
    return white @ turned


def centred(latents: Latents, cell: NDArray[np.int64]) -> Latents:
    """Less the mean of each sample's cell; no cell may be empty."""
    member = np.eye(int(cell.max()) + 1)[cell]
    return latents - (member.T @ latents / member.sum(0)[:, None])[cell]


def for_all(state: NDArray[np.int64], view: View, everywhere: Latents) -> NDArray[np.int64]:
    """States of all samples; those without the view take that of their neighbours."""
    if view.observed.all():
        return state
    neighbours = min(NEIGHBOURS, len(state))
    known = KNeighborsClassifier(neighbours).fit(everywhere[view.observed], state)
    all_states = np.empty(len(view.observed), dtype=np.int64)
    all_states[view.observed] = state
    all_states[~view.observed] = known.predict(everywhere[~view.observed])
    return all_states
