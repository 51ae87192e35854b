"""Latents brought to two or three dimensions: their own axes, PCA, or UMAP once it is there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.charts.scatter import Components


@dataclass(frozen=True)
class Projection:
    """Points ``(n, k)`` and, where the map is linear, how to carry components along.

    Attributes:
        points: shape ``(n, k)``.
        titles: one per axis.
        axes: shape ``(d, k)``; None for a map that is not linear.
        centre: shape ``(d,)``, subtracted before.
    """

    points: NDArray[np.floating]
    titles: tuple[str, ...]
    axes: NDArray[np.float64] | None = None
    centre: NDArray[np.float64] | None = None

    def carried_to(self, latent: NDArray[np.floating]) -> Projection:
        """The same map of other latents, shape ``(m, d)``; the map is linear."""
        if self.axes is None or self.centre is None:
            raise ValueError("only a linear map can be applied to other points")
        return replace(self, points=(latent - self.centre) @ self.axes)

    def components(
        self, means: NDArray[np.floating], covariances: NDArray[np.floating]
    ) -> Components | None:
        """Components as they appear in this plane; None where they have no such shape there."""
        if self.axes is None or self.centre is None or self.axes.shape[1] != 2 or not len(means):
            return None
        return Components(
            (means - self.centre) @ self.axes,
            np.einsum("dk,cde,el->ckl", self.axes, covariances, self.axes),
        )


def latent_axes(latent: NDArray[np.floating], chosen: tuple[int, ...]) -> Projection:
    """Single latent dimensions, counted from 0."""
    axes = np.eye(latent.shape[1])[:, list(chosen)]
    titles = tuple(f"latent {k + 1}" for k in chosen)
    return Projection(latent[:, list(chosen)], titles, axes, np.zeros(latent.shape[1]))


def principal_axes(latent: NDArray[np.floating], dimensions: int) -> Projection:
    """Directions of largest variance; each points to where its largest entry is positive.

    The eigenvectors are taken directly: one small matrix does not merit importing scikit-learn
    into every page's first paint.
    """
    latent = np.asarray(latent, dtype=np.float64)
    centre = latent.mean(0)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(latent, rowvar=False)))
    order = np.argsort(values)[::-1][:dimensions]
    axes = vectors[:, order]
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
    shares = values[order] / max(values.sum(), 1e-12)
    titles = tuple(f"PC {k + 1} ({share:.0%} of variance)" for k, share in enumerate(shares))
    return Projection((latent - centre) @ axes, titles, axes, centre)


def nearest(latent: NDArray[np.floating], row: int, count: int) -> NDArray[np.int64]:
    """The sample itself and its nearest ones by distance of latent means, the closest first."""
    distance = np.square(latent - latent[row]).sum(1)
    distance[row] = -1.0
    return np.argsort(distance, kind="stable")[: count + 1]


def axes_of_interest(latent: NDArray[np.floating], count: int) -> tuple[int, ...]:
    """The latent dimensions that vary most, to begin with."""
    return tuple(int(k) for k in np.argsort(-latent.var(0), kind="stable")[:count])
