"""The model: networks, graph, tables and components wired together; no mathematics of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from causalpima_core.config import ModelConfig
from causalpima_core.dag import FlowDag
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.decoders import Decoder
from causalpima_core.elbo import (
    ElboTerms,
    elbo_terms,
    gaussian_log_likelihood,
    optimal_noise_variance,
)
from causalpima_core.encoders import Encoder
from causalpima_core.errors import DataError
from causalpima_core.gaussians import DiagonalGaussian, product_of_experts
from causalpima_core.outcomes import ConditionalTables
from causalpima_core.prior import GaussianComponents


@dataclass(frozen=True)
class Batch:
    """Standardised samples on the device they are computed on.

    Attributes:
        values: by modality, shape ``(batch, …)``; 0 where not observed.
        observed: shape ``(batch, modalities)``.
    """

    values: dict[str, Float[Tensor, "batch ..."]]
    observed: Bool[Tensor, "batch modalities"]

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.observed)

    def __getitem__(self, rows: Tensor | slice) -> Batch:
        """Some of the samples."""
        chosen = {name: values[rows] for name, values in self.values.items()}
        return Batch(chosen, self.observed[rows])


@dataclass(frozen=True)
class Inference:
    """``q(Z|X)``, fused and by modality."""

    joint: DiagonalGaussian
    single: dict[str, DiagonalGaussian]


class Scaling(nn.Module):
    """Centre and scale of a modality, kept with the weights so that data units come back."""

    centre: Tensor
    scale: Tensor

    def __init__(self, modality: Modality) -> None:
        """Columns of a table are scaled one by one; images and curves as a whole."""
        super().__init__()
        values = modality.values[modality.observed].astype(np.float64)
        over = {Kind.IMAGE: (0, 2, 3), Kind.CURVE: (0,), Kind.TABLE: (0,)}[modality.kind]
        centre = values.mean(axis=over, keepdims=True)[0]
        spread = (values - centre) ** 2
        scale = np.sqrt(spread.mean(0) if modality.kind is Kind.TABLE else spread.mean())
        scale = np.where(scale > 1e-12, scale, 1.0)  # a constant column stays as it is
        self.register_buffer("centre", torch.tensor(centre, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))

    def forward(self, values: Tensor) -> Tensor:
        """Data units to standardised values."""
        return (values - self.centre) / self.scale

    def undo(self, values: Tensor) -> Tensor:
        """Standardised values to data units."""
        return values * self.scale + self.centre


class CausalPima(nn.Module):
    """Encoders, decoders, flow-DAG with conditional tables, and Gaussian components.

    Attributes:
        noise_variance: of each modality, standardised units, shape ``(modalities,)``.
        component_mean: of the mixture, shape ``(C, latent)``; one component in the warm-up.
        component_covariance: shape ``(C, latent)`` or ``(C, latent, latent)``.
        best_restart: which of the graph's restarts counts.
        conditionals: log conditional tables of the decided graph, shape ``(L, *states)``; empty
            until there is one.
    """

    noise_variance: Tensor
    component_mean: Tensor
    component_covariance: Tensor
    best_restart: Tensor
    conditionals: Tensor

    def __init__(
        self, config: ModelConfig, dataset: MultimodalDataset, restarts: int, generator: Generator
    ) -> None:
        """Untrained, for the modalities of ``dataset``; starts with one standard component."""
        super().__init__()
        self.config = config
        self.names = dataset.names
        latent = config.n_latent
        shapes = {m.name: (m.kind, m.shape) for m in dataset.modalities}
        with torch.random.fork_rng(devices=[]):
            # torch's layers initialise from the global generator: borrow it, then give it back.
            torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
            self.encoders = nn.ModuleDict({n: Encoder(*s, latent) for n, s in shapes.items()})
            self.decoders = nn.ModuleDict({n: Decoder(*s, latent) for n, s in shapes.items()})
        self.scalings = nn.ModuleDict({m.name: Scaling(m) for m in dataset.modalities})
        self.dag = FlowDag(len(config.states), config.knowledge, restarts, generator)
        self.tables = ConditionalTables(config.states, restarts, generator)
        self.register_buffer("noise_variance", torch.ones(len(self.names)))
        self.register_buffer("best_restart", torch.tensor(0))
        self.register_buffer("conditionals", torch.empty(0))
        self.set_components(GaussianComponents(torch.zeros(1, latent), torch.ones(1, latent)))

    @property
    def components(self) -> GaussianComponents:
        """The mixture's components: one in the warm-up, then one per outcome."""
        return GaussianComponents(self.component_mean, self.component_covariance)

    def set_components(self, components: GaussianComponents) -> None:
        """Replace the components."""
        self.register_buffer("component_mean", components.mean)
        self.register_buffer("component_covariance", components.covariance)

    def decide(self, conditionals: Float[Tensor, "L *states"]) -> None:
        """Put a decided graph's log conditional tables in place of the learned ones."""
        self.register_buffer("conditionals", conditionals.to(self.component_mean))

    def edges(self, temperature: float) -> Float[Tensor, "L L"]:
        """Edge weights of the restart that counts."""
        return self.dag(temperature)[self.best_restart]

    def log_outcomes(self, temperature: float) -> Float[Tensor, " C"]:
        """``log p(c)``: of the decided graph if there is one, else as learned so far."""
        if self.conditionals.numel():
            return self.conditionals.sum(0).flatten()
        if len(self.component_mean) == 1:
            return self.component_mean.new_zeros(1)
        return self.tables.joint(self.dag(temperature))[self.best_restart]

    def prepare(self, dataset: MultimodalDataset, device: torch.device | str = "cpu") -> Batch:
        """All samples of a dataset, standardised; modalities it lacks count as missing.

        Raises:
            DataError: a modality has another shape than the model was made for, or none fits.
        """
        known = [name for name in self.names if name in dataset.names]
        if not known:
            raise DataError(
                f"Expected at least one of the modalities {', '.join(self.names)}, "
                f"got {', '.join(dataset.names)}."
            )
        values, observed = {}, torch.zeros(len(dataset), len(self.names), dtype=torch.bool)
        for column, name in enumerate(self.names):
            shape = self.decoders[name].shape
            if name not in known:
                values[name] = torch.zeros(len(dataset), *shape)
                continue
            if dataset[name].shape != shape:
                raise DataError(
                    f"Modality '{name}' has shape {dataset[name].shape} per sample, but the model "
                    f"was trained on {shape}."
                )
            scaled = self.scalings[name](torch.from_numpy(dataset[name].values).to(device))
            values[name] = scaled.nan_to_num(0.0)
            observed[:, column] = torch.from_numpy(dataset[name].observed)
        values = {name: tensor.to(device) for name, tensor in values.items()}
        return Batch(values, observed.to(device))

    def infer(self, batch: Batch) -> Inference:
        """Encode every modality and fuse what each sample has."""
        single = {name: self.encoders[name](batch.values[name]) for name in self.names}
        joint = product_of_experts([single[name] for name in self.names], batch.observed)
        return Inference(joint, single)

    def generate(self, latent: Float[Tensor, "batch latent"]) -> dict[str, Tensor]:
        """Decode latents to standardised values of every modality."""
        return {name: self.decoders[name](latent) for name in self.names}

    def noise_of(self, batch: Batch, decoded: dict[str, Tensor]) -> Float[Tensor, " modalities"]:
        """Noise variances that fit a batch best."""
        optimal = [
            optimal_noise_variance(batch.values[name], decoded[name], batch.observed[:, column])
            for column, name in enumerate(self.names)
        ]
        return torch.stack(optimal)

    def loss_terms(
        self,
        batch: Batch,
        posterior: DiagonalGaussian,
        decoded: dict[str, Tensor],
        noise_variance: Float[Tensor, " modalities"],
        log_outcomes: Float[Tensor, " C"],
    ) -> ElboTerms:
        """The ELBO's terms for a batch that was encoded and decoded."""
        reconstruction = {
            name: gaussian_log_likelihood(
                batch.values[name], decoded[name], noise_variance[column], batch.observed[:, column]
            )
            for column, name in enumerate(self.names)
        }
        return elbo_terms(reconstruction, posterior, self.components, log_outcomes)

    @torch.no_grad()
    def decode_to_units(self, latent: Float[Tensor, "batch latent"]) -> dict[str, NDArray]:
        """Decode latents to arrays in the data's units."""
        decoded = self.generate(latent)
        return {n: self.scalings[n].undo(v).cpu().numpy() for n, v in decoded.items()}
