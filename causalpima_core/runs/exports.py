"""What a run has found, in the formats other tools read; the suffix decides which."""

from __future__ import annotations

import csv
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import networkx as nx
import pandas as pd

from causalpima_core.errors import ConfigError, RunFolderError
from causalpima_core.runs.bif import bif
from causalpima_core.runs.bundle import write_bundle
from causalpima_core.runs.files import refusal, replacing
from causalpima_core.runs.results import GraphResult
from causalpima_core.runs.store import RunFolder

Writer = Callable[[RunFolder, BinaryIO], None]

BUNDLE = ".zip"
DRAWN = (".svg", ".png")
ALL_FIGURES = "all"
_FORMULA_STARTS = ("=", "@", "\t", "\r")
"""First characters that make a spreadsheet take a cell of any text for a formula."""
_SIGNED_WORD = re.compile(r"[+-]+|[+-](\d*\.)?[\w°]+")
_SIGNED_CELL = re.compile(r"[+-]([A-Z]{1,3}\d+|R\d*C\d*)", re.IGNORECASE | re.ASCII)


def export(
    folder: RunFolder, to: Path | str, *, figure: str | None = None, with_data: bool = True
) -> None:
    """Write the result of a run to ``to``, all of it or nothing.

    Args:
        folder: a run that has a result; a bundle is made of any run that nobody trains.
        to: the file to write (replaced where it exists); ends in a key of `WRITERS`.
        figure: which one an .svg or .png holds; ``all`` of them go into a .zip.
        with_data: whether a bundle has the data.

    Raises:
        ConfigError: the suffix is none of these, or there is no such figure.
        RunFolderError: the run has no result yet, or the file cannot be written.
        StorageError: the disk is full.
        DataError: data that are asked for are gone.
    """
    to = Path(to)
    writer = _writer(to, figure, with_data=with_data)
    if to.suffix.lower() != BUNDLE or figure is not None:
        folder.graph()  # says so where there is no result yet, before a file is made
    if to.is_dir():
        raise RunFolderError(f"Cannot write '{to}': it is a folder; name a file.")
    try:
        with replacing(to) as file:
            writer(folder, file)
    except OSError as error:
        raise refusal(error) or RunFolderError(
            f"Cannot write '{to}' ({error.strerror}): choose a place you may write to."
        ) from error


def notes(folder: RunFolder, to: Path | str) -> list[str]:
    """What `export` writes otherwise than it was found, in words."""
    if Path(to).suffix.lower() != ".csv":
        return []
    names = folder.assignments()["sample"]
    changed = [name for name in names if is_formula(name)]
    if not changed:
        return []
    return [
        "An apostrophe was put before names of samples that a spreadsheet would compute "
        f"({len(changed):,} of {len(names):,}, first {changed[0][:60]!r}): .parquet keeps them."
    ]


def _writer(to: Path, figure: str | None, *, with_data: bool) -> Writer:
    suffix = to.suffix.lower()
    if suffix not in WRITERS:
        raise ConfigError(
            f"Cannot export to '{to.name}': expected a file ending in {', '.join(WRITERS)}."
        )
    if suffix == BUNDLE and figure is None:
        return partial(write_bundle, with_data=with_data)
    if figure is None:
        return WRITERS[suffix]
    if (figure == ALL_FIGURES) != (suffix == BUNDLE) or suffix not in (*DRAWN, BUNDLE):
        raise ConfigError(
            f"Cannot write figure '{figure}' to '{to.name}': one figure goes into an .svg or .png, "
            f"'{ALL_FIGURES}' of them into a .zip."
        )
    return _write_all_figures if figure == ALL_FIGURES else partial(_write_figure, suffix, figure)


def as_networkx(graph: GraphResult) -> nx.DiGraph:
    """The graph with its numbers as attributes of nodes and edges."""
    result = nx.DiGraph()
    for node in graph.nodes:
        result.add_node(node.name, states=node.states, separation=node.separation)
    for edge in graph.edges:
        result.add_edge(edge.source, edge.target, **edge.model_dump(exclude={"source", "target"}))
    return result


def _write_csv(folder: RunFolder, file: BinaryIO) -> None:
    table = folder.assignments()
    table["sample"] = table["sample"].map(_not_a_formula)
    table.to_csv(file, index=False, quoting=csv.QUOTE_MINIMAL)


