"""Hostile arrays and tables, each made in a folder of its own."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HUGE = (2**40,)


class Trap:
    """Unpickled, it would make a file called ``sprung`` where the program runs."""

    def __reduce__(self) -> tuple:
        """What unpickling would do."""
        return (Path.touch, (Path("sprung"),))


def pickled_npy(folder: Path) -> Path:
    """An array of objects."""
    np.save(folder / "a.npy", np.array([Trap(), Trap()], dtype=object), allow_pickle=True)
    return folder / "a.npy"


def pickled_npz(folder: Path) -> Path:
    """The same in an archive of arrays."""
    np.savez(folder / "a.npz", x=np.array([Trap(), Trap()], dtype=object))
    return folder / "a.npz"


def _header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    text = repr({"descr": descr, "fortran_order": False, "shape": shape})
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def huge_claim_npy(folder: Path) -> Path:
    """A header of 2^40 numbers and eight of them."""
    (folder / "a.npy").write_bytes(_header(HUGE) + bytes(64))
    return folder / "a.npy"


def huge_claim_npz(folder: Path) -> Path:
    """The same in an archive of arrays."""
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        archive.writestr("x.npy", _header((2**20, 2**20)) + bytes(64))
    return folder / "a.npz"


def bomb_npz(folder: Path) -> Path:
    """A gigabyte of zeros, honestly declared."""
    with (
        zipfile.ZipFile(folder / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as file,
    ):
        file.write(_header((1024, 2**20), "|u1"))
        for _ in range(64):
            file.write(bytes(2**24))
    return folder / "a.npz"


def code_in_header(folder: Path) -> Path:
    """An expression where a dictionary belongs."""
    text = "__import__('pathlib').Path('sprung').touch()".ljust(117) + "\n"
    head = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    (folder / "a.npy").write_bytes(head + bytes(64))
    return folder / "a.npy"


def deep_header(folder: Path) -> Path:
    """Brackets within brackets."""
    text = ("(" * 4000 + ")" * 4000).ljust(8001) + "\n"
    head = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    (folder / "a.npy").write_bytes(head + bytes(64))
    return folder / "a.npy"


def cut_off_npy(folder: Path) -> Path:
    """Half of an array."""
    np.save(folder / "a.npy", np.random.default_rng(0).normal(size=(20, 50)))
    content = (folder / "a.npy").read_bytes()
    (folder / "a.npy").write_bytes(content[: len(content) // 2])
    return folder / "a.npy"


def cut_off_npz(folder: Path) -> Path:
    """Half of an archive of arrays."""
    np.savez(folder / "a.npz", x=np.random.default_rng(0).normal(size=(20, 50)))
    content = (folder / "a.npz").read_bytes()
    (folder / "a.npz").write_bytes(content[: len(content) // 2])
    return folder / "a.npz"


def newline_in_name(folder: Path) -> Path:
    """A modality whose name would take two lines and colour the terminal."""
    np.savez(folder / "a.npz", **{"x\nerror: \x1b[31mall is lost": np.eye(6)})
    return folder / "a.npz"


def long_name(folder: Path) -> Path:
    """A modality with a name of 300 characters."""
    np.savez(folder / "a.npz", **{"x" * 300: np.eye(6)})
    return folder / "a.npz"


def million_columns(folder: Path) -> Path:
    """A header of a million names."""
    header = ",".join(f"c{i}" for i in range(1_000_000))
    row = ",".join("1" for _ in range(1_000_000))
    (folder / "a.csv").write_text(f"{header}\n{row}\n{row}\n")
    return folder / "a.csv"


def million_cells_below_two_names(folder: Path) -> Path:
    """A second line far longer than the header."""
    (folder / "a.csv").write_text("x,y\n1,2\n" + "1," * 1_000_000 + "\n")
    return folder / "a.csv"


def endless_line(folder: Path) -> Path:
    """Hundreds of megabytes without a line break."""
    with (folder / "a.csv").open("wb") as file:
        for _ in range(300):
            file.write(b"x" * 2**20)
    return folder / "a.csv"


def mixed_encodings(folder: Path) -> Path:
    """UTF-8 at first, another encoding later."""
    (folder / "a.csv").write_bytes(
        "x,note\n1,größer\n2,µm\n".encode() + "3,größer\n4,µm\n".encode("latin-1")
    )
    return folder / "a.csv"


def nul_bytes(folder: Path) -> Path:
    """Zeros between the cells, as a disk leaves them after a crash."""
    (folder / "a.csv").write_bytes(b"x,y\n1,2\n3,\0\0\0\n4,5\n")
    return folder / "a.csv"


def formula_among_numbers(folder: Path) -> Path:
    """A cell that a spreadsheet would run."""
    (folder / "a.csv").write_text("x,y\n1,2\n3,=cmd|' /C calc'!A0\n4,5\n5,6\n")
    return folder / "a.csv"


def parquet_bomb(folder: Path) -> Path:
    """A hundred million equal numbers in a few kilobytes."""
    schema = pa.schema([("x", pa.float64()), ("y", pa.float64())])
    column = pa.array(np.zeros(2_000_000))
    with pq.ParquetWriter(folder / "a.parquet", schema, compression="zstd") as writer:
        for _ in range(50):
            writer.write_table(pa.table([column, column], schema=schema))
    return folder / "a.parquet"


def lists_in_parquet(folder: Path) -> Path:
    """Cells that are lists."""
    pq.write_table(pa.table({"x": [[1.0, 2.0], [3.0]], "y": [1.0, 2.0]}), folder / "a.parquet")
    return folder / "a.parquet"


def cut_off_parquet(folder: Path) -> Path:
    """The first half of a table."""
    pq.write_table(pa.table({"x": list(range(1000))}), folder / "a.parquet")
    content = (folder / "a.parquet").read_bytes()
    (folder / "a.parquet").write_bytes(content[: len(content) // 2])
    return folder / "a.parquet"


def parquet_of_text_that_is_no_utf_8(folder: Path) -> Path:
    """Two words, one of them in Latin-1."""
    offsets, words = np.array([0, 4, 8], np.int32), "gr\xfcnblau".encode("latin-1")
    text = pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(offsets), pa.py_buffer(words)])
    pq.write_table(pa.table({"sample_id": text, "x": [1.0, 2.0]}), folder / "a.parquet")
    return folder / "a.parquet"
