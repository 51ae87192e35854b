"""The model: networks, graph, tables and components wired together; no mathematics of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from causalpima_core.allocation import give_back_large_blocks
from causalpima_core.config import ModelConfig
from causalpima_core.dag import FlowDag
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.data.scale import Scale
from causalpima_core.data.stored import READ_AT_ONCE, StoredValues
from causalpima_core.decoders import Decoder
from causalpima_core.elbo import (
    ElboTerms,
    elbo_terms,
    gaussian_log_likelihood,
    optimal_noise_variance,
)
from causalpima_core.encoders import Encoder
from causalpima_core.errors import OTHER_VERSION, DataError, RunFolderError
from causalpima_core.experts.learned import LearnedExpert
from causalpima_core.experts.spec import parse_expert
from causalpima_core.gaussians import DiagonalGaussian, product_of_experts
from causalpima_core.outcomes import ConditionalTables
from causalpima_core.prior import GaussianComponents
from causalpima_core.samples import Batch, Read, Samples
from causalpima_core.scaling import ModalitySpec, Scaling
from causalpima_core.unimodal import UnimodalEncoder

DECODED_AT_ONCE = 1024
"""Samples at most, fewer of large images: a decoder's layers hold far more than comes out."""


@dataclass(frozen=True)
class Inference:
    """``q(Z|X)``, fused and by modality."""

    joint: DiagonalGaussian
    single: dict[str, DiagonalGaussian]


