"""The dataset as a value object: several measurements of the same samples, checked once, here."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causalpima_core.data.naming import check_modality_name
from causalpima_core.data.overview import Overview, look_over
from causalpima_core.data.rounding import lost_by_rounding
from causalpima_core.data.scale import Scale
from causalpima_core.data.stored import StoredValues, Values, evenly, pieces, stays_as_it_is
from causalpima_core.errors import DataError

MAX_CHANNELS = 4
MIN_CURVE_POINTS = 8
SMOOTH_NEIGHBOURS = 0.5
"""Correlation of neighbouring columns from which a 2-D array counts as a curve."""
SMOOTH_LOOKED_AT = 5000
"""Samples that this is decided by, spread evenly, where there are many more."""


class Kind(StrEnum):
    """What an array of one modality is, which decides the network that reads it."""

    IMAGE = "image"
    CURVE = "curve"
    TABLE = "table"


@dataclass(frozen=True)
class Modality:
    """One kind of measurement of all samples.

    Attributes:
        name: as in the file; also the word used for it on every page.
        kind: image, curve or table.
        values: image ``(n, channels, height, width)``, curve ``(n, points)`` or table
            ``(n, columns)``; a row that is all NaN is a missing measurement. An array of float32,
            or `StoredValues` that give float32 where some samples are taken out.
        columns: names of a table's columns; empty otherwise.
        unit: of the values; empty where the file does not say.
        axis: where a curve's points are measured, one number each; empty where unknown.
        axis_unit: of ``axis``.
        channels: what each channel of an image is; empty where unknown.
        scale: how runs scale the values unless they are told otherwise.
        rounding: a sentence on what float32 does not hold of the numbers in the file; empty where
            it holds enough.

    Raises:
        DataError: where the array is not usable; the message names the modality.
    """

    name: str
    kind: Kind
    values: Values
    columns: tuple[str, ...] = ()
    unit: str = ""
    axis: tuple[float, ...] = ()
    axis_unit: str = ""
    channels: tuple[str, ...] = ()
    scale: Scale = Scale.STANDARD
    rounding: str = ""

    def __post_init__(self) -> None:
        """Reject what cannot be trained on, in the order a person would mend it."""
        name, values = self.name, self.values
        check_modality_name(name)
        if values.size == 0:
            raise DataError(
                f"Modality '{name}' is empty (shape {values.shape}): remove it or fill it."
            )
        if self.kind is Kind.TABLE and len(self.columns) not in (0, values.shape[1]):
            raise DataError(
                f"Modality '{name}' has {values.shape[1]} columns and {len(self.columns)} names "
                "for them: give each column one name, or none."
            )
        seen = self.overview
        if len(seen.infinite):
            raise DataError(
                f"Modality '{name}' has an infinite value in sample {seen.infinite[0]}: expected "
                "finite numbers; replace it, or make the whole row NaN if the measurement is "
                "missing."
            )
        if len(seen.partial):
            raise DataError(
                f"Modality '{name}' has NaN in part of sample {seen.partial[0]} "
                f"({len(seen.partial)} such samples): a missing measurement is a row that is "
                "NaN throughout; fill the gap, or make the whole row NaN."
            )
        if not seen.observed.any():
            raise DataError(f"Modality '{name}' is missing in every sample: remove it.")
        if seen.observed.sum() > 1 and seen.low == seen.high:
            raise DataError(
                self.rounding
                or f"Modality '{name}' is constant (always {seen.low:g}): it tells nothing about "
                "the samples; remove it."
            )

    @cached_property
    def overview(self) -> Overview:
        """What is there and how far it reaches, looked up once."""
        return look_over(self.values)

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Which samples have this measurement, shape ``(n,)``."""
        return self.overview.observed

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample's measurement."""
        return self.values.shape[1:]

    def describe(self) -> str:
        """In a few words: ``image 3 × 32 × 32``."""
        return f"{self.kind} {' × '.join(str(size) for size in self.shape)}"


@dataclass(frozen=True)
class MultimodalDataset:
    """Modalities of the same samples, their identifiers, and metadata nobody trains on.

    Attributes:
        modalities: at least one, all with the same number of samples.
        sample_id: one string per sample, shape ``(n,)``.
        metadata: one row per sample; for colouring, naming and scoring only.
        notes: sentences on how the files were read, such as samples that did not match.
    """

    modalities: tuple[Modality, ...]
    sample_id: NDArray[np.str_]
    metadata: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the modalities belong together."""
        if not self.modalities:
            raise DataError("Expected at least one modality to train on, got none.")
        double = [name for name, count in Counter(self.names).items() if count > 1]
        if double:
            raise DataError(f"Two modalities are called '{double[0]}': rename one of them.")
        counts = {m.name: len(m.values) for m in self.modalities}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{name} has {count}" for name, count in counts.items())
            raise DataError(
                f"All modalities must have the same number of samples, but {told}: "
                "give every sample one row in each, NaN throughout where it was not measured."
            )
        for what, count in (("sample_id", len(self.sample_id)), ("metadata", len(self.metadata))):
            if count != len(self):
                raise DataError(
                    f"{what} has {count} entries for {len(self)} samples: give one per sample."
                )
        nowhere = ~np.any([m.observed for m in self.modalities], axis=0)
        if nowhere.any():
            raise DataError(
                f"Sample {self.sample_id[nowhere][0]} has no measurement in any modality "
                f"({int(nowhere.sum())} such samples): remove it."
            )

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.modalities[0].values)

    def __getitem__(self, name: str) -> Modality:
        """The modality of that name; `DataError` where there is none."""
        for modality in self.modalities:
            if modality.name == name:
                return modality
        known = ", ".join(self.names)
        raise DataError(f"Unknown modality '{name}': this dataset has {known}.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the modalities, in order."""
        return tuple(m.name for m in self.modalities)

    def only(self, rows: Sequence[int], names: Sequence[str]) -> MultimodalDataset:
        """Some samples with some of their modalities, in the order of this dataset."""
        chosen = list(rows)
        kept = tuple(
            replace(m, values=m.values[chosen]) for m in self.modalities if m.name in names
        )
        return MultimodalDataset(kept, self.sample_id[chosen], self.metadata.iloc[chosen])

    def scales(self, chosen: Mapping[str, Scale]) -> dict[str, Scale]:
        """How a run scales its modalities: as chosen, else as stated with the data.

        Those that are standardised are left out, but for one of which the data state otherwise.

        Raises:
            DataError: a choice is made for a modality that is not there.
        """
        for name in chosen:
            _ = self[name]  # says which there are
        return {
            m.name: chosen.get(m.name, m.scale)
            for m in self.modalities
            if {m.scale, chosen.get(m.name, m.scale)} != {Scale.STANDARD}
        }

    def check_trainable(self) -> None:
        """Raise `DataError` for a single sample: it can be asked about, but not learned from."""
        if len(self) < 2:
            raise DataError(
                "Expected at least 2 samples, got 1: nothing varies in a single sample."
            )

    def fingerprint(self) -> str:
        """SHA-256 of all that is trained on: names, kinds, shapes and values as float32."""
        digest = hashlib.sha256()
        for m in self.modalities:
            digest.update(f"{m.name}|{m.kind}|{m.values.shape}|".encode())
            for _, piece in pieces(m.values):
                digest.update(np.ascontiguousarray(piece).data)
        return digest.hexdigest()


