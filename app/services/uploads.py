"""Files that come in: uploads checked before they stay, and examples made on request."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import streamlit as st

from app.services.loaders import workspace
from causalpima_core.data.conversion import Progress, watching
from causalpima_core.data.examples import EXAMPLES, write_example
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs.workspace import plain_name


def accept_upload(name: str, content: bytes, progress: Progress = lambda _: None) -> Path:
    """Keep an uploaded file, if it is a dataset.

    Args:
        name: of the file.
        content: of the file.
        progress: told how much of a large file is unpacked; what it raises ends that.

    Raises:
        DataError: it is not; nothing is kept.
    """
    before = workspace().datasets()
    path = workspace().keep_upload(name, content)
    kept = path in before
    try:
        with watching(progress):  # not in the cache, whose work Streamlit lets nobody watch
            load_dataset(path).check_trainable()
        kept = True
    finally:  # stopped, perhaps by Streamlit, whose ways to end a script are no exceptions
        if not kept:
            path.unlink(missing_ok=True)
    return path


def read_upload(name: str, content: bytes) -> tuple[MultimodalDataset, str]:
    """Samples of an uploaded file that is not kept, and what tells it from any other file.

    Raises:
        DataError: it is not a dataset.
    """
    digest = hashlib.sha256(content).hexdigest()
    return _read(digest, plain_name(name), content), digest


@st.cache_resource(show_spinner="Reading the file …", max_entries=4)
def _read(digest: str, name: str, _content: bytes) -> MultimodalDataset:
    with tempfile.TemporaryDirectory() as draft:
        path = Path(draft) / name
        path.write_bytes(_content)
        return load_dataset(path)


def make_example(name: str, graph: str, samples: int, seed: int) -> Path:
    """The example's file, made unless it is there; the same choices give the same file."""
    path = workspace().datasets_folder / f"{name}-{graph}-{samples}-seed{seed}.npz"
    if not path.is_file():
        write_example(name, path, samples=samples, seed=seed, graph=graph)
    return path


def suggested_states(dataset_name: str) -> tuple[int, ...]:
    """Numbers of states to begin with: an example's own, else three nodes of two."""
    for name, info in EXAMPLES.items():
        if dataset_name.startswith(name):
            return info.states
    return (2, 2, 2)
