"""One modality to a Gaussian in the latent space: convolutional, or dense for tables."""

from __future__ import annotations

from math import prod

from jaxtyping import Float
from torch import Tensor, nn

from causalpima_core.data.multimodal import Kind
from causalpima_core.gaussians import DiagonalGaussian

CHANNELS = (8, 16, 32, 64, 64, 64, 64, 64)
HIDDEN = 128
LOG_VARIANCE_RANGE = (-14.0, 8.0)
SMALLEST_SIDE = 4


def halvings(side: int) -> list[int]:
    """Sizes of one side under strided convolutions, from ``side`` down to `SMALLEST_SIDE`.

    >>> halvings(30)
    [30, 15, 8, 4]
    """
    sizes = [side]
    while sizes[-1] > SMALLEST_SIDE and len(sizes) <= len(CHANNELS):
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


def stage_sizes(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Spatial sizes before and after every stage; the longest side decides their number.

    >>> stage_sizes((8, 6))
    [(8, 6), (4, 3)]
    """
    n_stages = len(halvings(max(shape)))
    sizes = [shape]
    while len(sizes) < n_stages:
        sizes.append(tuple((side + 1) // 2 for side in sizes[-1]))
    return sizes


class Encoder(nn.Module):
    """``q(Z|X_m)``: a network whose last layer gives means and log-variances."""

    def __init__(self, kind: Kind, shape: tuple[int, ...], n_latent: int) -> None:
        """For samples of ``shape`` (image ``(c, h, w)``, curve ``(p,)``, table ``(k,)``)."""
        super().__init__()
        body, size = _body(kind, shape)
        dense, head = nn.Linear(size, HIDDEN), nn.Linear(HIDDEN, 2 * n_latent)
        # Without the norm, an encoder that says "unknown" of all samples no longer gets gradients,
        # drifts to means in the millions, and one sample that it is sure of ends the training.
        norm = nn.LayerNorm(HIDDEN)
        self.network = nn.Sequential(*body, nn.Flatten(), dense, nn.SiLU(), norm, head)

    def forward(self, values: Float[Tensor, "batch ..."]) -> DiagonalGaussian:
        """Encode standardised values."""
        mean, log_variance = self.network(values).chunk(2, dim=-1)
        return DiagonalGaussian(mean, log_variance.clamp(*LOG_VARIANCE_RANGE))


def _body(kind: Kind, shape: tuple[int, ...]) -> tuple[list[nn.Module], int]:
    """Layers before the last two, and the size of what they give."""
    if kind is Kind.TABLE:
        return [nn.Linear(prod(shape), HIDDEN), nn.SiLU()], HIDDEN
    if kind is Kind.CURVE:
        shape = (1, *shape)
    layers: list[nn.Module] = [nn.Unflatten(1, (1, -1))] if kind is Kind.CURVE else []
    convolution = nn.Conv1d if kind is Kind.CURVE else nn.Conv2d
    sizes, channels = stage_sizes(shape[1:]), shape[0]
    for width in CHANNELS[: len(sizes) - 1]:
        layers += [convolution(channels, width, kernel_size=3, stride=2, padding=1), nn.SiLU()]
        channels = width
    return layers, channels * prod(sizes[-1])
