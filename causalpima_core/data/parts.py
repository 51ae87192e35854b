"""What one file gives, and several such parts put together by the names of their samples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causalpima_core.data.multimodal import Modality, MultimodalDataset
from causalpima_core.data.sources import shown
from causalpima_core.data.stored import StoredValues
from causalpima_core.errors import DataError

NAMED_SAMPLES = 3
"""Samples that a note names before it says how many there are."""


_WHOLE = re.compile(r"-?\d+\.0")


@dataclass(frozen=True)
class Part:
    """Measurements and metadata of some samples.

    Attributes:
        origin: the file, as messages call it.
        n: how many samples.
        modalities: each with ``n`` rows; may be none.
        sample_id: one text per sample, or None where the file does not name them.
        metadata: ``n`` rows.
        decides: whether the samples of the whole are those of this part, as in a manifest.
        notes: what a person should know of how the file was read.
    """

    origin: str
    n: int
    modalities: tuple[Modality, ...] = ()
    sample_id: NDArray[np.str_] | None = None
    metadata: pd.DataFrame = field(default_factory=pd.DataFrame)
    decides: bool = False
    notes: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """The notes, and what is lost of numbers by rounding."""
        return (*self.notes, *(m.rounding for m in self.modalities if m.rounding))


def dataset_of(part: Part) -> MultimodalDataset:
    """One part as a whole dataset, its rows untouched.

    Raises:
        DataError: it has no measurements, or names a sample twice.
    """
    if not part.modalities:
        raise DataError(
            f"'{part.origin}' holds metadata only: expected measurements to train on; give them in "
            "the same archive, folder or upload."
        )
    if part.sample_id is not None:
        check_once(part.sample_id, part.origin)
    ids = np.arange(part.n).astype(str) if part.sample_id is None else part.sample_id
    metadata = part.metadata if len(part.metadata) else pd.DataFrame(index=range(part.n))
    return MultimodalDataset(part.modalities, ids, metadata, part.told)


def check_once(sample_id: NDArray[np.str_], origin: str) -> None:
    """Raise `DataError` where a sample is named twice in one file."""
    names, counts = np.unique(sample_id, return_counts=True)
    if (counts > 1).any():
        times = "twice" if counts.max() == 2 else f"{counts.max()} times"
        raise DataError(
            f"Sample '{shown(str(names[counts.argmax()]))}' occurs {times} in '{origin}': expected "
            "every sample_id once; remove or rename the others."
        )


def taken_in_order(origin: str, first: str, samples: NDArray[np.str_]) -> str:
    """What is noted of a file that does not name its samples, with those that it is given."""
    return (
        f"The samples of '{origin}' have no names and are taken in the order of '{first}' "
        f"({ends(samples)})."
    )


def ends(samples: NDArray[np.str_]) -> str:
    """The first few names and the last, which show the order of all.

    >>> ends(np.array(["a", "b", "c", "d", "e"]))
    'a, b, c, …, e'
    """
    told: list[str] = samples.tolist()
    if len(told) > NAMED_SAMPLES + 1:
        told = [*told[:NAMED_SAMPLES], "…", told[-1]]
    return ", ".join(map(shown, told))


def together(parts: Sequence[Part]) -> MultimodalDataset:
    """Parts of the same samples as one dataset.

    Samples are matched by their names. A part that does not name them counts in the order of the
    first part that does, and must be as long. What has no counterpart is noted.

    Raises:
        DataError: parts cannot be matched, or two give the same modality.
    """
    _check_modalities(parts)
    if all(part.sample_id is None for part in parts):
        _check_counts(parts)
        samples = np.arange(parts[0].n).astype(str)
        return _joined(_noted(parts, samples), samples)
    parts = _written_alike(parts)
    named = [_named(part, parts) for part in parts]
    return _joined(named, _all_samples(named))


def _noted(parts: Sequence[Part], samples: NDArray[np.str_]) -> list[Part]:
    """Parts without names, those of metadata with a note on whose order they are taken in."""
    first = next(part for part in parts if part.modalities)
    return [
        part
        if part.modalities
        else replace(part, notes=(*part.notes, taken_in_order(part.origin, first.origin, samples)))
        for part in parts
    ]


def written_alike(names: NDArray[np.str_], known: set[str]) -> NDArray[np.str_]:
    """Names in which a number such as ``3.0`` is ``3`` where others call the sample so.

    >>> written_alike(np.array(["3.0", "4.0"]), {"3", "4.0"}).tolist()
    ['3', '4.0']
    """
    whole = {str(n): str(n).removesuffix(".0") for n in names if _WHOLE.fullmatch(str(n))}
    other = (set(whole.values()) & known) - set(names.tolist())
    return np.array(
        [whole[n] if whole.get(n) in other else n for n in names.tolist()], dtype=np.str_
    )


def _written_alike(parts: Sequence[Part]) -> list[Part]:
    known = {n for part in parts if part.sample_id is not None for n in part.sample_id.tolist()}
    return [
        part
        if part.sample_id is None
        else replace(part, sample_id=written_alike(part.sample_id, known))
        for part in parts
    ]


def _check_modalities(parts: Sequence[Part]) -> None:
    origins: dict[str, str] = {}
    for part in parts:
        for modality in part.modalities:
            if modality.name in origins:
                raise DataError(
                    f"'{origins[modality.name]}' and '{part.origin}' both hold a modality "
                    f"'{modality.name}': rename one of them."
                )
            origins[modality.name] = part.origin
    if not origins:
        raise DataError(
            f"Expected measurements to train on, got metadata only ({parts[0].origin}): add at "
            "least one modality."
        )


def _check_counts(parts: Sequence[Part]) -> None:
    if len({part.n for part in parts}) > 1:
        told = ", ".join(f"'{part.origin}' has {part.n}" for part in parts)
        raise DataError(
            f"The files have different numbers of samples ({told}): give each the same samples in "
            "the same order, or a 'sample_id' that names them."
        )


def _named(part: Part, parts: Sequence[Part]) -> Part:
    """The part with names of samples, each once: its own, or those of the first that has them.

    Metadata may name them by their numbers, which are then their names.
    """
    if part.sample_id is not None:
        check_once(part.sample_id, part.origin)
        return part
    naming = [(p, p.sample_id) for p in parts if p.sample_id is not None]
    first, samples = next((one for one in naming if one[0].decides), naming[0])
    if part.n != first.n:
        raise DataError(
            f"'{part.origin}' has {part.n} samples without names, '{first.origin}' has {first.n}: "
            "expected the same samples in the same order; give it a 'sample_id' for each."
        )
    numbers = np.arange(part.n).astype(str)
    if not (first.modalities or first.decides) and set(samples) == set(numbers):
        return replace(part, sample_id=numbers)
    note = taken_in_order(part.origin, first.origin, samples)
    return replace(part, sample_id=samples, notes=(*part.notes, note))


def _all_samples(parts: Sequence[Part]) -> NDArray[np.str_]:
    """Those of the part that decides; else of all parts with measurements, as they first occur."""
    deciding = [part for part in parts if part.decides]
    giving = deciding or [part for part in parts if part.modalities]
    names = [part.sample_id for part in giving if part.sample_id is not None]
    return np.array(list(dict.fromkeys(np.concatenate(names).tolist())), dtype=np.str_)


def _joined(parts: Sequence[Part], samples: NDArray[np.str_]) -> MultimodalDataset:
    modalities: list[Modality] = []
    metadata = pd.DataFrame(index=range(len(samples)))
    notes: list[str] = []
    for part in parts:
        rows = _rows_of(part, samples)
        notes += [*part.told, *_unmatched(part, samples, rows)]
        for modality in part.modalities:
            if (rows >= 0).any():
                modalities.append(_taken(modality, rows))
            else:
                notes.append(f"'{modality.name}' is left out: none of its samples is wanted.")
        columns = part.metadata.drop(columns=metadata.columns, errors="ignore")
        if len(columns.columns):
            taken = columns.reset_index(drop=True).reindex(rows).set_axis(metadata.index)
            metadata = metadata.join(taken)
    return MultimodalDataset(tuple(modalities), samples, metadata, tuple(notes))


def _rows_of(part: Part, samples: NDArray[np.str_]) -> NDArray[np.int64]:
    """Where each sample is in the part; -1 where it is not."""
    if part.sample_id is None:
        return np.arange(part.n)
    return pd.Index(part.sample_id).get_indexer(pd.Index(samples))


def _taken(modality: Modality, rows: NDArray[np.int64]) -> Modality:
    """These rows of a modality, NaN where there is none."""
    if np.array_equal(rows, np.arange(len(modality.values))):
        return modality
    if isinstance(modality.values, StoredValues):
        return replace(modality, values=modality.values.taken(rows))
    values = modality.values[rows]
    if (rows < 0).any():
        values = values.astype(np.float32)
        values[rows < 0] = np.nan
    return replace(modality, values=values)


def _unmatched(part: Part, samples: NDArray[np.str_], rows: NDArray[np.int64]) -> list[str]:
    notes = []
    lacking = samples[rows < 0]
    if len(lacking):
        what = "measurements" if part.modalities else "metadata"
        notes.append(f"'{part.origin}' has no {what} of {_some(lacking)}.")
    if part.sample_id is not None:
        unused = part.sample_id[~np.isin(part.sample_id, samples)]
        if len(unused):
            notes.append(f"{_some(unused)} of '{part.origin}' occur nowhere else and are left out.")
    return notes


def _some(samples: NDArray[np.str_]) -> str:
    """A few names and how many there are.

    >>> _some(np.array(["a", "b", "c", "d"]))
    '4 samples (a, b, c, …)'
    """
    told = ", ".join(shown(str(s)) for s in samples[:NAMED_SAMPLES])
    more = ", …" if len(samples) > NAMED_SAMPLES else ""
    return f"{len(samples)} sample{'s' if len(samples) > 1 else ''} ({told}{more})"
