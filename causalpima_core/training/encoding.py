"""Encoding any number of samples, in pieces, without gradients."""

from __future__ import annotations

import torch

from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.model import CausalPima, Inference
from causalpima_core.samples import Batch, Samples

ENCODED_AT_ONCE = 1024


@torch.no_grad()
def encode(model: CausalPima, batch: Batch | Samples) -> Inference:
    """`CausalPima.infer` for any number of samples, in pieces."""
    pieces = [model.infer(batch[rows]) for rows in batch.turns(ENCODED_AT_ONCE)]

    def whole(parts: list[DiagonalGaussian]) -> DiagonalGaussian:
        means, log_variances = [p.mean for p in parts], [p.log_variance for p in parts]
        return DiagonalGaussian(torch.cat(means), torch.cat(log_variances))

    single = {name: whole([p.single[name] for p in pieces]) for name in model.names}
    return Inference(whole([p.joint for p in pieces]), single)
