"""A run as the command, or the call in Python, that makes it."""

from __future__ import annotations

import shlex
from pathlib import Path

from causalpima_core.config import AUTO, ModelConfig, TrainingConfig


def command_line(data: Path, model: ModelConfig, training: TrainingConfig, out: Path) -> str:
    """The same run as a command to copy, quoted for a POSIX shell."""
    parts = ["python", "-m", "causalpima_core", "fit", str(data)]
    told = AUTO if model.from_data else ",".join(str(k) for k in model.states)
    parts += ["--states", told]
    parts += ["--preset", training.preset.value, "--seed", str(training.seed)]
    if model.latent_dim is not None:
        parts += ["--latent-dim", str(model.latent_dim)]
    for option, edges in (
        ("--forbid", model.knowledge.forbidden),
        ("--require", model.knowledge.required),
    ):
        for source, target in edges:
            parts += [option, f"{source}:{target}"]
    for tier in sorted(set(model.knowledge.tiers.values())):
        members = [name for name, t in model.knowledge.tiers.items() if t == tier]
        parts += ["--tier", f"{','.join(members)}:{tier}"]
    for modality, spec in model.experts.items():
        parts += ["--expert", f"{modality}={spec}"]
    for modality, scale in model.scales.items():
        parts += ["--scale", f"{modality}={scale}"]
    return shlex.join([*parts, "--out", str(out)])


def python_call(model: ModelConfig, training: TrainingConfig) -> str:
    """The same run in Python, of data that are in memory.

    >>> python_call(ModelConfig(states=(2, 3), latent_dim=4), TrainingConfig(seed=1))
    "causalpima_core.fit(dataset, (2, 3), seed=1, preset='standard', latent_dim=4)"
    """
    states = AUTO if model.from_data else model.states
    told = {"seed": training.seed, "preset": training.preset.value}
    told |= model.model_dump(mode="json", exclude_defaults=True, exclude={"states", "from_data"})
    options = ", ".join(f"{name}={value!r}" for name, value in told.items())
    return f"causalpima_core.fit(dataset, {states!r}, {options})"
