"""A dataset written to each format by plain libraries, the way a scientist's script would."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import tifffile
import xarray as xr
from PIL import Image

from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset


def npz(dataset: MultimodalDataset, folder: Path) -> Path:
    arrays = {m.name: m.values for m in dataset.modalities}
    np.savez(folder / "a.npz", sample_id=dataset.sample_id, **arrays)
    named = dataset.metadata.assign(sample_id=dataset.sample_id)
    named.to_csv(folder / "a.metadata.csv", index=False)
    return folder / "a.npz"


def npy_folder(dataset: MultimodalDataset, folder: Path) -> Path:
    place = folder / "arrays"
    place.mkdir()
    for m in dataset.modalities:
        np.save(place / f"{m.name}.npy", m.values)
    named = dataset.metadata.assign(sample_id=dataset.sample_id)
    named.to_csv(place / "metadata.csv", index=False)
    return place


def wide(dataset: MultimodalDataset) -> pd.DataFrame:
    """Curves and tables only: a column per number."""
    columns = {"sample_id": dataset.sample_id}
    for m in dataset.modalities:
        names = m.columns or [f"{m.name}[{i}] [{m.unit}]" for i in range(m.shape[0])]
        columns |= dict(zip(names, m.values.T, strict=True))
    return pd.DataFrame(columns).join(dataset.metadata)


def csv(dataset: MultimodalDataset, folder: Path) -> Path:
    wide(dataset).to_csv(folder / "a.csv", index=False)
    return folder / "a.csv"


def tsv(dataset: MultimodalDataset, folder: Path) -> Path:
    wide(dataset).to_csv(folder / "a.tsv", index=False, sep="\t")
    return folder / "a.tsv"


def parquet(dataset: MultimodalDataset, folder: Path) -> Path:
    wide(dataset).to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def long(dataset: MultimodalDataset) -> pd.DataFrame:
    """All curves must share one axis; tables and metadata are repeated in each row."""
    curves = [m for m in dataset.modalities if m.kind is Kind.CURVE]
    points = len(curves[0].axis)
    n = len(dataset)
    columns: dict[str, np.ndarray] = {
        "sample_id": np.repeat(dataset.sample_id, points),
        f"t [{curves[0].axis_unit}]": np.tile(curves[0].axis, n),
    }
    for m in curves:
        columns[f"{m.name} [{m.unit}]"] = m.values.ravel()
    for m in dataset.modalities:
        if m.kind is Kind.TABLE:
            columns |= dict(zip(m.columns, np.repeat(m.values, points, axis=0).T, strict=True))
    for name, column in dataset.metadata.items():
        columns[str(name)] = np.repeat(column.to_numpy(), points)
    return pd.DataFrame(columns)


def long_csv(dataset: MultimodalDataset, folder: Path) -> Path:
    long(dataset).to_csv(folder / "a.csv", index=False)
    return folder / "a.csv"


def long_parquet(dataset: MultimodalDataset, folder: Path) -> Path:
    long(dataset).to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def hdf5(dataset: MultimodalDataset, folder: Path) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        for m in dataset.modalities:
            item = file.create_dataset(m.name, data=m.values)
            item.attrs["kind"] = str(m.kind)
            for key in ("unit", "axis_unit", "axis", "columns", "channels"):
                if getattr(m, key):
                    item.attrs[key] = getattr(m, key)
        file["sample_id"] = [str(name) for name in dataset.sample_id]
        for name, column in dataset.metadata.items():
            words = column.dtype.kind not in "bif"
            file[f"metadata/{name}"] = [str(c) for c in column] if words else column.to_numpy()
    return folder / "a.h5"


def netcdf(dataset: MultimodalDataset, folder: Path) -> Path:
    variables: dict[str, tuple] = {}
    coordinates: dict[str, tuple] = {"sample": (("sample",), list(dataset.sample_id))}
    for m in dataset.modalities:
        dims = ["sample", *(f"{m.name}_{i}" for i in range(len(m.shape)))]
        attributes = {"units": m.unit} if m.unit else {}
        if m.kind is Kind.TABLE:
            for name, column in zip(m.columns, m.values.T, strict=True):
                variables[name] = (("sample",), column)
            continue
        variables[m.name] = (dims, m.values, attributes)
        if m.axis:
            coordinates[dims[-1]] = ((dims[-1],), list(m.axis), {"units": m.axis_unit})
    for name, column in dataset.metadata.items():
        variables[str(name)] = (("sample",), list(column))
    xr.Dataset(variables, coordinates).to_netcdf(folder / "a.nc", engine="h5netcdf")
    return folder / "a.nc"


def manifest_folder(dataset: MultimodalDataset, folder: Path) -> Path:
    """A file per image and curve, the rest in the manifest; missing ones leave a cell empty."""
    place = folder / "measured"
    place.mkdir()
    columns: dict[str, object] = {"sample_id": dataset.sample_id}
    for m in dataset.modalities:
        if m.kind is Kind.TABLE:
            columns |= dict(zip(m.columns, m.values.T, strict=True))
            continue
        (place / m.name).mkdir()
        write = _image if m.kind is Kind.IMAGE else _curve
        columns[m.name] = [
            write(m, row, place) if m.observed[row] else None for row in range(len(dataset))
        ]
    pd.DataFrame(columns).join(dataset.metadata).to_csv(place / "manifest.csv", index=False)
    return place


def manifest_zip(dataset: MultimodalDataset, folder: Path) -> Path:
    place = manifest_folder(dataset, folder)
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(place.rglob("*.*")):
            archive.write(path, Path("measured") / path.relative_to(place))
    return folder / "a.zip"


def _image(m: Modality, row: int, place: Path) -> str:
    """Whole numbers as PNG, others as TIFF with a page per channel."""
    pixels = m.values[row]
    if len(pixels) in (1, 3) and (pixels == pixels.astype(np.uint8)).all():
        name = f"{m.name}/{row}.png"
        plain = np.moveaxis(pixels, 0, -1).astype(np.uint8)
        Image.fromarray(plain[..., 0] if len(pixels) == 1 else plain).save(place / name)
        return name
    name = f"{m.name}/{row}.tif"
    tifffile.imwrite(place / name, pixels, photometric="minisblack")
    return name


def _curve(m: Modality, row: int, place: Path) -> str:
    name = f"{m.name}/{row}.csv"
    frame = pd.DataFrame({f"t [{m.axis_unit}]": m.axis, f"y [{m.unit}]": m.values[row]})
    frame.to_csv(place / name, index=False)
    return name


EVERYTHING: dict[str, Callable[[MultimodalDataset, Path], Path]] = {
    "hdf5": hdf5,
    "manifest in a folder": manifest_folder,
    "manifest in an archive": manifest_zip,
    "npy in a folder": npy_folder,
    "netcdf": netcdf,
    "npz": npz,
}
"""Formats that hold images as well."""

TABLES: dict[str, Callable[[MultimodalDataset, Path], Path]] = {
    "csv": csv,
    "tsv": tsv,
    "parquet": parquet,
}
LONG: dict[str, Callable[[MultimodalDataset, Path], Path]] = {
    "csv": long_csv,
    "parquet": long_parquet,
}
