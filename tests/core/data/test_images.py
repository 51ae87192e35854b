"""Images keep the channels and the numbers of their files, or are refused in one sentence."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from causalpima_core.data.images import MAX_PIXELS, Picture, read_image
from causalpima_core.data.sources import Source
from causalpima_core.errors import DataError

ORIENTED = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a.T, 2),
    8: np.rot90,
}
"""What the orientations of TIFF 6.0 ask of a viewer."""


def noise(shape: tuple[int, ...], dtype: str = "uint8") -> NDArray:
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def read(path: Path) -> Picture:
    return read_image(Source.of_file(path))


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).isprintable()
    return str(caught.value)


def lzw(content: bytes) -> bytes:
    """As TIFF 6.0 has it; the table is cleared before its codes outgrow nine bits."""
    codes = [c for i, byte in enumerate(content) for c in ([256] * (i % 200 == 0) + [byte])]
    bits = "".join(f"{code:09b}" for code in (*codes, 257))
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def packed_with_lzw(path: Path) -> Path:
    """The same file compressed with LZW, which tifffile does not write by itself."""
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for page in tiff.pages:
            places, sizes = [], []
            for place, size in zip(page.dataoffsets, page.databytecounts, strict=True):
                tiff.filehandle.seek(place)
                strip = lzw(tiff.filehandle.read(size))
                places.append(tiff.filehandle.seek(0, 2))
                sizes.append(tiff.filehandle.write(strip))
            for name, value in (
                ("Compression", 5),
                ("StripOffsets", places),
                ("StripByteCounts", sizes),
            ):
                page.tags[name].overwrite(value)
    return path


def png(path: Path, colour_type: int, pixels: NDArray[np.uint16]) -> Path:
    """A PNG of 16 bits, which Pillow writes in grey only."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


class TestChannelsOfTiff:
    @pytest.mark.parametrize("planes", ["contig", "separate"])
    @pytest.mark.parametrize("n", [2, 3, 4])
    def test_samples_of_a_pixel_are_channels(self, tmp_path, n, planes):
        pixels = noise((n, 20, 30))
        tifffile.imwrite(
            tmp_path / "a.tif",
            pixels if planes == "separate" else np.moveaxis(pixels, 0, -1),
            photometric="minisblack",
            planarconfig=planes,
        )
        found = read(tmp_path / "a.tif")
        np.testing.assert_array_equal(found.pixels, pixels)
        assert found.channels == tuple(f"band {i + 1}" for i in range(n))

    @pytest.mark.parametrize("planes", ["contig", "separate"])
    @pytest.mark.parametrize("n", [5, 6])
    def test_more_than_four_are_refused(self, tmp_path, n, planes):
        shape = (n, 20, 30) if planes == "separate" else (20, 30, n)
        tifffile.imwrite(
            tmp_path / "a.tif", noise(shape), photometric="minisblack", planarconfig=planes
        )
        assert f"'a.tif' has {n} channels: expected 1 to 4" in refused(tmp_path / "a.tif")

    def test_infrared_beside_colours_is_kept(self, tmp_path):
        pixels = noise((20, 30, 4))
        tifffile.imwrite(
            tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=["unspecified"]
        )
        found = read(tmp_path / "a.tif")
        np.testing.assert_array_equal(found.pixels, np.moveaxis(pixels, -1, 0))
        assert found.channels == ("red", "green", "blue", "band 4")

    @pytest.mark.parametrize("alpha", ["unassalpha", "assocalpha"])
    @pytest.mark.parametrize("n", [1, 3])
    def test_transparency_is_dropped(self, tmp_path, n, alpha):
        pixels = noise((20, 30, n + 1))
        tifffile.imwrite(
            tmp_path / "a.tif",
            pixels,
            photometric="rgb" if n == 3 else "minisblack",
            planarconfig="contig",
            extrasamples=[alpha],
        )
        np.testing.assert_array_equal(
            read(tmp_path / "a.tif").pixels, np.moveaxis(pixels[..., :n], -1, 0)
        )

    def test_transparency_between_channels_is_dropped(self, tmp_path):
        pixels = noise((20, 30, 5))
        tifffile.imwrite(
            tmp_path / "a.tif",
            pixels,
            photometric="rgb",
            extrasamples=["unassalpha", "unspecified"],
        )
        expected = np.moveaxis(pixels[..., [0, 1, 2, 4]], -1, 0)
        np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, expected)


