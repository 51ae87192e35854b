"""Folders, archives and several files at once as one dataset, with or without a manifest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from causalpima_core.data.arrays import array_of
from causalpima_core.data.conversion import one_of, tell
from causalpima_core.data.frames import SAMPLE_ID, read_frame
from causalpima_core.data.images import IMAGE_SUFFIXES
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.data.parts import Part, together
from causalpima_core.data.sampled_files import (
    CURVE_SUFFIXES,
    SAMPLED_SUFFIXES,
    modality_of_files,
)
from causalpima_core.data.sources import Source, shown
from causalpima_core.data.tables import part_of_frame
from causalpima_core.data.units import SUFFIX as UNITS
from causalpima_core.data.units import Descriptions, descriptions_in, with_descriptions
from causalpima_core.errors import DataError

MANIFESTS = ("manifest.csv", "manifest.tsv", "manifest.parquet")
METADATA_NAMES = ("metadata", "truth")
"""A table called so, or whose name ends so before the suffix, holds metadata only."""

_SILENT = (".json", ".md", ".txt")
"""What may lie with the data without being any of them."""

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
_MEASURED_FILE = re.compile(
    r"\.(png|jpe?g|tiff?|csv|tsv|npy|gif|bmp|webp|svg|jp2|heic|nd2|czi|lif|dm[34]|mat|xlsx?|txt)$",
    re.IGNORECASE,
)
"""What a cell that names a file ends in; of these, `SAMPLED_SUFFIXES` can be read."""

IDENTIFIERS = (SAMPLE_ID, "sample")


def dataset_of_sources(
    sources: Sequence[Source],
    readers: dict[str, Callable[[Source], Part | list[Part]]],
    origin: str,
) -> MultimodalDataset:
    """One dataset from all files of a folder, archive or upload.

    Args:
        sources: the files.
        readers: suffix -> how such a file is read.
        origin: what messages call the whole.

    Raises:
        DataError: naming file and row.
    """
    manifest = _manifest(sources, origin)
    units = {_place(s): descriptions_in(s) for s in sources if s.name.endswith(UNITS)}
    if manifest:
        part, rest = _of_manifest(manifest, sources)
        parts = [_described(part, manifest, units)]
    else:
        parts, rest = _image_folders(sources), sources
    files = [s for s in rest if s.suffix in readers]
    for done, source in enumerate(files):
        with one_of(done, len(files)):
            read = _metadata(source) if _is_metadata(source) else readers[source.suffix](source)
        several = read if isinstance(read, list) else [read]
        parts += [_described(part, source, units) for part in several]
        tell((done + 1) / len(files))
    if not parts:
        raise DataError(
            f"'{origin}' holds no file that can be read: expected manifest.csv with images, or "
            f"files ending in {', '.join(readers)}."
        )
    whole = together([_with_composed_names(part) for part in parts])
    others = [s for s in rest if s.suffix not in (*readers, *IMAGE_SUFFIXES, *_SILENT)]
    described = {_place(s) for s in (manifest, *files) if s}
    astray = [s for s in sources if s.name.endswith(UNITS) and _place(s) not in described]
    notes = (
        *_left_out(others, "files of another kind are"),
        *_left_out(astray, "files of units belong to no table, file of arrays or manifest and are"),
    )
    return replace(whole, notes=(*whole.notes, *notes))


def _of_manifest(manifest: Source, sources: Sequence[Source]) -> tuple[Part, list[Source]]:
    """What the manifest and its files hold, and which files it does not name."""
    part, named = _read_manifest(manifest, sources)
    rest = [s for s in sources if s is not manifest and s.name not in named]
    images = [s for s in rest if s.suffix in IMAGE_SUFFIXES]
    curves = _unlisted_curves(rest, named, part)
    told = (
        *_left_out(images, f"image files are not in '{manifest.told}' and are"),
        *_left_out(curves, f"curve files are not in '{manifest.told}' and are"),
    )
    unread = {s.name for s in curves}
    return replace(part, notes=(*part.notes, *told)), [s for s in rest if s.name not in unread]


def _unlisted_curves(rest: Sequence[Source], named: set[str], part: Part) -> list[Source]:
    """Those beside the curves that a manifest names that are, by their shape, curves as well."""
    places = [PurePosixPath(name) for name in named]
    folders = {p.parent for p in places if p.suffix.lower() not in IMAGE_SUFFIXES}
    return [
        s
        for s in rest
        if PurePosixPath(s.name).parent in folders
        and s.suffix in CURVE_SUFFIXES
        and not _is_metadata(s)
        and _is_one_curve(s, part)
    ]


def _is_one_curve(source: Source, part: Part) -> bool:
    """Whether a file is a curve of one sample rather than numbers of all that a manifest names."""
    if source.suffix == ".npy":
        shape = array_of(source).shape
        alone = len(shape) == 1 or (len(shape) == 2 and shape[0] == 2)
    else:
        frame = read_frame(source)
        shape = (len(frame),)
        alone = SAMPLE_ID not in frame and len(frame.columns) <= 2
    of_curves = {m.shape for m in part.modalities}
    return alone and (shape[0] != part.n or shape[-1:] in of_curves)


def _left_out(files: Sequence[Source], what: str) -> tuple[str, ...]:
    if not files:
        return ()
    return (f"{len(files)} {what} left out ('{files[0].told}', …).",)


def _place(source: Source) -> str:
    """The name without what it ends in, which a file and that of its units have in common."""
    if source.name.endswith(UNITS):
        return source.name.removesuffix(UNITS)
    return PurePosixPath(source.name).with_suffix("").as_posix()


def _described(part: Part, source: Source, units: Mapping[str, Descriptions]) -> Part:
    """The part with what the file beside the one that it was read from states."""
    known = units.get(_place(source), {})
    return replace(part, modalities=with_descriptions(part.modalities, known))


def _composed(name: str) -> str:
    """Letters with accents as one character each; in names of files from macOS they are two."""
    return unicodedata.normalize("NFC", name)


def _with_composed_names(part: Part) -> Part:
    if part.sample_id is None:
        return part
    names = [_composed(name) for name in part.sample_id.tolist()]
    return replace(part, sample_id=np.array(names, dtype=np.str_))


def _manifest(sources: Sequence[Source], origin: str) -> Source | None:
    """The manifest nearest to the top; `DataError` where two are equally near."""
    found = [s for s in sources if PurePosixPath(s.name).name.lower() in MANIFESTS]
    depth = min((s.name.count("/") for s in found), default=0)
    top = [s for s in found if s.name.count("/") == depth]
    if len(top) > 1:
        raise DataError(
            f"'{origin}' holds several manifests ('{top[0].told}', '{top[1].told}'): keep one."
        )
    return top[0] if top else None


def _read_manifest(manifest: Source, sources: Sequence[Source]) -> tuple[Part, set[str]]:
    """What the manifest and the files that it names hold, and which these are."""
    frame = read_frame(manifest)
    if SAMPLE_ID not in frame:
        raise DataError(
            f"'{manifest.told}' has no column {SAMPLE_ID}: expected one that names every sample."
        )
    columns = tuple(c for c in frame.columns if c != SAMPLE_ID and _names_files(frame[c]))
    part = part_of_frame(frame, manifest.told, files=columns)
    folder = PurePosixPath(manifest.name).parent
    known = {_composed(s.name): s for s in sources}
    modalities, notes, named = [], [], set()
    for done, column in enumerate(columns):
        files = [
            _file(cell, row, column, folder, known, manifest)
            for row, cell in enumerate(frame[column])
        ]
        named |= {source.name for source in files if source}
        with one_of(done, len(columns)):
            modality, told = modality_of_files(column, files)
        modalities.append(modality)
        notes += told
    whole = replace(
        part, modalities=(*modalities, *part.modalities), decides=True, notes=tuple(notes)
    )
    return whole, named


def _names_files(column: pd.Series) -> bool:
    """Whether every filled cell names an image or curve file, or one of another kind."""
    cells = column.dropna()
    if not len(cells) or pd.api.types.is_numeric_dtype(column):
        return False
    return all(_MEASURED_FILE.search(str(c).strip()) for c in cells)


def _file(
    cell: object,
    row: int,
    column: str,
    folder: PurePosixPath,
    known: dict[str, Source],
    manifest: Source,
) -> Source | None:
    if not isinstance(cell, str) or not cell.strip():  # an empty cell is NaN
        return None
    name = cell.strip().replace("\\", "/").removeprefix("./")
    source = known.get(_composed((folder / name).as_posix()))
    if not name.lower().endswith(SAMPLED_SUFFIXES):
        raise DataError(
            f"'{shown(name)}' in row {row + 1} below the header of '{manifest.told}' (column "
            f"'{shown(column)}') cannot be read: expected a file ending in "
            f"{', '.join(SAMPLED_SUFFIXES)}; convert it."
        )
    if source is None:
        raise DataError(
            f"'{shown(name)}' in row {row + 1} below the header of '{manifest.told}' (column "
            f"'{shown(column)}') is not among the files: add it, or leave the cell empty if it was "
            "not measured."
        )
    return source


def _image_folders(sources: Sequence[Source]) -> list[Part]:
    """Images without a manifest: a folder is a modality, the name of a file is its sample."""
    folders: dict[str, dict[str, Source]] = {}
    for source in sources:
        if source.suffix in IMAGE_SUFFIXES:
            name = PurePosixPath(source.name).parent.name.replace(".", "_") or "image"
            samples = folders.setdefault(name, {})
            sample = _composed(PurePosixPath(source.name).stem)
            if sample in samples:
                raise DataError(
                    f"'{samples[sample].told}' and '{source.told}' are both the "
                    f"'{shown(name)}' of sample '{shown(sample)}': keep one of them."
                )
            samples[sample] = source
    parts = []
    for done, (name, samples) in enumerate(folders.items()):
        with one_of(done, len(folders)):
            modality, notes = modality_of_files(name, list(samples.values()))
        ids = np.array(list(samples), dtype=np.str_)
        parts.append(Part(f"images '{shown(name)}'", len(ids), (modality,), ids, notes=notes))
    return parts


def _is_metadata(source: Source) -> bool:
    stem = PurePosixPath(source.name).stem.lower()
    return source.suffix in TABLE_SUFFIXES and stem.split(".")[-1] in METADATA_NAMES


def _metadata(source: Source) -> Part:
    """A table that is metadata throughout, numbers too."""
    frame = read_frame(source, text=IDENTIFIERS)
    naming = [c for c in IDENTIFIERS if c in frame.columns]
    ids = frame[naming[0]].astype(str).to_numpy(dtype=np.str_) if naming else None
    return Part(source.told, len(frame), (), ids, frame.drop(columns=naming))
