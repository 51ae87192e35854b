"""The data that a run was made with, read again as long as they are the same."""

from __future__ import annotations

from causalpima_core.config import DatasetReference
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import DataError

CHANGED = "The data file has changed since the run."


def data_of_run(reference: DatasetReference) -> MultimodalDataset:
    """Read a run's data; all of them, since rows may have changed places.

    Raises:
        DataError: they are gone, cannot be read, or are others than the run was made with.
    """
    dataset = load_dataset(reference.path)
    if dataset.fingerprint() != reference.sha256:
        raise DataError(CHANGED)
    return dataset
