"""Checkpoints: all that training needs to go on as if it had never stopped, in one safe file.

A safetensors file holds weights and optimiser state, its header the rest as JSON. Two are kept, so
that a damaged one costs an epoch and not the run.
"""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.optim import Optimizer

from causalpima_core.runs.store import replacing

KEPT = 2


def save_checkpoint(folder: Path, number: int, tensors: dict[str, Tensor], notes: dict) -> None:
    """Write a checkpoint atomically and drop all but the last `KEPT`.

    Args:
        folder: where checkpoints lie; must exist.
        number: epochs done; names the file.
        tensors: by name.
        notes: anything JSON can hold.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(folder / f"{number:06d}.safetensors") as file:
        file.write(save(plain, metadata={"notes": json.dumps(notes)}))
    for old in sorted(folder.glob("*.safetensors"))[:-KEPT]:
        old.unlink()


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict] | None:
    """The newest checkpoint that is whole, as (tensors, notes); None where there is none."""
    for path in sorted(folder.glob("*.safetensors"), reverse=True):
        try:
            return read_tensors(path)
        except (SafetensorError, json.JSONDecodeError, KeyError):
            continue  # damaged: the one before it is the last good one
    return None


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict]:
    """All tensors of a file and the notes in its header."""
    with safe_open(path, framework="pt") as stored:
        notes = json.loads(stored.metadata()["notes"])
        return {name: stored.get_tensor(name) for name in stored.keys()}, notes  # noqa: SIM118


def optimiser_tensors(prefix: str, optimiser: Optimizer) -> dict[str, Tensor]:
    """An optimiser's state under flat names."""
    return {
        f"{prefix}/{index}/{key}": value
        for index, state in optimiser.state_dict()["state"].items()
        for key, value in state.items()
    }


def restore_optimiser(prefix: str, optimiser: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` took."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(f"{prefix}/"):
            _, index, key = name.split("/")
            state.setdefault(int(index), {})[key] = tensor
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
