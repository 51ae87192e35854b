"""Each sample's own physical parameters, as one more view in which groups may show.

Fitting the formula to every curve by itself gives a few physical numbers per sample. They are a
view of the samples in which nuisance the formula leaves out is gone, so groups are looked for in
it as well, and candidates are judged with it beside the latents.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import prod

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from causalpima_core.experts.curve_fit import find_starts, fit_curves
from causalpima_core.experts.expert import Expert
from causalpima_core.model import CausalPima
from causalpima_core.samples import Samples
from causalpima_core.scaling import ROUNDING
from causalpima_core.training.assignment import Latents, judge
from causalpima_core.training.candidates import LEAST_VARIANCE, Found
from causalpima_core.training.growth import Growth, grow
from causalpima_core.training.neighbourhoods import neighbourhood_cells
from causalpima_core.training.pursuit import View, for_all

TYPICAL = 8
"""Curves for which all magnitudes are searched; the others begin from what was found for them."""
AT_ONCE = 1000
OUTLYING = 0.01
RESTARTS, KEPT = 4, 3


def physical_views(model: CausalPima, samples: Samples, rng: Generator) -> list[View]:
    """Physical parameters of each sample, one view per modality with an expert."""
    views = []
    for name, learned in model.experts.items():
        curves, seen = curves_in_units(model, samples, name)
        views.append(physical_view(name, learned.expert, curves, seen, rng))
    return views


def physical_view(
    name: str, expert: Expert, curves: Latents, observed: NDArray[np.bool_], rng: Generator
) -> View:
    """Each curve's own parameters, without bounds (see `Parameter.free`) and standardised.

    Args:
        name: of the modality.
        expert: its known physics.
        curves: in the units of the data, shape ``(n, points)``.
        observed: which are there, shape ``(n,)``.
        rng: source of the search.
    """
    seen = curves[observed]
    starts = find_starts(expert, typical(seen, rng), rng)
    pieces = np.array_split(seen, -(-len(seen) // AT_ONCE))
    fits = [fit_curves(expert, piece, starts) for piece in pieces]
    free = np.concatenate([fit.free for fit in fits])
    low, high = np.quantile(free, (OUTLYING, 1 - OUTLYING), axis=0)
    reach = (high - low) / 4
    free = np.clip(free, low - reach, high + reach)  # runaways would rule every spread
    spread = free.std(0)
    spread = np.where(spread > ROUNDING * np.abs(free).max(0), spread, 1.0)
    mean, variance = np.zeros((2, len(curves), free.shape[1]))
    mean[observed] = (free - free.mean(0)) / spread
    doubt = np.concatenate([fit.variance for fit in fits]) / spread**2
    variance[observed] = np.minimum(doubt, 1.0)
    return View(f"{name} physics", mean, variance, observed)


def physical_candidates(
    physical: list[View],
    views: list[View],
    latents: Latents,
    states: tuple[int, ...],
    rng: Generator,
) -> Iterator[Found]:
    """Partitions found in the physical parameters, alone or with nodes of other views.

    The curve may show some of the nodes only: for every number of cells that some nodes make, the
    other nodes are grown within the clearest clusterings.

    Args:
        physical: physical parameters of the samples.
        views: where other nodes are looked for.
        latents: that all samples have, shape ``(n, d)``.
        states: number of states of each node.
        rng: source of starts.
    """
    for view in physical:
        for some in _subsets(states):
            lacking = _without(states, some)
            begun = [
                Growth(for_all(cell, view, latents), prod(some), 0.0, lacking)
                for cell in _clusterings(view, some, rng)
            ]
            for growth in grow(begun, views, latents, rng):
                yield f"{view.name} mixture", growth.cell


def _subsets(states: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Numbers of states of every choice of nodes, each once, most nodes first."""
    nodes = range(len(states), 0, -1)
    return list(dict.fromkeys(tuple(sorted(c)) for k in nodes for c in combinations(states, k)))


def _without(states: tuple[int, ...], some: tuple[int, ...]) -> tuple[int, ...]:
    """The states of the nodes that are not among ``some``, rising."""
    left = list(states)
    for n_states in some:
        left.remove(n_states)
    return tuple(sorted(left))


def _clusterings(view: View, states: tuple[int, ...], rng: Generator) -> list[NDArray[np.int64]]:
    """The clearest clusterings of a view into one cell per joint outcome of some nodes.

    Returns:
        Cells of the samples that have the view.
    """
    seen = view.mean[view.observed][:, view.informed]
    n_cells = prod(states)
    if seen.shape[1] == 0 or len(np.unique(seen.round(6), axis=0)) < n_cells:
        return []
    seed = int(rng.integers(2**31))
    found = [cell for _, cell in neighbourhood_cells(seen, n_cells, seed)]
    for kind in ("diag", "full"):
        for _ in range(RESTARTS):
            mixture = GaussianMixture(
                n_cells,
                covariance_type=kind,
                random_state=int(rng.integers(2**31)),
                reg_covar=LEAST_VARIANCE,
            )
            found.append(mixture.fit_predict(seen))
    whole = [cell for cell in found if len(np.unique(cell)) == n_cells]
    return sorted(whole, key=lambda cell: judge(seen, cell)[0])[:KEPT]


def typical(curves: Latents, rng: Generator) -> Latents:
    """The mean curve and a few measured ones."""
    chosen = rng.permutation(len(curves))[: TYPICAL - 1]
    return np.vstack([curves.mean(0), curves[chosen]])


def curves_in_units(
    model: CausalPima, samples: Samples, name: str
) -> tuple[Latents, NDArray[np.bool_]]:
    """Curves of a modality in the units of the data, and which are there."""
    units = model.scalings[name].units()
    values = samples.column(name).cpu().double().numpy() * units.scale + units.centre
    return values, samples.observed[:, model.names.index(name)].cpu().numpy()
