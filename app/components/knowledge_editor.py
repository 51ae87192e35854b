"""What a person knows of the graph: forbidden and required edges, tiers."""

from __future__ import annotations

from itertools import permutations

import streamlit as st

from causalpima_core.config import Edge, Knowledge

ARROW = " → "


def knowledge_editor(data: str, names: tuple[str, ...]) -> Knowledge:
    """Editors whose content lasts for the session, for the nodes of a model of ``data``."""
    edges = [f"{a}{ARROW}{b}" for a, b in permutations(names, 2)]
    forbidden, required = (
        st.multiselect(
            f"{word} edges",
            edges,
            key=f"model.{word.lower()}.{data}",
            persist_state="session",
            disabled=not edges,
        )
        for word in ("Forbidden", "Required")
    )
    return Knowledge(
        forbidden=_edges(forbidden, names),
        required=_edges(required, names),
        tiers=_tiers(data, names),
    )


def _tiers(data: str, names: tuple[str, ...]) -> dict[str, int]:
    tiers = {}
    with st.expander("Tiers", expanded=False):
        st.caption("No edge runs from a higher tier to a lower one: causes first.")
        with st.container(horizontal=True, gap="small"):
            for name in names:
                tier = st.selectbox(
                    f"Tier of {name}",
                    ["none", *range(1, len(names) + 1)],
                    key=f"model.tier.{data}.{name}",
                    persist_state="session",
                    width=150,
                )
                if tier != "none":
                    tiers[name] = int(tier)
    return tiers


def _edges(texts: list[str], names: tuple[str, ...]) -> tuple[Edge, ...]:
    """Edges as named in the lists; those of nodes taken away since are left out."""
    pairs = [tuple(text.split(ARROW)) for text in texts]
    return tuple((a, b) for a, b in pairs if a in names and b in names)
