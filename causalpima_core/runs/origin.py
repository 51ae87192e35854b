"""The data that a run was made with, read again as long as they are the same."""

from __future__ import annotations

from pathlib import Path

from causalpima_core.config import DatasetReference
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import DataError

CHANGED = "The data file has changed since the run."
WERE_IN_MEMORY = "The run was made from data in memory."


def place_of(reference: DatasetReference) -> Path:
    """Where the data of a run are to be read from.

    Raises:
        DataError: nowhere, since they were in memory.
    """
    if reference.in_memory:  # an empty path would be the folder that the program runs in
        raise DataError(WERE_IN_MEMORY)
    return Path(reference.path)


def data_of_run(reference: DatasetReference) -> MultimodalDataset:
    """Read a run's data; all of them, since rows may have changed places.

    Raises:
        DataError: they were in memory, are gone or cannot be read, or are others than the run was
            made with.
    """
    dataset = load_dataset(place_of(reference))
    if dataset.fingerprint() != reference.sha256:
        raise DataError(CHANGED)
    return dataset
