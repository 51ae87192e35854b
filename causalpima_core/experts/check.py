"""Whether experts fit a dataset, said before anything is trained."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.errors import ConfigError
from causalpima_core.experts.curve_fit import find_starts
from causalpima_core.experts.expert import Expert
from causalpima_core.experts.spec import is_unit, parse_expert

_AXIS, _VALUE = re.compile(r";\s*t\s*="), re.compile(r";\s*value\s*\[")

UNEVEN = 0.05
"""Share of a step by which a point may lie off an even axis."""
LEAST_CURVES = 10
"""Samples with the curve, below which its formula cannot be learned."""


def completed(spec: str, modality: Modality) -> str:
    """An expert with axis and unit of its modality, where they are known and it does not say.

    Raises:
        ConfigError: the axis is known, but it is none that formulas can be made for.

    >>> curve = Modality("c", Kind.CURVE, np.eye(8, dtype=np.float32), unit="MPa")
    >>> completed("line; t=0:2", curve)
    'line; t=0:2; value [MPa]'
    """
    if modality.axis and not _AXIS.search(spec):
        given = axis_of(modality)
        if not given:
            raise ConfigError(
                f"Expert for '{modality.name}': its points do not lie evenly along a rising axis "
                f"(from {modality.axis[0]:g} to {modality.axis[-1]:g}), as a formula needs them: "
                "measure or interpolate them so, or say t=START:STOP yourself."
            )
        spec = f"{spec}; {given}"
    if modality.unit and is_unit(modality.unit) and not _VALUE.search(spec):
        spec = f"{spec}; value [{modality.unit}]"
    return spec


def completed_experts(experts: Mapping[str, str], dataset: MultimodalDataset) -> dict[str, str]:
    """All experts `completed`; those of unknown modalities as they are."""
    known = {m.name: m for m in dataset.modalities}
    return {n: completed(spec, known[n]) if n in known else spec for n, spec in experts.items()}


def axis_of(modality: Modality) -> str:
    """The axis of a curve as an expert states it; empty where it is unknown, uneven or falling.

    A file's rounding, by a twentieth of a step, does not make it uneven.
    """
    axis = np.asarray(modality.axis)
    if len(axis) < 2 or axis[0] >= axis[-1]:
        return ""
    even = np.linspace(axis[0], axis[-1], len(axis))
    if np.abs(axis - even).max() > UNEVEN * (axis[-1] - axis[0]) / (len(axis) - 1):
        return ""
    unit = f" [{modality.axis_unit}]" if modality.axis_unit and is_unit(modality.axis_unit) else ""
    return f"t={axis[0]:.10g}:{axis[-1]:.10g}{unit}"


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
    if len(seen) < LEAST_CURVES:
        raise ConfigError(
            f"Expert for '{modality.name}': expected at least {LEAST_CURVES} samples with that "
            f"curve, got {len(seen)}: leave its formula out."
        )
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
