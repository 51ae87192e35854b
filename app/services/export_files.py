"""What can be taken away of a run: files by name, made only when they are asked for.

What draws, or needs libraries that are slow to load, is made by the command line in a process of
its own: the page stays quick, and whoever else is looking does not wait.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from shlex import join

import pandas as pd
import streamlit as st
from safetensors import SafetensorError, safe_open

from app.services import loaders
from app.services.models import version_of
from causalpima_core.errors import DataError, RunFolderError
from causalpima_core.runs.bundle import data_files
from causalpima_core.runs.exports import export
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.supervisor import worker_environment

PATIENCE_SECONDS = 900
SHOWN_LINES = 60
WITHOUT_DATA = "--without-data"
PROGRAM = ("python", "-m", "causalpima_core", "export")


@dataclass(frozen=True)
class Download:
    """A file of one format.

    Attributes:
        label: of its button.
        ending: of the file's name, after that of the run.
        options: of the command that makes it.
        apart: made in a process of its own.
        large: too large to be kept once it was made.
        told: a sentence more on the format; may be empty.
    """

    label: str
    ending: str
    options: tuple[str, ...] = ()
    apart: bool = False
    large: bool = False
    told: str = ""

    @property
    def bare(self) -> bool:
        """Whether it needs no data."""
        return WITHOUT_DATA in self.options


@dataclass(frozen=True)
class Product:
    """What a person takes away, in one or more formats."""

    name: str
    told: str
    downloads: tuple[Download, ...]


BUNDLE = "bundle"
PRODUCTS = {
    "report": Product(
        "Report",
        "Everything found, its evidence and what may be claimed: one page that opens offline and "
        "prints.",
        (Download("HTML", ".html", apart=True),),
    ),
    "figures": Product(
        "Figures",
        "Graph, latent space, loss, what each node means, parameters: for papers.",
        (
            Download(
                "All, SVG and PNG",
                "-figures.zip",
                ("--figure", "all"),
                apart=True,
                told="Single ones are in the preview.",
            ),
            Download("Graph, SVG", "-graph.svg", apart=True),
            Download("Graph, PNG", "-graph.png", apart=True, told="300 dots per inch."),
        ),
    ),
    "graph": Product(
        "Graph",
        "Nodes, edges with their evidence, and tables, for other programs.",
        (
            Download("GraphML", ".graphml", told="For Gephi, yEd, Cytoscape, networkx."),
            Download("DOT", ".dot", told="For Graphviz; a reversible edge has no arrowhead."),
            Download("JSON", ".json", told="All numbers: edges, tables, components."),
            Download(
                "BIF",
                ".bif",
                apart=True,
                told="The Bayesian network with its tables, for GeNIe, bnlearn, pgmpy; of a "
                "reversible edge it has one of the two directions.",
            ),
        ),
    ),
    "assignments": Product(
        "Assignments",
        "Component, confidence and node states of each sample.",
        (
            Download(
                "CSV",
                ".csv",
                told="An apostrophe stands before names that a spreadsheet would compute.",
            ),
            Download("Parquet", ".parquet", told="Smaller, with types."),
        ),
    ),
    "weights": Product(
        "Weights",
        "The trained model, for predict, generate and counterfactual.",
        (Download("safetensors", ".safetensors"),),
    ),
    BUNDLE: Product(
        "Bundle",
        "The run in one file, to look at, ask and resume on another machine.",
        (
            Download("With data", "-bundle.zip", apart=True, large=True),
            Download("Without data", "-run.zip", (WITHOUT_DATA,), apart=True, large=True),
        ),
    ),
}


def content(folder: RunFolder, download: Download) -> bytes:
    """The file's content; drawn ones are made once for a result, its names and data.

    Raises:
        CausalPimaError: it cannot be made.
    """
    if not download.apart:
        return _written(folder, download)
    if download.large:
        return _made_apart(str(folder.path), download)
    data = loaders.version_of(Path(folder.config().dataset.path))
    named = folder.names().model_dump_json() + folder.label().model_dump_json()
    return _kept((*version_of(folder), named, data), str(folder.path), download)


def command(folder: RunFolder, download: Download) -> str:
    """The command that writes the same file."""
    out = f"{folder.name}{download.ending}"
    return join([*PROGRAM, str(folder.path), "--to", out, *download.options])


def text_of(folder: RunFolder, download: Download) -> str:
    """The beginning of a text file."""
    lines = content(folder, download).decode().splitlines()
    left = len(lines) - SHOWN_LINES
    return "\n".join(lines[:SHOWN_LINES] + ([f"… {left:,} more lines"] if left > 0 else []))


def drawings(folder: RunFolder) -> dict[str, dict[str, bytes]]:
    """All figures by name, each as the content of a file by its suffix."""
    archive, found = content(folder, PRODUCTS["figures"].downloads[0]), {}
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        for place in packed.namelist():
            name, _, suffix = place.removeprefix(f"{folder.name}-").rpartition(".")
            found.setdefault(name, {})[suffix] = packed.read(place)
    return found


def tensors(folder: RunFolder) -> pd.DataFrame:
    """Name, shape and number of values of each tensor of the weights.

    Raises:
        RunFolderError: the file is damaged.
    """
    try:
        with safe_open(folder.weights, framework="numpy") as stored:
            shapes = {name: stored.get_slice(name).get_shape() for name in stored.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise RunFolderError(f"The weights of run '{folder.name}' cannot be read.") from error
    rows = [
        {"tensor": name, "shape": " × ".join(map(str, shape)), "values": prod(shape)}
        for name, shape in shapes.items()
    ]
    return pd.DataFrame(rows)


def bundled(folder: RunFolder) -> pd.DataFrame:
    """Files of a bundle with their sizes in kB, the data as far as they are there."""
    files = {place: folder.path / place for place in folder.portable()}
    if not why_not(folder):
        files |= {f"data/{place}": path for place, path in data_files(folder).items()}
    rows = [(name, path.stat().st_size / 1e3) for name, path in files.items()]
    return pd.DataFrame(rows, columns=["file", "kB"])


def why_not(folder: RunFolder) -> str:
    """Why the data cannot go along in a bundle; empty where they can."""
    try:
        data_files(folder)
    except DataError as error:
        return str(error)
    return ""


@st.cache_data(show_spinner=False, max_entries=24)
def _kept(version: tuple, path: str, download: Download) -> bytes:
    return _made_apart(path, download)


def _written(folder: RunFolder, download: Download) -> bytes:
    with tempfile.TemporaryDirectory() as draft:
        path = Path(draft) / f"file{download.ending}"
        export(folder, path)
        return path.read_bytes()


def _made_apart(path: str, download: Download) -> bytes:
    with tempfile.TemporaryDirectory() as draft:
        to = Path(draft) / f"file{download.ending}"
        arguments = [sys.executable, *PROGRAM[1:], path, "--to", str(to), *download.options]
        try:
            done = subprocess.run(  # noqa: S603 - our own module, arguments as a list
                arguments,
                env=worker_environment(),
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RunFolderError(
                f"The file took longer than {PATIENCE_SECONDS // 60} minutes: make it on the "
                "command line."
            ) from error
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["error: no reason was given."])[-1]
            raise RunFolderError(f"The file could not be made. {last.removeprefix('error: ')}")
        return to.read_bytes()
