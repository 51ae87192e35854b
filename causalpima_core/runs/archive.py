"""Archives from strangers: all that one says of itself is checked before a byte of it is written.

Sizes may be trusted once they are bounded: reading an entry ends at the size that was declared,
and a wrong checksum is an error.
"""

from __future__ import annotations

import math
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from causalpima_core.data.containers import MAX_FILES
from causalpima_core.errors import RunFolderError

MOST_FILES = MAX_FILES + 1_000
"""Those that a folder of data may hold, and the run's own."""
MOST_BYTES = 64 * 2**30
MOST_RATIO = 200
"""Unpacked over packed size: arrays and text of a run shrink by 10, a zip bomb by 1000."""
SMALL = 64 * 2**20
"""Bytes that are harmless whatever they were packed into."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SYMLINKS_OR_WORSE = (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, KeyError)
"""What zipfile and NumPy raise for content that is not what it should be."""


class Archive:
    """A zip file all of whose entries are known to be harmless files at expected places."""

    def __init__(self, packed: zipfile.ZipFile, name: str, entries: list[zipfile.ZipInfo]) -> None:
        """Take over an open file and what `opened` found in it."""
        self.places = [entry.filename for entry in entries]
        self.size = sum(entry.file_size for entry in entries)
        self.name, self._packed = name, packed
        self._entries = {entry.filename: entry for entry in entries}

    def text(self, place: str) -> str:
        """A small file as text.

        Raises:
            RunFolderError: it is missing, damaged, no text or not small.
        """
        if place not in self._entries or self._entries[place].file_size > SMALL:
            raise RunFolderError(f"'{self.name}' holds no usable {place}: pack the run again.")
        with damage_in(self.name):
            return self._packed.read(place).decode("utf-8")

    def copy(self, place: str, to: Path) -> None:
        """Write a file out, a piece at a time."""
        with damage_in(self.name), self._packed.open(place) as packed, to.open("xb") as file:
            shutil.copyfileobj(packed, file, 2**20)


@contextmanager
def opened(
    archive: Path | BinaryIO, name: str, expected: Callable[[str], bool]
) -> Iterator[Archive]:
    """An archive whose entries were checked.

    Args:
        archive: the file.
        name: what to call it in a message.
        expected: whether a file may be at a place.

    Raises:
        RunFolderError: it cannot be read, or is not what `bundle.pack` writes; one sentence.
    """
    try:
        packed = zipfile.ZipFile(archive)
    except OSError as error:
        raise RunFolderError(f"'{name}' cannot be read ({error.strerror}).") from error
    except _DAMAGE as error:
        raise RunFolderError(
            f"'{name}' cannot be read as a zip archive ({error}): get or export it anew."
        ) from error
    with packed:
        entries = [entry for entry in packed.infolist() if not entry.is_dir()]
        _check_entries(entries, name, expected)
        yield Archive(packed, name, entries)


def _check_entries(
    entries: list[zipfile.ZipInfo], name: str, expected: Callable[[str], bool]
) -> None:
    """Raise unless every entry is a plain file at an expected place, and all are of some size."""
    if len(entries) > MOST_FILES:
        raise _refused(name, f"it has {len(entries):,} files, a run has at most {MOST_FILES:,}")
    if len({entry.filename.casefold() for entry in entries}) < len(entries):
        raise _refused(name, "it has two files of the same name")
    for entry in entries:
        shown = repr(entry.filename[:60])
        mode = stat.S_IFMT(entry.external_attr >> 16)
        if mode in _SYMLINKS_OR_WORSE:
            raise _refused(name, f"{shown} in it is a link or a device, not a file")
        if entry.flag_bits & 0x1 or entry.compress_type not in _METHODS:
            raise _refused(name, f"{shown} in it is encrypted or packed in an unusual way")
        if not expected(entry.filename):
            raise _refused(name, f"{shown} in it is no file of a run")
    _check_size(entries, name)


def _check_size(entries: list[zipfile.ZipInfo], name: str) -> None:
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if size > MOST_BYTES or size > max(SMALL, MOST_RATIO * packed):
        raise _refused(
            name,
            f"unpacked it would be {size / 2**20:,.0f} MiB, {size / max(packed, 1):,.0f} "
            "times its size",
        )


def check_space(folder: Path, size: int) -> None:
    """Raise `RunFolderError` unless ``size`` bytes fit where ``folder`` is or will be."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    if size > free:
        raise RunFolderError(
            f"{size / 2**20:,.0f} MiB are needed but only {free / 2**20:,.0f} MiB are free at "
            f"'{there}': make room, or choose another place."
        )


def check_arrays(path: Path, name: str) -> None:
    """Raise unless an .npz holds plain arrays that are as large as their headers say.

    It is an archive itself, and would else be a way round the bounds of the one it came in.
    """
    with damage_in(name), zipfile.ZipFile(path) as packed:
        _check_size(packed.infolist(), name)
        for entry in packed.infolist():
            with packed.open(entry) as file:
                version = np.lib.format.read_magic(file)
                read = (
                    np.lib.format.read_array_header_1_0
                    if version == (1, 0)
                    else np.lib.format.read_array_header_2_0
                )
                shape, _, dtype = read(file)
            if dtype.hasobject or math.prod(shape) * dtype.itemsize > entry.file_size:
                raise _refused(name, f"'{path.name}' in it holds no plain arrays")


@contextmanager
def damage_in(name: str) -> Iterator[None]:
    """Say in one sentence that content of an archive is damaged."""
    try:
        yield
    except _DAMAGE as error:
        raise RunFolderError(f"'{name}' is damaged ({error}): get or export it anew.") from error


def _refused(name: str, reason: str) -> RunFolderError:
    return RunFolderError(
        f"'{name}' is not opened: {reason}; expected a bundle as export makes it."
    )
