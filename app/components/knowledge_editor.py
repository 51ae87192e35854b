"""What a person knows of the graph, edges and tiers, drawn and as a table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from app.components.frame import sentences
from app.components.knowledge_graph import knowledge_graph
from app.components.knowledge_payload import FROM, KINDS, TIER, known_in, stepped, table_of
from causalpima_core.config import Edge, Knowledge

ABOUT_TABLE = (
    "Rows are causes, columns effects. Every graph that is learned has the required edges and none "
    "has the forbidden ones, in this direction. No edge runs from a higher tier to a lower one, so "
    "causes come first; a node without a tier may stand anywhere."
)


@dataclass(frozen=True)
class Table:
    """What the editor was given; its own edits come on top until the graph changes something.

    Attributes:
        version: another one is another widget, which starts from ``given``.
        names: of the nodes it has rows for; none where it is out of date.
    """

    version: int
    names: tuple[str, ...]
    given: pd.DataFrame


def knowledge_editor(data: str, names: tuple[str, ...]) -> Knowledge | None:
    """What is known of the nodes of a model of ``data``; None, and the reason, if impossible.

    The session holds it; graph and table both show it, and each writes what it changes.
    """
    above = st.container()
    knowledge = _table(data, names) if len(names) > 1 else Knowledge()
    with above:
        knowledge_graph(names, knowledge, f"model.graph.{data}", lambda edge: step(data, edge))
        with sentences():
            knowledge.check(names)
            return knowledge
    return None


def _table(data: str, names: tuple[str, ...]) -> Knowledge:
    st.caption(ABOUT_TABLE)
    shown = _shown(data, names)
    edited = st.data_editor(
        shown.given,
        key=_editor(data, shown.version),
        hide_index=True,
        disabled=[FROM],
        height="content",
        placeholder="–",
        column_config={
            FROM: st.column_config.TextColumn(width="small"),
            TIER: st.column_config.NumberColumn(min_value=1, max_value=len(names), step=1),
        }
        | {
            column: st.column_config.SelectboxColumn(options=KINDS)
            for column in shown.given.columns
            if column not in (FROM, TIER)
        },
    )
    knowledge = known_in(edited)
    st.session_state[_held(data)] = knowledge
    return knowledge


def _shown(data: str, names: tuple[str, ...]) -> Table:
    """What the editor starts from: again what is held where it is not the one that was drawn."""
    last: Table | None = st.session_state.get(_given(data))
    if last and last.names == names and _editor(data, last.version) in st.session_state:
        return last
    held = st.session_state.get(_held(data), Knowledge())
    fresh = Table(last.version + 1 if last else 0, names, table_of(names, held))
    st.session_state[_given(data)] = fresh
    return fresh


def step(data: str, edge: Edge) -> None:
    """A click in the graph: take an edge one step on; runs before the table is laid out again."""
    st.session_state[_held(data)] = stepped(st.session_state[_held(data)], edge)
    st.session_state[_given(data)] = replace(st.session_state[_given(data)], names=())


def _held(data: str) -> str:
    return f"model.known.{data}"


def _given(data: str) -> str:
    return f"model.given.{data}"


def _editor(data: str, version: int) -> str:
    return f"model.table.{data}.{version}"
