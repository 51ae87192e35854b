"""Large arrays in an .npz archive: mapped where they lie, unpacked first where compressed."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from causalpima_core.data.conversion import converted, tell
from causalpima_core.data.stored import is_large
from causalpima_core.errors import DataError

COPIED_AT_ONCE = 2**22
LOCAL_HEADER = "<26xHH"
"""Before a member's name; all that is needed of it are the lengths of name and extra field."""


@dataclass(frozen=True)
class Member:
    """An array in an archive.

    Attributes:
        info: where it is.
        dtype: of its values.
        shape: of the array.
        order: C or F.
        begins: bytes before its first value.
    """

    info: zipfile.ZipInfo
    dtype: np.dtype
    shape: tuple[int, ...]
    order: str
    begins: int

    @property
    def name(self) -> str:
        """As NumPy calls it."""
        return self.info.filename.removesuffix(".npy")

    @property
    def is_packed(self) -> bool:
        """Whether its values are not in the file as they are."""
        return self.info.compress_type != zipfile.ZIP_STORED

    @property
    def n_bytes(self) -> int:
        """Of its values and what is before them, as its header has it."""
        return self.begins + prod(self.shape) * self.dtype.itemsize

    def mapped(self, path: Path, offset: int) -> NDArray:
        """Read-only, from where it begins in a file."""
        place = offset + self.begins
        return np.memmap(path, self.dtype, "r", place, self.shape, order=self.order)


def large_arrays(path: Path) -> dict[str, NDArray]:
    """Those arrays of an archive that are too large for memory, by name; read-only.

    Raises:
        DataError: one of them is damaged, or there is no room to unpack it.
    """
    with zipfile.ZipFile(path) as archive:
        members = [m for m in (_member(archive, info) for info in archive.infolist()) if m]
        for member in members:
            if member.n_bytes != member.info.file_size:
                raise _damaged(member, path)
        packed = [m for m in members if m.is_packed]
        found = {m.name: _mapped_in_place(archive, m, path) for m in members if not m.is_packed}
        if packed:

            def unpack(folder: Path) -> None:
                _unpack(archive, packed, path, folder)

            folder = converted(path, sum(m.info.file_size for m in packed), unpack)
            found |= {m.name: m.mapped(folder / f"{i}.npy", 0) for i, m in enumerate(packed)}
    return found


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member | None:
    """What its header says of a large array; None for anything else."""
    if info.flag_bits & 1 or not info.filename.endswith(".npy"):
        return None
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        with archive.open(info) as stream:
            read = readers[np.lib.format.read_magic(stream)]
            shape, is_fortran, dtype = read(stream)
            begins = stream.tell()
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, NotImplementedError):
        return None
    if dtype.hasobject or not is_large(shape):
        return None
    return Member(info, dtype, shape, "F" if is_fortran else "C", begins)


def _mapped_in_place(archive: zipfile.ZipFile, member: Member, path: Path) -> NDArray:
    for _ in _bytes_of(archive, member, path):
        pass  # what is mapped is not checked again
    with path.open("rb") as file:
        file.seek(member.info.header_offset)
        lengths = struct.unpack(LOCAL_HEADER, file.read(struct.calcsize(LOCAL_HEADER)))
        offset = file.tell() + sum(lengths)
    return member.mapped(path, offset)


def _unpack(archive: zipfile.ZipFile, members: list[Member], path: Path, folder: Path) -> None:
    """Write each member to a file of its own, numbered: names are those of a stranger."""
    total, done = sum(member.info.file_size for member in members), 0
    for number, member in enumerate(members):
        with (folder / f"{number}.npy").open("wb") as file:
            for piece in _bytes_of(archive, member, path):
                file.write(piece)
                done += len(piece)
                tell(done / total)


def _bytes_of(archive: zipfile.ZipFile, member: Member, path: Path) -> Iterator[bytes]:
    """All of a member, piece by piece; at the end zipfile compares its checksum."""
    with archive.open(member.info) as stream:
        while True:
            try:
                piece = stream.read(COPIED_AT_ONCE)
            except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
                raise _damaged(member, path) from error
            if not piece:
                return
            yield piece


def _damaged(member: Member, path: Path) -> DataError:
    return DataError(
        f"Array '{member.name}' of '{path.name}' is damaged or cut off: save or copy the file "
        "again."
    )
