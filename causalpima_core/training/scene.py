"""What a warmed-up model sees of the samples: where divisions are looked for and judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.model import CausalPima, Inference
from causalpima_core.samples import Samples
from causalpima_core.training.appearance import Appearance
from causalpima_core.training.assignment import Latents
from causalpima_core.training.encoding import encode
from causalpima_core.training.physics import physical_views
from causalpima_core.training.pursuit import View, side_by_side


@dataclass(frozen=True)
class Scene:
    """What a warmed-up model sees of the samples: where divisions are looked for and judged.

    Attributes:
        views: where nodes are looked for.
        physical: those of them that are parameters of known physics.
        latents: drawn from the joint posteriors, with each modality's own and physical parameters
            beside them, as an encoder that is sure of nuisance can hide in the joint ones what
            another modality shows clearly, shape ``(n, d)``.
        appearance: what groups of samples look like.
    """

    views: list[View]
    physical: list[View]
    latents: Latents
    appearance: Appearance

    @classmethod
    def of(cls, model: CausalPima, samples: Samples, rng: Generator) -> Scene:
        """As ``model`` sees the samples."""
        inference = encode(model, samples)
        physical = physical_views(model, samples, rng)
        appearance = Appearance(model, samples, inference.joint)
        joint, *own = _views(model, samples, inference)
        views = [joint, *own, *appearance.views(), *physical]
        # Noise falls into clear groups in means that no posterior is sure of, not in draws.
        joint, *beside = (view.drawn(rng) for view in (joint, *own, *physical))
        return cls(views, physical, side_by_side(joint.mean, beside), appearance)


def _views(model: CausalPima, samples: Samples, inference: Inference) -> list[View]:
    """The joint latents, and each modality's own where there are several."""
    everyone = np.ones(len(samples), dtype=bool)
    views = [_view("joint", inference.joint, everyone)]
    if len(model.names) > 1:
        observed = samples.observed.cpu().numpy()
        views += [
            _view(name, inference.single[name], observed[:, column])
            for column, name in enumerate(model.names)
        ]
    return views


def _view(name: str, q: DiagonalGaussian, observed: NDArray[np.bool_]) -> View:
    mean, variance = q.mean.cpu().double().numpy(), q.variance.cpu().double().numpy()
    return View(name, mean, variance, observed)