def of_arrays(
    arrays: dict[str, NDArray],
    sample_id: Sequence[str] | NDArray | None = None,
    metadata: pd.DataFrame | None = None,
) -> MultimodalDataset:
    """Make a dataset from plain arrays; the shape decides each one's kind.

    Args:
        arrays: name -> ``(n, p)`` table or curve, ``(n, h, w)``, ``(n, c, h, w)`` or
            ``(n, h, w, c)`` image; those of float32 are not copied.
        sample_id: one per sample; counted from 0 where not given.
        metadata: one row per sample.

    Raises:
        DataError: naming the array and what to do.
    """
    modalities = tuple(modality_of_array(name, array) for name, array in arrays.items())
    if not modalities:
        raise DataError("Expected at least one modality to train on, got none.")
    n = len(modalities[0].values)
    ids = np.arange(n) if sample_id is None else np.asarray(sample_id)
    table = pd.DataFrame(index=range(n)) if metadata is None else metadata.reset_index(drop=True)
    notes = tuple(m.rounding for m in modalities if m.rounding)
    return MultimodalDataset(modalities, ids.astype(str), table, notes)


def modality_of_array(name: str, array: NDArray, columns: tuple[str, ...] = ()) -> Modality:
    """Check one array and bring it to the layout of its kind (see `of_arrays`)."""
    check_numbers(name, array.dtype)
    if array.size == 0:
        raise DataError(f"Modality '{name}' is empty (shape {array.shape}): remove it or fill it.")
    stays, given = stays_as_it_is(array), array
    if not stays:
        with np.errstate(over="ignore"):
            array = array.astype(np.float32, copy=False)
    kind = Kind.IMAGE
    if array.ndim == 2:
        kind = Kind.TABLE if columns or not _is_smooth(array) else Kind.CURVE
    elif array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4:
        array = _channels_first(name, array, stays=stays)
    else:
        raise DataError(
            f"Modality '{name}' has shape {array.shape}: expected (samples, values) for a table or "
            "curve, (samples, height, width) or (samples, channels, height, width) for images."
        )
    rounding = lost_by_rounding(name, given, columns if kind is Kind.TABLE else None)
    values = StoredValues(array) if stays else array
    return Modality(name, kind, values, columns, rounding=rounding)


def check_numbers(name: str, dtype: np.dtype) -> None:
    """Raise `DataError` for anything but real numbers."""
    if dtype.kind not in "fiub":
        what = {"c": "complex numbers", "U": "text", "S": "text", "O": "Python objects"}
        raise DataError(
            f"Modality '{name}' holds {what.get(dtype.kind, str(dtype))}: expected "
            "real numbers; convert it, or keep it in a separate metadata column."
        )


def _channels_first(name: str, array: NDArray, *, stays: bool) -> NDArray:
    if array.shape[1] <= MAX_CHANNELS:
        return array
    if array.shape[-1] <= MAX_CHANNELS:
        moved = np.moveaxis(array, -1, 1)
        return moved if stays else np.ascontiguousarray(moved)
    raise DataError(
        f"Modality '{name}' has shape {array.shape}: images have 1 to {MAX_CHANNELS} channels, "
        "on the second or the last axis; choose channels or split them into modalities."
    )


def _is_smooth(array: NDArray) -> bool:
    """Whether neighbouring columns vary together, as points of one curve do."""
    values = evenly(StoredValues(array), SMOOTH_LOOKED_AT)
    rows = values[np.isfinite(values).all(1)].astype(np.float64)
    if values.shape[1] < MIN_CURVE_POINTS or len(rows) < 3:
        return False
    rows -= rows.mean(0)
    scale = np.sqrt((rows**2).mean(0))
    varying = rows[:, scale > 1e-6 * scale.max()] / scale[scale > 1e-6 * scale.max()]
    if varying.shape[1] < MIN_CURVE_POINTS:
        return False
    return float((varying[:, 1:] * varying[:, :-1]).mean()) > SMOOTH_NEIGHBOURS
