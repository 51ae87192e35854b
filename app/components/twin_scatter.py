"""Two latent spaces with one selection: what is drawn around in either is marked in both."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from app import state
from app.charts.scatter import MAX_POINTS, Groups, Values, rows_of_event, scatter_figure, subsample
from app.services.projections import Projection
from app.state import Key

HEIGHT = 460


@dataclass(frozen=True)
class _Drawn:
    """What the two figures themselves show as selected.

    A figure that changed would be drawn anew and the lasso just drawn by hand would vanish with
    the zoom, so only the other one is changed. ``turns`` count how often each was: a chart under a
    new key has no selection of its own left over.
    """

    what: Hashable
    rows: tuple[frozenset[int], frozenset[int]]
    turns: tuple[int, int]


def twin_scatter(
    position: int, projection: Projection, colouring: Groups | Values, *, what: Hashable
) -> None:
    """One of the two charts; ``what`` is None where the samples are not the same."""
    drawn = _drawn(what)
    rows = subsample(len(projection.points))
    figure = scatter_figure(
        projection.points,
        projection.titles,
        colouring,
        rows=rows,
        selected=drawn.rows[position] if what else frozenset(),
        height=HEIGHT,
    )
    figure.update_layout(dragmode="lasso" if what else "pan", legend_y=-0.2)
    key = f"{Key.TWINS}.{position}.{drawn.turns[position]}"
    st.plotly_chart(
        figure,
        key=key,
        on_select=partial(_take, position, key) if what else "ignore",
        selection_mode=("box", "lasso"),
        config={"displaylogo": False, "scrollZoom": True},
    )
    if len(rows) < len(projection.points):
        st.caption(f"{MAX_POINTS:,} of {len(projection.points):,} samples drawn, chosen at random.")


def clear() -> None:
    """Let go of the selection in both charts."""
    state.select_samples([])
    drawn: _Drawn = st.session_state[Key.TWINS]
    st.session_state[Key.TWINS] = replace(drawn, what=None)


def _drawn(what: Hashable) -> _Drawn:
    drawn: _Drawn = st.session_state.get(Key.TWINS) or _Drawn(None, (frozenset(),) * 2, (0, 0))
    if drawn.what != what:
        rows, (one, other) = state.selected_samples(), drawn.turns
        drawn = _Drawn(what, (rows, rows), (one + 1, other + 1))
        st.session_state[Key.TWINS] = drawn
    return drawn


def _take(position: int, key: str) -> None:
    """Keep what was just selected in one chart, and have the other one show it."""
    rows = rows_of_event(st.session_state[key]["selection"]["points"])
    state.select_samples(rows)
    drawn: _Drawn = st.session_state[Key.TWINS]
    shown, turns = list(drawn.rows), list(drawn.turns)
    shown[1 - position], turns[1 - position] = rows, turns[1 - position] + 1
    st.session_state[Key.TWINS] = _Drawn(drawn.what, (shown[0], shown[1]), (turns[0], turns[1]))
