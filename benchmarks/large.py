"""Peak memory of a whole run on images that memory would not hold, stage by stage.

Coloured discs are drawn to disk a few at a time, as a person's own files would lie there. Every
stage goes through all samples it needs, but an epoch is cut after some steps: a step more takes
time and no memory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated

import h5py
import numpy as np
import psutil
import torch
import typer
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from benchmarks.joint import Timer
from benchmarks.ledger import RESULTS, machine, write_json
from benchmarks.measure import peak_mib
from benchmarks.scaling import alone, table
from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs.records import Record, Stage, StageRecord
from causalpima_core.training.findings import conclude
from causalpima_core.training.loop import Trainer

DRAWN_AT_ONCE = 2000
STATES = (2, 2, 2)
COLOURS = np.array([[220, 60, 40], [50, 80, 220]])
WATCHED_EVERY = 0.05
FOLLOWS = 0.85
"""How often a factor is in the state of the one before it: colour, place, size."""


def discs(n: int, side: int, rng: Generator) -> NDArray[np.uint8]:
    """Discs of two colours, places and sizes on a dark ground, ``(n, 3, side, side)``."""
    colour = rng.integers(0, 2, n)
    place = np.where(rng.random(n) < FOLLOWS, colour, 1 - colour)
    size = np.where(rng.random(n) < FOLLOWS, place, 1 - place)
    paint = COLOURS[colour] + rng.normal(0, 12, (n, 3))
    radius = side * (np.array([0.12, 0.22])[size] + rng.normal(0, 0.01, n))
    column = side * (np.array([0.3, 0.7])[place] + rng.normal(0, 0.03, n))
    row = side * (0.5 + rng.normal(0, 0.08, n))
    rows, columns = np.mgrid[:side, :side]
    apart = np.hypot(rows - row[:, None, None], columns - column[:, None, None])
    inside = apart < radius[:, None, None]
    images = np.where(inside[:, None], paint[:, :, None, None], 20.0)
    return (images + rng.normal(0, 6, images.shape)).clip(0, 255).astype(np.uint8)


def draw_discs(path: Path, n: int, side: int) -> None:
    """An array as `numpy.save` writes it, without ever holding it."""
    rng = np.random.default_rng(0)
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (n, 3, side, side))
    for start in range(0, n, DRAWN_AT_ONCE):
        some = min(DRAWN_AT_ONCE, n - start)
        images[start : start + some] = discs(some, side, rng)
    images.flush()


class Form(StrEnum):
    """How the images lie on disk."""

    NPZ = "npz"
    PACKED_NPZ = "packed-npz"
    NPY = "npy"
    HDF5 = "hdf5"
    PACKED_HDF5 = "packed-hdf5"
    ZIP_OF_NPY = "zip-of-npy"
    FOLDER = "folder"
    ZIP = "zip"


def written(form: Form, drawn: Path) -> Path:
    """The drawn array in that form, beside it; the array itself goes."""
    match form:
        case Form.NPY:
            return drawn
        case Form.NPZ | Form.PACKED_NPZ | Form.ZIP_OF_NPY:
            path = _archived(form, drawn)
        case Form.HDF5 | Form.PACKED_HDF5:
            path = _as_hdf5(form, drawn)
        case Form.FOLDER | Form.ZIP:
            path = _as_pictures(drawn)
    if form is Form.ZIP:
        path = Path(shutil.make_archive(str(path), "zip", path))
    drawn.unlink()
    return path


def _archived(form: Form, drawn: Path) -> Path:
    path = drawn.with_suffix(".zip" if form is Form.ZIP_OF_NPY else ".npz")
    how = zipfile.ZIP_STORED if form is Form.NPZ else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w", how, compresslevel=1) as archive:
        archive.write(drawn, drawn.name)
    return path


def _as_hdf5(form: Form, drawn: Path) -> Path:
    path, images = drawn.with_suffix(".h5"), np.load(drawn, mmap_mode="r")
    packing = {"compression": 1, "chunks": (100, *images.shape[1:])}
    with h5py.File(path, "w") as file:
        how = packing if form is Form.PACKED_HDF5 else {}
        item = file.create_dataset("image", images.shape, np.uint8, **how)
        for start in range(0, len(images), DRAWN_AT_ONCE):
            item[start : start + DRAWN_AT_ONCE] = images[start : start + DRAWN_AT_ONCE]
    return path


def _as_pictures(drawn: Path) -> Path:
    folder = drawn.with_name("discs")
    folder.mkdir()
    images = np.load(drawn, mmap_mode="r")
    for number, pixels in enumerate(images):
        Image.fromarray(np.moveaxis(pixels, 0, -1)).save(folder / f"{number}.png", compress_level=1)
    lines = [f"{number},{number}.png" for number in range(len(images))]
    (folder / "manifest.csv").write_text("\n".join(["sample_id,image", *lines]))
    return folder


class Brief(Trainer):
    """A trainer with one epoch a stage, cut after some steps."""

    most_steps: int

    def shorten(self, steps: int) -> None:
        """Before it runs."""
        self.most_steps = steps
        self.cycle_epochs = self.joint_epochs = 1

    def _batches(self, stage: Stage, progress: float) -> Iterator[tuple[float, tuple]]:
        yield from islice(super()._batches(stage, progress), self.most_steps)


class Watch:
    """Most memory of this process in each stage of its work, MiB.

    Attributes:
        peaks: by stage, with mapped files, which the system takes back when it needs room, and
            without.
    """

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.peaks: dict[str, dict[str, float]] = {}
        self._stage, self._over = "", threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look again and again while something else works."""
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def turn_to(self, stage: str) -> None:
        """What is done from now on."""
        self.peaks.setdefault(stage, {"peak_mib": 0.0, "peak_mib_without_files": 0.0})
        self._stage = stage

    def _look(self) -> None:
        process = psutil.Process()
        while not self._over.wait(WATCHED_EVERY):
            memory, peak = process.memory_info(), self.peaks.get(self._stage)
            if peak is not None:
                files = getattr(memory, "shared", 0)
                peak["peak_mib"] = max(peak["peak_mib"], memory.rss / 2**20)
                own = (memory.rss - files) / 2**20
                peak["peak_mib_without_files"] = max(peak["peak_mib_without_files"], own)


