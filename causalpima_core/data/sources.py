"""Files as readers take them: a name, a size and bytes, whether on disk or inside an archive.

What a file claims to hold is compared with what it is before any memory is given to it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import psutil

from causalpima_core.errors import DataError

FREE_BYTES = 64 * 2**20
MAX_RATIO = 200
"""Bytes out of one byte in, from which more than `FREE_BYTES` count as a trap: measurements shrink
by a factor of two to fifty."""

LONGEST_SHOWN = 60
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Source:
    """One file to read.

    Attributes:
        name: path within its folder or archive, with ``/``; the file's own name outside of one.
        size: in bytes.
        begin: opens it for reading; seekable.
        path: where it lies on disk; None inside an archive.
        origin: the archive or folder that it was found in, on disk.
    """

    name: str
    size: int
    begin: Callable[[], BinaryIO]
    path: Path | None = None
    origin: Path | None = None

    @classmethod
    def of_file(cls, path: Path, name: str | None = None, origin: Path | None = None) -> Source:
        """A file on disk."""
        size = path.stat().st_size
        return cls(name or path.name, size, lambda: path.open("rb"), path, origin)

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> Source:
        """Something in memory."""
        return cls(name, len(content), lambda: io.BytesIO(content))

    @property
    def suffix(self) -> str:
        """Of the name, in small letters: ``.csv``."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def stem(self) -> str:
        """The name without folders and suffix, as a modality may be called by it."""
        return PurePosixPath(self.name).stem.replace(".", "_")

    @property
    def told(self) -> str:
        """The name as a sentence tells it."""
        return shown(self.name)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open for reading; what the system says goes into the sentence.

        Raises:
            DataError: it cannot be read.
        """
        try:
            file = self.begin()
        except OSError as error:
            raise DataError(
                f"'{self.told}' cannot be read ({error.strerror or 'damaged'}): check the file and "
                "who may read it."
            ) from error
        with file:
            yield file


def shown(name: str, longest: int = LONGEST_SHOWN) -> str:
    r"""A name from a file as a sentence tells it: on one line, not too long, nothing hidden.

    >>> shown("a\nb"), len(shown("x" * 300))
    ('a?b', 60)
    """
    visible = "".join(c if c.isprintable() else "?" for c in name)
    if len(visible) <= longest:
        return visible
    return f"{visible[: longest - 21]}…{visible[-20:]}"


def natural_order(name: str) -> tuple[list[list[tuple[int, str]]], str]:
    """What files are sorted by: folder by folder, a number in a name before every greater one.

    >>> sorted(["b/10.png", "b/9.png", "a/2.png"], key=natural_order)
    ['a/2.png', 'b/9.png', 'b/10.png']
    """
    return [[_piece(piece) for piece in _NUMBER.split(part)] for part in name.split("/")], name


def _piece(piece: str) -> tuple[int, str]:
    """A word, or the digits of a number after how many they are, since `int` refuses long ones."""
    if not piece.isdecimal():
        return 0, piece
    digits = "".join(str(int(digit)) for digit in piece).lstrip("0")
    return len(digits), digits


def check_expansion(what: str, packed: int, unpacked: int) -> None:
    """Refuse what unpacks to far more than any measurement does, or than there is memory for.

    Args:
        what: is unpacked, for the message.
        packed: bytes that it takes in the file.
        unpacked: bytes that it says it will take in memory.

    Raises:
        DataError: before any of it is unpacked.
    """
    check_ratio(what, packed, unpacked)
    check_memory(what, unpacked)


def check_ratio(what: str, packed: int, unpacked: int) -> None:
    """The first half of `check_expansion`, for what is unpacked to wherever."""
    if unpacked > FREE_BYTES and unpacked > MAX_RATIO * max(packed, 1):
        raise DataError(
            f"{what} claims to hold {size_in_words(unpacked)} in {size_in_words(packed)}: "
            "expected measurements, which never shrink so far; make the file again."
        )


def check_memory(what: str, unpacked: int) -> None:
    """The second half of `check_expansion`."""
    free = psutil.virtual_memory().available
    if unpacked > free:
        raise DataError(
            f"{what} needs {size_in_words(unpacked)} of memory and {size_in_words(free)} are free: "
            "give fewer samples, or smaller ones."
        )


def size_in_words(size: float) -> str:
    """Bytes as a person says them.

    >>> size_in_words(2_500), size_in_words(3 * 2**30)
    ('2.4 KiB', '3.0 GiB')
    """
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.{max(0, 2 - len(f'{size:.0f}'))}f} {unit}"
        size /= 1024
    return f"{size:,.0f} TiB"
