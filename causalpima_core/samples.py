"""Samples as the networks take them: standardised, a batch at a time, held in memory or read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from causalpima_core.data.stored import READ_AT_ONCE, StoredValues


@dataclass(frozen=True)
class Batch:
    """Standardised samples on the device they are computed on.

    Attributes:
        values: by modality, shape ``(batch, …)``; 0 where not observed.
        observed: shape ``(batch, modalities)``.
    """

    values: dict[str, Float[Tensor, "batch ..."]]
    observed: Bool[Tensor, "batch modalities"]

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.observed)

    def turns(self, most: int) -> Iterator[slice]:
        """All samples in order, ``most`` at a time."""
        return _turns(len(self), most)

    def __getitem__(self, rows: Tensor | slice) -> Batch:
        """Some of the samples."""
        chosen = {name: values[rows] for name, values in self.values.items()}
        return Batch(chosen, self.observed[rows])


@dataclass(frozen=True)
class Read:
    """A modality too large for memory: samples are read and standardised when they are asked for.

    Attributes:
        values: in the data's units.
        standardise: what the model makes of some of them, on its device.
    """

    values: StoredValues
    standardise: Callable[[Tensor], Tensor]

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples first."""
        return self.values.shape

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        """Some of the samples."""
        chosen = rows if isinstance(rows, slice) else rows.cpu().numpy()
        return self.standardise(torch.from_numpy(self.values[chosen]))


@dataclass(frozen=True)
class Samples:
    """All samples of a dataset, or some of them, of which batches are taken.

    Attributes:
        columns: by modality; of the whole dataset.
        observed: of these samples, shape ``(n, modalities)``.
        rows: where these samples are in the columns; None for all of them in order.
    """

    columns: dict[str, Tensor | Read]
    observed: Bool[Tensor, "n modalities"]
    rows: Int[Tensor, " n"] | None = None

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.observed)

    def __getitem__(self, rows: Tensor | slice) -> Batch:
        """Some of the samples, in memory."""
        return Batch({name: self.column(name, rows) for name in self.columns}, self.observed[rows])

    def column(self, name: str, rows: Tensor | slice = slice(None)) -> Float[Tensor, "batch ..."]:
        """One modality of some of the samples, in memory."""
        return self.columns[name][rows if self.rows is None else self.rows[rows]]

    def only(self, rows: Int[Tensor, " m"]) -> Samples:
        """Some of the samples, not yet read."""
        here = rows if self.rows is None else self.rows[rows]
        return Samples(self.columns, self.observed[rows], here)

    def is_read(self, name: str) -> bool:
        """Whether a modality is too large for memory."""
        return isinstance(self.columns[name], Read)

    def pieces(self, name: str) -> Iterator[slice]:
        """All samples in order, as many at a time as one modality of them fits into memory."""
        return _turns(len(self), self._at_once(name))

    def turns(self, most: int) -> Iterator[slice]:
        """All samples in order, ``most`` at a time, or fewer where these are large and read."""
        return _turns(len(self), min(most, *(self._at_once(name) for name in self.columns)))

    def _at_once(self, name: str) -> int:
        """How many samples of a modality may be in memory."""
        if self.is_read(name):
            return max(1, READ_AT_ONCE // prod(self.columns[name].shape[1:]))
        return max(1, len(self))


def _turns(n: int, at_once: int) -> Iterator[slice]:
    for start in range(0, n, at_once):
        yield slice(start, min(start + at_once, n))
