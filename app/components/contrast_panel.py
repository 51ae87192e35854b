"""What a node changes in a modality: its states decoded, their difference, and real samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from app.charts.curves import Axes, Lines, curves_figure, some
from app.charts.palette import MUTED, colour
from app.components import columns
from app.components.samples import PLAIN, spread
from app.services.loaders import Result
from app.services.meanings import members_of
from app.services.words import plain
from causalpima_core.data.multimodal import Kind, Modality
from causalpima_core.data.stored import evenly
from causalpima_core.report.contrast import Contrast, contrast
from causalpima_core.report.pictures import limits, sheet, signed

MAX_COLUMNS = 8
LOOKED_AT = 20_000
"""Samples that a column's standard deviation is taken from."""
SAMPLES_SHOWN, PER_ROW = 16, 8
MAX_TOLD = 4
"""Combinations of the other nodes that a sentence can list."""

APART = "Largest difference between the states' centres, in standard deviations of the column."


def decoded(result: Result, modality: Modality, node: str, key: str) -> None:
    """Decoded centres: a row per state; for images a column per outcome of the other nodes."""
    prototypes = result.prototypes(modality.name)
    if prototypes is None:
        st.caption("No decoded centres were kept for this modality.")
    elif modality.kind is Kind.IMAGE:
        _decoded_images(result, modality, node, prototypes)
    elif modality.kind is Kind.CURVE:
        lines = _decoded_curves(result, node, prototypes)
        figure = curves_figure(lines, height=240, axes=_axes(result, modality))
        st.plotly_chart(figure, config=PLAIN, key=f"{key}.decoded.{modality.name}")
        st.caption(_lines_told(result, node))
    else:
        st.dataframe(
            table_of_states(result, modality, node),
            hide_index=True,
            height="content" if modality.shape[0] < 12 else 420,
            column_config={"difference": columns.number(2, APART)},
        )


def difference(result: Result, modality: Modality, node: str, key: str) -> None:
    """How each state's centre differs from that of the first; a table has it beside the centres."""
    prototypes = result.prototypes(modality.name)
    if prototypes is None or modality.kind is Kind.TABLE:
        return
    centres = contrast(result.graph, node).centres(prototypes)
    names = result.names
    if modality.kind is Kind.IMAGE:
        apart = centres - centres[0]
        limit = float(np.abs(apart).max())
        for k in range(1, len(apart)):
            told = f"{names.state(node, k)} less {names.state(node, 0)}"
            with labelled(plain(told)):
                st.image(signed(apart[k], limit), alt=told)
        st.caption("Orange is more, blue is less; full colour is the largest difference.")
        return
    flat = Lines(np.zeros_like(centres[:1]), "", MUTED, 0.9)
    lines = [
        Lines(
            (centre - centres[0])[None],
            f"{names.state(node, k)} less {names.state(node, 0)}",
            colour(k),
            0.9,
            2.0,
        )
        for k, centre in enumerate(centres)
        if k > 0
    ]
    axes = _axes(result, modality)
    axes = replace(axes, y=f"difference of {axes.y}")
    figure = curves_figure([flat, *lines], height=240, axes=axes)
    st.plotly_chart(figure, config=PLAIN, key=f"{key}.difference.{modality.name}")


def samples_by_state(result: Result, modality: Modality, node: str, key: str) -> None:
    """Measurements of samples that are in each state, spread over all of them by confidence."""
    n_states = next(n.states for n in result.graph.nodes if n.name == node)
    by_state = []
    for k in range(n_states):
        rows = members_of(result, node, k)
        by_state.append(rows[modality.observed[rows]])
    if modality.kind is Kind.CURVE:
        groups = [
            Lines(some(modality.values, 40, rows), result.names.setting(node, k), colour(k), 0.3)
            for k, rows in enumerate(by_state)
        ]
        figure = curves_figure(groups, height=240, axes=_axes(result, modality))
        st.plotly_chart(figure, config=PLAIN, key=f"{key}.samples.{modality.name}")
        return
    if modality.kind is Kind.TABLE:
        st.dataframe(
            measured_table(result, modality, node, by_state),
            hide_index=True,
            height="content" if modality.shape[0] < 12 else 420,
        )
        st.caption("Mean ± standard deviation over the samples of the state.")
        return
    for k, rows in enumerate(by_state):
        shown = spread(rows, SAMPLES_SHOWN)
        with labelled(f"{plain(result.names.state(node, k))}  \n{len(rows):,} samples"):
            if len(shown):
                st.image(
                    sheet(modality.values[shown], PER_ROW, limits(modality.values)),
                    alt=f"{modality.name} of samples with {result.names.setting(node, k)}",
                )


