"""Encoders of single modalities, taught after joint training what all modalities together say.

The lesson is the closed-form ``KL( q(c, Z|X) ‖ q(c, Z|X_m) )``: it is least where the pupil covers
all that the joint posterior finds in samples that look alike in its modality (mass covering), so
a modality that does not show a factor learns to leave it open. Everything else stays frozen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import kl_div

from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.model import CausalPima
from causalpima_core.samples import Samples
from causalpima_core.training.checkpoint import optimiser_tensors, restore_optimiser
from causalpima_core.training.encoding import encode
from causalpima_core.training.epochs import LARGEST_GRADIENT, EpochRandomness, responsibilities
from causalpima_core.unimodal import Frames

PSEUDO_SAMPLES = 10
"""Weight of all samples' mean, against those held out, in the level of unexplained variance."""
LEAST_VARIANCE = 1e-6
AT_ONCE = 1024


@dataclass(frozen=True)
class Lesson:
    """What the joint posterior says of samples.

    Attributes:
        responsibilities: ``q(c|X)``, shape ``(n, C)``.
        posterior: ``q(Z|X)``.
    """

    responsibilities: Float[Tensor, "n C"]
    posterior: DiagonalGaussian

    def __getitem__(self, rows: Tensor) -> Lesson:
        """That on some of the samples."""
        return Lesson(self.responsibilities[rows], self.posterior[rows])


