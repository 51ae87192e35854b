"""A dataset written to any format and read back is the same dataset."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.writers import write_dataset
from tests.core.data import written

FEW = settings(max_examples=15, deadline=None)


@st.composite
def datasets(draw: st.DrawFn, *, images: bool) -> MultimodalDataset:
    """Some samples with some missing, of modalities that every format of the kind can hold."""
    n = draw(st.integers(6, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    axis = tuple(np.linspace(0, draw(st.integers(1, 50)), 12).tolist())
    steps = rng.normal(size=(n, 1)) + rng.normal(0, 0.02, size=(n, 12)).cumsum(1)
    modalities = [
        Modality("stress", Kind.CURVE, _gappy(draw, steps), (), "MPa", axis, "%"),
        Modality("table", Kind.TABLE, _gappy(draw, rng.normal(size=(n, 2))), ("a", "b [g]")),
    ]
    if images:
        channels = draw(st.sampled_from([1, 2, 3]))
        bits = draw(st.sampled_from([8, 16]))
        pixels = rng.integers(0, 2**bits, size=(n, channels, 6, 5))
        modalities.append(Modality("photo", Kind.IMAGE, _gappy(draw, pixels)))
    observed = np.any([m.observed for m in modalities], axis=0)
    ids = np.array([f"0{name}" for name in rng.permutation(n)])
    metadata = pd.DataFrame({"operator": rng.choice(["Ann", "Bo, Cy", "=1+1"], n)})
    return MultimodalDataset(
        tuple(replace(m, values=_filled(m.values, observed)) for m in modalities), ids, metadata
    )


def _gappy(draw: st.DrawFn, values: np.ndarray) -> np.ndarray:
    """With at most two rows missing."""
    values = values.astype(np.float32)
    values[draw(st.lists(st.integers(0, len(values) - 1), max_size=2))] = np.nan
    return values


def _filled(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """A sample without any measurement gets one everywhere."""
    return np.where(observed.reshape(-1, *[1] * (values.ndim - 1)), values, np.float32(1.5))


def assert_same(read: MultimodalDataset, made: MultimodalDataset) -> None:
    assert set(read.names) == set(made.names)
    assert list(read.sample_id) == list(made.sample_id)
    for modality in made.modalities:
        back = read[modality.name]
        assert back.kind is modality.kind
        assert back.values.dtype == np.float32
        np.testing.assert_array_equal(back.values, modality.values)
        if modality.kind is Kind.TABLE and back.columns:
            assert back.columns == modality.columns
    assert list(read.metadata["operator"]) == list(made.metadata["operator"])


def there_and_back(write, dataset: MultimodalDataset) -> MultimodalDataset:
    with tempfile.TemporaryDirectory() as folder:
        return load_dataset(write(dataset, Path(folder)))


@pytest.mark.parametrize("form", written.EVERYTHING)
def test_images_curves_tables_and_metadata(form):
    @FEW
    @given(datasets(images=True))
    def holds(dataset):
        read = there_and_back(written.EVERYTHING[form], dataset)
        assert_same(read, dataset)
        if form in ("hdf5", "netcdf", "manifest in a folder", "manifest in an archive"):
            assert_same_units(read, dataset)

    holds()


@pytest.mark.parametrize("form", written.TABLES)
def test_tables_in_wide_form(form):
    @FEW
    @given(datasets(images=False))
    def holds(dataset):
        read = there_and_back(written.TABLES[form], dataset)
        assert_same(read, dataset)
        assert read["stress"].unit == "MPa"

    holds()


@pytest.mark.parametrize("form", written.LONG)
def test_tables_in_long_form(form):
    @FEW
    @given(datasets(images=False))
    def holds(dataset):
        read = there_and_back(written.LONG[form], dataset)
        assert_same(read, dataset)
        assert_same_units(read, dataset)

    holds()


def assert_same_units(read: MultimodalDataset, made: MultimodalDataset) -> None:
    back, curve = read["stress"], made["stress"]
    assert (back.unit, back.axis_unit) == (curve.unit, curve.axis_unit)
    np.testing.assert_allclose(back.axis, curve.axis)


def test_long_axes_many_columns_and_a_slash_survive_hdf5(tmp_path, rng):
    axis = tuple(np.linspace(0, 30, 10_000).tolist())
    columns = tuple(f"a rather long name of column {i}" for i in range(4000))
    curves = rng.normal(size=(6, 1)) + rng.normal(0, 0.01, (6, 10_000)).cumsum(1)
    table = rng.normal(size=(6, 4000)).astype(np.float32)
    made = MultimodalDataset(
        (
            Modality("I/V", Kind.CURVE, curves.astype(np.float32), (), "A", axis, "V"),
            Modality("table", Kind.TABLE, table, columns),
        ),
        np.array([str(i) for i in range(6)]),
        pd.DataFrame(index=range(6)),
    )
    write_dataset(made, tmp_path / "made.h5")
    read = load_dataset(tmp_path / "made.h5")
    assert read["I∕V"].axis == axis
    assert read["table"].columns == columns
    np.testing.assert_array_equal(read["table"].values, table)
