"""What the samples of a cell look like on average: the witness of labelling and of natural cells.

Mean measurements of the true cells are the ones that lie on the grid of outcomes, both with the
shortest edges and nearly additively (each node shifts them by what it shifts them elsewhere).
Distances between latent centres misplaced outcomes where the encoder happens to stretch its space;
these misplaced none of the true partitions of five examples. A curve counts as it is and blurred,
as a peak that has moved by more than its width is equally far from everything until blurred; an
image counts by its moments mostly (see `moments`), and by its pixels a little where these are mute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from causalpima_core.data.multimodal import Kind
from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.model import CausalPima
from causalpima_core.samples import Samples
from causalpima_core.training.moments import moments
from causalpima_core.training.pursuit import View

BLUR = 1 / 8
"""Width of the blur as a share of the longest side."""
LEAST_SPREAD = 1e-12
MISSHAPEN = 0.18
"""Share of what groups look like that is no sum of nodes' effects, above which they fit no grid."""
PIXELS = 0.1
"""Share of pixels, sharp and blurred each, in what an image counts for; moments have the rest."""
EXPECTED = 0.01
"""What a measurement that is missing counts for, as the others let expect it, beside one that was
made. In full, decoded pictures in place of 30% of those of `lattice` had true cells misplaced."""

SKETCHED, LEAST_SAMPLES, MOST_SAMPLES = 20, 100, 2000
"""Most principal components in a sketch, samples for each of them, and most that they come of."""


@dataclass(frozen=True)
class Prototypes:
    """One kind of mean measurement of all cells.

    Attributes:
        mean: shape ``(C, values)``, in standard deviations, so scaled that squares are means.
        weight: what it counts for; a modality's add up to 1.
    """

    mean: NDArray[np.float64]
    weight: float


class Appearance:
    """Standardised measurements of all samples, from which cells get their prototypes."""

    def __init__(self, model: CausalPima, samples: Samples, joint: DiagonalGaussian) -> None:
        """Where a measurement is missing, what the others let expect takes its place."""
        self._model, self._samples, self._joint = model, samples, joint
        self._kinds = {spec.name: spec.kind for spec in model.specs}
        self._held = {
            name: self._filled(name, slice(None))
            for name in model.names
            if not samples.is_read(name)
        }
        self._moments = {
            name: moments(values for _, values in self._pieces(name))
            for name in model.names
            if self._kinds[name] is Kind.IMAGE
        }

    def _pieces(self, name: str) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """A modality's measurements with where they stand; all at once if held in memory."""
        for rows in self._samples.pieces(name):
            values = self._held.get(name)
            yield rows, self._filled(name, rows) if values is None else values

    @torch.no_grad()
    def _filled(self, name: str, rows: slice) -> NDArray[np.float32]:
        values = self._samples.column(name, rows).clone()
        missing = ~self._samples.observed[rows, self._model.names.index(name)]
        if bool(missing.any()):
            values[missing] = self._model.decoders[name](self._joint.mean[rows][missing])
        return values.cpu().numpy()

    def views(self) -> list[View]:
        """The moments of every image modality: where, how large and of what colour things are."""
        seen = self._samples.observed.cpu().numpy()
        return [
            View(f"{name} moments", found, np.zeros_like(found), seen[:, place])
            for place, name in enumerate(self._model.names)
            for found in [self._moments.get(name)]
            if found is not None
        ]

    def sketches(self) -> list[View]:
        """What every modality shows without any network: principal components, moments of images.

        None of a modality that too few samples have.
        """
        found = []
        for name, seen in zip(self._kinds, self._samples.observed.cpu().numpy().T, strict=True):
            rows = np.flatnonzero(seen)
            width = prod(self._samples.columns[name].shape[1:])
            n_components = min(SKETCHED, width, len(rows) // LEAST_SAMPLES)
            if n_components == 0:
                continue
            some = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_SAMPLES)).astype(int)]
            values = self._samples.column(name, torch.from_numpy(some).to(self._joint.mean.device))
            components = PCA(n_components, random_state=0).fit(values.flatten(1).cpu().numpy())
            sketch = np.concatenate(
                [components.transform(v.reshape(len(v), -1)) for _, v in self._pieces(name)]
            )
            if name in self._moments:
                sketch = np.hstack([sketch, self._moments[name]])
            found.append(View(name, sketch.astype(np.float64), np.zeros_like(sketch), seen))
        return found

    def prototypes(self, cell: NDArray[np.int64]) -> list[Prototypes]:
        """Mean measurements of each cell, those of one modality after another.

        Args:
            cell: cell of each sample, 0 … C − 1, none empty, shape ``(n,)``.
        """
        belongs = np.eye(int(cell.max()) + 1, dtype=np.float32)[:, cell]
        observed = self._samples.observed.cpu().numpy()
        found: list[Prototypes] = []
        for name, seen in zip(self._kinds, observed.T, strict=True):
            share = belongs * np.where(seen, np.float32(1), np.float32(EXPECTED))
            share /= share.sum(1, keepdims=True)
            kind, mean = self._kinds[name], self._mean(name, share)
            if kind is Kind.TABLE:
                found.append(Prototypes(_flat(mean), 1.0))
                continue
            pixels = PIXELS if kind is Kind.IMAGE else 0.5
            blurred = _blurred(mean, kind)
            found += [Prototypes(_flat(mean), pixels), Prototypes(_flat(blurred), pixels)]
            if kind is Kind.IMAGE:
                found.append(Prototypes(_flat(share @ self._moments[name]), 1 - 2 * pixels))
        return found

    def _mean(self, name: str, share: NDArray[np.float32]) -> NDArray[np.float32]:
        """Measurements weighed by ``share``, shape ``(C, n)``, and summed, ``(C, …)``."""
        shape = self._samples.columns[name].shape[1:]
        mean = np.zeros((len(share), prod(shape)), dtype=np.float32)
        for rows, values in self._pieces(name):
            mean += share[:, rows] @ values.reshape(len(values), -1)
        return mean.reshape(len(share), *shape)


def _blurred(mean: NDArray, kind: Kind) -> NDArray:
    width = max(1.0, BLUR * max(mean.shape[1:]))
    return gaussian_filter(mean, (0, 0, width, width) if kind is Kind.IMAGE else (0, width))


def _flat(mean: NDArray) -> NDArray[np.float64]:
    flat = mean.reshape(len(mean), -1).astype(np.float64)
    return flat / np.sqrt(flat.shape[1])


def prototype_distances(prototypes: list[Prototypes]) -> NDArray[np.float64]:
    """Root mean square differences between cells, weighted and summed, shape ``(C, C)``."""
    return np.sum([kind.weight * cdist(kind.mean, kind.mean) for kind in prototypes], axis=0)


def prototype_squares(prototypes: list[Prototypes]) -> NDArray[np.float64]:
    """Squared differences between cells as shares of their spread, weighted mean, ``(C, C)``."""
    shares = []
    for kind in prototypes:
        spread = np.square(kind.mean - kind.mean.mean(0)).sum()
        shares.append(cdist(kind.mean, kind.mean, "sqeuclidean") / max(spread, LEAST_SPREAD))
    return np.average(shares, axis=0, weights=[kind.weight for kind in prototypes])
