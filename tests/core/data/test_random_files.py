"""Random and damaged files of every format are a dataset or one sentence, never anything else."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from causalpima_core.data.images import IMAGE_SUFFIXES, read_image
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.data.readers import SUFFIXES, load_dataset
from causalpima_core.data.sources import Source
from causalpima_core.errors import DataError
from tests.core.data import written

SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BEGINNINGS = [
    b"",
    b"\x93NUMPY\x01\x00",
    b"PK\x03\x04",
    b"PAR1",
    b"\x89HDF\r\n\x1a\n",
    b"x,y\n1,2\n",
]


def whole() -> MultimodalDataset:
    rng = np.random.default_rng(0)
    axis = tuple(np.linspace(0, 1, 12).tolist())
    return MultimodalDataset(
        (
            Modality("c", Kind.CURVE, rng.normal(size=(4, 12)).astype(np.float32), axis=axis),
            Modality("table", Kind.TABLE, rng.normal(size=(4, 2)).astype(np.float32), ("a", "b")),
        ),
        np.array(list("wxyz")),
        pd.DataFrame({"operator": list("abab")}),
    )


def read(content: bytes, suffix: str) -> None:
    """Refused in one line, or not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        path.write_bytes(content)
        one_sentence(lambda: load_dataset(path))


def one_sentence(act: Callable[[], object]) -> None:
    told = "."
    try:
        act()
    except DataError as error:
        told = str(error)
    assert told.isprintable()
    assert told.endswith(".")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_random_bytes(suffix):
    @SOME
    @given(st.sampled_from(BEGINNINGS), st.binary(max_size=300))
    def holds(beginning, rest):
        read(beginning + rest, suffix)

    holds()


@pytest.mark.parametrize("suffix", IMAGE_SUFFIXES)
def test_random_images(suffix):
    beginnings = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"MM\0*", b"II+\0"]

    @SOME
    @given(st.sampled_from(beginnings), st.binary(max_size=300))
    def holds(beginning, rest):
        one_sentence(lambda: read_image(Source.of_bytes(f"a{suffix}", beginning + rest)))

    holds()


@pytest.mark.parametrize(
    "form",
    [
        written.npz,
        written.csv,
        written.tsv,
        written.parquet,
        written.long_parquet,
        written.hdf5,
        written.netcdf,
        written.manifest_zip,
    ],
    ids=lambda form: form.__name__,
)
def test_a_good_file_with_some_bytes_changed(form, tmp_path):
    path = form(whole(), tmp_path)
    content = path.read_bytes()
    places = st.integers(0, len(content) - 1)

    @SOME
    @given(st.dictionaries(places, st.integers(0, 255), min_size=1, max_size=6), st.integers(0, 3))
    def holds(changes, cut):
        changed = bytearray(content)
        for place, byte in changes.items():
            changed[place] = byte
        read(bytes(changed[: len(changed) - cut * len(changed) // 5]), path.suffix)

    holds()


@SOME
@given(st.lists(st.lists(st.text(max_size=6), min_size=1, max_size=4), min_size=1, max_size=5))
def test_tables_of_any_words(rows):
    read("\n".join(",".join(cells) for cells in rows).encode("utf-8", "replace"), ".csv")