def _not_a_formula(text: str) -> str:
    """Text as a spreadsheet may show it."""
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might compute a cell of this text rather than show it.

    A sign before one word is no formula, unless the word is the place of a cell.

    >>> [text for text in ("=1+1", "-A1", "+f(x)", "-10C_a", "+3V", "-5") if is_formula(text)]
    ['=1+1', '-A1', '+f(x)']
    """
    if not text.startswith(("+", "-")):
        return text.startswith(_FORMULA_STARTS)
    if pd.notna(pd.to_numeric(text, errors="coerce")) or _SIGNED_WORD.fullmatch(text):
        return _SIGNED_CELL.fullmatch(text) is not None
    return True


def _write_parquet(folder: RunFolder, file: BinaryIO) -> None:
    folder.assignments().to_parquet(file, index=False)


def _write_json(folder: RunFolder, file: BinaryIO) -> None:
    file.write(json.dumps(folder.graph().model_dump(), indent=2, allow_nan=False).encode())


def _write_graphml(folder: RunFolder, file: BinaryIO) -> None:
    nx.write_graphml_xml(as_networkx(folder.graph()), file)


def _write_dot(folder: RunFolder, file: BinaryIO) -> None:
    graph = as_networkx(folder.graph())
    for _, _, told in graph.edges(data=True):
        if told["direction"] == "reversible":
            told.update(dir="none", style="dashed")  # an arrowhead would claim a direction
    file.write(dot(graph).encode())


def _write_bif(folder: RunFolder, file: BinaryIO) -> None:
    file.write(bif(folder.graph(), folder.names()).encode())


def _write_html(folder: RunFolder, file: BinaryIO) -> None:
    from causalpima_core.report.page import report  # draws, which takes a second to load

    file.write(report(folder).encode())


def _write_figure(suffix: str, name: str, folder: RunFolder, file: BinaryIO) -> None:
    from causalpima_core.report.figures import figure_of, rendered

    file.write(rendered(figure_of(folder, name), suffix.removeprefix(".")))


def _write_all_figures(folder: RunFolder, file: BinaryIO) -> None:
    from causalpima_core.report.figures import figures_of, rendered

    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as to:
        for name, figure in figures_of(folder):
            for suffix in DRAWN:
                content = rendered(figure, suffix.removeprefix("."))
                to.writestr(f"{folder.name}-{name}{suffix}", content)


def _write_safetensors(folder: RunFolder, file: BinaryIO) -> None:
    with folder.weights.open("rb") as weights:
        shutil.copyfileobj(weights, file)


def dot(graph: nx.DiGraph) -> str:
    r"""Graphviz's language; networkx writes it only where pydot is installed as well.

    >>> print(dot(nx.DiGraph([("a", 'b "x"')])))
    digraph {
      "a";
      "b \"x\"";
      "a" -> "b \"x\"";
    }
    <BLANKLINE>
    """
    nodes = [f"{_quoted(n)}{_attributes(told)};" for n, told in graph.nodes(data=True)]
    edges = [
        f"{_quoted(a)} -> {_quoted(b)}{_attributes(told)};" for a, b, told in graph.edges(data=True)
    ]
    return "\n".join(["digraph {", *(f"  {line}" for line in nodes + edges), "}", ""])


def _attributes(told: dict[str, object]) -> str:
    pairs = ", ".join(f"{name}={_quoted(value)}" for name, value in told.items())
    return f" [{pairs}]" if pairs else ""


def _quoted(value: object) -> str:
    """A quoted identifier: backslashes would start an escape, line ends are not for names."""
    escaped = re.sub(r'(["\\])', r"\\\1", str(value))
    return '"' + " ".join(escaped.splitlines()) + '"'


WRITERS: dict[str, Writer] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".json": _write_json,
    ".graphml": _write_graphml,
    ".dot": _write_dot,
    ".bif": _write_bif,
    ".html": _write_html,
    ".svg": partial(_write_figure, ".svg", "graph"),
    ".png": partial(_write_figure, ".png", "graph"),
    ".safetensors": _write_safetensors,
    BUNDLE: write_bundle,
}
"""Suffix -> what is written to such a file."""
