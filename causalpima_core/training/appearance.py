"""What the samples of a cell look like on average: the witness of labelling and of natural cells.

Mean measurements of the true cells are the ones that lie on the grid of outcomes, both with the
shortest edges and nearly additively (each node shifts them by what it shifts them elsewhere).
Distances between latent centres misplaced outcomes where the encoder happens to stretch its space;
distances between mean measurements misplaced none of 31 true partitions of three examples. Each
picture and curve counts twice, as it is and blurred, as what has moved by more than its size is
equally far from everything until blurred.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist

from causalpima_core.data.multimodal import Kind
from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.model import Batch, CausalPima
from causalpima_core.outcomes import outcome_table

BLUR = 1 / 8
"""Width of the blur as a share of the longest side."""

Prototypes = list[NDArray[np.float64]]
"""Mean measurements, shape ``(C, values)`` each, so scaled that their squares are means."""


class Appearance:
    """Standardised measurements of all samples, from which cells get their prototypes."""

    def __init__(self, model: CausalPima, batch: Batch, joint: DiagonalGaussian) -> None:
        """Where a measurement is missing, what the others let expect takes its place."""
        self._kinds = {spec.name: spec.kind for spec in model.specs}
        self._values: dict[str, NDArray[np.float32]] = {}
        with torch.no_grad():
            for column, name in enumerate(model.names):
                values = batch.values[name].clone()
                missing = ~batch.observed[:, column]
                if bool(missing.any()):
                    values[missing] = model.decoders[name](joint.mean[missing])
                self._values[name] = values.cpu().numpy()

    def prototypes(self, cell: NDArray[np.int64]) -> Prototypes:
        """Mean measurements of each cell, by modality, sharp and blurred.

        Args:
            cell: cell of each sample, 0 … C − 1, none empty, shape ``(n,)``.
        """
        belongs = np.eye(int(cell.max()) + 1, dtype=np.float32)[:, cell]
        share = belongs / belongs.sum(1, keepdims=True)
        found: Prototypes = []
        for name, values in self._values.items():
            mean = (share @ values.reshape(len(values), -1)).reshape(-1, *values.shape[1:])
            found.append(_flat(mean))
            if self._kinds[name] is not Kind.TABLE:
                found.append(_flat(_blurred(mean, self._kinds[name])))
        return found


def _blurred(mean: NDArray, kind: Kind) -> NDArray:
    width = max(1.0, BLUR * max(mean.shape[1:]))
    return gaussian_filter(mean, (0, 0, width, width) if kind is Kind.IMAGE else (0, width))


def _flat(mean: NDArray) -> NDArray[np.float64]:
    flat = mean.reshape(len(mean), -1).astype(np.float64)
    return flat / np.sqrt(flat.shape[1])


def prototype_distances(prototypes: Prototypes) -> NDArray[np.float64]:
    """Root mean square differences between cells, summed over the lists, shape ``(C, C)``."""
    return np.sum([cdist(mean, mean) for mean in prototypes], axis=0)


def nonadditive_share(prototypes: Prototypes, states: tuple[int, ...]) -> float:
    """Share of the spread between prototypes that sums of single nodes' effects leave over.

    Args:
        prototypes: row c belongs to joint outcome c.
        states: number of states of each node.
    """
    table = outcome_table(states)
    columns = [np.ones(len(table))]
    columns += [(table[:, j] == state) for j, k in enumerate(states) for state in range(1, k)]
    additive = np.stack(columns, axis=1).astype(np.float64)
    projection = additive @ np.linalg.pinv(additive)
    shares = []
    for mean in prototypes:
        centred = mean - mean.mean(0)
        left = centred - projection @ centred
        shares.append(np.square(left).sum() / max(np.square(centred).sum(), 1e-12))
    return float(np.mean(shares))
