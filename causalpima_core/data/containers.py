"""Folders and .zip archives as lists of files, read in place; only large arrays are unpacked first.

Whatever could reach outside (absolute paths, ``..``, links) or grow beyond reason is refused before
anything is read.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from causalpima_core.data import stored
from causalpima_core.data.archives import COPIED_AT_ONCE
from causalpima_core.data.conversion import converted, one_of, tell
from causalpima_core.data.sources import (
    Source,
    check_memory,
    check_ratio,
    natural_order,
    shown,
)
from causalpima_core.errors import DataError
from causalpima_core.runs.workspace import plain_name

MAX_FILES = 50_000
MAX_DEPTH = 8
_LONGEST_DIRECTORY = 512 * MAX_FILES
_END, _END_SIZE = b"PK\x05\x06", 22
_END64_PLACE, _END64 = b"PK\x06\x07", b"PK\x06\x06"
_LONGEST_COMMENT = 2**16
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)
_ARRAYS = (".npy", ".npz", ".h5", ".hdf5")
_OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)")


def folder_sources(folder: Path) -> list[Source]:
    """All files below a folder, in natural order of their names; hidden ones are none of the data.

    Raises:
        DataError: a link, too many files, or one that cannot be listed.
    """
    found: list[Source] = []
    for path in _walk(folder, 0):
        found.append(Source.of_file(path, path.relative_to(folder).as_posix(), folder))
        if len(found) > MAX_FILES:
            raise _too_many(f"Folder '{shown(folder.name)}'")
    return found


@contextmanager
def zip_sources(source: Source) -> Iterator[list[Source]]:
    """All files of an archive, in natural order of their names, while it is open.

    Raises:
        DataError: it is damaged, encrypted or a trap.
    """
    with source.open() as file:
        try:
            _check_directory(file, source)
            archive = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise DataError(
                f"'{source.told}' is not a .zip archive, or only part of one: make or copy it "
                "again."
            ) from error
        with archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            if len(members) > MAX_FILES:
                raise _too_many(f"'{source.told}'")
            _check_members(members, source)
            visible = [m for m in members if not _hidden(m.filename)]
            found: list[Source] = []
            for member in sorted(visible, key=lambda m: natural_order(m.filename)):
                with one_of(len(found), len(visible)):
                    found.append(_member(archive, member, source))
            yield found


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    if depth > MAX_DEPTH:
        raise DataError(f"Folder '{shown(folder.name)}' is nested too deeply: expected data files.")
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: natural_order(entry.name))
    except OSError as error:
        raise DataError(
            f"Folder '{shown(folder.name)}' cannot be read ({error.strerror}): check who may."
        ) from error
    for entry in entries:
        if _hidden(entry.name):
            continue
        if entry.is_symlink():
            raise DataError(
                f"'{shown(entry.name)}' in folder '{shown(folder.name)}' is a link, which may lead "
                "anywhere: copy the file itself there."
            )
        if entry.is_dir():
            yield from _walk(Path(entry.path), depth + 1)
        elif entry.is_file():
            yield Path(entry.path)


def _check_directory(file: BinaryIO, source: Source) -> None:
    """Refuse a directory of too many entries before it is read as a whole."""
    length = file.seek(0, io.SEEK_END)
    start = max(0, length - _END_SIZE - _LONGEST_COMMENT - 20)
    file.seek(start)
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0:
        raise zipfile.BadZipFile("no end of directory")
    entries, size = struct.unpack("<HL", tail[end + 10 : end + 16])
    place = tail[max(0, end - 20) : end]
    if place.startswith(_END64_PLACE):
        file.seek(struct.unpack("<Q", place[8:16])[0])
        record = file.read(56)
        if record.startswith(_END64):
            entries, size = struct.unpack("<QQ", record[32:48])
    file.seek(0)
    if entries > 2 * MAX_FILES or size > _LONGEST_DIRECTORY:
        raise _too_many(f"'{source.told}'")


def _check_members(members: list[zipfile.ZipInfo], source: Source) -> None:
    seen: set[str] = set()
    for member in members:
        name = member.filename
        if _OUTSIDE.search(name) or _OUTSIDE.search(member.orig_filename):
            raise DataError(
                f"'{source.told}' names a file outside of itself ('{shown(name)}'): expected names "
                "relative to the archive; make it again."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise DataError(
                f"'{shown(name)}' in '{source.told}' is a link, which may lead anywhere: put the "
                "file itself into the archive."
            )
        if member.flag_bits & 0x1:
            raise DataError(
                f"'{source.told}' is protected by a password: make an archive without one."
            )
        if name in seen:
            raise DataError(
                f"'{source.told}' holds two files called '{shown(name)}': expected every name once."
            )
        seen.add(name)
        if PurePosixPath(name).suffix.lower() == ".zip" and not _hidden(name):
            raise DataError(
                f"'{shown(name)}' in '{source.told}' is an archive itself: expected data files; "
                "unpack it first."
            )
    unpacked = sum(member.file_size for member in members)
    check_ratio(f"'{source.told}'", source.size, unpacked)
    on_disk = sum(member.file_size for member in members if _may_be_large(member))
    check_memory(f"'{source.told}'", unpacked - on_disk)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: Source) -> Source:
    def begin() -> BinaryIO:
        try:
            # reads no more than the size that was checked, and compares the checksum
            return io.BytesIO(archive.read(member))
        except _BROKEN as error:
            raise _damaged(member, source) from error
        except MemoryError as error:
            raise DataError(
                f"'{shown(member.filename)}' in '{source.told}' is too large for the memory: give "
                "fewer samples, or smaller ones."
            ) from error

    if source.path and _may_be_large(member):
        return _unpacked(archive, member, source, source.path)
    return Source(member.filename, member.file_size, begin, origin=source.path)


def _may_be_large(member: zipfile.ZipInfo) -> bool:
    """Whether it may hold arrays too large for memory, which are read from a file of their own."""
    arrays = PurePosixPath(member.filename).suffix.lower() in _ARRAYS
    return arrays and member.file_size > stored.LARGE // 16


def _unpacked(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: Source, archive_path: Path
) -> Source:
    """A member, unpacked to disk once; nothing of its name but the last part is used there."""
    name = plain_name(PurePosixPath(member.filename).name)

    def write(folder: Path) -> None:
        with (folder / name).open("wb") as file:
            for piece in _pieces(archive, member, source):
                file.write(piece)
                tell(file.tell() / member.file_size)

    folder = converted(archive_path, member.file_size, write, member.filename)
    return Source.of_file(folder / name, member.filename, archive_path)


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: Source) -> Iterator[bytes]:
    """All of a member; at the end zipfile compares its checksum."""
    try:
        with archive.open(member) as packed:
            while piece := packed.read(COPIED_AT_ONCE):
                yield piece
    except _BROKEN as error:
        raise _damaged(member, source) from error


def _damaged(member: zipfile.ZipInfo, source: Source) -> DataError:
    return DataError(
        f"'{shown(member.filename)}' in '{source.told}' is damaged: make or copy the archive again."
    )


def _hidden(name: str) -> bool:
    """Whether it is what systems leave behind: ``.DS_Store``, ``__MACOSX/…``, ``Thumbs.db``."""
    parts = PurePosixPath(name).parts
    return any(part.startswith((".", "__MACOSX")) or part == "Thumbs.db" for part in parts)


def _too_many(what: str) -> DataError:
    return DataError(
        f"{what} holds more than {MAX_FILES:,} files: put the images of all samples into one array "
        "(.npz, .npy or .h5)."
    )
