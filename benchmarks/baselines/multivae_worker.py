"""Train MultiVae's MVAE on an .npz and write its latents to another; runs without our environment.

Started by `benchmarks.baselines.multivae`. Of this project it imports the networks alone, so that
the comparison is one of methods and not of architectures.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from multivae.data.datasets import IncompleteDataset, MultimodalBaseDataset
from multivae.models import MVAE, MVAEConfig
from multivae.models.base import BaseDecoder, BaseEncoder, ModelOutput
from multivae.trainers import BaseTrainer, BaseTrainerConfig

from causalpima_core.data.multimodal import Kind
from causalpima_core.decoders import Decoder
from causalpima_core.encoders import Encoder

LEARNING_RATE = 1e-3


class OurEncoder(BaseEncoder):
    """This project's encoder as MultiVae wants it."""

    def __init__(self, kind: Kind, shape: tuple[int, ...], latent_dim: int) -> None:
        """For samples of ``shape``."""
        super().__init__()
        self.latent_dim = latent_dim
        self.network = Encoder(kind, shape, latent_dim)

    def forward(self, x: torch.Tensor) -> ModelOutput:
        """Mean and log-variance."""
        q = self.network(x)
        # MultiVae writes into what it is given where a modality is missing.
        return ModelOutput(embedding=q.mean, log_covariance=q.log_variance.clone())


class OurDecoder(BaseDecoder):
    """This project's decoder as MultiVae wants it."""

    def __init__(self, kind: Kind, shape: tuple[int, ...], latent_dim: int) -> None:
        """For samples of ``shape``."""
        super().__init__()
        self.latent_dim = latent_dim
        self.network = Decoder(kind, shape, latent_dim)

    def forward(self, z: torch.Tensor) -> ModelOutput:
        """Mean of the reconstruction."""
        return ModelOutput(reconstruction=self.network(z))


def read(path: Path) -> tuple[dict, dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """What was told, the values and whether they were observed, by modality."""
    with np.load(path, allow_pickle=False) as file:
        told = json.loads(str(file["told"]))
        values = {name: torch.from_numpy(file[f"values/{name}"]) for name in told["kinds"]}
        observed = {name: torch.from_numpy(file[f"observed/{name}"]) for name in told["kinds"]}
    return told, values, observed


def make_model(told: dict, values: dict[str, torch.Tensor], *, subsampling: bool) -> MVAE:
    """MVAE over these modalities, the small ones weighted up as the package offers.

    ``subsampling`` adds the ELBO of every modality alone to that of all together, as its authors
    advise for complete data of several modalities.
    """
    shapes = {name: tuple(v.shape[1:]) for name, v in values.items()}
    size = told["latent_dim"]
    config = MVAEConfig(
        n_modalities=len(shapes),
        latent_dim=size,
        input_dims=shapes,
        # the package fails on the weights of a single modality
        uses_likelihood_rescaling=len(shapes) > 1,
        use_subsampling=subsampling,
    )
    kinds = {name: Kind(kind) for name, kind in told["kinds"].items()}
    return MVAE(
        config,
        encoders={name: OurEncoder(kinds[name], s, size) for name, s in shapes.items()},
        decoders={name: OurDecoder(kinds[name], s, size) for name, s in shapes.items()},
    )


def main(data: Path, out: Path) -> None:
    """Train, encode every sample from all it has, write the posterior means."""
    torch.set_num_threads(1)
    told, values, observed = read(data)
    torch.manual_seed(told["seed"])
    complete = all(bool(seen.all()) for seen in observed.values())
    dataset = MultimodalBaseDataset(values) if complete else IncompleteDataset(values, observed)
    model = make_model(told, values, subsampling=complete and len(values) > 1)
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=told["epochs"],
            per_device_train_batch_size=told["batch_size"],
            learning_rate=LEARNING_RATE,
            seed=told["seed"],
            no_cuda=True,
        )
        BaseTrainer(model, train_dataset=dataset, training_config=config).train()
    model.eval()
    with torch.no_grad():
        # the package's `encode` refuses samples that lack a modality; this, beneath it, does not
        latents, _ = model.compute_mu_log_var_subset(dataset, list(values))
    np.savez(out, latents=latents.numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
