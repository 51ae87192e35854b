"""NetCDF files as measurements, through xarray where it is installed."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causalpima_core.data.arrays import as_names
from causalpima_core.data.frames import SAMPLE_ID
from causalpima_core.data.hdf5 import members, own
from causalpima_core.data.multimodal import MIN_CURVE_POINTS, Kind, Modality, modality_of_array
from causalpima_core.data.parts import Part
from causalpima_core.data.sources import Source, check_expansion, shown
from causalpima_core.data.tables import TABLE
from causalpima_core.errors import DataError

if TYPE_CHECKING:
    import xarray as xr

SAMPLE = "sample"
"""Dimension along which samples lie; where it is not named so, the first of the first variable."""

_BROKEN = (OSError, ValueError, RuntimeError, KeyError, TypeError, IndexError, AttributeError)


def read_netcdf(source: Source) -> Part:
    """Read variables along the samples: of two or more dimensions as modalities, numbers as table.

    A coordinate of numbers along the last dimension makes a curve with that axis, one of words
    names the columns of a table; ``units`` are those of the convention (CF). Words and times are
    metadata. Coordinates along the samples are read as variables are.

    Raises:
        DataError: naming the variable; or xarray is not installed.
    """
    with source.open() as file:
        engine = _engine(source, file)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return _read(source, file, engine)
        except _BROKEN as error:
            raise DataError(
                f"'{source.told}' is not a NetCDF file, or a damaged one: write or copy it again."
            ) from error


def _engine(source: Source, file: BinaryIO) -> str:
    start = file.read(8)
    file.seek(0)
    try:
        importlib.import_module("xarray")
        importlib.import_module("h5netcdf")
    except ImportError as error:
        raise DataError(
            f"'{source.told}' is NetCDF, which needs two more packages: install them with "
            "pip install 'causalpima[netcdf]', or save the data as HDF5 (.h5)."
        ) from error
    return "h5netcdf" if start == b"\x89HDF\r\n\x1a\n" else "scipy"


def _read(source: Source, file: BinaryIO, engine: str) -> Part:
    import xarray as xr

    if engine == "h5netcdf":
        _check_contents(source, file)
    with xr.open_dataset(file, engine=engine, decode_times=False) as data:
        along = _sample_dimension(data, source)
        n = data.sizes[along]
        arrays, table, metadata, notes = _sorted_out(data, along, source)
        check_expansion(f"'{source.told}'", source.size, sum(a.nbytes for a in arrays))
        modalities = [_modality(a, along, source) for a in arrays]
        if table:
            names = tuple(_with_unit(str(a.name), _unit(a)) for a in table)
            values = np.stack([np.asarray(a.values) for a in table], axis=1)
            modalities.append(modality_of_array(TABLE, values, names))
        columns = pd.DataFrame({_column(a): a.values for a in metadata}, index=range(n))
        ids = _ids(data, along)
        return Part(source.told, n, tuple(modalities), ids, columns, notes=tuple(notes))


def _check_contents(source: Source, file: BinaryIO) -> None:
    """Refuse links and datasets that claim what they do not hold, before any is read."""
    with h5py.File(file, "r") as content:
        for name in members(content, source):
            item = own(content, name, source)
            if isinstance(item, h5py.Dataset) and item.shape is not None:
                size = int(np.prod(item.shape, dtype=object)) * item.dtype.itemsize
                check_expansion(f"'{shown(name)}' in '{source.told}'", source.size, size)
    file.seek(0)


def _sample_dimension(data: xr.Dataset, source: Source) -> str:
    for name in (SAMPLE, SAMPLE_ID):
        if name in data.sizes:
            return name
    firsts = [str(a.dims[0]) for a in data.data_vars.values() if a.dims]
    if not firsts:
        raise DataError(
            f"'{source.told}' holds no variable with dimensions: expected some along '{SAMPLE}'."
        )
    return firsts[0]


def _sorted_out(
    data: xr.Dataset, along: str, source: Source
) -> tuple[list[xr.DataArray], list[xr.DataArray], list[xr.DataArray], list[str]]:
    """What lies along the samples: measurements, single numbers, metadata; what is left out."""
    arrays, table, metadata, notes = [], [], [], []
    for name, variable in (*data.data_vars.items(), *data.coords.items()):
        if along not in variable.dims or name in (SAMPLE_ID, along):
            continue
        if len(variable.dims) > 1 and (name in data.coords or _is_time(variable)):
            notes.append(
                f"'{shown(str(name))}' of '{source.told}' is left out: coordinates and times of "
                "several dimensions are no measurements."
            )
        elif len(variable.dims) > 1:
            arrays.append(variable)
        elif variable.dtype.kind in "fiu" and not _is_time(variable):
            table.append(variable)
        else:
            metadata.append(variable)
    return arrays, table, metadata, notes


def _modality(variable: xr.DataArray, along: str, source: Source) -> Modality:
    name = str(variable.name)
    rest = [d for d in variable.dims if d != along]
    values = np.asarray(variable.transpose(along, *rest).values)
    coordinate = variable.coords.get(rest[-1]) if len(rest) == 1 else None
    if coordinate is None:
        modality = modality_of_array(name, values)
        return _dressed(modality, modality.kind, unit=_unit(variable))
    along_points: NDArray = np.asarray(coordinate.values)
    if along_points.dtype.kind not in "fiu":
        columns = tuple(str(c) for c in along_points)
        return _dressed(modality_of_array(name, values, columns), Kind.TABLE, unit=_unit(variable))
    kind = Kind.CURVE if values.shape[1] >= MIN_CURVE_POINTS else Kind.TABLE
    axis = tuple(along_points.astype(np.float64).tolist())
    modality = modality_of_array(name, values)
    if kind is Kind.TABLE:
        return modality
    return _dressed(modality, kind, _unit(variable), axis, _unit(coordinate))


def _dressed(
    modality: Modality,
    kind: Kind,
    unit: str = "",
    axis: tuple[float, ...] = (),
    axis_unit: str = "",
) -> Modality:
    columns = modality.columns if kind is Kind.TABLE else ()
    return replace(modality, kind=kind, columns=columns, unit=unit, axis=axis, axis_unit=axis_unit)


def _ids(data: xr.Dataset, along: str) -> NDArray[np.str_] | None:
    for name in (SAMPLE_ID, along):
        if name in data.variables and data[name].dims == (along,):
            names = np.asarray(data[name].values)
            if names.dtype.kind in "SO":
                decoded = [
                    n.decode("utf-8", "replace") if isinstance(n, bytes) else n for n in names
                ]
                return np.array(decoded, dtype=np.str_)
            return as_names(names)
    return None


def _unit(variable: xr.DataArray) -> str:
    unit = variable.attrs.get("units", "")
    return unit if isinstance(unit, str) else ""


def _is_time(variable: xr.DataArray) -> bool:
    """Whether the numbers count from a moment, such as ``days since 2020-01-01``."""
    return " since " in _unit(variable)


def _column(variable: xr.DataArray) -> str:
    name = str(variable.name)
    return _with_unit(name, _unit(variable)) if _is_time(variable) else name


def _with_unit(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name
