"""The tables of the report, every cell as the text a person reads."""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from causalpima_core.agreement import Agreement, agreements
from causalpima_core.data.scale import Scale
from causalpima_core.report.command import command_line, python_call
from causalpima_core.report.evidence import conditional_table, not_drawn_table, separation_words
from causalpima_core.report.material import Material
from causalpima_core.report.numbers import percent, short, with_error
from causalpima_core.report.terms import meaning, term_in_words
from causalpima_core.runs.results import ExpertResult, NodeResult, ParameterResult

MOST_ROWS = 64
MOST_AGREEMENTS = 5


@dataclass(frozen=True)
class Table:
    """Cells as text.

    Attributes:
        head: names of the columns.
        rows: as many cells each.
        words: how many columns, from the left, hold words; those of numbers stand on the right.
        left: rows that were cut off.
    """

    head: list[str]
    rows: list[list[str]]
    words: int
    left: int = 0

    @classmethod
    def cut(cls, head: list[str], rows: list[list[str]], words: int) -> Table:
        """A table of at most `MOST_ROWS`."""
        return cls(head, rows[:MOST_ROWS], words, max(0, len(rows) - MOST_ROWS))


def edges(material: Material) -> Table:
    """Evidence for every edge."""
    names = material.names
    rows = [
        [
            f"{names.node(e.source)} {'→' if e.direction == 'compelled' else '—'} "
            f"{names.node(e.target)}",
            e.direction,
            f"{e.weight:.2f}",
            f"{e.probability:.2f}",
            f"{e.probability_of_direction:.2f}",
        ]
        for e in material.graph.edges
    ]
    head = ["edge", "direction", "flow weight", "P(linked)", "P(first → second)"]
    return Table.cut(head, rows, 2)


def not_drawn(material: Material) -> Table:
    """Pairs that the graph does not link, though they may be."""
    frame = not_drawn_table(material.summary, material.names)
    rows = [
        [f"{row.source} — {row.target}", f"{row.probability:.2f}"] for row in frame.itertuples()
    ]
    return Table.cut(["pair", "P(linked)"], rows, 1)


def standing(material: Material, node: NodeResult) -> str:
    """How far a node can be trusted, in one line."""
    told = [
        node.name,
        f"{node.states} states",
        f"separation {node.separation:.2f}, {separation_words(node.separation)}",
    ]
    for evidence in material.summary.nodes:
        if evidence.name == node.name:
            views = ", ".join(evidence.views)
            told.append(f"shown by {views}" if views else "shown by no modality by itself")
    return " · ".join(told)


def states(material: Material, node: NodeResult) -> Table:
    """The states of a node and how many samples are in each."""
    found = material.assignments[node.name].to_numpy()
    sure = material.assignments["confidence"].to_numpy()
    rows = []
    for k in range(node.states):
        here = found == k
        mean = f"{sure[here].mean():.3f}" if here.any() else "–"
        name = material.names.state(node.name, k)
        rows.append([str(k), name, f"{here.sum():,}", percent(float(here.mean())), mean])
    head = ["state", "name", "samples", "share", "mean confidence"]
    return Table.cut(head, rows, 2)


def conditional(material: Material, node: NodeResult) -> Table:
    """Probability of each state given those of the parents."""
    frame = conditional_table(material.graph, node.name, material.names)
    parents = len(material.graph.tables[node.name].parents)
    rows = [
        [*map(str, row[:parents]), *(f"{share:.3f}" for share in row[parents:])]
        for row in frame.itertuples(index=False, name=None)
    ]
    return Table.cut([str(column) for column in frame.columns], rows, parents)


