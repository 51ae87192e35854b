"""Names for a node and its states, kept with the run and used on every page."""

from __future__ import annotations

import streamlit as st

from app.components.frame import sentences
from app.services.loaders import Result
from causalpima_core.runs.names import LONGEST_NAME, Names
from causalpima_core.runs.results import NodeResult
from causalpima_core.runs.store import RunFolder


def naming_form(folder: RunFolder, result: Result, node: NodeResult) -> None:
    """Fields for the node and each of its states; empty ones keep the numbers."""
    names = result.names
    with (
        st.form(f"names.{folder.name}.{node.name}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        called = st.text_input(
            f"Name of {node.name}",
            names.nodes.get(node.name, ""),
            placeholder=node.name,
            max_chars=LONGEST_NAME,
            width=190,
        )
        given = names.states.get(node.name, [])
        states = [
            st.text_input(
                f"State {k}",
                given[k] if k < len(given) else "",
                placeholder=str(k),
                max_chars=LONGEST_NAME,
                width=150,
            )
            for k in range(node.states)
        ]
        kept = st.form_submit_button("Keep names")
    if kept:
        with sentences():
            folder.write_names(
                Names.parse(
                    {**names.nodes, node.name: called},
                    {**names.states, node.name: states},
                    result.graph,
                )
            )
            st.rerun()
