"""Whether a run from elsewhere holds what pages and commands rely on, so that none stumbles later.

Runs that were made here are not inspected: the worker writes nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from causalpima_core.errors import CausalPimaError, ConfigError, RunFolderError
from causalpima_core.runs.archive import damage_in
from causalpima_core.runs.label import Label
from causalpima_core.runs.metrics import COLUMNS
from causalpima_core.runs.names import Names
from causalpima_core.runs.records import Stage
from causalpima_core.runs.store import RunFolder

_TYPES = (
    "SELECT count(*) FROM metrics WHERE typeof(stage) != 'text' OR typeof(term) != 'text' OR "
    "typeof(epoch) != 'integer' OR typeof(value) NOT IN ('real', 'integer')"
)
_TELLING = (
    CausalPimaError,
    OSError,
    SafetensorError,
    TypeError,
    ValidationError,
    sqlite3.Error,
)


def check_run(folder: RunFolder, name: str) -> None:
    """Raise `RunFolderError` unless all of a run's files can be read and fit each other.

    Args:
        folder: of the run; its arrays have passed `archive.check_arrays`.
        name: of what it came in.
    """
    try:
        with damage_in(name):
            _check_label(folder)
            _check_metrics(folder)
            for epoch in folder.snapshot_epochs():
                folder.snapshot(epoch)
            if folder.has_result:
                _check_result(folder)
    except _TELLING as error:
        raise RunFolderError(
            f"'{name}' holds a run that cannot be read: it is damaged, or of another version of "
            "the program."
        ) from error


def _require(fits: bool) -> None:
    if not fits:
        raise ConfigError("Parts of the run do not fit each other.")


def _check_label(folder: RunFolder) -> None:
    label = folder.label()
    folder.names()
    _require(Label.parse(label.title, label.note) == label)


def _check_metrics(folder: RunFolder) -> None:
    """A database could hold views and triggers that run when it is read; this one may not."""
    if not folder.metrics_file.exists():
        return
    address = f"{folder.metrics_file.as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as db:
        found = set(db.execute("SELECT type, name FROM sqlite_schema"))
        _require(found == {("table", "metrics"), ("index", "sqlite_autoindex_metrics_1")})
        columns = db.execute("SELECT name, hidden FROM pragma_table_xinfo('metrics')").fetchall()
        _require(columns == [(column, 0) for column in COLUMNS])
        stages = {stage for (stage,) in db.execute("SELECT DISTINCT stage FROM metrics")}
        _require(stages <= set(Stage) and db.execute(_TYPES).fetchone() == (0,))


def _check_result(folder: RunFolder) -> None:
    """Result, names and settings must speak of the same nodes, components and samples."""
    model, graph = folder.config().model, folder.graph()
    folder.summary()
    nodes = [(node.name, node.states) for node in graph.nodes]
    _require(nodes == list(zip(model.nodes, model.states, strict=True)))
    _require(set(graph.tables) == set(model.nodes))
    outcomes = [tuple(component.outcome) for component in graph.components]
    _require(outcomes == list(np.ndindex(*model.states)))
    _require(all({edge.source, edge.target} <= set(model.nodes) for edge in graph.edges))
    names = folder.names()
    _require(Names.parse(names.nodes, names.states, graph) == names)
    samples = folder.assignments()
    assigned = samples[[*model.nodes, "component"]].to_numpy()
    upper = np.array([*model.states, model.n_outcomes])
    _require(assigned.dtype.kind == "i" and bool(((assigned >= 0) & (assigned < upper)).all()))
    arrays = folder.arrays()
    n, dimensions = arrays["latent_mean"].shape
    of_components = arrays["component_means"].shape, arrays["component_covariances"].shape
    expected = (model.n_outcomes, dimensions), (model.n_outcomes, dimensions, dimensions)
    _require(n == len(samples) and of_components == expected)
    _check_weights(folder, arrays)


def _check_weights(folder: RunFolder, arrays: dict[str, NDArray[Any]]) -> None:
    """The weights say how large the networks are that are made for them: as large as the data."""
    with safe_open(folder.weights, framework="numpy") as stored:
        told = json.loads((stored.metadata() or {})["modalities"])
    _require(bool(told))
    for modality in told:
        _require(arrays[f"prototype.{modality['name']}"].shape[1:] == tuple(modality["shape"]))
