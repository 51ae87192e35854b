"""NumPy's files to arrays, each header checked against the bytes that are really there."""

from __future__ import annotations

import zipfile
import zlib
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from causalpima_core.data.archives import large_arrays
from causalpima_core.data.sources import Source, check_memory, check_ratio, shown
from causalpima_core.data.stored import is_large
from causalpima_core.errors import DataError

UNREADABLE = (
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
    MemoryError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy and zipfile raise on files that are damaged or something else."""

MAX_ARRAYS = 1_000
_LARGEST_EXACT = 2**53
"""Whole numbers up to here have a floating-point number of their own."""


def arrays_of(source: Source) -> dict[str, NDArray]:
    """All arrays of an ``.npz`` file by name.

    Raises:
        DataError: naming the array where there is one.
    """
    with source.open() as file:
        content = _opened(file, source)
        if len(content.files) > MAX_ARRAYS:
            raise DataError(
                f"'{source.told}' holds {len(content.files):,} arrays: expected one per modality, "
                f"at most {MAX_ARRAYS:,}; put the samples on the first axis of one array."
            )
        archive = cast("zipfile.ZipFile", content.zip)  # None only once it is closed
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        check_ratio(f"'{source.told}'", source.size, sum(sizes.values()))
        large = large_arrays(source.path) if source.path else {}
        small = [name for name in content.files if name not in large]
        check_memory(f"'{source.told}'", sum(sizes.get(f"{name}.npy", 0) for name in small))
        return {
            name: large[name] if name in large else _member(content, archive, name, source)
            for name in content.files  # modalities stay in the order they were saved in
        }


def array_of(source: Source) -> NDArray:
    """The array of an ``.npy`` file, mapped where it is large and lies on disk.

    Raises:
        DataError: it is none, is cut off, or holds more than numbers.
    """
    with source.open() as file:
        try:
            shape = _check_header(file, source.size)
            file.seek(0)
            if source.path and is_large(shape):
                return np.load(source.path, mmap_mode="r", allow_pickle=False)
            array = np.load(file, allow_pickle=False)
        except UNREADABLE as error:
            if "allow_pickle" in str(error):
                raise _pickled(source.told) from error
            raise DataError(
                f"'{source.told}' is not an .npy file, or only part of one: expected one array "
                "as numpy.save writes it; save or copy it again."
            ) from error
    if not isinstance(array, np.ndarray):
        raise DataError(
            f"'{source.told}' is an archive of arrays: rename it to end in .npz, or save one array."
        )
    return array


def checked_ids(sample_id: NDArray) -> NDArray[np.str_]:
    """Names of samples as text; `DataError` where they are not one text or number each."""
    if sample_id.ndim != 1 or sample_id.dtype.kind not in "iuUSf":
        raise DataError(
            f"sample_id has shape {sample_id.shape} and type {sample_id.dtype}: expected one text "
            "or number per sample, on one axis."
        )
    if sample_id.dtype.kind == "S":
        sample_id = np.char.decode(sample_id, "utf-8", "replace")
    return as_names(sample_id)


def as_names(values: NDArray) -> NDArray[np.str_]:
    """Numbers or text as names; a whole number is the same one as integer and as float.

    Args:
        values: shape ``(n,)``.

    >>> as_names(np.array([0.0, 1.5])).tolist(), as_names(np.array(["1.0", "x"])).tolist()
    (['0', '1.5'], ['1.0', 'x'])
    """
    names = values.astype(np.str_)
    if values.dtype.kind == "f":
        exact = values.astype(np.float64)
        whole = (np.abs(exact) <= _LARGEST_EXACT) & (exact == np.trunc(exact))
        names[whole] = exact[whole].astype(np.int64).astype(np.str_)
    return names


def _opened(file: BinaryIO, source: Source) -> np.lib.npyio.NpzFile:
    try:
        if file.read(6) == b"\x93NUMPY":
            raise DataError(
                f"'{source.told}' is a single array (.npy): expected an archive of named arrays; "
                "write it with numpy.savez(file, name=array), or rename it to end in .npy."
            )
        file.seek(0)
        content = np.load(file, allow_pickle=False)
    except UNREADABLE as error:
        raise DataError(
            f"'{source.told}' is not an .npz file, or only part of one: expected an archive of "
            "arrays as numpy.savez writes it; save or copy it again."
        ) from error
    return cast("np.lib.npyio.NpzFile", content)


def _member(
    content: np.lib.npyio.NpzFile, archive: zipfile.ZipFile, name: str, source: Source
) -> NDArray:
    try:
        _check_member(archive, name)
        array = cast("object", content[name])  # bytes where the archive holds another kind of file
    except UNREADABLE as error:
        if "allow_pickle" in str(error):
            raise _pickled(name) from error
        raise DataError(
            f"Array '{shown(name)}' of '{source.told}' is damaged or cut off: save or copy the "
            "file again."
        ) from error
    if not isinstance(array, np.ndarray):
        raise DataError(
            f"'{shown(name)}' in '{source.told}' is not an array: expected only arrays, as "
            "numpy.savez writes them."
        )
    return array


def _check_member(archive: zipfile.ZipFile, name: str) -> None:
    member = f"{name}.npy"
    if member in archive.namelist():
        with archive.open(member) as file:
            _check_header(cast("BinaryIO", file), archive.getinfo(member).file_size)


def _check_header(file: BinaryIO, size: int) -> tuple[int, ...]:
    """The shape; `ValueError` where it claims more than ``size`` bytes, before they are taken."""
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"version {version} of the header")
    shape, _, dtype = read(file)
    if any(length < 0 for length in shape):
        raise ValueError("a negative length")
    claimed = dtype.itemsize * int(np.prod(shape, dtype=object)) if shape else dtype.itemsize
    if not dtype.hasobject and claimed > size:
        raise ValueError(f"{claimed} bytes claimed, {size} there")
    return shape


def _pickled(name: str) -> DataError:
    if name == "sample_id":
        return DataError(
            "sample_id is an array of Python objects (pickle), which could run code and is never "
            "loaded: expected a text or number per sample; convert it with astype(str)."
        )
    return DataError(
        f"Modality '{shown(name)}' is an array of Python objects (pickle), which could run code "
        "and is never loaded: expected real numbers; convert it with astype(float)."
    )
