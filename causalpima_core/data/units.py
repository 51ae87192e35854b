"""Units, axes, channels and scales that a person states for data whose format cannot hold them.

They lie beside the data, in ``STEM.units.json``, also within a folder or archive. The values
stay as they are; how they are scaled counts for runs that are begun afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError

from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.data.scale import Scale
from causalpima_core.data.sources import Source
from causalpima_core.errors import DataError
from causalpima_core.runs.files import replacing

SUFFIX = ".units.json"
MAX_BYTES = 2**20
Word = Annotated[str, Field(max_length=40)]


class Description(BaseModel):
    """What is known of one modality besides its values; empty where nothing is.

    Attributes:
        unit: of the values.
        axis: of a curve: the first and the last point of an even axis, or every point.
        axis_unit: of the axis.
        channels: what each channel of an image is.
        scale: how runs scale the values unless they are told otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Word = ""
    axis: tuple[FiniteFloat, ...] = ()
    axis_unit: Word = ""
    channels: tuple[Word, ...] = ()
    scale: Scale | None = None


Descriptions = dict[str, Description]
"""By modality."""

_FILE = TypeAdapter(Descriptions)


def described(dataset: MultimodalDataset, path: Path) -> MultimodalDataset:
    """The dataset with what the file beside it says of its modalities.

    Args:
        dataset: as it was read.
        path: where it was read from.

    Raises:
        DataError: that file is not understood, or does not fit the data.
    """
    return replace(dataset, modalities=with_descriptions(dataset.modalities, descriptions(path)))


def with_descriptions(modalities: Sequence[Modality], known: Descriptions) -> tuple[Modality, ...]:
    """The modalities with what is known of them; `DataError` where it does not fit one."""
    return tuple(_with(m, known[m.name]) if m.name in known else m for m in modalities)


def descriptions(path: Path) -> Descriptions:
    """What is stated for the data in ``path``, by modality."""
    beside = path.with_suffix(SUFFIX)
    return descriptions_in(Source.of_file(beside)) if beside.is_file() else {}


def descriptions_in(source: Source) -> Descriptions:
    """What a file states, by modality; `DataError` where it is not understood."""
    try:
        if source.size > MAX_BYTES:
            raise ValueError("too long")
        with source.open() as file:
            return _FILE.validate_json(file.read())
    except (ValidationError, ValueError) as error:
        raise DataError(
            f"'{source.told}' is not understood: expected "
            '{"MODALITY": {"unit": "MPa", "axis": [0, 0.03], "axis_unit": "", "channels": [], '
            '"scale": "min-max"}}; '
            "correct or remove it."
        ) from error


def describe(path: Path, modality: Modality, description: Description) -> None:
    """State something of one modality of the data in ``path``.

    Raises:
        DataError: it does not fit the modality; nothing is written.
    """
    _with(modality, description)
    known = descriptions(path) | {modality.name: description}
    content = {
        name: told.model_dump(mode="json", exclude_defaults=True) for name, told in known.items()
    }
    with replacing(path.with_suffix(SUFFIX)) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=1).encode())


def _with(modality: Modality, told: Description) -> Modality:
    axis: tuple[float, ...] = told.axis
    if axis and modality.kind is not Kind.CURVE:
        raise DataError(f"Modality '{modality.name}' is no curve: expected no axis for it.")
    points = modality.shape[-1]
    if len(axis) == 2:
        axis = tuple(np.linspace(axis[0], axis[1], points).tolist())
    if axis and (len(axis) != points or len(set(axis)) == 1):
        raise DataError(
            f"The axis of '{modality.name}' has {len(axis)} points, or none apart: expected its "
            f"first and last value, or {points} values."
        )
    channels = told.channels
    if channels and (modality.kind is not Kind.IMAGE or len(channels) != modality.shape[0]):
        n = modality.shape[0] if modality.kind is Kind.IMAGE else 0
        raise DataError(
            f"Modality '{modality.name}' has {n} channels, not {len(channels)}: name each once."
        )
    return replace(
        modality,
        unit=told.unit or modality.unit,
        axis=axis or modality.axis,
        axis_unit=told.axis_unit or modality.axis_unit,
        channels=channels or modality.channels,
        scale=told.scale or modality.scale,
    )
