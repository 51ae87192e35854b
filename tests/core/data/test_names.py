"""A sample has one name, in whatever type and file it is written, and every name one sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import DataError

TABLE = np.random.default_rng(0).normal(size=(12, 3))


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(path)
    assert str(caught.value).isprintable()
    return str(caught.value)


def npz(folder: Path, ids: np.ndarray) -> Path:
    np.savez(folder / "a.npz", t=TABLE[: len(ids)], sample_id=ids)
    return folder / "a.npz"


def hdf5(folder: Path, ids: np.ndarray) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        file["t"] = TABLE[: len(ids)]
        file["sample_id"] = ids if ids.dtype.kind == "f" else ids.tolist()
    return folder / "a.h5"


def netcdf(folder: Path, ids: np.ndarray) -> Path:
    xr = pytest.importorskip("xarray")
    variables = {"t": (("sample", "column"), TABLE[: len(ids)])}
    made = xr.Dataset(variables, {"sample": ids})
    made.to_netcdf(folder / "a.nc", engine="h5netcdf")
    return folder / "a.nc"


def wide(ids: np.ndarray) -> pd.DataFrame:
    columns = {f"t[{i}]": TABLE[: len(ids), i] for i in range(3)}
    return pd.DataFrame({"sample_id": ids} | columns)


def csv(folder: Path, ids: np.ndarray) -> Path:
    wide(ids).to_csv(folder / "a.csv", index=False)
    return folder / "a.csv"


def parquet(folder: Path, ids: np.ndarray) -> Path:
    wide(ids).to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


EVERY = pytest.mark.parametrize("write", [npz, hdf5, netcdf, csv, parquet])
Write = Callable[[Path, np.ndarray], Path]


@EVERY
@pytest.mark.parametrize("step", [1.0, 0.5])
def test_numbers_are_the_same_names_in_every_file(tmp_path, write: Write, step):
    ids = step * np.arange(12.0)
    write(tmp_path, ids)
    hues = "".join(f"{name:g},{row}\n" for row, name in reversed(list(enumerate(ids))))
    (tmp_path / "metadata.csv").write_text(f"sample_id,hue\n{hues}")
    dataset = load_dataset(tmp_path)
    assert list(dataset.sample_id) == [f"{name:g}" for name in ids]
    assert list(dataset.metadata["hue"]) == list(range(12))
    assert dataset.notes == ()


@EVERY
@pytest.mark.parametrize("step", [1.0, 0.5])
def test_also_beside_a_table_that_writes_them_with_a_point(tmp_path, write: Write, step):
    ids = step * np.arange(12.0)
    path = write(tmp_path, ids)
    table = pd.DataFrame({"sample_id": ids, "hue": range(12)})[::-1]
    table.to_csv(tmp_path / "a.metadata.csv", index=False)
    for read in (path, tmp_path):
        dataset = load_dataset(read)
        assert list(dataset.metadata["hue"]) == list(range(12))
        assert dataset.notes == ()


@EVERY
def test_texts_stay_as_they_are(tmp_path, write: Write):
    ids = np.array(["01", "1.0", "NA", "nan", "null", "1e3", "None", "-"])
    assert list(load_dataset(write(tmp_path, ids)).sample_id) == ids.tolist()


@EVERY
def test_a_sample_named_twice_is_refused(tmp_path, write: Write):
    told = refused(write(tmp_path, np.array(["s0", "s1", "s2", "s1"])))
    assert "Sample 's1' occurs twice in 'a." in told
    assert "expected every sample_id once" in told


def test_so_is_it_in_a_plain_table(tmp_path):
    (tmp_path / "dup2.csv").write_text("sample_id,x,y\ns0,1,2\ns1,2,1\ns1,3,5\ns2,4,4\n")
    assert "Sample 's1' occurs twice in 'dup2.csv'" in refused(tmp_path / "dup2.csv")


def test_and_in_a_manifest(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text("t,y\n0,1\n1,2\n")
    (tmp_path / "manifest.csv").write_text(
        "sample_id,c,x\ns0,a.csv,1\ns0,b.csv,2\ns1,b.csv,3\ns1,c.csv,4\n"
    )
    assert "Sample 's0' occurs twice in 'manifest.csv'" in refused(tmp_path)


def test_an_empty_name_is_refused_and_the_word_na_is_a_name(tmp_path):
    (tmp_path / "a.csv").write_text("sample_id,NA\nNA,1\n,2\n")
    assert "names no sample in row 2" in refused(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("sample_id,NA\nNA,1\nnull,2\nnan,NA\n0,3\n")
    assert "Sample nan has no measurement" in refused(tmp_path / "a.csv")


def test_metadata_without_names_are_taken_in_order_and_said_so(tmp_path):
    npz(tmp_path, np.array([f"00{i}" for i in range(6)]))
    table = pd.DataFrame({"id": [f"00{i}" for i in reversed(range(6))], "grade": range(6)})
    table.to_csv(tmp_path / "a.metadata.csv", index=False)
    assert load_dataset(tmp_path / "a.npz").notes == (
        "The samples of 'a.metadata.csv' have no names and are taken in the order of 'a.npz' "
        "(000, 001, 002, …, 005).",
    )
    table.rename(columns={"id": "sample_id"}).to_csv(tmp_path / "a.metadata.csv", index=False)
    dataset = load_dataset(tmp_path / "a.npz")
    assert dataset.notes == ()
    assert list(dataset.metadata["grade"]) == [5, 4, 3, 2, 1, 0]


@pytest.fixture
def unnamed(tmp_path: Path) -> Path:
    np.savez(tmp_path / "d.npz", t=TABLE[:6])
    return tmp_path / "d.npz"


def beside(path: Path, names: list[str], column: str = "sample_id") -> None:
    """Metadata whose lines are graded in order, under these names."""
    frame = pd.DataFrame({column: names, "grade": range(len(names))})
    frame.to_csv(path.with_suffix(".metadata.csv"), index=False)


@pytest.mark.parametrize("column", ["sample_id", "sample"])
@pytest.mark.parametrize("numbers", ["543210", "012345"])
@pytest.mark.parametrize("in_folder", [False, True])
def test_metadata_that_count_samples_without_names_are_matched(unnamed, column, numbers, in_folder):
    beside(unnamed, list(numbers), column)
    dataset = load_dataset(unnamed.parent if in_folder else unnamed)
    assert list(dataset.sample_id) == list("012345")
    assert list(dataset.metadata["grade"]) == [numbers.index(n) for n in "012345"]
    assert dataset.notes == ()
    np.testing.assert_array_equal(dataset["t"].values, TABLE[:6].astype(np.float32))


@pytest.mark.parametrize("names", ["abcdef", "123456", "001234"])
def test_metadata_of_other_names_are_taken_in_order_and_said_so(unnamed, names):
    beside(unnamed, list(names))
    dataset = load_dataset(unnamed)
    assert list(dataset.sample_id) == list("012345")
    assert list(dataset.metadata["grade"]) == list(range(6))
    told = f"{', '.join(names[:3])}, …, {names[-1]}"
    assert dataset.notes == (
        f"The samples of 'd.metadata.csv' ({told}) are taken in the order of 'd.npz', which does "
        "not name its own: check that they are the same, or give it a 'sample_id'.",
    )


@pytest.mark.parametrize("in_folder", [False, True])
def test_where_neither_names_samples_it_is_said_too(unnamed, in_folder):
    pd.DataFrame({"grade": range(6)}).to_csv(unnamed.with_suffix(".metadata.csv"), index=False)
    dataset = load_dataset(unnamed.parent if in_folder else unnamed)
    assert list(dataset.metadata["grade"]) == list(range(6))
    assert dataset.notes == (
        "The samples of 'd.metadata.csv' have no names and are taken in the order of 'd.npz' "
        "(0, 1, 2, …, 5).",
    )


def test_of_two_columns_of_names_sample_id_counts(unnamed):
    frame = pd.DataFrame({"sample": list("abcdef"), "sample_id": list("543210")})
    frame.assign(grade=range(6)).to_csv(unnamed.with_suffix(".metadata.csv"), index=False)
    assert list(load_dataset(unnamed).metadata["grade"]) == [5, 4, 3, 2, 1, 0]


def test_names_that_are_objects_are_to_become_text(tmp_path):
    told = refused(npz(tmp_path, np.array(["a", "b", "c"], dtype=object)))
    assert told.startswith("sample_id is an array of Python objects")
    assert "astype(str)" in told