def of_run(path: Path, steps: int) -> dict:
    """Train on a file in this process, which must be a new one."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    watch = Watch()
    with watch.running(), Timer() as timer:
        watch.turn_to("reading")
        dataset = load_dataset(path)
        dataset.fingerprint()
        watch.turn_to("scaling")
        training = TrainingConfig.of_preset("quick", warm_up_cycles=1)
        trainer = Brief(dataset, ModelConfig.parse(states=STATES), training)
        if steps:
            _train(trainer, dataset, steps, watch)
    return {
        "samples": len(dataset),
        "shape": list(dataset.modalities[0].shape),
        "steps_of_an_epoch": steps,
        "file_mib": _size(path) / 2**20,
        "peak_mib": peak_mib(),
        "cpu_seconds": timer.spent.cpu,
        "stages": [{"stage": stage} | peaks for stage, peaks in watch.peaks.items()],
    }


def _train(trainer: Brief, dataset: MultimodalDataset, steps: int, watch: Watch) -> None:
    trainer.shorten(steps)
    for record in trainer.run():
        _follow(record, watch)
    watch.turn_to("findings")
    conclude(trainer, dataset)


def _size(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def _follow(record: Record, watch: Watch) -> None:
    if isinstance(record, StageRecord):
        watch.turn_to(record.stage.value)


def main(
    samples: Annotated[int, typer.Option(min=100)] = 100_000,
    side: Annotated[int, typer.Option(min=16)] = 64,
    steps: Annotated[int, typer.Option(min=0, help="Of each epoch; 0 only reads.")] = 60,
    form: Annotated[Form, typer.Option(help="How the images lie on disk.")] = Form.NPZ,
    out: Annotated[Path, typer.Option(help="JSON to write.")] = RESULTS / "large.json",
) -> None:
    """Draw, train, print a table, and write JSON."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CAUSALPIMA_WORKSPACE"] = str(Path(folder) / "workspace")
        drawn = Path(folder) / "image.npy"
        draw_discs(drawn, samples, side)
        found = alone(partial(of_run, written(form, drawn), steps))
    write_json(out, machine() | {"torch": torch.__version__, "form": form.value} | found)
    typer.echo(table(found["stages"]))
    typer.echo(f"at most {found['peak_mib']} MiB; written to {out}")


if __name__ == "__main__":
    typer.run(main)
