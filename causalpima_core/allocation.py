"""How the C library's allocator is told to give large blocks of memory back."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

M_MMAP_THRESHOLD = -3
"""glibc's name for the parameter, from malloc.h."""
LARGE_BLOCK = 2**23
"""Bytes: more than any tensor of a training step's usual batch, less than a piece of samples."""


def give_back_large_blocks() -> None:
    """Return blocks of `LARGE_BLOCK` bytes or more to the system as soon as they are freed.

    Left to itself glibc keeps blocks of up to 32 MiB in its heap, where the few kilobytes that are
    left of each piece of samples split them one after another: going through 12,000 images of
    48 KiB took 500 MiB more than now. Other systems do as they do.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
