"""Which share of joint training is forward pass, backward pass and optimiser step, and the rest."""

from __future__ import annotations

import torch

from benchmarks.joint import KnownStart, train_jointly
from benchmarks.stopwatch import Stopwatch
from causalpima_core.elbo import ElboTerms
from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.model import CausalPima
from causalpima_core.prior import SufficientStatistics
from causalpima_core.samples import Samples
from causalpima_core.training import epochs, loop

OF_NETWORKS = ("forward", "backward", "optimiser step")
OF_GRAPH = "forward, backward and optimiser step of graph and tables"


def places(trainer: KnownStart) -> list[tuple[str, object, str]]:
    """Functions of the loop and the part each belongs to."""
    return [
        ("forward", CausalPima, "infer"),
        ("forward", DiagonalGaussian, "sample"),
        ("forward", CausalPima, "generate"),
        ("forward", CausalPima, "noise_of"),
        ("forward", CausalPima, "loss_terms"),
        ("forward", ElboTerms, "total"),
        ("backward", torch.Tensor, "backward"),
        ("optimiser step", trainer.network_optimiser, "step"),
        ("clipping of gradients", torch.nn.utils, "clip_grad_norm_"),
        ("check of the loss", epochs, "_check"),
        ("choice of samples", Samples, "__getitem__"),
        ("sums for the charts", epochs.EpochTotals, "add"),
        ("statistics of components", SufficientStatistics, "add"),
        ("statistics of components", SufficientStatistics, "maximise"),
        ("kept noise", CausalPima, "remember_noise"),
        (OF_GRAPH, loop, "ascend"),
        ("samples held out", loop, "evaluate"),
        ("snapshots", KnownStart, "snapshot"),
    ]


def shares_of_time(trainer: KnownStart) -> dict[str, float]:
    """Share of each part in the processor time of all joint training, largest first."""
    watch = Stopwatch()
    with watch.watching(places(trainer)):
        spent = train_jointly(trainer)
    return watch.shares(spent.cpu)


def beyond(shares: dict[str, float], *, graph: bool) -> float:
    """Share of everything but forward pass, backward pass and optimiser step of the networks.

    ``graph`` says whether those of graph and tables are among this rest.
    """
    essential = OF_NETWORKS if graph else (*OF_NETWORKS, OF_GRAPH)
    return 1 - sum(shares[part] for part in essential)
