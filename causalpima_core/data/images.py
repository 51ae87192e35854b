"""One image file to an array ``(channels, height, width)``, its size known before it is decoded."""

from __future__ import annotations

import logging
import struct
import warnings
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

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
    tifffile.TiffFileError,
)
"""What decoders raise on damaged files: they are written for whole ones."""

# What it finds wrong in a file is said in our sentence, or did not matter.
tifffile.logger().setLevel(logging.CRITICAL + 1)

_GREY, _COLOUR = ("grey",), ("red", "green", "blue")
_PLAIN_COMPRESSION = (1, 8, 32773, 32946)
"""None, deflate and PackBits, which tifffile decodes by itself; Pillow reads the others."""


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
    depth where there are more.

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
    with Image.open(file, formats=[_kind(source)]) as image:
        _check_size(source, image.height, image.width)
        if getattr(image, "n_frames", 1) > 1 and image.format == "PNG":
            raise DataError(f"'{source.told}' is animated: save one frame of it.")
        image.load()
        return _of_pillow(ImageOps.exif_transpose(image))


def _of_pillow(image: Image.Image) -> tuple[NDArray, tuple[str, ...]]:
    if image.mode.startswith(("I", "F", "1", "L")) and "A" not in image.mode:
        grey = image.convert("L") if image.mode == "1" else image
        return np.asarray(grey)[None], _GREY
    if image.mode == "LA":
        return np.asarray(image.convert("L"))[None], _GREY
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
        if first.compression in _PLAIN_COMPRESSION:
            return _of_pages([_page(p) for p in tiff.pages if isinstance(p, tifffile.TiffPage)])
    file.seek(0)
    with Image.open(file, formats=["TIFF"]) as image:
        frames = [_of_pillow(frame.copy()) for frame in ImageSequence.Iterator(image)]
    return _of_pages([pixels for pixels, _ in frames])


def _page(page: tifffile.TiffPage) -> NDArray:
    """A page as ``(channels, height, width)``, without transparency."""
    array = np.asarray(page.asarray())
    if page.colormap is not None:
        array = page.colormap[:, array]
    elif array.ndim == 2:
        array = array[None]
    elif array.ndim == 3 and "S" in page.axes and page.axes.index("S") == 2:
        array = np.moveaxis(array, -1, 0)
    if array.ndim != 3:
        raise ValueError(f"axes {page.axes}")
    return array[: array.shape[0] - len(page.extrasamples)] if array.shape[0] > 1 else array


def _of_pages(pages: list[NDArray]) -> tuple[NDArray, tuple[str, ...]]:
    if any(page.shape != pages[0].shape for page in pages):
        raise ValueError("pages of several sizes")
    n, bands = len(pages), len(pages[0])
    names = _COLOUR if bands == 3 else tuple(f"band {i + 1}" for i in range(bands))
    if n == 1:
        return pages[0], _GREY if bands == 1 else names
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
