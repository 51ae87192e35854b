"""The trained model of a run, for pages that ask it; torch is imported when the first one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from causalpima_core.runs.store import RunFolder

if TYPE_CHECKING:
    from causalpima_core.fitted import FittedModel


def model_of(folder: RunFolder) -> FittedModel:
    """A run's model, read once per time it was written; shared between people: only ask it.

    Raises:
        RunFolderError: there is none yet, or it is of another version.
    """
    return _model(*version_of(folder))


def version_of(folder: RunFolder) -> tuple[str, int]:
    """What tells a run's result from any other, for caches of what was made of it."""
    return str(folder.path), folder.result_written


@st.cache_resource(show_spinner="Reading the model …", max_entries=4)
def _model(path: str, stamp: int) -> FittedModel:
    import torch  # not before it is needed: see `warming`

    from causalpima_core.fitted import FittedModel

    torch.set_num_threads(1)  # more threads beside a training slow both down many times
    return FittedModel.load(path)