class Distillation:
    """The stage under way: pupils are `CausalPima.unimodal`, the teacher the model as it is."""

    def __init__(
        self,
        model: CausalPima,
        data: Samples,
        train_rows: NDArray[np.int64],
        held_rows: NDArray[np.int64],
        log_outcomes: Float[Tensor, " C"],
    ) -> None:
        """Write down the lesson.

        Args:
            model: with pupils.
            data: all samples.
            train_rows: those to teach by.
            held_rows: those to examine by.
            log_outcomes: ``log p(c)``.
        """
        self.model, self.data = model, data
        self.frames = Frames.of(model.components)
        posterior = encode(model, data).joint
        gamma = responsibilities(model, data, posterior, log_outcomes)
        self.lesson = Lesson(torch.from_numpy(gamma).to(posterior.mean), posterior)
        observed = data.observed.cpu().numpy()
        self.taught_by = {
            name: train_rows[telling(observed[train_rows], column)]
            for column, name in enumerate(model.names)
        }
        self.held_rows = torch.from_numpy(held_rows)
        self.examined_by = {
            name: held_rows[telling(observed[held_rows], column)]
            for column, name in enumerate(model.names)
        }
        for name, pupil in model.unimodal.items():
            pupil.taught.fill_(len(self.taught_by[name]))
        self.optimiser = torch.optim.Adam(model.unimodal.parameters())
        self._losses: dict[str, list[float]] = {}

    def tensors(self) -> dict[str, Tensor]:
        """The optimiser's state, for a checkpoint; pupils are part of the model."""
        return optimiser_tensors("distil", self.optimiser)

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up what `tensors` gave."""
        restore_optimiser("distil", self.optimiser, tensors)

    def steps(self, randomness: EpochRandomness, rate: float, batch_size: int) -> Iterator[float]:
        """One pass over the samples; yields the fraction done after every step."""
        self._losses = {name: [] for name in self.model.names}
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        most = max(len(rows) for rows in self.taught_by.values())
        n_batches = max(1, most // batch_size)
        orders = {
            name: np.array_split(randomness.order.permutation(rows), n_batches)
            for name, rows in self.taught_by.items()
        }
        for done in range(n_batches):
            self._step({name: order[done] for name, order in orders.items()}, randomness.noise)
            yield (done + 1) / n_batches

    def _step(self, rows: dict[str, NDArray[np.int64]], noise: torch.Generator) -> None:
        losses = {}
        for name, chosen in rows.items():
            if len(chosen) == 0:
                continue
            here = torch.from_numpy(chosen).to(self.data.observed.device)
            lesson = self.lesson[here]
            # One component each, drawn from the posterior: all of them would cost C times as much.
            drawn = torch.multinomial(lesson.responsibilities, 1, generator=noise)[:, 0]
            answer = self.model.unimodal[name].at(self.data.column(name, here), drawn, noise)
            losses[name] = self._divergence(lesson, drawn, *answer).mean()
        loss = torch.stack(list(losses.values())).sum() / self.frames.mean.shape[1]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for pupil in self.model.unimodal.values():
            torch.nn.utils.clip_grad_norm_(pupil.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        for name, value in losses.items():
            self._losses[name].append(float(value.detach()))

    def _divergence(
        self, lesson: Lesson, drawn: Tensor, log_outcome: Tensor, residual: DiagonalGaussian
    ) -> Float[Tensor, " batch"]:
        of_outcome = kl_div(log_outcome, lesson.responsibilities, reduction="none").sum(-1)
        return of_outcome + self.frames.divergence(lesson.posterior, drawn, residual)

    @torch.no_grad()
    def terms(self) -> dict[str, float]:
        """Divergence of each pupil in the last pass and on the samples held out, nats a sample."""
        marks = {
            f"train/distillation.{name}": float(np.mean(losses))
            for name, losses in self._losses.items()
            if losses
        }
        for name, chosen in self.examined_by.items():
            if len(chosen):
                marks[f"held_out/distillation.{name}"] = self._examine(name, chosen)
        return marks

    def _examine(self, name: str, chosen: NDArray[np.int64]) -> float:
        """Mean divergence of a pupil on samples, nats."""
        total = 0.0
        for rows in torch.from_numpy(chosen).to(self.data.observed.device).split(AT_ONCE):
            lesson = self.lesson[rows]
            likely = lesson.responsibilities.argmax(1)
            answer = self.model.unimodal[name].at(self.data.column(name, rows), likely)
            total += float(self._divergence(lesson, likely, *answer).sum())
        return total / len(chosen)

    @torch.no_grad()
    def finish(self, generator: torch.Generator) -> None:
        """Note what the decoders leave unexplained, value by value, for intervals of predictions.

        Its pattern is that of all samples, its level that of those held out: decoders fit the
        samples they were trained on more closely than others.
        """
        latent = self.lesson.posterior.sample(generator)
        held = torch.zeros(len(latent), dtype=torch.bool, device=latent.device)
        held[self.held_rows.to(latent.device)] = True
        for column, name in enumerate(self.model.names):
            seen = self.data.observed[:, column]
            whole, of_held = latent.new_zeros(self.model.decoders[name].shape), latent.new_zeros(())
            for rows in self.data.pieces(name):
                square = self._square_errors(name, latent, rows)
                whole += square[seen[rows]].sum(0)
                of_held += square[(seen & held)[rows]].flatten(1).mean(1).sum()
            pattern = (whole / seen.sum()).clamp_min(LEAST_VARIANCE)
            level = of_held + PSEUDO_SAMPLES * pattern.mean()
            level = level / ((seen & held).sum() + PSEUDO_SAMPLES)
            self.model.unimodal[name].unexplained.copy_(pattern * level / pattern.mean())

    def _square_errors(self, name: str, latent: Tensor, rows: slice) -> Float[Tensor, "n ..."]:
        values, decoder = self.data.column(name, rows), self.model.decoders[name]
        return torch.cat(
            [
                (decoder(z) - x).square()
                for z, x in zip(latent[rows].split(AT_ONCE), values.split(AT_ONCE), strict=True)
            ]
        )


def telling(observed: NDArray[np.bool_], column: int) -> NDArray[np.bool_]:
    """Samples that can teach the pupil of a modality: measured in others as well.

    Of these the fuller half: what fewer modalities say together is itself less sure.
    """
    counts = np.where(observed[:, column], observed.sum(1), 0)
    several = counts >= 2
    if not several.any():
        return several
    return counts >= np.median(counts[several])
