"""Measurements brought to one scale for the networks, and decoded values back to data units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from causalpima_core.data.multimodal import Kind, Modality
from causalpima_core.data.scale import Scale
from causalpima_core.errors import DataError
from causalpima_core.experts.components import Units

ROUNDING = 1e-9
"""A spread that is smaller than this share of the mean is none."""
SCALED_AT_ONCE = 1000
"""Samples read at a time: large data would not fit into memory twice."""


@dataclass(frozen=True)
class ModalitySpec:
    """What the networks must know of a modality.

    Attributes:
        name: of the modality.
        kind: decides the network.
        shape: of one sample.
        columns: names of a table's columns; empty where they have none.
        unit: of the values; empty where unknown.
        axis: where a curve's first and last point are measured; empty where unknown.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    columns: tuple[str, ...] = ()
    unit: str = ""
    axis: tuple[float, ...] = ()

    @classmethod
    def of(cls, modality: Modality) -> ModalitySpec:
        """The spec of a dataset's modality."""
        return cls(
            name=modality.name,
            kind=modality.kind,
            shape=modality.shape,
            columns=modality.columns,
            unit=modality.unit,
            axis=(modality.axis[0], modality.axis[-1]) if modality.axis else (),
        )

    def check(self, modality: Modality) -> None:
        """Refuse what networks made for this spec would misread.

        Raises:
            DataError: it has another shape, or its columns other names or another order.
        """
        if modality.shape != self.shape:
            raise DataError(
                f"Modality '{self.name}' has shape {modality.shape} per sample, but the model "
                f"was trained on {self.shape}."
            )
        pairs = zip(modality.columns, self.columns, strict=False)  # none where they have no names
        differing = [(got, expected) for got, expected in pairs if got != expected]
        if differing:
            got, expected = differing[0]
            raise DataError(
                f"Table '{self.name}' has the column '{got}' where the model was trained on "
                f"'{expected}': give the columns the names and the order that it was trained on."
            )

    def differences(self, modality: Modality) -> list[str]:
        """What is stated of a modality and was stated otherwise in training, in words.

        Nothing is converted: a statement may since have been put right, the values being the same.
        """
        told = []
        here = ModalitySpec.of(modality)
        if here.unit and self.unit and here.unit != self.unit:
            told.append(
                f"'{self.name}' is in {here.unit} here and was in {self.unit} in training: "
                "the numbers are taken as they stand."
            )
        if here.axis and self.axis and not np.allclose(here.axis, self.axis, rtol=1e-6, atol=0):
            ends = [f"from {a[0]:g} to {a[-1]:g}" for a in (here.axis, self.axis)]
            told.append(
                f"Curve '{self.name}' runs {ends[0]} here and ran {ends[1]} in training: "
                "it is taken point by point."
            )
        return told


class Scaling(nn.Module):
    """What scales a modality, kept with the weights so that data units come back.

    Attributes:
        centre: in data units; scaled it is 0.
        scale: in data units; infinite for a column that was constant, which then says nothing.
        middle: mean of the scaled values, known only where they were fitted.
    """

    centre: Tensor
    scale: Tensor
    middle: Tensor

    def __init__(self, spec: ModalitySpec) -> None:
        """Not yet fitted: leaves values as they are."""
        super().__init__()
        centre = (spec.shape[0], 1, 1) if spec.kind is Kind.IMAGE else spec.shape
        scale = spec.shape if spec.kind is Kind.TABLE else ()
        self.register_buffer("centre", torch.zeros(centre))
        self.register_buffer("scale", torch.ones(scale))
        self.register_buffer("middle", torch.zeros(centre), persistent=False)

    def fit(self, modality: Modality, by: Scale = Scale.STANDARD) -> None:
        """Columns of a table are scaled one by one; images and curves as a whole."""
        mean, deviation = _moments(modality)
        centre, scale = (mean, deviation) if by is Scale.STANDARD else _reach(modality)
        # No network learns what a constant column says; what is small in its unit alone is none.
        table = modality.kind is Kind.TABLE
        size = np.abs(mean) if table else np.abs(mean).max()
        scale = np.where(scale > ROUNDING * size, scale, np.inf if table else 1.0)
        self.centre.copy_(torch.from_numpy(np.asarray(centre)))
        self.scale.copy_(torch.from_numpy(scale))
        self.middle.copy_(torch.from_numpy((mean - centre) / scale))

    def forward(self, values: Tensor) -> Tensor:
        """Data units to scaled values."""
        return (values - self.centre) / self.scale

    def undo(self, values: Tensor) -> Tensor:
        """Scaled values to data units."""
        return values * self.scale.where(self.scale.isfinite(), 0.0) + self.centre

    def no_longer_constant(self, modality: Modality) -> list[int]:
        """Columns of a table that were constant in training and have another value now."""
        columns = np.flatnonzero(np.isinf(self.scale.cpu().numpy()))
        seen, centre = modality.values[modality.observed], self.centre.cpu().numpy()
        return [int(c) for c in columns if (seen[:, c] != centre[c]).any()]

    def units(self) -> Units:
        """The same, for the curves of an expert."""
        centre = np.asarray(self.centre.cpu(), dtype=np.float64)
        return Units(centre, float(self.scale))


def _moments(modality: Modality) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation (see `Scale`)."""
    n = modality.observed.sum()
    centre = np.sum([piece.sum(0) for piece in _observed(modality)], axis=0) / n
    if modality.kind is Kind.IMAGE:
        centre = centre.mean((1, 2), keepdims=True)
    spread = np.sum([((p - centre) ** 2).sum(0) for p in _observed(modality)], axis=0) / n
    deviation = np.sqrt(spread if modality.kind is Kind.TABLE else spread.mean())
    return centre, np.asarray(deviation)


def _reach(modality: Modality) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least value and distance of the greatest from it (see `Scale`)."""
    axis = 0 if modality.kind is Kind.TABLE else None
    ends = [(piece.min(axis), piece.max(axis)) for piece in _observed(modality)]
    low = np.asarray(np.min([least for least, _ in ends], axis=0))
    return low, np.asarray(np.max([most for _, most in ends], axis=0) - low)


def _observed(modality: Modality) -> Iterator[NDArray[np.float64]]:
    """Measurements that are there, piece by piece."""
    rows = np.flatnonzero(modality.observed)
    for part in np.array_split(rows, -(-len(rows) // SCALED_AT_ONCE)):
        yield modality.values[part].astype(np.float64)
