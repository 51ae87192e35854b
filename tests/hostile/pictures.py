"""Hostile images beside a manifest that names them, each made in a folder of its own."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image


def _named(folder: Path, name: str, content: bytes) -> Path:
    place = folder / "data"
    place.mkdir()
    (place / name).write_bytes(content)
    (place / "manifest.csv").write_text(f"sample_id,photo\na,{name}\nb,{name}\n")
    return place


def _picture(side: int = 32) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, size=(side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def _png(width: int, height: int, rows: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))
        )

    head = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes((1 + 3 * width) * rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def png_bomb(folder: Path) -> Path:
    """50,000 by 50,000 black pixels in a few hundred bytes a row."""
    return _named(folder, "a.png", _png(50_000, 50_000, 200))


def tiff_bomb(folder: Path) -> Path:
    """A TIFF that claims to be as large."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((16, 16), np.uint8))
    content = bytearray(buffer.getvalue())
    for tag in (256, 257):  # width, height
        place = (
            content.index(struct.pack("<HHL", tag, 4, 1))
            if struct.pack("<HHL", tag, 4, 1) in content
            else content.index(struct.pack("<HHL", tag, 3, 1))
        )
        content[place : place + 12] = struct.pack("<HHLL", tag, 4, 1, 50_000)
    return _named(folder, "a.tif", bytes(content))


def tiff_of_many_pages(folder: Path) -> Path:
    """Thousands of pages for one sample."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for _ in range(2_000):
            writer.write(np.zeros((4, 4), np.uint8), contiguous=False)
    return _named(folder, "a.tif", buffer.getvalue())


def broken_jpeg(folder: Path) -> Path:
    """The first half of a photograph."""
    buffer = io.BytesIO()
    _picture(64).save(buffer, "JPEG")
    return _named(folder, "a.jpg", buffer.getvalue()[: len(buffer.getvalue()) // 2])


def broken_tiff(folder: Path) -> Path:
    """A TIFF whose pixels are cut off."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.ones((64, 64), np.uint16))
    return _named(folder, "a.tif", buffer.getvalue()[:400])


def animated_gif(folder: Path) -> Path:
    """A film."""
    buffer = io.BytesIO()
    frames = [_picture().rotate(90 * i) for i in range(4)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return _named(folder, "a.gif", buffer.getvalue())


def animated_gif_called_png(folder: Path) -> Path:
    """The same under another name."""
    buffer = io.BytesIO()
    frames = [_picture().rotate(90 * i) for i in range(4)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return _named(folder, "a.png", buffer.getvalue())


def script_called_png(folder: Path) -> Path:
    """A page with a script under the name of an image."""
    return _named(folder, "a.png", b"<svg onload='alert(1)'/>")


def image_that_is_not_there(folder: Path) -> Path:
    """A manifest that names a missing file."""
    place = folder / "data"
    place.mkdir()
    (place / "manifest.csv").write_text("sample_id,photo\na,a.png\nb,b.png\n")
    _picture().save(place / "a.png")
    return place
