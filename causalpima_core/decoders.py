"""Latent space back to one modality: the encoder's stages in reverse, cropped to the exact size."""

from __future__ import annotations

from math import prod

from jaxtyping import Float
from torch import Tensor, nn

from causalpima_core.data.multimodal import Kind
from causalpima_core.encoders import CHANNELS, HIDDEN, stage_sizes


class Crop(nn.Module):
    """Keep the first entries of every spatial axis: undoes the rounding up of strided layers."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        """Crop to ``sizes``."""
        super().__init__()
        self.sizes = sizes

    def forward(self, values: Tensor) -> Tensor:
        """``(batch, channels, *at least sizes)`` to ``(batch, channels, *sizes)``."""
        for axis, size in enumerate(self.sizes):
            values = values.narrow(axis + 2, 0, size)
        return values


class Decoder(nn.Module):
    """Mean of ``p(X_m|Z)`` in standardised units."""

    def __init__(self, kind: Kind, shape: tuple[int, ...], n_latent: int) -> None:
        """For samples of ``shape``, as the encoder of the same modality."""
        super().__init__()
        start = [nn.Linear(n_latent, HIDDEN), nn.SiLU()]
        if kind is Kind.TABLE:
            self.network = nn.Sequential(*start, nn.Linear(HIDDEN, prod(shape)))
        else:
            channels = 1 if kind is Kind.CURVE else shape[0]
            space = shape if kind is Kind.CURVE else shape[1:]
            self.network = nn.Sequential(*start, *_upwards(channels, space))
        self.shape = shape

    def forward(self, latent: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch ..."]:
        """Decode points of the latent space."""
        return self.network(latent).reshape(len(latent), *self.shape)


def _upwards(channels: int, space: tuple[int, ...]) -> list[nn.Module]:
    sizes = stage_sizes(space)
    widths = [channels, *CHANNELS[: len(sizes) - 1]]
    layers: list[nn.Module] = [
        nn.Linear(HIDDEN, widths[-1] * prod(sizes[-1])),
        nn.Unflatten(1, (widths[-1], *sizes[-1])),
    ]
    transposed = nn.ConvTranspose1d if len(space) == 1 else nn.ConvTranspose2d
    for stage in reversed(range(len(sizes) - 1)):
        up = transposed(widths[stage + 1], widths[stage], kernel_size=4, stride=2, padding=1)
        layers += [nn.SiLU(), up, Crop(sizes[stage])]
    return layers
