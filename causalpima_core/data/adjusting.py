"""Modalities changed before training: logarithms of values, smaller images, another scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from causalpima_core.data.images import reduced
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.data.scale import Scale
from causalpima_core.errors import DataError

LEAST_SIDE = 4


@dataclass(frozen=True)
class Adjustment:
    """What is done to one modality.

    Attributes:
        logarithm: values become their decimal logarithm, and their unit says so.
        largest_side: of an image; larger ones are reduced by a whole factor.
        scale: how training is to scale the values, which themselves stay as they are; None leaves
            it.
    """

    logarithm: bool = False
    largest_side: int | None = None
    scale: Scale | None = None


def adjusted(dataset: MultimodalDataset, changes: Mapping[str, Adjustment]) -> MultimodalDataset:
    """The dataset with some modalities changed.

    Raises:
        DataError: there is no such modality, or it cannot be changed so.
    """
    for name in changes:
        _ = dataset[name]  # says which there are
    modalities = tuple(
        _adjusted(m, changes[m.name]) if m.name in changes else m for m in dataset.modalities
    )
    return replace(dataset, modalities=modalities)


def _adjusted(modality: Modality, change: Adjustment) -> Modality:
    if change.largest_side is not None:
        if modality.kind is not Kind.IMAGE or change.largest_side < LEAST_SIDE:
            raise DataError(
                f"Modality '{modality.name}' cannot have a longest side of {change.largest_side} "
                f"pixels: expected images and at least {LEAST_SIDE}."
            )
        modality = replace(modality, values=reduced(modality.values[:], change.largest_side))
    if change.scale is not None:
        modality = replace(modality, scale=change.scale)
    return _logarithm(modality) if change.logarithm else modality


def _logarithm(modality: Modality) -> Modality:
    values = np.asarray(modality.values[:], dtype=np.float32)
    least = float(np.nanmin(values))
    if least <= 0:
        raise DataError(
            f"Modality '{modality.name}' has values down to {least:g}: a logarithm needs all of "
            "them above 0; shift them first, or leave it as it is."
        )
    unit = f"log10 {modality.unit}".strip()
    columns = tuple(f"log10 {column}" for column in modality.columns)
    return replace(modality, values=np.log10(values), unit=unit, columns=columns)