def agreement(material: Material, node: NodeResult) -> tuple[str, Table]:
    """What a node agrees with among the columns nobody trained on: a sentence, and the best."""
    columns = pd.DataFrame() if material.dataset is None else material.dataset.metadata
    found: list[Agreement] = []
    if columns.shape[1]:
        assigned = material.assignments[node.name].to_numpy(dtype=np.int64)
        found = agreements(assigned, columns, np.random.default_rng(0))
    rows = [
        [one.column, f"{one.information:.3f}", f"{one.by_chance:.3f}", percent(one.explained)]
        for one in found[:MOST_AGREEMENTS]
    ]
    head = ["column", "mutual information [nat]", "by chance (95%) [nat]", "explains"]
    name = material.names.node(node.name)
    if not found:
        sentence = "There are no metadata columns to compare with."
    elif found[0].beyond_chance:
        sentence = (
            f"{name} agrees most with {found[0].column}, a column it was not trained on, which "
            f"explains {percent(found[0].explained)} of it."
        )
    else:
        sentence = f"{name} agrees with no metadata column more than chance would."
    return sentence, Table.cut(head, rows, 1)


def parameters(material: Material, law: ExpertResult) -> Table:
    """Parameters of every component with standard errors, and in brackets the spread."""
    nodes, names = [node.name for node in material.graph.nodes], material.names
    rows = [
        [
            *(names.state(node, k) for node, k in zip(nodes, component.outcome, strict=True)),
            *(_parameter(component.parameters[name]) for name in law.units),
            short(component.noise, 3),
        ]
        for component in law.components
    ]
    units = {**law.units, "noise": law.unit}
    head = [f"{name} [{unit}]" if unit else name for name, unit in units.items()]
    return Table.cut([*map(names.node, nodes), *head], rows, len(nodes))


def _parameter(found: ParameterResult) -> str:
    told = with_error(found.value, found.standard_error)
    if found.spread is not None:
        told += f" [{short(found.spread, 2)}]"
    return f"{told}, at a bound" if found.at_bound else told


def losses(material: Material) -> Table:
    """Terms of the bound on samples held out, and what each means."""
    found = material.summary.held_out_elbo
    rows = [
        [term_in_words(term), meaning(term), f"{value:,.2f}"]
        for term, value in sorted(found.items(), key=lambda pair: pair[0] != "elbo")
    ]
    return Table.cut(["term", "meaning", "held out [nat per sample]"], rows, 2)


def data(material: Material) -> Table:
    """The modalities, how much of each was measured, and how well it is redrawn."""
    errors, rows = material.summary.modality_error, []
    for one in material.dataset.modalities if material.dataset else ():
        error = errors.get(one.name, math.nan)
        redrawn = "–" if math.isnan(error) else percent(1 - error)
        rows.append([one.name, one.describe(), f"{one.observed.sum():,}", redrawn])
    head = ["modality", "kind and size", "samples measured", "variance explained, held out"]
    return Table.cut(head, rows, 2)


def settings(material: Material) -> Table:
    """All that decides the result, as name and value."""
    config = material.config
    told = {
        "run": material.name,
        "data": config.dataset.name,
        "SHA-256 of the data": config.dataset.sha256,
        "samples": f"{config.dataset.n_samples:,}",
        "states": config.model.states_in_words,
        "latent dimensions": str(config.model.n_latent),
        "covariance of components": config.model.covariance.value,
        "scaling": _scales(config.model.scales),
        "preset": config.training.preset.value,
        "seed": str(config.training.seed),
        "held out": percent(config.training.held_out),
        "epochs": f"{material.status.epoch:,}",
        "training time": f"{sum(material.summary.seconds.values()):,.0f} s",
        "versions, trained with": _versions(config.versions),
        "versions, reported with": _versions(
            {"python": platform.python_version(), "causalpima": version("causalpima")}
        ),
    }
    return Table(["setting", "value"], [[name, value] for name, value in told.items()], 2)


def command(material: Material) -> str:
    """What makes the run again, from the folder the data are in or with those in memory."""
    config = material.config
    if config.dataset.in_memory:
        return python_call(config.model, config.training)
    data, out = Path(config.dataset.name), Path(material.name)
    return command_line(data, config.model, config.training, out)


def _scales(scales: dict[str, Scale]) -> str:
    told = [f"{name} {scale}" for name, scale in scales.items()]
    return ", ".join([*told, f"else {Scale.STANDARD}"]) if told else str(Scale.STANDARD)


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