def measured_table(
    result: Result, modality: Modality, node: str, by_state: list[NDArray[np.int64]]
) -> pd.DataFrame:
    """Columns of a table modality as they were measured, in the order of `table_of_states`.

    Args:
        result: of the run.
        modality: of the dataset.
        node: whose states are the columns.
        by_state: rows of the samples in each state.
    """
    decoded_order = table_of_states(result, modality, node)
    names = _column_names(modality)
    order = [names.index(name) for name in decoded_order["column"]] if len(decoded_order) else None
    order = order or list(range(len(names)))
    frame = pd.DataFrame({"column": [names[i] for i in order]})
    for k, rows in enumerate(by_state):
        values = pd.DataFrame(modality.values[rows])
        frame[f"{result.names.setting(node, k)} ({len(rows):,})"] = [
            f"{values[i].mean():.4g} ± {values[i].std(ddof=0):.2g}" if len(rows) else "–"
            for i in order
        ]
    return frame


def _column_names(modality: Modality) -> list[str]:
    return list(modality.columns or (f"{modality.name}[{i}]" for i in range(modality.shape[0])))


def _axes(result: Result, modality: Modality) -> Axes:
    return Axes.of(modality, result.summary.experts)


def labelled(told: str) -> DeltaGenerator:
    """Where a picture goes, with words beside it, or above it on a phone."""
    words, picture = st.columns([1, 4.2], vertical_alignment="center", gap="small")
    words.caption(told)
    return picture


def table_of_states(result: Result, modality: Modality, node: str) -> pd.DataFrame:
    """Columns of a table modality by their decoded centres, those that differ most first."""
    prototypes = result.prototypes(modality.name)
    if prototypes is None:
        return pd.DataFrame()
    centres = contrast(result.graph, node).centres(prototypes)
    scale = np.nanstd(evenly(modality.values, LOOKED_AT), axis=0)
    apart = np.ptp(centres, axis=0) / np.where(scale > 0, scale, 1.0)
    frame = pd.DataFrame({"column": _column_names(modality)})
    for k, centre in enumerate(centres):
        frame[result.names.setting(node, k)] = centre
    frame["difference"] = apart
    return frame.sort_values("difference", ascending=False, ignore_index=True)


def _decoded_curves(result: Result, node: str, prototypes: NDArray[np.floating]) -> list[Lines]:
    found = contrast(result.graph, node)
    shown = found.commonest(MAX_COLUMNS)
    return [
        Lines(prototypes[members[shown]], result.names.setting(node, k), colour(k), 0.9)
        for k, members in enumerate(found.members)
    ]


def _lines_told(result: Result, node: str) -> str:
    """Why there are several lines of one colour."""
    found = contrast(result.graph, node)
    if len(found.others) == 1:
        return "One line per state."
    told = "A line per state and combination of the other nodes' states"
    few = len(found.others) <= MAX_COLUMNS
    return f"{told}." if few else f"{told}, the {MAX_COLUMNS} commonest combinations."


def _decoded_images(
    result: Result, modality: Modality, node: str, prototypes: NDArray[np.floating]
) -> None:
    found = contrast(result.graph, node)
    shown = found.commonest(MAX_COLUMNS)
    for k, members in enumerate(found.members):
        with labelled(plain(result.names.state(node, k))):
            st.image(
                sheet(prototypes[members[shown]], len(shown), limits(modality.values)),
                alt=f"decoded {modality.name} for {result.names.setting(node, k)}",
            )
    st.caption(_columns_told(result, node, found, shown))


def _columns_told(result: Result, node: str, found: Contrast, shown: NDArray[np.int64]) -> str:
    """What the columns of pictures are."""
    others = [n.name for n in result.graph.nodes if n.name != node]
    if not others:
        return "Decoded centre of each state."
    names = " / ".join(result.names.node(o) for o in others)
    outcomes = [
        " / ".join(result.names.state(o, k) for o, k in zip(others, row, strict=True))
        for row in found.others[shown]
    ]
    if len(outcomes) <= MAX_TOLD:
        return plain(f"Columns, {names}: {', '.join(outcomes)}.")
    which = "each combination" if len(shown) == len(found.others) else "the commonest combinations"
    return plain(f"Columns: {which} of {names}, the same in every row.")
