"""One image file to an array ``(channels, height, width)``, its size known before it is decoded."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError
from PIL.TiffImagePlugin import COMPRESSION_INFO

from causalpima_core.data.multimodal import MAX_CHANNELS
from causalpima_core.data.sources import Source
from causalpima_core.errors import DataError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
LARGEST_SIDE = 128
"""Larger images are made smaller by whole factors, each pixel the mean of those it replaces."""

MAX_PIXELS = 50_000_000
MAX_PAGES = 256
_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    RuntimeError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    MemoryError,
    NotImplementedError,
    UnidentifiedImageError,
    struct.error,
    zlib.error,
    tifffile.TiffFileError,
)
"""What decoders raise on damaged files: they are written for whole ones."""

# What it finds wrong in a file is said in our sentence, or did not matter.
tifffile.logger().setLevel(logging.CRITICAL + 1)

_GREY, _COLOUR = ("grey",), ("red", "green", "blue")
_PLAIN_COMPRESSION = (1, 8, 32773, 32946)
"""None, deflate and PackBits, which tifffile decodes by itself; Pillow reads the others."""

_FLOATING_PREDICTOR = 3
_TRANSPARENCY = (1, 2)
"""Kinds of extra samples of a TIFF that are transparency; 0, unspecified, is a channel."""

_ORIENTATION = 274
_CHANNELS_OF_PILLOW = {1: 1, 2: 3, 3: 3, 5: 4, 6: 3}
"""Photometric interpretation -> channels of the images of several samples that Pillow reads."""


@dataclass(frozen=True)
class Picture:
    """One image.

    Attributes:
        pixels: shape ``(channels, height, width)``, numbers as in the file.
        channels: what each channel is.
        full_size: height and width in the file.
    """

    pixels: NDArray
    channels: tuple[str, ...]
    full_size: tuple[int, int]


def read_image(source: Source) -> Picture:
    """Read a PNG, JPEG or TIFF file; transparency is dropped, palettes become colours.

    The pages of a TIFF are channels where there are at most four, and are averaged as slices of a
    depth where there are more. What no decoder here keeps in full is refused.

    Raises:
        DataError: naming the file.
    """
    with source.open() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if source.suffix in (".tif", ".tiff"):
                return _smaller(*_read_tiff(source, file))
            return _smaller(*_read_plain(source, file))
        except Image.DecompressionBombError as error:
            raise _too_large(source, "far too many") from error
        except _UNREADABLE as error:
            raise DataError(
                f"'{source.told}' is damaged or not a {_kind(source)} image: export or copy it "
                "again."
            ) from error


def _kind(source: Source) -> str:
    if source.suffix in (".tif", ".tiff"):
        return "TIFF"
    return "PNG" if source.suffix == ".png" else "JPEG"


def _read_plain(source: Source, file: BinaryIO) -> tuple[NDArray, tuple[str, ...]]:
    _check_depth(source, file)
    with Image.open(file, formats=[_kind(source)]) as image:
        _check_size(source, image.height, image.width)
        if getattr(image, "n_frames", 1) > 1 and image.format == "PNG":
            raise DataError(f"'{source.told}' is animated: save one frame of it.")
        image.load()
        return _of_pillow(ImageOps.exif_transpose(image))


def _check_depth(source: Source, file: BinaryIO) -> None:
    """Of PNG files with 16 bits Pillow keeps only grey ones without transparency."""
    signature, depth, colours = struct.unpack("8s16xBB", file.read(26).ljust(26))
    file.seek(0)
    if signature == b"\x89PNG\r\n\x1a\n" and depth == 16 and colours != 0:
        what = "grey with transparency" if colours == 4 else "colours"
        raise DataError(
            f"'{source.told}' holds 16-bit {what}, which cannot be read from PNG: save it as an "
            "uncompressed TIFF."
        )


def _of_pillow(image: Image.Image) -> tuple[NDArray, tuple[str, ...]]:
    if image.mode in ("LA", "La"):
        return np.asarray(image)[None, ..., 0], _GREY
    if image.mode.startswith(("I", "F", "1", "L")) and image.mode != "LAB":
        grey = image.convert("L") if image.mode == "1" else image
        return np.asarray(grey)[None], _GREY
    return np.moveaxis(np.asarray(image.convert("RGB")), -1, 0), _COLOUR


def _read_tiff(source: Source, file: BinaryIO) -> tuple[NDArray, tuple[str, ...]]:
    with tifffile.TiffFile(file) as tiff:
        pages = len(tiff.pages)
        if pages > MAX_PAGES:
            raise DataError(
                f"'{source.told}' has {pages:,} pages: expected 1 to {MAX_PAGES}; give each sample "
                "a file of its own, or choose pages."
            )
        first = tiff.pages.first
        _check_size(source, first.imagelength * pages, first.imagewidth)
        sheets = [page for page in tiff.pages if isinstance(page, tifffile.TiffPage)]
        _check_pages(source, sheets)
        if all(_is_plain(page) for page in sheets):
            return _of_pages([_page(page) for page in sheets], _names(sheets[0]))
        for page in sheets:
            _check_pillow_keeps(source, page)
    file.seek(0)
    with Image.open(file, formats=["TIFF"]) as image:
        frames = [_of_pillow(frame.copy()) for frame in ImageSequence.Iterator(image)]
    return _of_pages([pixels for pixels, _ in frames], frames[0][1])


def _check_pages(source: Source, pages: list[tifffile.TiffPage]) -> None:
    channels = [_n_channels(page) for page in pages]
    if max(channels) > MAX_CHANNELS:
        raise DataError(
            f"'{source.told}' has {max(channels)} channels: expected 1 to {MAX_CHANNELS}; choose "
            "channels or split them into modalities."
        )
    sizes = [f"{page.imagewidth} × {page.imagelength}" for page in pages]
    for of_pages, what in ((sizes, "pixels"), (channels, "channels")):
        told = list(dict.fromkeys(of_pages))
        if len(told) > 1:
            raise DataError(
                f"'{source.told}' has pages of {told[0]} and of {told[1]} {what}: expected pages "
                "that are alike; save the one that you want, or each, as a file of its own."
            )


def _is_plain(page: tifffile.TiffPage) -> bool:
    return page.compression in _PLAIN_COMPRESSION and page.predictor != _FLOATING_PREDICTOR


def _check_pillow_keeps(source: Source, page: tifffile.TiffPage) -> None:
    """Refuse what Pillow cannot read, cuts to 8 bits, swaps the bytes of or drops channels of."""
    if page.dtype is None or not isinstance(page.compression, tifffile.COMPRESSION):
        raise ValueError(f"{page.bitspersample} bits, compression {page.compression}")
    numbers, n = str(page.dtype), _n_channels(page)
    if page.samplesperpixel == 1:
        little = ("int16", "int32", "float32") if page.parent.byteorder == "<" else ()
        keeps = numbers in ("bool", "uint8", "uint16", *little)
    else:
        keeps = numbers == "uint8" and n == _CHANNELS_OF_PILLOW.get(page.photometric)
    if not keeps or 0 in page.extrasamples or page.compression not in COMPRESSION_INFO:
        how = page.compression.name.replace("_", " ")
        raise DataError(
            f"'{source.told}' holds {n} channel{'s' if n > 1 else ''} of {numbers} compressed with "
            f"{how}, which cannot be read: save it uncompressed or with plain deflate."
        )


def _transparent(page: tifffile.TiffPage) -> list[int]:
    """Which samples of a pixel are transparency; never the first."""
    first = page.samplesperpixel - len(page.extrasamples)
    places = [first + i for i, kind in enumerate(page.extrasamples) if kind in _TRANSPARENCY]
    return [place for place in places if place > 0]


def _n_channels(page: tifffile.TiffPage) -> int:
    return 3 if page.colormap is not None else page.samplesperpixel - len(_transparent(page))


def _names(page: tifffile.TiffPage) -> tuple[str, ...]:
    n = _n_channels(page)
    if n == 1:
        return _GREY
    colours = _COLOUR if page.photometric in (2, 3) else ()
    return (*colours, *(f"band {i + 1}" for i in range(len(colours), n)))[:n]


def _page(page: tifffile.TiffPage) -> NDArray:
    """A page as ``(channels, height, width)``, without transparency, turned as its camera noted."""
    array = np.asarray(page.asarray())
    if array.ndim == 2:
        array = array[None]
    elif array.ndim == 3 and "S" in page.axes and page.axes.index("S") == 2:
        array = np.moveaxis(array, -1, 0)
    if array.ndim != 3:
        raise ValueError(f"axes {page.axes}")
    array = np.delete(array, _transparent(page), axis=0)
    if page.colormap is not None:
        array = page.colormap[:, array[0]]
    return _turned(array, page.tags.valueof(_ORIENTATION, default=1))


def _turned(pixels: NDArray, orientation: int) -> NDArray:
    """Upright, from the eight orientations of TIFF 6.0: which sides row 0 and column 0 are.

    >>> _turned(np.array([[[1, 2], [3, 4]]]), 6)
    array([[[3, 1],
            [4, 2]]])
    """
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(1, 2)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return pixels[:, ::rows, ::columns]


def _of_pages(pages: list[NDArray], names: tuple[str, ...]) -> tuple[NDArray, tuple[str, ...]]:
    n, bands = len(pages), len(names)
    if n == 1:
        return pages[0], names
    if n * bands <= MAX_CHANNELS and bands == 1:
        return np.concatenate(pages), tuple(f"page {i + 1}" for i in range(n))
    mean = np.asarray(np.mean(pages, axis=0, dtype=np.float32))
    what = f"mean of {n} pages"
    return mean, (what,) if bands == 1 else tuple(f"{name}, {what}" for name in names)


def _check_size(source: Source, height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise _too_large(source, f"{width:,} × {height:,}")


def _too_large(source: Source, pixels: str) -> DataError:
    return DataError(
        f"'{source.told}' has {pixels} pixels, all pages together: expected at most "
        f"{MAX_PIXELS:,}; crop it or make it smaller."
    )


def _smaller(pixels: NDArray, channels: tuple[str, ...]) -> Picture:
    """Reduced so that the longest side is at most `LARGEST_SIDE`."""
    if not 1 <= len(pixels) <= MAX_CHANNELS or pixels.size == 0:
        raise ValueError(f"{len(pixels)} channels")
    size = pixels.shape[1], pixels.shape[2]
    return Picture(reduced(pixels, LARGEST_SIDE), channels, size)


def reduced(pixels: NDArray, largest_side: int) -> NDArray:
    """Images ``(…, height, width)`` made smaller by a whole factor, each pixel a mean.

    >>> reduced(np.array([[[1.0, 3.0], [5.0, 7.0]]]), 1)
    array([[[4.]]], dtype=float32)
    """
    height, width = pixels.shape[-2:]
    factor = -(-max(height, width) // largest_side)
    if factor <= 1:
        return pixels
    rows, columns = max(height // factor, 1), max(width // factor, 1)
    tall, wide = min(factor, height), min(factor, width)
    kept = pixels[..., : rows * tall, : columns * wide]
    blocks = kept.reshape(*kept.shape[:-2], rows, tall, columns, wide)
    return blocks.mean((-3, -1), dtype=np.float32)