class CausalPima(nn.Module):
    """Encoders, decoders, flow-DAG with conditional tables, and Gaussian components.

    Attributes:
        noise: noise variances in scaled units, by modality: one number, or for tables one
            per column.
        component_mean: of the mixture, shape ``(C, latent)``; one component in the warm-up.
        component_covariance: shape ``(C, latent)`` or ``(C, latent, latent)``.
        best_restart: which of the graph's restarts counts.
        conditionals: log conditional tables of the decided graph, shape ``(L, *states)``; empty
            until there is one.
        unimodal: an encoder for each modality alone; none until they are distilled.
    """

    component_mean: Tensor
    component_covariance: Tensor
    best_restart: Tensor
    conditionals: Tensor

    def __init__(
        self,
        config: ModelConfig,
        specs: tuple[ModalitySpec, ...],
        restarts: int,
        generator: Generator,
    ) -> None:
        """Untrained, for modalities like ``specs``; starts with one standard component."""
        super().__init__()
        self.specs = specs
        self.names = tuple(spec.name for spec in specs)
        latent = config.n_latent
        with torch.random.fork_rng(devices=[]):
            # torch's layers initialise from the global generator: borrow it, then give it back.
            torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
            encoders = {s.name: Encoder(s.kind, s.shape, latent) for s in specs}
            decoders = {s.name: Decoder(s.kind, s.shape, latent) for s in specs}
        self.encoders, self.decoders = nn.ModuleDict(encoders), nn.ModuleDict(decoders)
        self.unimodal = nn.ModuleDict()
        self.scalings = nn.ModuleDict({s.name: Scaling(s) for s in specs})
        self.experts = nn.ModuleDict(
            {name: LearnedExpert(parse_expert(spec)) for name, spec in config.experts.items()}
        )
        self.begin_graph(config, restarts, generator)
        self.by_column = {s.name: s.kind is Kind.TABLE for s in specs}
        self.noise = nn.ParameterDict(
            {
                s.name: nn.Parameter(
                    torch.ones(s.shape if self.by_column[s.name] else ()), requires_grad=False
                )
                for s in specs
            }
        )
        self.register_buffer("best_restart", torch.tensor(0))
        self.register_buffer("conditionals", torch.empty(0))
        self.set_components(GaussianComponents(torch.zeros(1, latent), torch.ones(1, latent)))

    def begin_graph(self, config: ModelConfig, restarts: int, generator: Generator) -> None:
        """An untrained graph over the nodes of ``config``, which else is as before."""
        self.config = config
        self.dag = FlowDag(len(config.states), config.knowledge, restarts, generator)
        self.tables = ConditionalTables(config.states, restarts, generator)

    @property
    def components(self) -> GaussianComponents:
        """The mixture's components: one in the warm-up, then one per outcome."""
        return GaussianComponents(self.component_mean, self.component_covariance)

    def set_components(self, components: GaussianComponents) -> None:
        """Replace the components."""
        self.register_buffer("component_mean", components.mean)
        self.register_buffer("component_covariance", components.covariance)

    def fit_scalings(self, dataset: MultimodalDataset) -> None:
        """Take centres and scales of the modalities from data, as the settings say."""
        for modality in dataset.modalities:
            by = self.config.scales.get(modality.name, Scale.STANDARD)
            self.scalings[modality.name].fit(modality, by)

    def add_unimodal(self, generator: Generator) -> None:
        """Begin with an encoder for each modality alone, from those trained together."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
            encoders = {
                s.name: UnimodalEncoder(
                    self.encoders[s.name], s.shape, self.config.states, self.config.n_latent
                )
                for s in self.specs
            }
        self.unimodal = nn.ModuleDict(encoders).to(self.component_mean.device)

    def drop_unimodal(self) -> None:
        """Forget the encoders of single modalities."""
        self.unimodal = nn.ModuleDict()

    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Take a state dict of a model like this one at any stage of training.

        Raises:
            RunFolderError: they are of another kind of model.
        """
        self.unimodal = nn.ModuleDict()
        if any(name.startswith("unimodal.") for name in weights):
            self.add_unimodal(Generator())
        try:
            for name in ("component_mean", "component_covariance", "conditionals"):
                self.register_buffer(name, weights[name].to(self.component_mean.device))
            for name, expert in self.experts.items():
                expert.make_room(len(weights[f"experts.{name}.noise"]))
            self.load_state_dict(weights)
        except (KeyError, RuntimeError) as error:
            raise RunFolderError(OTHER_VERSION) from error

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

    def prepare(self, dataset: MultimodalDataset, device: torch.device | str = "cpu") -> Samples:
        """All samples of a dataset, to be scaled; modalities it lacks count as missing.

        Raises:
            DataError: a modality has another shape or other columns than the model was made for,
                or none fits, or a sample has none of those that do.
        """
        known = [name for name in self.names if name in dataset.names]
        if not known:
            raise DataError(
                f"Expected at least one of the modalities {', '.join(self.names)}, "
                f"got {', '.join(dataset.names)}."
            )
        columns: dict[str, Tensor | Read] = {}
        observed = torch.zeros(len(dataset), len(self.names), dtype=torch.bool)
        for place, name in enumerate(self.names):
            shape = self.decoders[name].shape
            if name not in known:
                columns[name] = torch.zeros(1, *shape, device=device).expand(len(dataset), *shape)
                continue
            self.specs[place].check(dataset[name])
            columns[name] = self._column(dataset[name], device)
            observed[:, place] = torch.from_numpy(dataset[name].observed)
        if not bool(observed.any(1).all()):
            lacking = dataset.sample_id[~observed.any(1).numpy()][0]
            raise DataError(
                f"Sample {lacking} has none of the modalities {', '.join(self.names)}, which are "
                "all that the model knows: remove it."
            )
        return Samples(columns, observed.to(device))

    def _column(self, modality: Modality, device: torch.device | str) -> Tensor | Read:
        """Scaled now where it is held in memory, later where it is read from disk."""
        scaling = self.scalings[modality.name]

        def scaled(values: Tensor) -> Tensor:
            return scaling(values.to(device)).nan_to_num(0.0)

        values = modality.values
        if isinstance(values, StoredValues):
            give_back_large_blocks()
            return Read(values, scaled)
        return scaled(torch.from_numpy(values))

    def infer(self, batch: Batch) -> Inference:
        """Encode every modality and fuse what each sample has."""
        single = {name: self.encoders[name](batch.values[name]) for name in self.names}
        joint = product_of_experts([single[name] for name in self.names], batch.observed)
        return Inference(joint, single)

    def generate(self, latent: Float[Tensor, "batch latent"]) -> dict[str, Tensor]:
        """Decode latents to scaled values of every modality."""
        return {name: self.decoders[name](latent) for name in self.names}

    def expert_likelihoods(self, batch: Batch) -> dict[str, Float[Tensor, "batch C"]]:
        """``log p(X_m|c)`` of modalities with known physics; none before there are components."""
        return {
            name: expert.density(self.scalings[name].units()).log_likelihood(
                batch.values[name], batch.observed[:, self.names.index(name)]
            )
            for name, expert in self.experts.items()
            if expert.is_ready
        }

    def noise_of(self, batch: Batch, decoded: dict[str, Tensor]) -> dict[str, Tensor]:
        """Noise variances that fit a batch best, as `noise`."""
        return {
            name: optimal_noise_variance(
                batch.values[name],
                decoded[name],
                batch.observed[:, column],
                by_column=self.by_column[name],
            )
            for column, name in enumerate(self.names)
        }

    @torch.no_grad()
    def remember_noise(self, noise: dict[str, Tensor], batch: Batch, memory: float) -> None:
        """Move the kept noise variances towards those of a batch, where it has the modality."""
        for name, observed in zip(self.names, batch.observed.any(0), strict=True):
            if bool(observed):
                self.noise[name].lerp_(noise[name], 1 - memory)

    def loss_terms(
        self,
        batch: Batch,
        posterior: DiagonalGaussian,
        decoded: dict[str, Tensor],
        log_outcomes: Float[Tensor, " C"],
        noise: Mapping[str, Tensor] | None = None,
        start: Float[Tensor, "batch C"] | None = None,
    ) -> ElboTerms:
        """The ELBO's terms for a batch that was encoded and decoded.

        An expert, once it has components, takes the place of its modality's reconstruction.
        ``noise`` takes the place of the kept noise variances where given; ``start`` is what the
        start of joint training says of the outcomes (see `elbo.start_likelihood`).
        """
        noise = self.noise if noise is None else noise
        experts = self.expert_likelihoods(batch)
        reconstruction = {
            name: gaussian_log_likelihood(
                batch.values[name], decoded[name], noise[name], batch.observed[:, column]
            )
            for column, name in enumerate(self.names)
            if name not in experts
        }
        return elbo_terms(reconstruction, posterior, self.components, log_outcomes, experts, start)

    def prototypes(self) -> dict[str, NDArray]:
        """Centre of every component in the data's units; where physics is known, its curve."""
        centres = self.decode_to_units(self.components.mean)
        for name, learned in self.experts.items():
            state, n_points = learned.state(), self.decoders[name].shape[0]
            centres[name] = learned.expert.curves(state.parameters, n_points).astype(np.float32)
        return centres

    @torch.no_grad()
    def decode_to_units(self, latent: Float[Tensor, "batch latent"]) -> dict[str, NDArray]:
        """Decode latents to arrays in the data's units, a few samples at a time."""
        n, largest = len(latent), max(prod(s.shape) for s in self.specs)
        arrays = {s.name: np.empty((n, *s.shape), dtype=np.float32) for s in self.specs}
        at_once = max(1, min(DECODED_AT_ONCE, READ_AT_ONCE // largest))
        for start in range(0, n, at_once):
            rows = slice(start, start + at_once)
            for name, values in self.generate(latent[rows]).items():
                arrays[name][rows] = self.scalings[name].undo(values).cpu().numpy()
        return arrays