class TestNumbers:
    @pytest.mark.parametrize(
        ("colour_type", "n", "what"),
        [(2, 3, "colours"), (6, 4, "colours"), (4, 2, "grey with transparency")],
    )
    def test_sixteen_bit_colours_of_png_are_refused(self, tmp_path, colour_type, n, what):
        path = png(tmp_path / "x.png", colour_type, noise((5, 7, n), "uint16"))
        assert refused(path) == (
            f"'x.png' holds 16-bit {what}, which cannot be read from PNG: save it as an "
            "uncompressed TIFF."
        )

    def test_sixteen_bit_grey_of_png_is_read(self, tmp_path):
        pixels = noise((5, 7), "uint16")
        np.testing.assert_array_equal(read(png(tmp_path / "x.png", 0, pixels)).pixels[0], pixels)

    @pytest.mark.parametrize(
        ("n", "dtype", "order"),
        [
            (1, "uint8", "<"),
            (1, "uint16", "<"),
            (1, "uint16", ">"),
            (1, "int16", "<"),
            (1, "int32", "<"),
            (1, "float32", "<"),
            (3, "uint8", "<"),
        ],
    )
    def test_lzw_that_keeps_its_numbers(self, tmp_path, n, dtype, order):
        pixels = noise((5, 7, n) if n > 1 else (5, 7), dtype)
        tifffile.imwrite(
            tmp_path / "a.tif",
            pixels,
            photometric="rgb" if n == 3 else "minisblack",
            byteorder=order,
        )
        found = read(packed_with_lzw(tmp_path / "a.tif")).pixels
        np.testing.assert_array_equal(found, np.moveaxis(pixels.reshape(5, 7, n), -1, 0))

    @pytest.mark.parametrize(
        ("n", "dtype", "order"),
        [
            (1, "int8", "<"),
            (1, "uint32", "<"),
            (1, "float64", "<"),
            (1, "int16", ">"),
            (1, "float32", ">"),
            (2, "uint8", "<"),
            (3, "uint16", "<"),
            (3, "float32", "<"),
            (4, "uint8", "<"),
            (4, "float32", "<"),
        ],
    )
    def test_lzw_that_would_lose_numbers_is_refused(self, tmp_path, n, dtype, order):
        tifffile.imwrite(
            tmp_path / "a.tif",
            noise((5, 7, n) if n > 1 else (5, 7), dtype),
            photometric="rgb" if n >= 3 else "minisblack",
            planarconfig="contig" if n > 1 else None,
            extrasamples=["unspecified"] if n in (2, 4) else None,
            byteorder=order,
        )
        assert read(tmp_path / "a.tif").pixels.dtype == dtype
        assert refused(packed_with_lzw(tmp_path / "a.tif")) == (
            f"'a.tif' holds {n} channel{'s' if n > 1 else ''} of {dtype} compressed with LZW, "
            "which cannot be read: save it uncompressed or with plain deflate."
        )

    @pytest.mark.parametrize("alpha", ["unassalpha", "assocalpha"])
    def test_lzw_of_grey_with_transparency(self, tmp_path, alpha):
        pixels = noise((5, 7, 2))
        tifffile.imwrite(
            tmp_path / "a.tif",
            pixels,
            photometric="minisblack",
            planarconfig="contig",
            extrasamples=[alpha],
        )
        found = read(packed_with_lzw(tmp_path / "a.tif")).pixels
        np.testing.assert_array_equal(found, pixels[None, ..., 0])

    def test_deflate_of_differences_of_floats(self, tmp_path):
        pixels = noise((5, 7), "float32")
        Image.fromarray(pixels).save(
            tmp_path / "a.tif", compression="tiff_adobe_deflate", tiffinfo={317: 3}
        )
        np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels[0], pixels)


def test_damaged_deflate_is_one_sentence(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise((5, 7)), photometric="minisblack", compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        place = tiff.pages[0].dataoffsets[0]
    content = path.read_bytes()
    path.write_bytes(content[:place] + b"\xff\xff" + content[place + 2 :])
    assert refused(path).startswith("'a.tif' is damaged or not a TIFF image")


class TestPages:
    def write(self, path: Path, *pages: NDArray) -> Path:
        with tifffile.TiffWriter(path) as tiff:
            for page in pages:
                tiff.write(page, photometric="rgb" if page.ndim == 3 else "minisblack")
        return path

    @pytest.mark.parametrize("pack", [lambda path: path, packed_with_lzw])
    def test_a_thumbnail_is_told(self, tmp_path, pack):
        path = self.write(tmp_path / "a.tif", noise((20, 30)), noise((10, 15)))
        assert refused(pack(path)) == (
            "'a.tif' has pages of 30 × 20 and of 15 × 10 pixels: expected pages that are alike; "
            "save the one that you want, or each, as a file of its own."
        )

    def test_grey_and_colour_pages_are_told(self, tmp_path):
        path = self.write(tmp_path / "a.tif", noise((20, 30, 3)), noise((20, 30)))
        assert "'a.tif' has pages of 3 and of 1 channels" in refused(path)

    def test_a_large_page_after_a_small_one_is_not_decoded(self, tmp_path):
        side = int(MAX_PIXELS**0.5) + 1
        path = self.write(tmp_path / "a.tif", noise((20, 30)), noise((1, 1)))
        with tifffile.TiffFile(path, mode="r+") as tiff:
            for name in ("ImageWidth", "ImageLength"):
                tiff.pages[1].tags[name].overwrite(side)
        assert f"{side} × {side} pixels" in refused(path)


class TestOrientation:
    @pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_a_tiff_is_turned_however_it_is_compressed(self, tmp_path, orientation, compression):
        pixels = noise((4, 6))
        tifffile.imwrite(
            tmp_path / "a.tif",
            pixels,
            photometric="minisblack",
            compression="zlib" if compression == "zlib" else None,
            extratags=[(274, "H", 1, orientation, True)],
        )
        if compression == "lzw":
            packed_with_lzw(tmp_path / "a.tif")
        found = read(tmp_path / "a.tif")
        np.testing.assert_array_equal(found.pixels[0], ORIENTED[orientation](pixels))
        assert found.full_size == found.pixels.shape[1:]

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_a_photograph_is_turned(self, tmp_path, orientation):
        pixels = noise((4, 6))
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
        np.testing.assert_array_equal(
            read(tmp_path / "a.png").pixels[0], ORIENTED[orientation](pixels)
        )
