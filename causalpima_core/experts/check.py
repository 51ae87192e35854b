"""Whether experts fit a dataset, said before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.errors import ConfigError
from causalpima_core.experts.curve_fit import find_starts
from causalpima_core.experts.expert import Expert
from causalpima_core.experts.spec import parse_expert

LOOKED_AT = 20_000
"""Curves whose mean a formula is tried on."""


def check_experts(experts: Mapping[str, str], dataset: MultimodalDataset) -> None:
    """Raise `ConfigError` where an expert is not one for the modality it is given to."""
    for name, spec in experts.items():
        if name not in dataset.names:
            raise ConfigError(
                f"Expert for '{name}': there is no such modality, only {', '.join(dataset.names)}."
            )
        check_expert(parse_expert(spec), dataset[name])


def check_expert(expert: Expert, modality: Modality) -> None:
    """Raise `ConfigError` unless the modality holds curves the formula can be fitted to."""
    if modality.kind is not Kind.CURVE:
        raise ConfigError(
            f"Expert for '{modality.name}': expected a curve, but it is read as {modality.kind} "
            f"({modality.describe()}); a formula in t is for curves alone."
        )
    n_points, k = modality.shape[0], len(expert.names)
    if n_points <= k:
        raise ConfigError(
            f"Expert for '{modality.name}': its formula has {k} parameters but curves have only "
            f"{n_points} points: use a formula with fewer parameters."
        )
    seen = np.flatnonzero(modality.observed)
    looked_at = seen[:: max(1, len(seen) // LOOKED_AT)]
    mean = modality.values[looked_at].mean(0, dtype=np.float64)
    start = find_starts(expert, mean[None], np.random.default_rng(0))
    defined = np.isfinite(expert.curves(start, n_points)[0])
    if not defined.all():
        t = expert.axis(n_points)[~defined][0]
        raise ConfigError(
            f"Expert for '{modality.name}': the formula '{expert.formula}' is undefined at "
            f"t = {t:g}: give t another range, for example t=1:10, or bounds to its parameters."
        )
