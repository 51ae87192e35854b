"""Hostile HDF5 files, each made in a folder of its own."""

from __future__ import annotations

import zlib
from pathlib import Path

import h5py
import numpy as np

VALUES = np.random.default_rng(0).normal(size=(6, 3))


def external_link(folder: Path) -> Path:
    """A dataset that lies in another file."""
    with h5py.File(folder / "secret.h5", "w") as file:
        file["x"] = VALUES
    with h5py.File(folder / "a.h5", "w") as file:
        file["x"] = h5py.ExternalLink("secret.h5", "/x")
    return folder / "a.h5"


def soft_link_through_external_link(folder: Path) -> Path:
    """The same by a detour."""
    external_link(folder)
    with h5py.File(folder / "a.h5", "a") as file:
        file["table"] = VALUES
        file["away"] = h5py.SoftLink("/x")
    return folder / "a.h5"


def dangling_soft_link(folder: Path) -> Path:
    """A link to nothing."""
    with h5py.File(folder / "a.h5", "w") as file:
        file["x"] = h5py.SoftLink("/nowhere")
    return folder / "a.h5"


def circular_groups(folder: Path) -> Path:
    """A group that holds itself, under the name of the metadata."""
    with h5py.File(folder / "a.h5", "w") as file:
        file["x"] = VALUES
        group = file.create_group("metadata")
        group["again"] = group
    return folder / "a.h5"


def virtual_dataset(folder: Path) -> Path:
    """A dataset put together from other files."""
    with h5py.File(folder / "secret.h5", "w") as file:
        file["x"] = VALUES
    layout = h5py.VirtualLayout(VALUES.shape, VALUES.dtype)
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "x", VALUES.shape)
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
    return folder / "a.h5"


def external_storage(folder: Path) -> Path:
    """A dataset whose bytes are those of a file of the system."""
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("x", (10, 4), np.uint8, external=[("/etc/passwd", 0, 40)])
    return folder / "a.h5"


def huge_claim(folder: Path) -> Path:
    """2^40 numbers of which none is stored."""
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("x", (2**20, 2**20), np.float64, chunks=(1024, 1024), fillvalue=1.0)
    return folder / "a.h5"


def packed_bomb(folder: Path) -> Path:
    """A gigabyte of zeros in a megabyte."""
    with h5py.File(folder / "a.h5", "w") as file:
        item = file.create_dataset(
            "x", (1024, 2**20), np.uint8, chunks=(16, 2**20), compression="gzip"
        )
        chunk = zlib.compress(bytes(16 * 2**20))
        for start in range(0, 1024, 16):
            item.id.write_direct_chunk((start, 0), chunk)
    return folder / "a.h5"


def huge_metadata(folder: Path) -> Path:
    """Metadata of 2^32 texts that are not there."""
    with h5py.File(folder / "a.h5", "w") as file:
        file["x"] = VALUES
        file.create_dataset("metadata/operator", (2**32,), h5py.string_dtype(), chunks=(2**16,))
    return folder / "a.h5"


def references(folder: Path) -> Path:
    """Pointers instead of numbers."""
    with h5py.File(folder / "a.h5", "w") as file:
        file["y"] = VALUES
        item = file.create_dataset("x", (6, 2), h5py.ref_dtype)
        item[0, 0] = file["y"].ref
    return folder / "a.h5"


def cut_off_hdf5(folder: Path) -> Path:
    """The first half of a file."""
    with h5py.File(folder / "a.h5", "w") as file:
        file["x"] = np.random.default_rng(0).normal(size=(100, 50))
    content = (folder / "a.h5").read_bytes()
    (folder / "a.h5").write_bytes(content[: len(content) // 2])
    return folder / "a.h5"


def text_called_hdf5(folder: Path) -> Path:
    """Something else."""
    (folder / "a.h5").write_text("<script>alert(1)</script>\n" * 100)
    return folder / "a.h5"
