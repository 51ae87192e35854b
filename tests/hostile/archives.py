"""Hostile .zip archives and folders, each made in a folder of its own."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np

GOOD_TABLE = "sample_id,x,y\na,1,2\nb,3,5\nc,4,9\n"


def zip_bomb(folder: Path) -> Path:
    """A gigabyte of zeros in a megabyte."""
    with (
        zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("photo.npy", "w", force_zip64=True) as file,
    ):
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|u1", "fortran_order": False, "shape": (1024, 2**20)}
        )
        for _ in range(64):
            file.write(bytes(2**24))
    return folder / "a.zip"


def zip_bomb_that_lies(folder: Path) -> Path:
    """Says that it holds a hundred bytes and unpacks to many megabytes."""
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", GOOD_TABLE + "d,1,2\n" * 10_000_000)
    content = bytearray((folder / "a.zip").read_bytes())
    central = content.rindex(b"PK\x01\x02")
    content[22:26] = content[central + 24 : central + 28] = struct.pack("<L", 100)
    (folder / "a.zip").write_bytes(content)
    return folder / "a.zip"


def zip_of_one_part_counted_often(folder: Path) -> Path:
    """Ten thousand entries of the directory that all point to the same four megabytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("00000.csv", bytes(2**22))
    content = buffer.getvalue()
    start, end = content.rindex(b"PK\x01\x02"), content.rindex(b"PK\x05\x06")
    entry = content[start:end]
    entries = b"".join(entry.replace(b"00000", f"{i:05}".encode()) for i in range(10_000))
    tail = bytearray(content[end:])
    tail[8:16] = struct.pack("<HHL", 10_000, 10_000, len(entries))
    (folder / "a.zip").write_bytes(content[:start] + entries + bytes(tail))
    return folder / "a.zip"


def nested_zip(folder: Path) -> Path:
    """An archive in an archive in an archive."""
    inner = GOOD_TABLE.encode()
    for name in ("a.csv", "inner.zip", "outer.zip"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(name, inner)
        inner = buffer.getvalue()
    (folder / "a.zip").write_bytes(inner)
    return folder / "a.zip"


def _with_member(folder: Path, name: str) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a.csv", GOOD_TABLE)
        archive.writestr(zipfile.ZipInfo(name), GOOD_TABLE)
    return folder / "a.zip"


def path_traversal(folder: Path) -> Path:
    """A member that climbs out of the archive."""
    return _with_member(folder, "../../escaped.csv")


def path_traversal_backwards(folder: Path) -> Path:
    """The same with the signs of Windows."""
    return _with_member(folder, "b\\..\\..\\escaped.csv")


def absolute_path(folder: Path) -> Path:
    """A member with a place of its own on the disk."""
    return _with_member(folder, "/tmp/escaped.csv")  # noqa: S108 - never made


def drive_letter(folder: Path) -> Path:
    """The same on Windows."""
    return _with_member(folder, "C:\\escaped.csv")


def manifest_that_climbs(folder: Path) -> Path:
    """A manifest that names a file outside of its folder, which is there."""
    (folder / "secret.npy").write_bytes(b"")
    (folder / "data").mkdir()
    (folder / "data" / "manifest.csv").write_text(
        "sample_id,photo\na,../secret.npy\nb,/etc/hostname.npy\n"
    )
    return folder / "data"


def symlink_in_zip(folder: Path) -> Path:
    """A member that is a link to a file of the system."""
    link = zipfile.ZipInfo("b.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a.csv", GOOD_TABLE)
        archive.writestr(link, "/etc/passwd")
    return folder / "a.zip"


def symlink_in_folder(folder: Path) -> Path:
    """A link to a file outside."""
    (folder / "outside.csv").write_text(GOOD_TABLE)
    (folder / "data").mkdir()
    (folder / "data" / "a.csv").symlink_to(folder / "outside.csv")
    return folder / "data"


def circular_folder(folder: Path) -> Path:
    """A link to the folder that it lies in."""
    (folder / "data").mkdir()
    (folder / "data" / "a.csv").write_text(GOOD_TABLE)
    (folder / "data" / "again").symlink_to(folder / "data")
    return folder / "data"


def many_entries(folder: Path) -> Path:
    """A hundred thousand files, all empty."""
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for i in range(100_000):
            archive.writestr(f"{i}.csv", "")
    return folder / "a.zip"


def directory_that_claims_millions(folder: Path) -> Path:
    """The end of an archive that says its directory has a gigabyte."""
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 65_535, 65_535, 2**30, 0, 0)
    (folder / "a.zip").write_bytes(b"PK\x03\x04" + bytes(1000) + end)
    return folder / "a.zip"


def wrong_checksum(folder: Path) -> Path:
    """One digit of the table changed."""
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a.csv", GOOD_TABLE)
    content = (folder / "a.zip").read_bytes()
    (folder / "a.zip").write_bytes(content.replace(b"c,4,9", b"c,4,8"))
    return folder / "a.zip"


def password(folder: Path) -> Path:
    """Marked as encrypted."""
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a.csv", GOOD_TABLE)
    content = bytearray((folder / "a.zip").read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    (folder / "a.zip").write_bytes(content)
    return folder / "a.zip"


def cut_off_zip(folder: Path) -> Path:
    """The first half of an archive."""
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a.csv", GOOD_TABLE * 100)
    content = (folder / "a.zip").read_bytes()
    (folder / "a.zip").write_bytes(content[: len(content) // 2])
    return folder / "a.zip"
