"""Checkpoints: all that training needs to go on as if it had never stopped, in one safe file.

A safetensors file holds weights and optimiser state, its header the rest as JSON and a checksum,
which the format lacks. Two are kept, so that a damaged one costs an epoch and not the run.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, uint8
from torch.optim import Optimizer

from causalpima_core.errors import DamagedError
from causalpima_core.runs.files import replacing

KEPT = 2

Stored = tuple[dict[str, Tensor], dict]


@dataclass(frozen=True)
class LastCheckpoint:
    """What there is to go on from.

    Attributes:
        stored: tensors and notes of the newest checkpoint that is whole; None where there is none.
        damaged: names of the newer ones that are not.
    """

    stored: Stored | None
    damaged: tuple[str, ...]


def save_checkpoint(folder: Path, number: int, tensors: dict[str, Tensor], notes: dict) -> None:
    """Write a checkpoint atomically and drop all but the last `KEPT`.

    Args:
        folder: where checkpoints lie; must exist.
        number: epochs done; names the file.
        tensors: by name.
        notes: anything JSON can hold.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {"notes": json.dumps(notes), "crc32": _checksum(plain)}
    with replacing(folder / f"{number:06d}.safetensors") as file:
        file.write(save(plain, metadata=header))
    for old in sorted(folder.glob("[0-9]*.safetensors"))[:-KEPT]:
        old.unlink()


def last_checkpoint(folder: Path) -> LastCheckpoint:
    """The newest checkpoint that is whole, and what had to be left out for it."""
    damaged: list[str] = []
    for path in sorted(folder.glob("[0-9]*.safetensors"), reverse=True):
        try:
            return LastCheckpoint(read_tensors(path), tuple(damaged))
        except DamagedError:
            damaged.append(path.stem)
    return LastCheckpoint(None, tuple(damaged))


def read_tensors(path: Path) -> Stored:
    """All tensors of a file and the notes in its header.

    Raises:
        DamagedError: it is not what `save_checkpoint` wrote.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            header = stored.metadata()
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
            notes = json.loads(header["notes"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"Checkpoint '{path.name}' cannot be read ({error}).") from error
    if "crc32" in header and header["crc32"] != _checksum(tensors):  # earlier versions had none
        raise DamagedError(f"Checkpoint '{path.name}' is not as it was written.")
    return tensors, notes


def _checksum(tensors: dict[str, Tensor]) -> str:
    """CRC-32 of names and bytes; some 2 ms for a checkpoint of a few MB."""
    value = 0
    for name in sorted(tensors):
        content = tensors[name].reshape(-1).view(uint8).numpy() if tensors[name].numel() else b""
        value = zlib.crc32(content, zlib.crc32(name.encode(), value))
    return f"{value:08x}"


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
