"""One modality's expert as a part of the model: what is learned of it, kept with the weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from causalpima_core.experts.components import ExpertDensity, ExpertState, Units
from causalpima_core.experts.expert import Expert


class LearnedExpert(nn.Module):
    """An expert with its curve for every component; without any before joint training.

    Attributes:
        expert: the formula.
        theta: parameters in the units of the data, shape ``(C, k)``.
        scatter: as in `ExpertState`, shape ``(C, k, k)``.
        noise: as in `ExpertState`, shape ``(C,)``.
        weight: as in `ExpertState`, shape ``(C,)``.
    """

    theta: Tensor
    scatter: Tensor
    noise: Tensor
    weight: Tensor

    def __init__(self, expert: Expert) -> None:
        """Without components."""
        super().__init__()
        self.expert = expert
        self._density: ExpertDensity | None = None
        self.make_room(0)

    @property
    def is_ready(self) -> bool:
        """Whether components have curves."""
        return len(self.noise) > 0

    def make_room(self, n_components: int) -> None:
        """Take the shapes of so many components, whose values are to follow."""
        k = len(self.expert.names)
        like = self.theta if hasattr(self, "theta") else torch.empty(0)
        for name, shape in (("theta", (k,)), ("scatter", (k, k)), ("noise", ()), ("weight", ())):
            self.register_buffer(name, like.new_zeros(n_components, *shape))
        self._density = None

    def state(self) -> ExpertState:
        """What is learned, as plain arrays."""
        arrays = (self.theta, self.scatter, self.noise, self.weight)
        return ExpertState(*(np.asarray(a.cpu(), dtype=np.float64) for a in arrays))

    def learn(self, state: ExpertState) -> None:
        """Put something better in place of what is learned."""
        like = self.theta
        arrays = (state.parameters, state.scatter, state.noise, state.weight)
        for name, array in zip(("theta", "scatter", "noise", "weight"), arrays, strict=True):
            self.register_buffer(name, torch.from_numpy(array).to(like))
        self._density = None

    def density(self, units: Units) -> ExpertDensity:
        """``p(X_m|c)`` of curves standardised by ``units``, made once per state."""
        if self._density is None or self._density.mean.device != self.theta.device:
            self._density = ExpertDensity.of(self.expert, self.state(), units, self.theta)
        return self._density
