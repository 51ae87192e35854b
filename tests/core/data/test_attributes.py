"""What HDF5 and NetCDF say of their arrays is understood or refused, never dropped in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from causalpima_core.data.multimodal import Kind, Modality
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import DataError

CURVES = np.linspace(0, 1, 12) * np.arange(1.0, 7.0)[:, None]
TABLE = np.random.default_rng(0).normal(size=(6, 3))


def hdf5(folder: Path, values: np.ndarray, **attributes: object) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("m", data=values).attrs.update(attributes)
    return folder / "a.h5"


def netcdf(folder: Path, coordinates: dict[str, Any], **variables: object) -> Path:
    xr = pytest.importorskip("xarray")
    made = xr.Dataset({"m": (("sample", "column"), TABLE)} | variables, coordinates)
    made.to_netcdf(folder / "a.nc", engine="h5netcdf")
    return folder / "a.nc"


def test_a_table_has_a_name_for_each_column_or_none():
    told = r"Modality 'm' has 3 columns and 2 names for them"
    with pytest.raises(DataError, match=told):
        Modality("m", Kind.TABLE, TABLE.astype(np.float32), ("a", "b"))
    assert Modality("m", Kind.TABLE, TABLE.astype(np.float32)).columns == ()


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "c", "d"]])
def test_names_of_columns_in_hdf5_are_counted(tmp_path, names):
    with pytest.raises(DataError, match=f"has 3 columns and {len(names)} names"):
        load_dataset(hdf5(tmp_path, TABLE, columns=names))


@pytest.mark.parametrize(
    "axis", [np.arange(5.0), np.arange(13.0), np.append(np.arange(11.0), np.nan), "0 to 3", [[1.0]]]
)
def test_an_axis_that_does_not_fit_is_refused(tmp_path, axis):
    with pytest.raises(DataError, match=r"The axis of 'm' in 'a\.h5' .* 12 finite numbers"):
        load_dataset(hdf5(tmp_path, CURVES, axis=axis))


def test_an_axis_that_fits_is_taken(tmp_path):
    curve = load_dataset(hdf5(tmp_path, CURVES, axis=np.arange(12)))["m"]
    assert curve.axis == tuple(map(float, range(12)))


@pytest.mark.parametrize(
    "unit", ["MPa", b"MPa", np.array(["MPa"], dtype=object), np.array([b"MPa"])], ids=repr
)
def test_a_unit_may_be_an_array_of_one(tmp_path, unit):
    assert load_dataset(hdf5(tmp_path, CURVES, unit=unit))["m"].unit == "MPa"


def test_coordinates_along_the_samples_are_read_as_variables_are(tmp_path):
    batches, temperatures = list("xyxyzz"), np.arange(6.0) ** 2
    coordinates = {
        "sample": [f"s{i}" for i in range(6)],
        "batch": ("sample", batches),
        "temp": ("sample", temperatures, {"units": "K"}),
        "place": (("sample", "axis"), TABLE[:, :2]),
    }
    dataset = load_dataset(netcdf(tmp_path, coordinates))
    assert list(dataset.metadata["batch"]) == batches
    assert dataset["table"].columns == ("temp [K]",)
    np.testing.assert_array_equal(dataset["table"].values[:, 0], temperatures)
    assert list(dataset.sample_id) == coordinates["sample"]
    (note,) = dataset.notes
    assert note.startswith("'place' of 'a.nc' is left out")


def test_times_in_netcdf_are_metadata(tmp_path):
    days = np.array("2024-01-01", dtype="datetime64[ns]") + np.arange(6) * np.timedelta64(1, "D")
    dataset = load_dataset(netcdf(tmp_path, {}, day=("sample", days)))
    assert dataset.names == ("m",)
    (name,) = dataset.metadata.columns
    assert name.startswith("day [days since 2024-01-01")
    assert list(dataset.metadata[name]) == list(range(6))
