"""What a run has found, in the formats other tools read; the suffix decides which."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import networkx as nx
import pandas as pd

from causalpima_core.errors import ConfigError, RunFolderError
from causalpima_core.runs.graph_page import graph_page
from causalpima_core.runs.results import GraphResult
from causalpima_core.runs.store import RunFolder, replacing

Writer = Callable[[RunFolder, BinaryIO], None]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet take a cell of text for a formula."""


def export(folder: RunFolder, to: Path | str) -> None:
    """Write the result of a run to ``to``, all of it or nothing.

    Args:
        folder: a run that has a result.
        to: the file to write (replaced where it exists); ends in a key of `WRITERS`.

    Raises:
        ConfigError: the suffix is none of these.
        RunFolderError: the run has no result yet, or the file cannot be written.
    """
    to = Path(to)
    writer = WRITERS.get(to.suffix.lower())
    if writer is None:
        raise ConfigError(
            f"Cannot export to '{to.name}': expected a file ending in {', '.join(WRITERS)}."
        )
    folder.graph()  # says so where there is no result yet, before a file is made
    if to.is_dir():
        raise RunFolderError(f"Cannot write '{to}': it is a folder; name a file.")
    try:
        with replacing(to) as file:
            writer(folder, file)
    except OSError as error:
        raise RunFolderError(
            f"Cannot write '{to}' ({error.strerror}): choose a place you may write to."
        ) from error


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
    """Text as a spreadsheet may show it; a number stays one."""
    if not text.startswith(_FORMULA_STARTS):
        return text
    is_number = pd.notna(pd.to_numeric(text, errors="coerce"))
    return text if is_number else f"'{text}"


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


def _write_html(folder: RunFolder, file: BinaryIO) -> None:
    file.write(graph_page(folder.graph(), title=folder.config().name).encode())


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
    ".html": _write_html,
    ".safetensors": _write_safetensors,
}
"""Suffix -> what is written to such a file."""
