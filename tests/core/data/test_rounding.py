"""What float32 loses of numbers far off 0 is said, and nothing is said where it loses little."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from causalpima_core.data.multimodal import Kind, modality_of_array, of_arrays
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.rounding import lost_by_rounding
from causalpima_core.data.stored import StoredValues
from causalpima_core.errors import DataError

N = 12
TUNED = 9.2e9 + np.linspace(-200, 200, N)
"""Resonance frequencies in Hz, all of them one number in float32."""
SAYS = "varies by 400 around 9.2e+09, and what is finer than 1024 there is lost (float32): subtract"
MASS = np.random.default_rng(0).normal(20.0, 3.0, N)
CURVES = TUNED[:, None] + 1e6 * np.sin(np.arange(16) / 3)
LOST = re.compile(r"varies by 400 around 9\.\d+e\+09, and what is finer than 1024 there is lost")


def wide(folder: Path) -> Path:
    columns = {f"beat[{i}] [Hz]": CURVES[:, i] for i in range(16)}
    pd.DataFrame(columns).to_csv(folder / "a.csv", index=False)
    return folder / "a.csv"


def long(folder: Path) -> Path:
    rows = {"sample_id": np.repeat(np.arange(N), 16), "t": np.tile(np.arange(16), N)}
    pd.DataFrame(rows | {"beat": CURVES.ravel()}).to_csv(folder / "a.csv", index=False)
    return folder / "a.csv"


def files(folder: Path) -> Path:
    rows = [f"s{row},{row}.csv\n" for row in range(N)]
    for row, curve in enumerate(CURVES):
        pd.DataFrame({"t": range(16), "y": curve}).to_csv(folder / f"{row}.csv", index=False)
    (folder / "manifest.csv").write_text("sample_id,beat\n" + "".join(rows))
    return folder


def tiff(folder: Path) -> Path:
    (folder / "beat").mkdir()
    for row, shift in enumerate(TUNED):
        tifffile.imwrite(folder / "beat" / f"{row}.tif", shift + 1e6 * np.eye(4))
    return folder


def npz(folder: Path) -> Path:
    np.savez(folder / "a.npz", beat=np.stack([TUNED, MASS], axis=1))
    return folder / "a.npz"


def hdf5(folder: Path) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        file["beat"] = np.stack([TUNED, MASS], axis=1)
        file["beat"].attrs["columns"] = ["frequency", "mass"]
    return folder / "a.h5"


def netcdf(folder: Path) -> Path:
    xr = pytest.importorskip("xarray")
    made = xr.Dataset({"beat": (("sample", "t"), CURVES)}, {"t": np.arange(16.0)})
    made.to_netcdf(folder / "a.nc", engine="h5netcdf")
    return folder / "a.nc"


@pytest.mark.parametrize("write", [wide, long, files, tiff, npz, hdf5, netcdf])
def test_every_reader_says_what_is_lost(tmp_path, write):
    (note,) = load_dataset(write(tmp_path)).notes
    assert LOST.search(note)
    assert "'beat'" in note


def test_a_column_is_named(tmp_path):
    table = pd.DataFrame({"mass [g]": MASS, "frequency [Hz]": TUNED})
    table.to_csv(tmp_path / "a.csv", index=False)
    (note,) = load_dataset(tmp_path / "a.csv").notes
    assert note.startswith(f"Column 'frequency [Hz]' of modality 'table' {SAYS}")
    table.assign(other=TUNED).to_csv(tmp_path / "a.csv", index=False)
    (note,) = load_dataset(tmp_path / "a.csv").notes
    assert note.startswith("Column 'frequency [Hz]' (and 1 more) of modality 'table'")


def test_where_nothing_is_left_the_data_are_refused_in_the_same_words(tmp_path):
    pd.DataFrame({"frequency [Hz]": TUNED}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path / "a.csv")
    assert SAYS in str(caught.value)


def test_with_the_constant_subtracted_nothing_is_said_or_lost():
    dataset = of_arrays({"beat": (TUNED - 9.2e9)[:, None], "mass": MASS[:, None]})
    assert dataset.notes == ()
    np.testing.assert_allclose(dataset["beat"].values[:, 0], TUNED - 9.2e9, rtol=1e-6)


@pytest.mark.parametrize(
    "column",
    [
        np.full(N, 9.2e9),
        25 + 1e-14 * np.arange(N),
        np.arange(N) + 1e7,
        1e9 + 64 * np.arange(N),
        300 + 0.01 * MASS,
        (9.2e9 * MASS).astype(np.float32),
        np.where(np.arange(N) % 2, np.nan, MASS),
    ],
    ids=["constant", "rounded before", "whole", "exact", "fine", "float32", "missing"],
)
def test_nothing_is_said_of_what_float32_holds(column):
    assert lost_by_rounding("a", column[:, None], ["x"]) == ""


def test_numbers_too_small_for_float32_want_a_smaller_unit():
    told = lost_by_rounding("a", 1e-50 * MASS[:, None])
    assert told.endswith("is lost (float32): give it in a smaller unit.")


def test_a_curve_that_varies_enough_somewhere_is_not_told_of():
    curves = np.stack([TUNED, MASS], axis=1)
    assert lost_by_rounding("a", curves) == ""
    assert "varies by" in lost_by_rounding("a", curves, [])


def test_arrays_that_stay_on_disk_are_told_of_too(tmp_path, cache):
    np.save(tmp_path / "beat.npy", TUNED[:, None, None] + 1e6 * np.eye(8))
    dataset = load_dataset(tmp_path / "beat.npy")
    assert isinstance(dataset["beat"].values, StoredValues)
    (note,) = dataset.notes
    assert LOST.search(note)


def test_missing_and_infinite_numbers_are_no_spread():
    array = np.stack([TUNED, np.full(N, np.nan)], axis=1)
    assert "Column 1 of" in lost_by_rounding("a", array, [])
    array[3] = np.inf
    assert lost_by_rounding("a", array, []) == ""


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e6), st.integers(0, 2**32 - 1), st.integers(2, 20))
def test_what_is_not_told_of_keeps_its_spread_to_a_hundredth(offset, scale, seed, n):
    column = offset + scale * np.random.default_rng(seed).normal(size=(n, 1))
    spread = np.ptp(column)
    if not lost_by_rounding("a", column, []) and spread > 1e-10 * np.abs(column).max():
        kept = column.astype(np.float32).astype(np.float64)
        assert np.abs(kept - column).max() <= 0.01 * spread


def test_kinds_are_as_they_were():
    assert modality_of_array("a", CURVES - 9.2e9).kind is Kind.CURVE
